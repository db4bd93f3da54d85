package main

import (
	"encoding/binary"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestWords compares words with those of GNU as (binutils 2.40).
func TestWords(t *testing.T) {
	for _, c := range []struct {
		instruction string
		got, want   uint32
	}{
		{"fmla v31.4s, v30.4s, v29.s[0]", fmlaLane.word(31, 30, 29) | laneBits(0), 0x4f9d13df},
		{"fmla v1.4s, v2.4s, v19.s[1]", fmlaLane.word(1, 2, 19) | laneBits(1), 0x4fb31041},
		{"fmla v1.4s, v2.4s, v19.s[2]", fmlaLane.word(1, 2, 19) | laneBits(2), 0x4f931841},
		{"fmla v24.4s, v17.4s, v3.s[3]", fmlaLane.word(24, 17, 3) | laneBits(3), 0x4fa31a38},
		{"ldr q1, [x2, x3]", ldrQ.word(1, 2, 3), 0x3ce36841},
		{"str q1, [x2, x3]", strQ.word(1, 2, 3), 0x3ca36841},
	} {
		if c.got != c.want {
			t.Errorf("%s is %08x, want %08x", c.instruction, c.got, c.want)
		}
	}
}

var wordLine = regexp.MustCompile(`WORD \$(0x[0-9a-f]{8}) // (.*)`)

// TestWordsAreTheirMnemonics has GNU as assemble what stands beside every word
// of the generated files.
func TestWordsAreTheirMnemonics(t *testing.T) {
	const prefix = "aarch64-linux-gnu-"
	if _, err := exec.LookPath(prefix + "as"); err != nil {
		t.Skipf("%sas is not installed (Debian package binutils-aarch64-linux-gnu)", prefix)
	}
	words := generatedWords(t)
	mnemonics := slices.Sorted(maps.Keys(words))
	code := assemble(t, prefix, strings.Join(mnemonics, "\n")+"\n")
	if len(code) != 4*len(words) {
		t.Fatalf("%d bytes for %d words", len(code), len(words))
	}
	for i, mnemonic := range mnemonics {
		if want := binary.LittleEndian.Uint32(code[4*i:]); words[mnemonic] != want {
			t.Errorf("%s is %08x, want %08x", mnemonic, words[mnemonic], want)
		}
	}
}

// generatedWords maps the mnemonics in the generated files to their words.
func generatedWords(t *testing.T) map[string]uint32 {
	t.Helper()
	var files []string
	for _, pattern := range []string{"../../../*/*_arm64.s", "../../../*/*/*_arm64.s"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("no generated files %s: %v", pattern, err)
		}
		files = append(files, found...)
	}
	words := map[string]uint32{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range wordLine.FindAllStringSubmatch(string(text), -1) {
			word, err := strconv.ParseUint(m[1], 0, 32)
			if err != nil {
				t.Fatal(err)
			}
			if old, seen := words[m[2]]; seen && old != uint32(word) {
				t.Errorf("%s is %08x and %08x", m[2], old, word)
			}
			words[m[2]] = uint32(word)
		}
	}
	return words
}

// assemble returns the machine code of a source file.
func assemble(t *testing.T, prefix string, source string) []byte {
	t.Helper()
	dir := t.TempDir()
	in, object, out := filepath.Join(dir, "words.s"), filepath.Join(dir, "words.o"), filepath.Join(dir, "words")
	if err := os.WriteFile(in, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{{"as", in, "-o", object}, {"objcopy", "-O", "binary", "-j", ".text", object, out}} {
		if text, err := exec.Command(prefix+command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", command[0], err, text)
		}
	}
	code, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return code
}
