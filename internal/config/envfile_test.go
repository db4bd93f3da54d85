package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestEnvFileExpansion wants no more memory taken than a file of the greatest size needs,
// be it by the values of another program.
func TestEnvFileExpansion(t *testing.T) {
	for _, prefix := range []string{"BLOCKTRAIN_A", "A"} {
		text := prefix + "0=0123456789\n"
		for i := range 60 {
			text += fmt.Sprintf("%s%d=$%s%d$%s%d\n", prefix, i+1, prefix, i, prefix, i)
		}
		_, err := ParseEnv("x.env", []byte(text+"BLOCKTRAIN_B=${"+prefix+"60}\n"))
		if err == nil || !strings.Contains(err.Error(), "longer by more than 65536 bytes") {
			t.Errorf("%s: %v", prefix, err)
		}
	}
}

func TestReadEnvFile(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       map[string]string // key -> "line:value"
	}{
		{"empty", "", nil},
		{"comments and blanks", "# a comment\n\n   # another\nBLOCKTRAIN_A=1\n", map[string]string{"BLOCKTRAIN_A": "4:1"}},
		{"no final line end", "BLOCKTRAIN_A=1", map[string]string{"BLOCKTRAIN_A": "1:1"}},
		{"empty value", "BLOCKTRAIN_A=\nBLOCKTRAIN_B=2\n", map[string]string{"BLOCKTRAIN_A": "1:", "BLOCKTRAIN_B": "2:2"}},
		{"empty value at the end", "BLOCKTRAIN_A=", map[string]string{"BLOCKTRAIN_A": "1:"}},
		{"windows line ends and byte order mark", "\ufeffBLOCKTRAIN_A=1\r\nBLOCKTRAIN_B=2\r\n", map[string]string{"BLOCKTRAIN_A": "1:1", "BLOCKTRAIN_B": "2:2"}},
		{"other programs' lines", "PATH=/bin\nHOME='x y'\nBLOCKTRAIN_A=1\n", map[string]string{"BLOCKTRAIN_A": "3:1"}},
		{"export", "export BLOCKTRAIN_A=1\n", map[string]string{"BLOCKTRAIN_A": "1:1"}},
		{"spaces and a trailing comment", "  BLOCKTRAIN_A =  x y # note\n", map[string]string{"BLOCKTRAIN_A": "1:x y"}},
		{"quotes", "BLOCKTRAIN_A='#x'\nBLOCKTRAIN_B=\"a\\nb\"\n", map[string]string{"BLOCKTRAIN_A": "1:#x", "BLOCKTRAIN_B": "2:a\nb"}},
		{"a value of several lines", "X='one\nBLOCKTRAIN_NO=1\nthree'\nBLOCKTRAIN_A=2\n", map[string]string{"BLOCKTRAIN_A": "4:2"}},
		{"a reference to a name above", "DIR=/d\nBLOCKTRAIN_A=${DIR}/x\n", map[string]string{"BLOCKTRAIN_A": "2:/d/x"}},
		{"no reference", `BLOCKTRAIN_A=1 # costs $HOME` + "\nBLOCKTRAIN_B='$HOME'\n" + `BLOCKTRAIN_C=\$HOME`, map[string]string{"BLOCKTRAIN_A": "1:1", "BLOCKTRAIN_B": "2:$HOME", "BLOCKTRAIN_C": "3:$HOME"}},
		{"comments", "BLOCKTRAIN_A= # nothing\nBLOCKTRAIN_B='x' # y\nBLOCKTRAIN_C=#x\nBLOCKTRAIN_D=x#y\nBLOCKTRAIN_E=\"x\"#y", map[string]string{
			"BLOCKTRAIN_A": "1:", "BLOCKTRAIN_B": "2:x", "BLOCKTRAIN_C": "3:#x", "BLOCKTRAIN_D": "4:x#y", "BLOCKTRAIN_E": "5:x"}},
		{"quotes within", "BLOCKTRAIN_A=it's\nBLOCKTRAIN_B='say \"yes\"'\nBLOCKTRAIN_C=\"it's\"", map[string]string{
			"BLOCKTRAIN_A": "1:it's", "BLOCKTRAIN_B": `2:say "yes"`, "BLOCKTRAIN_C": "3:it's"}},
		{"backslashes", `BLOCKTRAIN_A=C:\data\` + "\n" + `BLOCKTRAIN_B='C:\d\'s'` + "\n" + `BLOCKTRAIN_C="C:\\d\\"` + "\n" + `BLOCKTRAIN_D="\"\n\r\$\""`, map[string]string{
			"BLOCKTRAIN_A": `1:C:\data\`, "BLOCKTRAIN_B": `2:C:\d\'s`, "BLOCKTRAIN_C": `3:C:\d\`, "BLOCKTRAIN_D": "4:\"\n\r$\""}},
		{"as older versions wrote", `BLOCKTRAIN_A=it's "so"` + "\n" + `BLOCKTRAIN_B=it's # "so" #` + "\n" + `BLOCKTRAIN_C=\$it's "so"`, map[string]string{
			"BLOCKTRAIN_A": `1:it's "so"`, "BLOCKTRAIN_B": `2:it's # "so"`, "BLOCKTRAIN_C": `3:$it's "so"`}},
		{"another program's text", `PS1="\u@\h"` + "\nX=$(date) # a # b\nBLOCKTRAIN_A=1\n", map[string]string{"BLOCKTRAIN_A": "3:1"}},
		{"another program's reference", "X=$HOME/x\nBLOCKTRAIN_A=1\n", map[string]string{"BLOCKTRAIN_A": "2:1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := write(t, ".env", test.text)
			source, err := ReadEnvFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var got map[string]string
			for key, text := range source {
				if got == nil {
					got = map[string]string{}
				}
				got[key] = strings.TrimPrefix(text.Origin, path+":") + ":" + text.Value
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadEnvFileRefuses(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"a bare word", "BLOCKTRAIN_A=1\nnonsense\n", `.env:2: want NAME=value, found "nonsense"`},
		{"a bare word at the end", "BLOCKTRAIN_A=1\nnonsense", `.env:2: want NAME=value, found "nonsense"`},
		{"no name", "=1\n", `.env:1: want NAME=value, found "=1"`},
		{"a name with a dash", "\nBLOCKTRAIN-A=1\n", `.env:2: want NAME=value, found "BLOCKTRAIN-A=1"`},
		{"an open quote", "BLOCKTRAIN_A=1\nBLOCKTRAIN_B=\"x\nBLOCKTRAIN_C=2\n", ".env:2: a quoted value is not closed"},
		{"text after a quote", "BLOCKTRAIN_A='x' y\n", `.env:1: want NAME=value, found "BLOCKTRAIN_A='x' y"`},
		{"a binary file", "\x1f\x8b\x08\x00\x00", ".env:1: want NAME=value, found"},
		{"a reference to nothing", "BLOCKTRAIN_DATA_DIR=$HOME/data\n", ".env:1: $HOME is not set above in this file"},
		{"a reference in double quotes", "BLOCKTRAIN_A=\"${HOME}\"\n", ".env:1: $HOME is not set above in this file"},
		{"set twice", "BLOCKTRAIN_A=1\n\nBLOCKTRAIN_A=2\n", ".env:3: BLOCKTRAIN_A is set already in line 1; want each name once"},
		{"another syntax", "BLOCKTRAIN_A: 1\n", `.env:1: want NAME=value, found "BLOCKTRAIN_A: 1"`},
		{"a space in a name", "BLOCKTRAIN A=1\n", `.env:1: want NAME=value, found "BLOCKTRAIN A=1"`},
		{"two on a line", "BLOCKTRAIN_A='1' BLOCKTRAIN_B=2\n", ".env:1: want NAME=value, found"},
		{"an open quote of several lines", "X='a\nb'\nBLOCKTRAIN_B='x\n\ny", ".env:3: a quoted value is not closed; want a ' at its end"},
		{"a control character", "BLOCKTRAIN_A=1\nBLOCKTRAIN_B='x\ny\x00'\n", ".env:3: want NAME=value, found the control character U+0000"},
		{"a carriage return", "BLOCKTRAIN_A=1\rBLOCKTRAIN_B=2\n", ".env:1: want NAME=value, found the control character U+000D"},
		{"an escape of nothing", `BLOCKTRAIN_A="C:\data"` + "\n", `.env:1: "\\d" in double quotes means nothing; want`},
		{"a command", "BLOCKTRAIN_A=$(date)\n", `.env:1: $ stands before no name; want $NAME, ${NAME}, or \$ for a dollar sign`},
		{"an open reference", "DIR=/d\nBLOCKTRAIN_A=${DIR/x\n", ".env:2: $ stands before no name"},
		{"a reference of small letters", "BLOCKTRAIN_A=$home\n", ".env:1: $home is not set above in this file; want a name that is"},
		{"a reference to a reference to nothing", "X=$HOME/x\nBLOCKTRAIN_A=$X\n", ".env:2: $X has no value here: line 1: $HOME is not set above"},
		{"two comments", "BLOCKTRAIN_A=1 # 2 # 3\n", `.env:1: " #" is there more than once; want one comment, or the value in quotes`},
		{"a large file", strings.Repeat("#\n", maxEnvFile), "has 131072 bytes: want at most 65536"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := ReadEnvFile(write(t, ".env", test.text))
			var usage *UsageError
			if !errors.As(err, &usage) {
				t.Fatalf("error %v is no UsageError", err)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %q does not contain %q", err, test.want)
			}
		})
	}
	if _, err := ReadEnvFile(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file gives %v", err)
	}
	if _, err := ReadEnvFile(t.TempDir()); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a folder gives %v", err)
	}
}

// FuzzParseEnv checks that every error names its line, and that every value that was
// read is read again as it is written in a record.
func FuzzParseEnv(f *testing.F) {
	for _, seed := range []string{
		"", "A", "A=", "A=1\nB='2\n3'\n", "export A=\"x\" # y\nA: 2", "A=$B\n", "A='x' B=2\n", "\r\nA=1\r\n", "A=\\\n", "A=\"\\\"\"",
		"B=1\nA=${B}$B\n", "A='\\''", "A=\"\\\\\"", "A=x # y #", "A=# x", "\ufeffA=\u00a0", "A=\xff",
	} {
		f.Add(strings.ReplaceAll(seed, "A", "BLOCKTRAIN_A"))
	}
	at := regexp.MustCompile(`^env:([1-9][0-9]*): `)
	f.Fuzz(func(t *testing.T, text string) {
		source, err := parseEnv("env", []byte(text))
		if err != nil && !at.MatchString(err.Error()) {
			t.Errorf("error %q names no line", err)
		}
		for key, read := range source {
			if !at.MatchString(read.Origin + ": ") {
				t.Errorf("%s is from %s", key, read.Origin)
			}
			written, err := quote(read.Value)
			if err != nil {
				t.Errorf("%q was read and cannot be written: %v", read.Value, err)
			}
			again, err := parseEnv("env", []byte(key+"="+written))
			if err != nil || again[key].Value != read.Value {
				t.Errorf("%q is read again as %q from %s: %v", read.Value, again[key].Value, written, err)
			}
		}
	})
}
