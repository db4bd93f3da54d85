package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/predict"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
)

// TestPredictDecidesAsEvaluate wants of predict, with lines for whichever frames, the decisions
// that the evaluation of the same clips has, to the last bit: with a network that decides, and
// without.
func TestPredictDecidesAsEvaluate(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, folds := range []string{"2", "0"} {
		run := "run" + folds
		drawClips(t, 31)
		drawClip(t, "clips/along/long", 0, 3, 75)
		succeed(t, "train", "--dataset", "clips", "--data-dir", "clips", "--dataset-options", "margin=2,minimum=16,stride=3", "--model", "mlp", "--epochs", "2",
			"--image-size", "16", "--batch-size", "8", "--decision-folds", folds, "--controls", "off", "--quiet", "--output-dir", run)
		succeed(t, "evaluate", "--run", run, "--quiet")
		want, clips := decisionsOf(t, run)
		for _, every := range []string{"1", "3", "0.3s"} {
			args := append([]string{"--run", run, "--quiet", "--top", "2", "--every", every, "--output", "lines.jsonl", "--summary", "summary.json"}, clips...)
			if code, _, errs := watched(t, "", args...); code != ExitDone {
				t.Fatalf("--every %s: exit code %d: %s", every, code, errs)
			}
			if diff := cmp.Diff(want, summarized(t)); diff != "" {
				t.Errorf("--decision-folds %s, --every %s: predict decides otherwise than evaluate (-evaluate +predict):\n%s", folds, every, diff)
			}
			if err := os.Remove("lines.jsonl"); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// drawClips writes clips of two classes, of so many frames each, into the folder clips.
func drawClips(t *testing.T, frames int) {
	t.Helper()
	for class, label := range []string{"along", "updown"} {
		for clip := range 8 {
			drawClip(t, filepath.Join("clips", label, fmt.Sprint(clip)), class, clip, frames)
		}
	}
}

// decided is the decision on a clip: the probability of each class.
type decided struct {
	Label string
	Of    map[string]float32
}

// decisionsOf are those of the evaluations of a run, by the folders of clips.
func decisionsOf(t *testing.T, run string) (all map[string]decided, clips []string) {
	t.Helper()
	all = map[string]decided{}
	classes := []string{"along", "updown"}
	for _, part := range []string{"validation", "test"} {
		r, err := metric.ReadTracked(filepath.Join(run, "evaluation", "clips-"+part+".json"), classes)
		if err != nil || len(r.Each) == 0 {
			t.Fatalf("%d clips, error %v", len(r.Each), err)
		}
		for _, c := range r.Each {
			clip := "clips/" + c.Clip
			one := decided{c.Decision, map[string]float32{}}
			for k, p := range c.Probabilities {
				one.Of[classes[k]] = p
			}
			all[clip], clips = one, append(clips, clip)
		}
	}
	return all, clips
}

// summarized are the decisions of the last call of predict.
func summarized(t *testing.T) map[string]decided {
	t.Helper()
	text, err := os.ReadFile("summary.json")
	if err != nil {
		t.Fatal(err)
	}
	var summaries struct {
		Clips []struct {
			Source, Label string
			Top           []predict.Candidate
		}
	}
	if err := json.Unmarshal(text, &summaries); err != nil {
		t.Fatal(err)
	}
	all := map[string]decided{}
	for _, s := range summaries.Clips {
		one := decided{s.Label, map[string]float32{}}
		for _, c := range s.Top {
			one.Of[c.Label] = c.Probability
		}
		all[s.Source] = one
	}
	return all
}

// testKeptInputs wants that no output takes the place of an input or of the other output.
func testKeptInputs(t *testing.T, run string) {
	t.Helper()
	before, err := os.ReadFile("frames.bin")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("frames.bin", "link.bin"); err != nil {
		t.Fatal(err)
	}
	raw := []string{"--run", run, "--raw", "96x80:gray8:30", "frames.bin"}
	for _, test := range []struct {
		args []string
		want string
	}{
		{append([]string{"--output", "./frames.bin"}, raw...), "is an input"},
		{append([]string{"--summary", "link.bin"}, raw...), "is an input"},
		{append([]string{"--output", "new.json", "--summary", "./new.json"}, raw...), "the same file"},
		{[]string{"--run", run, "new/a", "--output", "new/a/003.png"}, "is in the folder new/a"},
	} {
		if code, out, errs := watched(t, "", test.args...); code != ExitUsage || out != "" || !strings.Contains(errs, test.want) {
			t.Errorf("%q: exit code %d, want %d and %q: %.300s%s", test.args, code, ExitUsage, test.want, out, errs)
		}
	}
	if after, err := os.ReadFile("frames.bin"); err != nil || string(after) != string(before) {
		t.Errorf("an input was overwritten: %v", err)
	}
}

// testForgedFeatures changes how features become the input of the network that decides, which
// predict must refuse.
func testForgedFeatures(t *testing.T, run string) {
	t.Helper()
	path := filepath.Join(run, filepath.FromSlash(layout.FeaturesFile))
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	writeText(t, path, strings.Replace(string(text), `"deviation": `, `"deviation": 1`, 1))
	if code, out, errs := watched(t, "", "--run", run, "new/a"); code != ExitFailed || out != "" || !strings.Contains(errs, "it was changed after it was written") {
		t.Errorf("forged: exit code %d: %.300s%s", code, out, errs)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := watched(t, "", "--run", run, "new/a"); code != ExitUsage || out != "" || !strings.Contains(errs, "restore the file") {
		t.Errorf("missing: exit code %d: %.300s%s", code, out, errs)
	}
	writeText(t, path, string(text))
}

// TestDecisionFoldsOfImages wants a warning where --decision-folds is given and has no effect.
func TestDecisionFoldsOfImages(t *testing.T) {
	t.Chdir(t.TempDir())
	train := []string{"train", "--dataset", "digits", "--dataset-options", "count=100,test-count=50", "--model", "mlp", "--epochs", "1", "--quiet", "--output-dir"}
	for name, given := range map[string][]string{"given": {"--decision-folds", "2"}, "none": {"--decision-folds", "0"}, "default": nil} {
		var out, errs bytes.Buffer
		code := Run(t.Context(), append(append(slices.Clone(train), name), given...), strings.NewReader(""), &out, &errs)
		if warned := strings.Contains(errs.String(), "--decision-folds has no effect"); code != ExitDone || warned != (name == "given") {
			t.Errorf("%s: exit code %d, warned %t: %s", name, code, warned, &errs)
		}
	}
}
