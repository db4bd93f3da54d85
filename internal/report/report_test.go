package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rng"
	"github.com/blocktrain/blocktrain/internal/rundir/notes"
	"github.com/blocktrain/blocktrain/internal/visualization"
)

var (
	update  = flag.Bool("update", false, "write the golden files anew")
	reports = flag.String("reports", "", "folder to write whole documents to, for looking at them")
)

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := fileio.WriteBytes(path, got); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got); run with -update if that is meant:\n%s", path, diff)
	}
}

// evaluation has each examples of each class, of which the first class has all
// right and the others miss a few more each.
func evaluation(t testing.TB, part string, each int, classes ...string) *metric.Evaluation {
	k := len(classes)
	var labels []int
	var probabilities []float32
	for label := range k {
		for i := range each {
			row := make([]float32, k)
			row[label] = 1
			if i < label {
				row[label], row[(label+1)%k] = 0.25, 0.75
			}
			labels, probabilities = append(labels, label), append(probabilities, row...)
		}
	}
	e, err := metric.Evaluate(probabilities, labels, classes)
	if err != nil {
		t.Fatal(err)
	}
	e.Dataset, e.Part, e.Weights = "digits", part, "best"
	return e
}

func release(t testing.TB, m criterion.Measurements) *criterion.Release {
	var all []criterion.Criterion
	for _, name := range []string{"min_test_accuracy", "min_per_class_accuracy", "max_inference_time_ms", "max_model_size_mb"} {
		c, _, err := criterion.MakeCriterion(name, "")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	r, err := criterion.Decide(all, m, criterion.Weights{Name: "best", SHA256: strings.Repeat("5a", 32)})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func history(epochs int) []metric.Epoch {
	var all []metric.Epoch
	for i := range epochs {
		n := float64(i + 1)
		all = append(all, metric.Epoch{
			Schema: 1, Epoch: i + 1, TrainLoss: 1.8 / (n * n), ValidationLoss: 1.3/n + 0.01*n, TrainAccuracy: 1 - 0.3/n, ValidationAccuracy: 0.99 - 0.25/n,
			LearningRate: 0.001 / n, Seconds: 4.25, WeightsSHA256: fmt.Sprintf("%064x", i+1),
		})
	}
	return all
}

// whole is a report with everything in it.
func whole(t testing.TB) *Report {
	classes := strings.Split("0123456789", "")
	size := int64(1_712_345)
	test := evaluation(t, "test", 200, classes...)
	test.Latency = &metric.Latency{P50: 0.412, P95: 0.587, Max: 1.9, Batch: 1, Workers: 1, Samples: 500, Machine: "2 cores of a test machine"}
	return &Report{
		Name: "digits-lenet5", Version: "0.1.0", Program: "blocktrain 0.1.0",
		Datasets: []Dataset{{"digits", 12000, strings.Repeat("d1", 32)}},
		Parts:    []Part{{"training", 7200}, {"validation", 2400}, {"test (official)", 2000}},
		Divided:  []string{"Of digits, the official test part was kept; the rest was divided into training and validation part, 75 and 25 %"},
		Classes:  classes, Input: "28x28 pixels, grey", Resize: "stretched to 28x28, colour turned to grey",
		OpenCV: "OpenCV's resize gives other bytes: of the ten test images, in colour and stretched to 28x28 pixels by OpenCV 5.0.0, with INTER_LINEAR 53.9 % of the values differ, by 1.10 levels of 255 on average and 27 at most, with INTER_AREA 44.1 % of the values differ, by 0.80 levels of 255 on average and 27 at most, in a sentence of more than 300 characters",
		Model:  "lenet5", Parameters: 427_118, ModelBytes: size,
		Configuration: []Setting{{"dataset", "digits"}, {"model", "lenet5"}, {"optimizer", "adamw"}, {"schedule", "one-cycle"}, {"epochs", "12"}, {"batch-size", "128"}, {"seed", "1"}},
		Digests:       []Setting{{"contract", "1"}, {"split", strings.Repeat("5b", 32)}, {"weights", strings.Repeat("5a", 32)}},
		Environment:   []Setting{{"machine", "2 cores of a test machine"}, {"go", "go1.26.8"}, {"simd", "avx512"}},
		Started:       "2026-01-02T03:04:05Z", Stopped: "all 12 epochs are done",
		History: history(12), Validation: evaluation(t, "validation", 240, classes...), Test: test,
		Release:   release(t, criterion.Measurements{Test: test, Latency: test.Latency, ModelBytes: &size}),
		Reproduce: []string{"blocktrain verify runs/digits-lenet5 --data-dir data"},
		Limits:    []string{"Drawn digits, not handwriting."},
	}
}

// addFigures draws all figures of the report.
func addFigures(t testing.TB, r *Report) {
	d := visualization.Data{History: r.History, Validation: r.Validation, Test: r.Test}
	s := rng.NewKey(1, rng.TestPurpose).Stream(0, 0, 0)
	for i := range 16 {
		img := imaging.New(28, 28, 1)
		for j := range img.Pix {
			img.Pix[j] = uint8(s.Uint32() >> 25)
		}
		picture := visualization.Picture{Image: img, Caption: fmt.Sprintf("predicted: %d\nprobability: %d %%\ntruth: %d", i%10, 99-i, (i+3)%10)}
		d.Samples = append(d.Samples, picture)
		if r.TargetName() == metric.TargetClass {
			d.Mistakes = append(d.Mistakes, picture)
			continue
		}
		picture.Output = picture.Image
		d.Reconstructions = append(d.Reconstructions, picture)
		d.ValidationScores = append(d.ValidationScores, float32(i)/100)
	}
	for _, m := range visualization.Modules() {
		v, _, err := visualization.MakeVisualization(m.Name, "")
		if err != nil {
			t.Fatal(err)
		}
		f, err := v.Draw(d)
		if errors.Is(err, visualization.ErrNothingToDraw) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		r.Figures = append(r.Figures, f)
	}
}

// variants are reports that differ in what they hold.
func variants(t testing.TB) map[string]*Report {
	refused := whole(t)
	refused.Test = evaluation(t, "test", 20, refused.Classes...)
	refused.Release = release(t, criterion.Measurements{Test: refused.Test})
	forced := whole(t)
	forced.Release = release(t, criterion.Measurements{Test: forced.Test})
	forced.About = notes.About{License: "CC-BY-4.0", Contact: "Ada <ada@example.org>", IntendedUse: "Sorting the tins of *one* factory, beside a person."}
	forced.Release.Sign(time.Date(2025, 5, 3, 12, 11, 10, 9, time.FixedZone("", 7200)), "Ada_L")
	forced.NoCommit = true
	if err := forced.Release.Force("needed for the trade fair"); err != nil {
		t.Fatal(err)
	}
	return map[string]*Report{"approved": whole(t), "refused": refused, "forced": forced, "tuned": tuned(t), "transfer": transferred(t), "images": images(t), "empty": {Name: "nothing-yet"}, "hostile": hostile(t)}
}

// tuned is the report of one epoch on a folder, begun with the weights of another model.
func tuned(t testing.TB) *Report {
	r := whole(t)
	r.Datasets = []Dataset{{"frames (folder)", 600, strings.Repeat("f0", 32)}}
	r.LeftOut = []string{"Of frames (folder), 2 damaged files were left out, as --on-corrupt skip asks for: up/1.png, down/2.png. run.json lists them with their digests"}
	r.Test.Header().Dataset, r.Validation.Header().Dataset = "folder", "folder"
	r.Initial = &Initial{
		Weights:  "the weights of digits-lenet5 0.1.0 (runs/a/checkpoints/best.safetensors)",
		Datasets: []Dataset{{"digits", 12000, strings.Repeat("d1", 32)}}, Unknown: true,
	}
	r.Frozen, r.History, r.Stopped = 25_000, history(1), "so it was asked"
	return r
}

// transferred is the report of a run that began with published weights.
func transferred(t testing.TB) *Report {
	r := whole(t)
	r.Initial = &Initial{Unknown: true}
	r.Initial.addPublished(&notes.Published{
		File: "efficientnet-lite0.pth", SHA256: strings.Repeat("f1", 32), Network: "efficientnet-lite0", Family: "EfficientNet-PyTorch", Classes: 1000,
		Name: "efficientnet-lite0", Package: "lite0-model", Version: "0.1.0", Licence: "Apache License 2.0", LicenceMetadata: "UNKNOWN",
		Converter: "somebody", Origin: "somebody else, 2020", TrainedOn: "ImageNet (ILSVRC 2012)", DataTerms: "research and education only",
	}, strings.Repeat("d5", 32))
	r.History = transferHistory()
	r.addPhases(4, "validation_accuracy")
	return r
}

const attack = "<script>alert('1')</script> | a\nb `c` [d](javascript:e) \"f\" {{.Name}} --> &amp; $g$ @h **i**\x1b]0;j\a"

// hostile has an attack wherever a user's text can be.
func hostile(t testing.TB) *Report {
	r := whole(t)
	r.Name, r.Version, r.Program, r.Input, r.Resize, r.OpenCV, r.Model, r.Started, r.Stopped = attack, attack, attack, attack, attack, attack, attack, attack, attack
	r.Datasets = []Dataset{{attack, 1, attack}}
	r.Initial, r.Frozen = &Initial{attack, r.Datasets, true, []notes.Fact{{Name: attack, Words: attack}}, attack, attack}, 1
	r.Parts, r.LeftOut = []Part{{attack, 1}}, []string{attack}
	r.Classes = []string{attack, "b"}
	settings := []Setting{{attack, attack}}
	r.Configuration, r.Digests, r.Environment = settings, settings, settings
	r.Reproduce, r.Limits = []string{attack}, []string{attack}
	r.Test = evaluation(t, attack, 20, attack, "b", attack+"c")
	r.Test.Header().Dataset = attack
	r.Test.SetLatency(&metric.Latency{P50: 1, P95: 1, Batch: 1, Workers: 1, Samples: 200, Machine: attack})
	r.Validation = nil
	r.Release = release(t, criterion.Measurements{Test: r.Test, Latency: r.Test.MeasuredLatency()})
	r.Release.Weights = criterion.Weights{Name: attack, SHA256: attack}
	if err := r.Release.Force(attack); err != nil {
		t.Fatal(err)
	}
	addFigures(t, r)
	return r
}

func documents(t *testing.T, r *Report, name string) (card, page []byte) {
	t.Helper()
	card, err := ModelCard(r, "plots")
	if err != nil {
		t.Fatal(err)
	}
	page, err = HTML(r)
	if err != nil {
		t.Fatal(err)
	}
	if *reports != "" {
		for ext, b := range map[string][]byte{".md": card, ".html": page} {
			if err := os.WriteFile(filepath.Join(*reports, name+ext), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return card, page
}

func TestGolden(t *testing.T) {
	for name, r := range variants(t) {
		if name == "hostile" {
			continue // checked by what it must not hold, and full of figures
		}
		card, page := documents(t, r, name)
		golden(t, name+".md", card)
		golden(t, name+".html", page)
	}
}

// TestWholeReport adds figures, which are too large for golden files.
func TestWholeReport(t *testing.T) {
	r := whole(t)
	addFigures(t, r)
	card, page := documents(t, r, "whole")
	for _, f := range r.Figures {
		if !bytes.Contains(card, []byte("](plots/"+f.Name+".png)")) {
			t.Errorf("the card does not link %s", f.Name)
		}
	}
	for _, f := range r.Figures {
		opens := fmt.Sprintf(`<a href="#%s" aria-label="Enlarge the figure: %s"><svg `, f.Name, f.Title)
		if !bytes.Contains(page, []byte(opens)) || !bytes.Contains(page, []byte(`<figure id="`+f.Name+`">`)) {
			t.Errorf("%s cannot be enlarged", f.Name)
		}
	}
	if n := bytes.Count(page, []byte(`<div class="row">`)); n != 1 {
		t.Errorf("%d figures have a row of their own, want that of the classes alone", n)
	}
	bare, err := ModelCard(r, "")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(bare, []byte("## Figures")) {
		t.Error("the card without a folder has figures")
	}
	if len(page) > 600_000 {
		t.Errorf("the page has %d bytes", len(page))
	}
}

// TestPagesAreSelfContained allows no script, no address outside the file, and
// only tags that are closed.
func TestPagesAreSelfContained(t *testing.T) {
	external := regexp.MustCompile(`(?i)<script|<iframe|<link|<object|\son[a-z]+\s*=|(src|href|action)\s*=\s*"?([a-ce-z]+:|//)|url\(`)
	for name, r := range variants(t) {
		_, page := documents(t, r, name)
		if found := external.Find(page); found != nil {
			t.Errorf("%s: %q", name, found)
		}
		if bytes.ContainsAny(page, "\x1b\a") {
			t.Errorf("%s: has control characters", name)
		}
		checkTags(t, name, page)
	}
}

// checkTags parses the page as XML, which it is written to be as well.
func checkTags(t *testing.T, name string, page []byte) {
	d := xml.NewDecoder(bytes.NewReader(page))
	d.Entity = xml.HTMLEntity
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
	}
}

// TestHostileCard wants every table to keep its number of columns, and no
// markup of the attack's own.
func TestHostileCard(t *testing.T) {
	card, _ := documents(t, hostile(t), "hostile")
	text := string(card)
	front, body, ok := strings.Cut(strings.TrimPrefix(text, "---\n"), "\n---\n")
	if !ok {
		t.Fatal("the front matter does not end")
	}
	columns := 0
	for line := range strings.Lines(body) {
		if strings.HasPrefix(line, "    ") {
			continue // a block of code is literal
		}
		for _, bad := range []string{"<", "`c`", "[d](", "**i**", "\x1b", "\a", "| a b", "$g$"} {
			if strings.Contains(line, bad) {
				t.Errorf("the card contains %q: %s", bad, line)
			}
		}
		if !strings.HasPrefix(line, "|") {
			columns = 0
			continue
		}
		if n := strings.Count(line, "|"); columns == 0 {
			columns = n
		} else if n != columns {
			t.Errorf("%d columns, want %d: %s", n, columns, line)
		}
	}
	plain := regexp.MustCompile(`^ *(- )?([a-z0-9_-]+:)?( ?("([^"\\]|\\.)*"|[A-Za-z0-9. +-]*|\[\]))$`)
	for line := range strings.SplitSeq(front, "\n") {
		if !plain.MatchString(line) {
			t.Errorf("the front matter has a line that is not simple YAML: %s", line)
		}
	}
}

// TestFewClasses checks that the accuracy of the top five is left out where it says
// nothing.
func TestFewClasses(t *testing.T) {
	for classes, want := range map[int]bool{3: false, 5: false, 6: true} {
		r := whole(t)
		r.Classes = strings.Split("abcdef", "")[:classes]
		r.Test, r.Validation = evaluation(t, "test", 20, r.Classes...), evaluation(t, "validation", 20, r.Classes...)
		card, page := documents(t, r, "few-classes")
		for name, text := range map[string][]byte{"card": card, "page": page} {
			if shown := bytes.Contains(text, []byte("top 5")); shown != want {
				t.Errorf("%d classes: the %s shows the top five: %t", classes, name, shown)
			}
		}
	}
}

func TestManyClasses(t *testing.T) {
	r := whole(t)
	r.Classes = nil
	for i := range 150 {
		r.Classes = append(r.Classes, fmt.Sprintf("class %03d", i))
	}
	r.Test = evaluation(t, "test", 3, r.Classes...)
	card, page := documents(t, r, "many")
	if !bytes.Contains(card, []byte("Of 150 classes the 100 worst are listed.")) || !bytes.Contains(card, []byte("class 099 and so on (labels.txt has them all).")) {
		t.Error("the card does not say that it leaves classes out")
	}
	if n := bytes.Count(page, []byte("<th>class ")); n != 150 {
		t.Errorf("the page has %d classes", n)
	}
	addFigures(t, r)
	if _, page = documents(t, r, "many"); bytes.Contains(page, []byte(`id="confusion-matrix"`)) {
		t.Error("the pairs are listed twice")
	}
	if n := bytes.Count(page, []byte(" of 3</td></tr>")); n != 30 {
		t.Errorf("the page lists %d confused pairs", n)
	}
}
