package main

import (
	"bytes"
	"compress/gzip"
	"image"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/cli"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

// victim is a package, its archive, a run to compare it with, and an image.
type victim struct{ run, pack, archive, image string }

// makeVictim trains a network on few small images.
func makeVictim(t *testing.T, model, options string) victim {
	t.Helper()
	dir := t.TempDir()
	v := victim{run: filepath.Join(dir, "run"), image: filepath.Join(dir, "a.png")}
	v.pack = filepath.Join(v.run, "package", "victim-0.1.0")
	v.archive = v.pack + ".tar.gz"
	out := runs(t, cli.ExitDone, "run", "--quiet", "--output-dir", v.run, "--name", "victim", "--model", model, "--model-options", options,
		"--dataset-options", "count=250,test-count=50", "--epochs", "1", "--image-size", "8", "--visualizations", "none",
		"--min-test-accuracy", "0", "--min-per-class-accuracy", "0", "--max-inference-time-ms", "10000")
	if out == "" {
		t.Fatal("nothing was made")
	}
	if err := writeTestImage(v.image); err != nil {
		t.Fatal(err)
	}
	return v
}

// runs runs the program in this process and returns all that it printed.
func runs(t *testing.T, want int, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	if code := cli.Run(t.Context(), args, strings.NewReader(""), &out, &out); code != want {
		t.Errorf("%v: exit code %d, want %d\n%s", args, code, want, out.String())
	}
	return out.String()
}

// readers are the commands that read a package, and the exit code for a damaged one.
func (v victim) readers(path string) map[string]int {
	none := filepath.Join(filepath.Dir(v.run), "none")
	return map[string]int{
		"package verify " + path:                                cli.ExitDifference,
		"verify " + path:                                        cli.ExitDifference,
		"predict --run " + path + " " + v.image:                 cli.ExitFailed,
		"gate --run " + v.run + " --dry-run --baseline " + path: cli.ExitFailed,
		"train --quiet --output-dir " + none + " --dataset-options count=250,test-count=50 --init-from " + path: cli.ExitFailed,
	}
}

// copied is a copy of the package, to be spoilt.
func (v victim) copied(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "hostile")
	if err := os.CopyFS(dir, os.DirFS(v.pack)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func rewrite(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestFlippedPackages flips bytes of a package's files, one at a time, and wants every
// command that reads the package to refuse it and to name the file.
func TestFlippedPackages(t *testing.T) {
	v := makeVictim(t, "mlp", "hidden=16")
	dir := v.copied(t)
	names, err := fileio.FilesBelow(dir)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range flips {
		name := names[random.IntN(len(names))]
		restore := flipAt(t, filepath.Join(dir, filepath.FromSlash(name)), random)
		for command, want := range v.readers(dir) {
			if isLeftOut(i, command) {
				continue
			}
			out := runs(t, want, strings.Fields(command)...)
			if !strings.Contains(out, name) && name != fileio.ChecksumFile {
				t.Errorf("%s does not name %s:\n%s", command, name, out)
			}
		}
		restore()
	}
	runs(t, cli.ExitDone, "package", "verify", dir)
}

// TestFlippedArchives does so for an archive.
func TestFlippedArchives(t *testing.T) {
	v := makeVictim(t, "mlp", "hidden=16")
	random := rand.New(rand.NewPCG(3, 4))
	for i := range flips {
		restore := flipAt(t, v.archive, random)
		for command, want := range v.readers(v.archive) {
			if isLeftOut(i, command) {
				continue
			}
			if out := runs(t, want, strings.Fields(command)...); !strings.Contains(out, filepath.Base(v.archive)) {
				t.Errorf("%s does not name the archive:\n%s", command, out)
			}
		}
		restore()
	}
	runs(t, cli.ExitDone, "package", "verify", v.archive)
}

// isLeftOut says whether a command is left out of flip i: those that open data too are slow.
func isLeftOut(i int, command string) bool {
	return !thorough && i%10 > 0 && (strings.HasPrefix(command, "gate") || strings.HasPrefix(command, "train"))
}

// flipAt changes a random byte of a file and returns what makes it as it was.
func flipAt(t *testing.T, path string, random *rand.Rand) (restore func()) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at, change := random.IntN(len(b)), byte(1+random.IntN(255))
	b[at] ^= change
	rewrite(t, path, b)
	return func() {
		b[at] ^= change
		rewrite(t, path, b)
	}
}

// endless is a reader of one byte.
type endless byte

// Read implements io.Reader.
func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

// zipped writes what is read as a gzip file with the header of a package.
func zipped(t *testing.T, path string, r io.Reader) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(z, r); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
}

func writeTestImage(path string) error {
	return fileio.WriteAtomic(path, func(w io.Writer) error { return png.Encode(w, image.NewGray(image.Rect(0, 0, 8, 8))) })
}
