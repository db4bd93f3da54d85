package cli

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

const smallRun = "--dataset-options count=200,test-count=50 --model linear --epochs 1"

// makeRuns makes, in a new working folder, an approved run r, a run that the gate
// refused, a folder and a file.
func makeRuns(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	approved := "--min-test-accuracy 0 --min-per-class-accuracy 0 --max-inference-time-ms 10000 --visualizations confusion-matrix --output-dir r"
	for flags, want := range map[string]int{approved: ExitDone, "--min-test-accuracy 1 --visualizations none --output-dir refused": ExitRefused} {
		if code, errs := runBriefly(t, strings.Fields("run --quiet "+smallRun+" "+flags)); code != want {
			t.Fatalf("exit code %d, want %d: %s", code, want, errs)
		}
	}
	if err := os.Mkdir("empty", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("text.txt", []byte("a text, and no file of the program\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestExitCodes checks the exit codes of testdata/exitcodes.txt, and that whatever is
// not done has a line that says why.
func TestExitCodes(t *testing.T) {
	cases, err := os.ReadFile("testdata/exitcodes.txt")
	if err != nil {
		t.Fatal(err)
	}
	makeRuns(t)
	words := strings.NewReplacer("SMALL", smallRun, "PACKAGE", "r/package/digits-linear-0.1.0")
	for line := range strings.Lines(string(cases)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") {
			continue
		}
		want, args, _ := strings.Cut(line, " ")
		code, errs := runBriefly(t, strings.Fields(words.Replace(args)))
		switch {
		case want != string(rune('0'+code)):
			t.Errorf("%s: exit code %d, want %s: %s", args, code, want, errs)
		case code != ExitDone && !strings.Contains("\n"+errs, "\nblocktrain: "):
			t.Errorf("%s: exit code %d, and no line that says why: %s", args, code, errs)
		}
	}
	for _, path := range []string{"o", "runs"} {
		if fileio.Exists(path) {
			t.Errorf("there is %s", path)
		}
	}
}

// TestExitCodesOfDamage cuts files of a run short: verify ends with 4, and other commands
// with 1 if they read the file, never with 2.
func TestExitCodesOfDamage(t *testing.T) {
	makeRuns(t)
	commands := map[string]string{
		"verify": "verify d", "evaluate": "evaluate --run d", "gate": "gate --run d --dry-run", "export": "export --run d",
		"package": "package --run d", "predict": "predict --run d r/plots/confusion-matrix.png", "run": "run --run d --resume",
	}
	for file, readers := range map[string]string{
		"run.json":                     "verify evaluate gate export package predict run",
		"run.env":                      "evaluate gate export package run",
		"split.json":                   "verify evaluate gate package run",
		"history.jsonl":                "verify evaluate gate export package run",
		"release.json":                 "verify export package run",
		"evaluation/test.json":         "verify gate package",
		"evaluation/validation.json":   "verify package",
		"duplicates.json":              "verify package",
		"checkpoints/best.safetensors": "verify evaluate gate export package predict run",
	} {
		for name, command := range commands {
			if err := os.RemoveAll("d"); err != nil {
				t.Fatal(err)
			}
			if err := os.CopyFS("d", os.DirFS("r")); err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(filepath.Join("d", file), 40); err != nil {
				t.Fatal(err)
			}
			want := ExitFailed
			if name == "verify" {
				want = ExitDifference
			}
			code, errs := runBriefly(t, append(strings.Fields(command), "--quiet"))
			if reads := slices.Contains(strings.Fields(readers), name); code != want && (reads || code != ExitDone) {
				t.Errorf("%s with %s cut short: exit code %d, want %d: %s", command, file, code, want, errs)
			}
		}
	}
}

// TestExitCodesOfDamagedData cuts an image short that a run was trained on, and takes its data
// away: verify ends with 4 where it found the damage, and with 2 where it was not told where the
// data is.
func TestExitCodesOfDamagedData(t *testing.T) {
	t.Chdir(t.TempDir())
	for class, name := range []string{"ant", "bee"} {
		if err := os.MkdirAll(filepath.Join("photos", name), 0o755); err != nil {
			t.Fatal(err)
		}
		for i := range 12 {
			img := image.NewGray(image.Rect(0, 0, 8, 8))
			for at := range img.Pix {
				img.Pix[at] = uint8(at*(3+class) + 20*i)
			}
			var b bytes.Buffer
			if err := png.Encode(&b, img); err != nil {
				t.Fatal(err)
			}
			if err := fileio.WriteBytes(filepath.Join("photos", name, fmt.Sprint(i, ".png")), b.Bytes()); err != nil {
				t.Fatal(err)
			}
		}
	}
	code, errs := runBriefly(t, strings.Fields("run --quiet --dataset folder --data-dir photos --model linear --epochs 1 --min-test-accuracy 0 --min-per-class-accuracy 0 --max-inference-time-ms 10000 --visualizations none --output-dir r"))
	if code != ExitDone {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	if err := os.Truncate(filepath.Join("photos", "ant", "3.png"), 50); err != nil {
		t.Fatal(err)
	}
	check := func(args string, want int, words string) {
		t.Helper()
		if code, errs := runBriefly(t, strings.Fields(args)); code != want || !strings.Contains(errs, words) {
			t.Errorf("%s: exit code %d, want %d and %q: %s", args, code, want, words, errs)
		}
	}
	check("verify r", ExitDifference, "")
	check("verify r --data-dir photos", ExitDifference, "")
	if err := os.Rename("photos", "moved"); err != nil {
		t.Fatal(err)
	}
	check("verify r", ExitUsage, "--data-dir DIR")
	check("verify r --data-dir moved", ExitDifference, "")
}

// TestExitCodesOfForgeries has records whose digests are right, and whose settings this
// program does not know.
func TestExitCodesOfForgeries(t *testing.T) {
	makeRuns(t)
	for _, forgery := range [][2]string{
		{`"name": "adamw"`, `"name": "adamx"`},
		{`"beta1": "0.9"`, `"beta1": "1e-50"`},
		{`"beta1": "0.9"`, `"beta7": "0.9"`},
		{`"augment": "none"`, `"augment": "unknown"`},
		{`"name": "sampling"`, `"name": "unknown"`},
		{`"value": "shuffle"`, `"value": "unknown"`},
		{`"mode": "stretch"`, `"mode": "unknown"`},
	} {
		for command, from := range map[string]string{"verify d": "r", "package verify d": "r/package/digits-linear-0.1.0"} {
			if err := os.RemoveAll("d"); err != nil {
				t.Fatal(err)
			}
			if err := os.CopyFS("d", os.DirFS(from)); err != nil {
				t.Fatal(err)
			}
			forge(t, forgery[0], forgery[1])
			if code, errs := runBriefly(t, append(strings.Fields(command), "--quiet")); code != ExitDifference {
				t.Errorf("%s of %s in the place of %s: exit code %d, want %d: %s", command, forgery[1], forgery[0], code, ExitDifference, errs)
			}
		}
	}
}

// forge changes the record of d and writes the digests of it anew.
func forge(t *testing.T, from, to string) {
	t.Helper()
	record := filepath.Join("d", rundir.RecordFile)
	b, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(b, []byte(from), []byte(to), 1)
	if bytes.Equal(changed, b) {
		t.Fatalf("the record has no %s", from)
	}
	write := func() {
		if err := os.WriteFile(record, changed, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write()
	was, err := rundir.RecordedIdentity(filepath.Join("r", rundir.RecordFile))
	if err != nil {
		t.Fatal(err)
	}
	is, err := rundir.RecordedIdentity(record)
	if err != nil {
		t.Fatal(err)
	}
	changed = bytes.ReplaceAll(changed, []byte(fileio.SHA256Of(was)), []byte(fileio.SHA256Of(is)))
	write()
	if fileio.Exists(filepath.Join("d", fileio.ChecksumFile)) {
		if err := fileio.WriteChecksums("d"); err != nil {
			t.Fatal(err)
		}
	}
}

// runBriefly runs the program, which must end within seconds.
func runBriefly(t *testing.T, args []string) (code int, errs string) {
	t.Helper()
	ended := make(chan struct{})
	var out, stderr bytes.Buffer
	go func() {
		defer close(ended)
		code = Run(context.Background(), args, strings.NewReader(""), &out, &stderr)
	}()
	select {
	case <-ended:
		return code, stderr.String()
	case <-time.After(20 * time.Second):
		t.Fatalf("%s does not end", strings.Join(args, " "))
		return 0, ""
	}
}
