package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// edit replaces what a pattern matches first in a file of the package.
func edit(name, pattern, with string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		path := filepath.Join(dir, name)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(pattern).FindIndex(b)
		if found == nil {
			t.Fatalf("%s has no %s", name, pattern)
		}
		rewrite(t, path, slices.Concat(b[:found[0]], []byte(with), b[found[1]:]))
	}
}

// sealed makes digests and list of a changed package anew, as its maker would.
func sealed(t *testing.T, dir string) {
	t.Helper()
	record := filepath.Join(dir, rundir.RecordFile)
	if text, err := rundir.RecordedIdentity(record); err == nil {
		edit(rundir.RecordFile, `"identity_sha256": "[0-9a-f]*"`, fmt.Sprintf(`"identity_sha256": %q`, fileio.SHA256Of(text)))(t, dir)
	}
	if err := fileio.WriteChecksums(dir); err != nil {
		t.Fatal(err)
	}
}

// grow gives a file so many zeros more, which take no room on the disk.
func grow(name string, size int64) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		if err := os.Truncate(filepath.Join(dir, name), size); err != nil {
			t.Fatal(err)
		}
	}
}

// fill writes a file of a text that is repeated.
func fill(name, begin, repeated string, size int) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		b := append([]byte(begin), bytes.Repeat([]byte(repeated), (size-len(begin))/len(repeated))...)
		rewrite(t, filepath.Join(dir, name), b)
	}
}

// header replaces the weights by a file with a header of a claimed length.
func header(claimed uint64, text string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		rewrite(t, filepath.Join(dir, "weights.safetensors"), append(binary.LittleEndian.AppendUint64(nil, claimed), text...))
	}
}

// tensors is a header of many tensors without values.
func tensors(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"%d":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`, i)
	}
	return "{" + b.String()[1:] + "}"
}

// TestHostilePackages wants of each package that would take all memory, or all time, a
// message, in bounded memory and time.
func TestHostilePackages(t *testing.T) {
	layers := makeVictim(t, "mlp", "hidden=16")
	pixels := makeVictim(t, "resnet20", "")
	many := tensors(250_000)
	for i, test := range []struct {
		name   string
		of     victim
		change func(*testing.T, string)
	}{
		{"gigabyte of a record", layers, grow(rundir.RecordFile, 1e9)},
		{"gigabyte of a split", layers, grow(rundir.SplitFile, 1e9)},
		{"more than the limit", layers, grow("weights.safetensors", 1_100_000_000)},
		{"many files", layers, func(t *testing.T, dir string) {
			for i := range 11_000 {
				rewrite(t, filepath.Join(dir, "plots", fmt.Sprintf("a%d.svg", i)), nil)
			}
		}},
		{"wide and deep", layers, func(t *testing.T, dir string) {
			edit(rundir.RecordFile, `"hidden": "16"`, `"hidden": "65536"`)(t, dir)
			edit(rundir.RecordFile, `"layers": "1"`, `"layers": "64"`)(t, dir)
		}},
		{"channels", layers, edit(rundir.RecordFile, `"hidden": "16"`, `"hidden": "1000000000"`)},
		{"largest image", pixels, edit(rundir.RecordFile, `(?s)"width": 8,\s*"height": 8`, `"width": 4096, "height": 4096`)},
		{"larger image", pixels, edit(rundir.RecordFile, `(?s)"width": 8,\s*"height": 8`, `"width": 100000, "height": 100000`)},
		{"negative image", pixels, edit(rundir.RecordFile, `(?s)"width": 8,\s*"height": 8`, `"width": -8, "height": -8`)},
		{"overflowing image", pixels, edit(rundir.RecordFile, `(?s)"width": 8,\s*"height": 8`, `"width": 4294967296, "height": 4294967297`)},
		{"gigabyte of a header", layers, header(1e9, "{}")},
		{"header of many tensors", layers, header(uint64(len(many)), many)},
		{"file of zeros", layers, grow("weights.safetensors", 2e8)},
		{"record of brackets", layers, fill(rundir.RecordFile, `{"schema":1,"name":`, "[", 16<<20)},
		{"record of lists", layers, fill(rundir.RecordFile, `{"schema":1,"identity":{"classes":[`, `"",`, 16<<20)},
		{"split of numbers", layers, fill(rundir.SplitFile, `{"schema":1,"train":[`, "0,", 48<<20)},
		{"split of spaces", layers, fill(rundir.SplitFile, ` `, " ", 48<<20)},
		{"evaluation of lists", layers, fill("evaluation/test.json", `{"schema":1,"target":"class","confusion":[`, "[],", 48<<20)},
		{"history of epochs", layers, fill("history.jsonl", "", "{}\n", 48<<20)},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := test.of.copied(t)
			if err := os.MkdirAll(filepath.Join(dir, "plots"), 0o755); err != nil {
				t.Fatal(err)
			}
			test.change(t, dir)
			if i >= 4 { // those before are refused before the list is read
				sealed(t, dir)
			}
			checkBounds(t, test.of, dir)
		})
	}
}

// TestHostileArchives does so for archives.
func TestHostileArchives(t *testing.T) {
	v := makeVictim(t, "mlp", "hidden=16")
	for name, unpacked := range map[string]io.Reader{
		"zeros":  io.LimitReader(endless(0), bombSize),
		"spaces": io.LimitReader(endless(' '), bombSize),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "hostile.tar.gz")
			zipped(t, path, unpacked)
			checkBounds(t, v, path)
		})
	}
	for name, header := range map[string]tar.Header{
		"bomb":   {Name: "p/weights.safetensors", Size: 1_100_000_000},
		"record": {Name: "p/run.json", Size: 900_000_000},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "hostile.tar.gz")
			header.Typeflag, header.Mode = tar.TypeReg, 0o644
			var b bytes.Buffer
			w := tar.NewWriter(&b)
			if err := errors.Join(w.WriteHeader(&tar.Header{Name: "p/", Typeflag: tar.TypeDir, Mode: 0o755}), w.WriteHeader(&header)); err != nil {
				t.Fatal(err)
			}
			zipped(t, path, io.MultiReader(&b, io.LimitReader(endless(0), bombSize)))
			checkBounds(t, v, path)
		})
	}
}

// checkBounds wants each command to end in bounded memory and time, and verification to
// refuse the package. The others may not need what is wrong with it.
func checkBounds(t *testing.T, v victim, path string) {
	t.Helper()
	size := int64(0)
	if info, err := os.Stat(filepath.Join(path, "weights.safetensors")); err == nil {
		size = info.Size()
	}
	for command, want := range v.readers(path) {
		if !thorough && !strings.HasPrefix(command, "p") { // package verify and predict
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		program := exec.CommandContext(ctx, os.Args[0], strings.Fields(command)...)
		program.Args[0] = "blocktrain-measured"
		began := time.Now()
		out, _ := program.CombinedOutput() // whose exit code is looked at
		cancel()
		if code := program.ProcessState.ExitCode(); code != want && strings.Contains(command, "verify ") || code < 0 {
			t.Errorf("%s: exit code %d, want %d\n%.2000s", command, code, want, out)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s took %v", command, took)
		}
		_, text, _ := strings.Cut(string(out), "peak ")
		peak, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if bound := 3*size + 256_000_000; err != nil || peak > bound {
			t.Errorf("%s had %d MB, want at most %d: %v\n%.2000s", command, peak/1e6, bound/1e6, err, out)
		}
	}
}

// TestForeignFiles puts into a package what leads out of it, or stops who opens it.
func TestForeignFiles(t *testing.T) {
	v := makeVictim(t, "mlp", "hidden=16")
	const text = "a secret that no package shows"
	secret := filepath.Join(t.TempDir(), "secret.json")
	rewrite(t, secret, []byte(text))
	instead := func(name string, make func(path string) error) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			path := filepath.Join(dir, name)
			if err := os.RemoveAll(path); err != nil {
				t.Fatal(err)
			}
			if err := make(path); err != nil {
				t.Skip(err)
			}
		}
	}
	link := func(path string) error { return os.Symlink(secret, path) }
	folder := func(path string) error { return os.Symlink(filepath.Dir(secret), path) }
	pipe := func(path string) error { return unix.Mkfifo(path, 0o600) }
	device := func(path string) error { return unix.Mknod(path, unix.S_IFCHR|0o600, int(unix.Mkdev(1, 5))) } // /dev/zero
	listed := func(name string) func(*testing.T, string) {
		return edit(rundir.RecordFile, `"files": \{`, fmt.Sprintf(`"files": {%q: %q,`, name, fileio.SHA256Of([]byte(text))))
	}
	away, err := filepath.Rel(v.pack, secret)
	if err != nil {
		t.Fatal(err)
	}
	changes := map[string]func(*testing.T, string){
		"folder for a link":      instead("evaluation", folder),
		"new link":               instead("plots", folder),
		"new pipe":               instead("evaluation/other.json", pipe),
		"hidden file":            instead(".a", func(path string) error { return os.WriteFile(path, nil, 0o600) }),
		"control characters":     instead("a\x1b[2J", func(path string) error { return os.WriteFile(path, nil, 0o600) }),
		"listed by the record":   listed(away),
		"listed with its path":   listed(secret),
		"absolute line":          edit(fileio.ChecksumFile, `^`, fileio.SHA256Of([]byte(text))+"  "+secret+"\n"),
		"line that leads away":   edit(fileio.ChecksumFile, `^`, fileio.SHA256Of([]byte(text))+"  "+away+"\n"),
		"list without its lines": func(t *testing.T, dir string) { rewrite(t, filepath.Join(dir, fileio.ChecksumFile), nil) },
	}
	for _, name := range []string{rundir.RecordFile, "weights.safetensors", rundir.SplitFile, fileio.ChecksumFile, "MODEL_CARD.md", "model-repository/victim/1/model.onnx"} {
		changes["link for "+name] = instead(name, link)
		changes["pipe for "+name] = instead(name, pipe)
		changes["device for "+name] = instead(name, device)
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			dir := v.copied(t)
			change(t, dir)
			if strings.HasPrefix(name, "listed") {
				sealed(t, dir)
			}
			for command, want := range v.readers(dir) {
				out := runs(t, want, strings.Fields(command)...)
				if strings.Contains(out, text) || strings.Contains(out, fileio.SHA256Of([]byte(text))) || strings.Contains(out, "\x1b") {
					t.Errorf("%s shows what it must not:\n%s", command, out)
				}
			}
		})
	}
}
