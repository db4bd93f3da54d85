package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/progress"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// midEpoch is a display that ends a training in its second epoch, after the second batch,
// and shows nothing.
type midEpoch struct {
	networks int // to be trained before
	stop     context.CancelFunc

	first bool // in the first epoch of a network
	steps int  // of the second epoch
}

func (m *midEpoch) Show(at progress.State) {
	first := strings.HasPrefix(at.Words, "epoch 1/")
	if first && !m.first {
		m.networks--
	}
	m.first = first
	if m.networks >= 0 || !strings.HasPrefix(at.Words, "epoch 2/") {
		return
	}
	if m.steps++; m.steps == 2 {
		m.stop()
	}
}

func (*midEpoch) Clear() {}

// interruptedRun trains in dir until the given network, counted from 0, has come to the
// middle of its second epoch.
func interruptedRun(t *testing.T, dir string, network int, flags ...string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	env, display := runtest.Quiet(), &midEpoch{networks: network, stop: stop}
	env.Progress = func() progress.Display { return display }
	_, err := pipeline.Run(ctx, env, runtest.SmallRun(t, dir, flags...))
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want that of the context", err)
	}
}

// resume goes on with a run as the program does.
func resume(t *testing.T, dir string) (code int, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Run(t.Context(), []string{"run", "--quiet", "--run", dir, "--resume"}, strings.NewReader(""), &out, &errs)
	return code, errs.String()
}

// measured are the figures of a history that differ from time to time.
var measured = regexp.MustCompile(`"(seconds|images_per_second)":[0-9.e+-]+`)

// bits are what the contract, and the record's digests, cover of a run.
func bits(t *testing.T, dir string) map[string]string {
	t.Helper()
	names, err := fileio.FilesBelow(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, name := range names {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		switch base := filepath.Base(name); {
		case base == "history.jsonl":
			b = measured.ReplaceAll(b, nil)
		case base == "best.safetensors", strings.HasPrefix(name, "export/"):
		case slices.Contains([]string{"run.env", "split.json", "duplicates.json"}, name):
		default:
			continue
		}
		found[name] = fileio.SHA256Of(b)
	}
	return found
}

// TestFlips changes single bits of any file of runs that are resumed. Each is refused
// with exit code 1 and the file's name, unless it is in a file that resuming writes or
// adds to and never reads: then the run comes to the bits that it comes to without.
func TestFlips(t *testing.T) {
	runtest.AddTwoStep(t)
	t.Chdir(t.TempDir())
	unread := []string{"blocktrain.log", "log.jsonl", "history.csv"}
	for name, begin := range map[string]func(dir string){
		"interrupted": func(dir string) { interruptedRun(t, dir, 0) },
		"second of two networks": func(dir string) {
			interruptedRun(t, dir, 1, "model=two-step", "ema=0.9")
		},
		"trained": func(dir string) {
			if _, err := pipeline.Train(t.Context(), runtest.Quiet(), runtest.SmallRun(t, dir), ""); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			begin(dir)
			untouched := runtest.Copied(t, dir)
			if code, stderr := resume(t, untouched); code != ExitDone {
				t.Fatalf("exit code %d without a change:\n%s", code, stderr)
			}
			want := bits(t, untouched)
			names, err := fileio.FilesBelow(dir)
			if err != nil {
				t.Fatal(err)
			}
			random, tried := rand.New(rand.NewPCG(1, 2)), map[string]int{}
			for range flips / 3 {
				changed := runtest.Copied(t, dir)
				file := flipOne(t, changed, names, random)
				if tried[file.name]++; slices.Contains(unread, filepath.Base(file.name)) && tried[file.name] > 3 {
					continue // which takes a whole training
				}
				switch code, stderr := resume(t, changed); {
				case slices.Contains(unread, filepath.Base(file.name)):
					if diff := cmp.Diff(want, bits(t, changed)); code != ExitDone || diff != "" {
						t.Errorf("%s: exit code %d\n%s%s", file, code, stderr, diff)
					}
				case code != ExitFailed || !strings.Contains(stderr, filepath.Join(changed, filepath.FromSlash(file.name))):
					t.Errorf("%s: exit code %d\n%s", file, code, stderr)
				}
				if err := os.RemoveAll(changed); err != nil {
					t.Fatal(err)
				}
			}
			t.Logf("bits changed: %v", tried)
		})
	}
}

// flipped is a bit that was changed.
type flipped struct {
	name    string
	at, bit int
}

func (f flipped) String() string { return fmt.Sprintf("%s, byte %d, bit %d", f.name, f.at, f.bit) }

// flipOne changes a bit of one of the files, each of which is as likely as the others.
func flipOne(t *testing.T, dir string, names []string, random *rand.Rand) flipped {
	t.Helper()
	for {
		f := flipped{name: names[random.IntN(len(names))], bit: random.IntN(8)}
		path := filepath.Join(dir, filepath.FromSlash(f.name))
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(b) == 0 { // .lock
			continue
		}
		if f.at = random.IntN(len(b)); random.IntN(2) == 0 { // where most of what is not a value is
			f.at = random.IntN(min(len(b), 2000))
		}
		b[f.at] ^= 1 << f.bit
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return f
	}
}
