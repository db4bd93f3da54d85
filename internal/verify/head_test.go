package verify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/progress"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
	"github.com/blocktrain/blocktrain/internal/train"
)

// solvedDigest is that of the weights of headRun after its last epoch: one value on every machine and with every
// instruction set, with any number of workers, from RAM and disk, from any cache, and
// interrupted or not. A change of it is a change of the reproducibility contract.
const solvedDigest = "98e853c69d97b9fc8edca4857c20a4081f1847ee3767bae9539431ca6daec390"

// headRun are the flags of a run whose last layer a solver finds before all layers train on.
func headRun() []string {
	return []string{
		"name=solved", "dataset-options=count=120,test-count=30", "model=mobilenet-small", "model-options=width=8", "head=solver", "head-penalties=1,0.1", "views=3", "augment=flip",
		"finetune-epochs=2", "layer-decay=0.9", "batch-norm=fixed", "ema=0.2", "batch-size=32", "visualizations=training-loss", "exporters=onnx",
	}
}

// forgedHeadRun are those of one that takes less time, for forgeries. Its averages move so
// fast that their rate comes into play.
func forgedHeadRun() []string {
	return append(headRun(), "model=mlp", "model-options=hidden=8", "views=2", "batch-norm=shard")
}

// solved does such a run in a directory, with more flags, and returns what was recorded.
func solved(t *testing.T, path string, flags ...string) (*rundir.Record, []metric.Epoch) {
	t.Helper()
	if _, err := pipeline.Run(t.Context(), runtest.Quiet(), runtest.SmallRun(t, path, append(headRun(), flags...)...)); err != nil {
		t.Fatal(err)
	}
	return readRecord(t, path), historyOf(t, path)
}

// historyOf is the history of a run without times.
func historyOf(t *testing.T, path string) []metric.Epoch {
	t.Helper()
	history, err := metric.ReadHistory(filepath.Join(path, train.HistoryFile))
	if err != nil {
		t.Fatal(err)
	}
	for i := range history {
		history[i].Seconds, history[i].ImagesPerSecond = 0, 0
	}
	return history
}

// TestForgedHead forges what the history says of how the last layer was found, in a run and
// its package, key by key. The slow tests try all of such a run.
func TestForgedHead(t *testing.T) {
	used, seen := map[string]bool{}, map[string]int{}
	for _, source := range forgedExample(t, t.TempDir(), forgedHeadRun()...) {
		tried := forgeIn(t, source, func(_ int, f forgery) bool {
			if f.file != train.HistoryFile || f.path != "phase" && !strings.HasPrefix(f.path, "head") || !strings.Contains(f.what, "line 1 becomes") {
				return false
			}
			seen[source+f.path]++
			return seen[source+f.path] == 1
		}, false, used)
		if least := 40; tried < least {
			t.Errorf("%s: %d forgeries were tried, want at least %d", source, tried, least)
		}
	}
}

// TestSolved takes a run with a head that was solved for through workers, modes, caches and
// interruptions, which change no bit.
func TestSolved(t *testing.T) {
	base := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", filepath.Join(base, "cache"))
	first := filepath.Join(base, "first")
	record, want := solved(t, first, "workers=2", "feature-cache=off")
	if len(want) != 3 || want[0].Head == nil || want[0].Phase != metric.PhaseHead || want[2].Phase != metric.PhaseFinetune || want[2].WeightsSHA256 != solvedDigest {
		t.Errorf("weights %s, want %s; history %+v", want[len(want)-1].WeightsSHA256, solvedDigest, want)
	}
	agreement, err := criterion.ReadAgreement(filepath.Join(first, rundir.AgreementFile))
	if err != nil || len(agreement.Networks) != 1 || len(agreement.Networks[0].Runtimes) == 0 {
		t.Errorf("agreement of model.onnx: %+v, %v", agreement, err)
	}
	if testing.Short() { // .ci/simd
		return
	}
	for _, flags := range [][]string{
		{"workers=1", "data-mode=disk"}, // fills the cache
		{"workers=3"},                   // from the cache
		{"workers=5", "data-mode=disk", "feature-cache=off"},
		{"workers=2", "feature-cache=rebuild"},
	} {
		other, history := solved(t, filepath.Join(t.TempDir(), "run"), flags...)
		if diff := cmp.Diff(want, history); diff != "" || other.IdentitySHA256 != record.IdentitySHA256 || other.Training.WeightsSHA256 != record.Training.WeightsSHA256 {
			t.Errorf("%v: another identity or other weights, or another history:\n%s", flags, diff)
		}
	}
	t.Run("resumed", func(t *testing.T) { solvedResumed(t, want) })
	t.Run("cache", func(t *testing.T) { solvedCache(t, first, want) })
}

// solvedResumed stops the run while features are computed, after the head, and in
// fine-tuning, and goes on.
func solvedResumed(t *testing.T, want []metric.Epoch) {
	for _, stop := range []int{0, 1, 2} {
		dir := filepath.Join(t.TempDir(), "run")
		s := runtest.SmallRun(t, dir, append(headRun(), "feature-cache=off")...)
		ctx, cancel := context.WithCancel(t.Context())
		env, left := runtest.Quiet(), stop
		env.Progress = func() progress.Display { return &epochStopper{&left, cancel, false} }
		if stop == 0 {
			env.Progress = func() progress.Display { return &featureStopper{cancel} }
		}
		if _, err := pipeline.Run(ctx, env, s); !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped after %d epochs: %v", stop, err)
		}
		delete(s.Origins, "output-dir")
		s.Workers = 3
		if _, err := pipeline.Resume(t.Context(), runtest.Quiet(), s, dir); err != nil {
			t.Fatalf("stopped after %d epochs: %v", stop, err)
		}
		if diff := cmp.Diff(want, historyOf(t, dir)); diff != "" {
			t.Errorf("stopped after %d epochs:\n%s", stop, diff)
		}
	}
}

// featureStopper ends a run as soon as anything is shown: while features are computed.
type featureStopper struct{ stop context.CancelFunc }

func (s *featureStopper) Show(at progress.State) { s.stop() }
func (s *featureStopper) Clear()                 {}

// solvedCache damages the cache of features, which is made anew with a warning. Then it
// forges it as the program itself would have written it: verify does not read it, and finds
// a run that was made of it.
func solvedCache(t *testing.T, first string, want []metric.Epoch) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir()) // without images of other tests, which this run does not look at
	solved(t, filepath.Join(t.TempDir(), "run"))
	files, err := filepath.Glob(filepath.Join(os.Getenv("XDG_CACHE_HOME"), "blocktrain", "features", "*.features"))
	if err != nil || len(files) == 0 {
		t.Skipf("the cache of features is elsewhere on this system: %v, %v", files, err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(b)
	damaged[len(b)-1] ^= 1 // the seal of an entry
	write := func(b []byte) {
		if err := os.WriteFile(files[0], b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(damaged)
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	_, history := solved(t, filepath.Join(t.TempDir(), "run"))
	slog.SetDefault(before)
	if diff := cmp.Diff(want, history); diff != "" || !strings.Contains(log.String(), "damaged, and computed anew") {
		t.Errorf("a damaged cache: the log is %q, and the history\n%s", &log, diff)
	}
	mended, err := os.ReadFile(files[0])
	if err != nil || len(mended) != len(b) {
		t.Fatalf("the cache has %d bytes, want %d: %v", len(mended), len(b), err)
	}
	forged := forgedFeatures(mended)
	write(forged)
	if _, err := verified(t, Request{Path: first}); err != nil {
		t.Errorf("verify read the cache: %v", err)
	}
	if now, err := os.ReadFile(files[0]); err != nil || !bytes.Equal(now, forged) {
		t.Errorf("verify changed the cache: %v", err)
	}
	path := filepath.Join(t.TempDir(), "run")
	if _, history = solved(t, path); slices.EqualFunc(want, history, func(a, b metric.Epoch) bool { return a.WeightsSHA256 == b.WeightsSHA256 }) {
		t.Fatal("a forged cache gives the same weights, so that this test shows nothing")
	}
	var d *Difference
	if _, err := Run(t.Context(), runtest.Quiet(), Request{Path: path, DataMode: "ram"}); !errors.As(err, &d) || d.File != train.HistoryFile || d.Epoch != 1 {
		t.Errorf("a run of forged features: %v, %+v", err, d)
	}
}

// forgedFeatures are the entries of a file of features with other values, sealed again: as
// package features describes the file.
func forgedFeatures(b []byte) []byte {
	b = bytes.Clone(b)
	header := bytes.IndexByte(b, '\n') + 1 + sha256.Size + 8
	width := int(binary.LittleEndian.Uint64(b[header-8:]))
	entry := 2*sha256.Size + 4*width
	for k, at := 0, header; at+entry <= len(b); k, at = k+1, at+entry {
		values := b[at+sha256.Size:][:4*width]
		value := math.Float32frombits(binary.LittleEndian.Uint32(values))
		binary.LittleEndian.PutUint32(values, math.Float32bits(value+float32(k%7)))
		seal := sha256.Sum256(b[at:][:sha256.Size+4*width])
		copy(b[at+sha256.Size+4*width:], seal[:])
	}
	return b
}
