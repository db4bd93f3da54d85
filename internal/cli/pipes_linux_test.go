package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestPipesAreNoFiles gives a pipe, which nobody writes to, and a device in the place of
// every file and folder that a flag or an argument names: each is refused at once.
func TestPipesAreNoFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	makePipes(t)
	const small = "run --dataset-options count=100,test-count=20 --model linear --epochs 1 --min-test-accuracy 0 --min-per-class-accuracy 0 "
	if code, errs := runBriefly(t, strings.Fields(small+"--quiet --max-inference-time-ms 1000 --output-dir done")); code != ExitDone {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	for _, test := range []struct{ command, want string }{
		{small + "--output-dir out --split PATH", "not a regular file"},
		{small + "--output-dir out --init-from PATH", "not a regular file"},
		{small + "--output-dir out --baseline PATH", "PATH"},
		{small + "--output-dir out --env-file PATH", "not a regular file"},
		{"run --dataset folder --data-dir folder --output-dir out", "0.png is not a regular file"},
		{"run --dataset folder --data-dir PATH --output-dir out", "PATH"},
		{"run --dataset mnist --data-dir folder --dry-run", "no data"},
		{"run --dataset mnist --data-dir PATH --dry-run", "no data"},
		{"run --dataset cifar10 --data-dir folder --dry-run", "not a regular file"},
		{"run --dataset npz --data-dir PATH --dry-run", "not a regular file"},
		{"run --dataset idx --data-dir PATH --dry-run", "PATH is a file"},
		{"run --dataset idx --data-dir folder --dry-run", "folder has no IDX files"},
		{"run --dataset idx --data-dir folder --dry-run --dataset-options train-images=train-*,train-labels=train-*", "not a regular file"},
		{"split --dataset folder --data-dir PATH", "PATH"},
		{"predict --run PATH folder", "PATH"},
		{"predict --run done PATH", "1 of them"},
		{"predict --run done folder", "2 of them"},
		{"predict --run done --weights PATH folder", "not a regular file"},
		{"verify PATH", "PATH"},
		{"package verify PATH", "PATH"},
		{"verify done --init-from PATH", "PATH"},
		{"evaluate --run PATH", "PATH"},
		{"gate --run PATH", "PATH"},
		{"gate --run done --baseline PATH", "PATH"},
		{"export --run PATH", "PATH"},
		{"run --run PATH --resume", "PATH"},
	} {
		for _, path := range []string{"pipe", "/dev/zero"} {
			command, want := strings.ReplaceAll(test.command, "PATH", path), strings.ReplaceAll(test.want, "PATH", path)
			code, errs := runBriefly(t, strings.Fields(command))
			if code == ExitDone || !strings.Contains(errs, want) {
				t.Errorf("%s: exit code %d, want another than 0 and %q: %s", command, code, want, errs)
			}
		}
	}
	if _, err := os.Stat("out"); err == nil {
		t.Error("there is a run directory")
	}
}

// makePipes makes the pipe "pipe", and some in a folder that passes for data.
func makePipes(t *testing.T) {
	t.Helper()
	names := []string{"pipe", "folder/a/0.png", "folder/b/0.png", "folder/train-images-idx3-ubyte", "folder/test_batch.bin", "folder/batches.meta.txt"}
	for _, i := range "12345" {
		names = append(names, "folder/data_batch_"+string(i)+".bin")
	}
	for _, name := range names {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := unix.Mkfifo(name, 0o600); err != nil {
			t.Skip("no pipes can be made here:", err)
		}
	}
}
