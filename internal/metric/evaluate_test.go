package metric

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with the file of that name, or writes it.
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

// threeClasses is small enough to work out by hand.
//
//	true \ predicted   cat dog owl
//	cat                  2   1   0
//	dog                  0   1   1
//	owl                  0   0   1
var threeClasses = struct {
	probabilities []float32
	labels        []int
	classes       []string
}{
	[]float32{
		0.75, 0.125, 0.125,
		0.5, 0.25, 0.25,
		0.25, 0.5, 0.25,
		0.25, 0.5, 0.25,
		0.125, 0.25, 0.625,
		0, 0, 1,
	},
	[]int{0, 0, 0, 1, 1, 2},
	[]string{"cat", "dog", "owl"},
}

func evaluate(t *testing.T, probabilities []float32, labels []int, classes []string) *Evaluation {
	t.Helper()
	e, err := Evaluate(probabilities, labels, classes)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Check(); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestEvaluateByHand(t *testing.T) {
	e := evaluate(t, threeClasses.probabilities, threeClasses.labels, threeClasses.classes)
	near := cmpopts.EquateApprox(0, 1e-7)
	check := func(name string, got, want any) {
		t.Helper()
		if diff := cmp.Diff(want, got, near); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	check("confusion", e.Confusion, [][]int{{2, 1, 0}, {0, 1, 1}, {0, 0, 1}})
	check("accuracy", e.Accuracy, 4.0/6)
	check("top k", e.TopK, TopK{One: 4.0 / 6, Five: 1})
	// -ln of 3/4, 1/2, 1/4, 1/2, 1/4, 1: the logarithm of 256/3.
	check("loss", e.Loss, math.Log(256.0/3)/6)
	third, half, one := 2.0/3, 0.5, 1.0
	check("precision of cat", e.PerClass[0].Precision, &one)
	check("recall of cat", e.PerClass[0].Recall, &third)
	check("precision of dog", e.PerClass[1].Precision, &half)
	check("recall of dog", e.PerClass[1].Recall, &half)
	check("precision of owl", e.PerClass[2].Precision, &half)
	check("recall of owl", e.PerClass[2].Recall, &one)
	check("F1", []float64{*e.PerClass[0].F1, *e.PerClass[1].F1, *e.PerClass[2].F1}, []float64{0.8, 0.5, 2.0 / 3})
	check("macro", e.Macro, Average{Precision: 2.0 / 3, Recall: (2.0/3 + 0.5 + 1) / 3, F1: (0.8 + 0.5 + 2.0/3) / 3})
	check("weighted", e.Weighted, Average{Precision: (3 + 1 + 0.5) / 6, Recall: 4.0 / 6, F1: (2.4 + 1 + 2.0/3) / 6})
	check("worst class", *e.WorstClass, WorstClass{Label: "dog", Index: 1, Support: 2, Accuracy: 0.5, Interval: Wilson(1, 2)})
	// Bins of width 1/15: 0.5 (three examples, two right) in number 7, 0.625
	// (wrong) in 9, 0.75 (right) in 11, 1 (right) in 14.
	check("calibration error", e.CalibrationError, (0.5+0.625+0.25+0)/6)
	check("bin 7", e.CalibrationBins[7], Bin{Lower: 7.0 / 15, Upper: 8.0 / 15, Count: 3, Correct: 2, Accuracy: &third, Confidence: &half})
	check("bin 0", e.CalibrationBins[0], Bin{Upper: 1.0 / 15})
}

// TestClassMapIsRead: an evaluation has the class map that it was made by.
func TestClassMapIsRead(t *testing.T) {
	e := evaluate(t, threeClasses.probabilities, threeClasses.labels, threeClasses.classes)
	e.ClassMap = &[]RenamedClass{{Data: "kitten", Model: "cat"}, {Data: "puppy", Model: "dog"}}
	path := filepath.Join(t.TempDir(), "e.json")
	if err := fileio.WriteJSON(path, e); err != nil {
		t.Fatal(err)
	}
	read, err := ReadEvaluation(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(e.ClassMap, read.ClassMap); diff != "" {
		t.Error(diff)
	}
}

func TestTiesGoToTheLowestIndex(t *testing.T) {
	e := evaluate(t, []float32{0.5, 0.5, 0.5, 0.5}, []int{0, 1}, []string{"a", "b"})
	if diff := cmp.Diff([][]int{{1, 0}, {1, 0}}, e.Confusion); diff != "" {
		t.Error(diff)
	}
	seven := []float32{0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.25}
	classes := strings.Split("abcdefg", "")
	for label, want := range []float64{1, 1, 1, 1, 0, 0, 1} {
		if e := evaluate(t, seven, []int{label}, classes); e.TopK.Five != want {
			t.Errorf("class %d is among the top five: got %v, want %v", label, e.TopK.Five, want)
		}
	}
}

// TestUndefinedFiguresAreNull looks at a class without examples, one that is
// never predicted, and one that is neither.
func TestUndefinedFiguresAreNull(t *testing.T) {
	e := evaluate(t, []float32{0, 1, 0, 0, 0, 1, 0, 0}, []int{0, 1}, []string{"missed", "found", "absent", "neither"})
	e.Confusion[0][1], e.Confusion[0][2] = 0, 1 // "missed" is taken for "absent"
	b, err := json.Marshal(evaluate(t, []float32{0, 0, 1, 0, 0, 1, 0, 0}, []int{0, 1}, []string{"missed", "found", "absent", "neither"}).PerClass)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`{"label":"missed","support":1,"accuracy":0,"precision":null,"recall":0,"f1":0,"interval":{"low":0,`,
		`{"label":"absent","support":0,"accuracy":null,"precision":0,"recall":null,"f1":0,"interval":null}`,
		`{"label":"neither","support":0,"accuracy":null,"precision":null,"recall":null,"f1":null,"interval":null}`,
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("want %s in %s", want, b)
		}
	}
	if diff := cmp.Diff([]string{"absent", "neither"}, e.WithoutExamples()); diff != "" {
		t.Error(diff)
	}
}

func TestEvaluateRefuses(t *testing.T) {
	nan := float32(math.NaN())
	ab := []string{"a", "b"}
	tests := map[string]struct {
		probabilities []float32
		labels        []int
		classes       []string
		want          string
	}{
		"no classes":        {nil, []int{0}, nil, "there are no classes"},
		"no examples":       {nil, nil, ab, "there are no examples"},
		"wrong length":      {[]float32{1, 0, 1}, []int{0, 1}, ab, "3 probabilities for 2 examples of 2 classes, want 4"},
		"label too high":    {[]float32{1, 0, 1, 0}, []int{0, 2}, ab, "example 1: its label is 2, want 0 to 1"},
		"label negative":    {[]float32{1, 0}, []int{-1}, ab, "example 0: its label is -1"},
		"not a number":      {[]float32{1, 0, nan, 1}, []int{0, 1}, ab, "example 1: the probability of class 0 is NaN"},
		"logits":            {[]float32{-3, 4}, []int{0}, ab, "the probability of class 0 is -3, want 0 to 1"},
		"infinite":          {[]float32{0, float32(math.Inf(1))}, []int{0}, ab, "is +Inf"},
		"not adding up":     {[]float32{0.5, 0.25}, []int{0}, ab, "add up to 0.75, want 1"},
		"a sigmoid per row": {[]float32{0.9, 0.9}, []int{0}, ab, "add up to 1.8, want 1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Evaluate(test.probabilities, test.labels, test.classes)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestLossOfCertainMistakeIsFinite(t *testing.T) {
	e := evaluate(t, []float32{1, 0}, []int{1}, []string{"a", "b"})
	if want := 126 * math.Ln2; math.Abs(e.Loss-want) > 1e-4 {
		t.Errorf("loss is %v, want %v", e.Loss, want)
	}
}

// TestProperties holds for any probabilities.
func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.IntRange(1, 7).Draw(t, "classes")
		n := rapid.IntRange(1, 40).Draw(t, "examples")
		labels := rapid.SliceOfN(rapid.IntRange(0, k-1), n, n).Draw(t, "labels")
		var probabilities []float32
		for range n {
			probabilities = append(probabilities, drawRow(t, k)...)
		}
		e, err := Evaluate(probabilities, labels, strings.Split("abcdefg"[:k], ""))
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Check(); err != nil {
			t.Fatal(err)
		}
		if _, err := json.Marshal(e); err != nil {
			t.Fatal(err)
		}
		if got := len(Mistakes(probabilities, labels, n)); got != e.Examples-e.Correct {
			t.Fatalf("%d mistakes, want %d", got, e.Examples-e.Correct)
		}
		if math.Abs(e.Weighted.Recall-e.Accuracy) > 1e-12 {
			t.Fatalf("weighted recall %v is not the accuracy %v", e.Weighted.Recall, e.Accuracy)
		}
		if e.CalibrationError < 0 || e.CalibrationError > 1 {
			t.Fatalf("calibration error is %v", e.CalibrationError)
		}
	})
}

func drawRow(t *rapid.T, k int) []float32 {
	weights := rapid.SliceOfN(rapid.IntRange(1, 16), k, k).Draw(t, "weights")
	total := 0
	for _, w := range weights {
		total += w
	}
	row := make([]float32, k)
	for i, w := range weights {
		row[i] = float32(w) / float32(total)
	}
	return row
}

func TestBinOf(t *testing.T) {
	for _, test := range []struct {
		confidence float32
		want       int
	}{{0, 0}, {1e-9, 0}, {1. / 15, 1}, {0.2, 3}, {0.5, 7}, {0.99, 14}, {1, 14}, {1.0005, 14}} {
		// float32(1/15) and float32(0.2) are just above 1/15 and 3/15.
		if got := binOf(test.confidence); got != test.want {
			t.Errorf("bin of %v is %d, want %d", test.confidence, got, test.want)
		}
	}
}

// TestEvaluationFiles has every file that an evaluation becomes.
func TestEvaluationFiles(t *testing.T) {
	e := evaluate(t, threeClasses.probabilities, threeClasses.labels, []string{"cat", "dog, big", "<owl>"})
	e.Dataset, e.Part, e.Weights = "animals", "test", "best"
	e.Latency = &Latency{P50: 0.25, P95: 0.5, Max: 2, Batch: 1, Workers: 1, Samples: 200, Machine: "a computer"}
	b, err := fileio.MarshalJSON(e)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "evaluation.json", b)
	golden(t, "evaluation.txt", []byte(e.Table()))
	var classes, confusion strings.Builder
	if err := e.WriteClassesCSV(&classes); err != nil {
		t.Fatal(err)
	}
	if err := e.WriteConfusionCSV(&confusion); err != nil {
		t.Fatal(err)
	}
	golden(t, "classes.csv", []byte(classes.String()))
	golden(t, "confusion.csv", []byte(confusion.String()))
}

func TestReadEvaluation(t *testing.T) {
	read, err := ReadEvaluation(filepath.Join("testdata", "evaluation.json"))
	if err != nil {
		t.Fatal(err)
	}
	if read.Accuracy != 4.0/6 || read.PerClass[2].Label != "<owl>" || read.Latency.Samples != 200 {
		t.Errorf("read %+v", read)
	}
	good, err := os.ReadFile(filepath.Join("testdata", "evaluation.json"))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ old, new, want string }{
		"other schema":    {`"schema": 1`, `"schema": 2`, "schema is 2, want 1 for up to 100 classes"},
		"unknown schema":  {`"schema": 1`, `"schema": 5`, "schema is 5, this program reads 1 or 2 or 3 or 4"},
		"edited accuracy": {`"accuracy": 0.6666666666666666,`, `"accuracy": 0.99,`, "not that"},
		"edited class":    {`"support": 2`, `"support": 3`, `class "dog, big"`},
		"edited worst":    {`"index": 1`, `"index": 0`, `the worst class is not the one with the lowest accuracy, "dog, big"`},
		"edited interval": {`"low": 0.20765960080204773`, `"low": 0.9`, `class "cat"`},
		"no interval": {`"interval": {
        "low": 0.20765960080204773,
        "high": 0.9385080552796038
      }`, `"interval": null`, `class "cat"`},
		"edited examples":   {`"examples": 6`, `"examples": 7`, "the accuracy is not that"},
		"negative count":    {"      2,\n      1,", "      4,\n      -1,", "row 0 of the confusion matrix: a count is negative"},
		"unknown key":       {`"examples"`, `"exampels"`, "exampels"},
		"missing row":       {"    [\n      0,\n      0,\n      1\n    ]", "    [\n      0\n    ]", "row 2 of the confusion matrix has 1 columns, want 3"},
		"no classes at all": {`"per_class": [`, `"per_class": [], "x": [`, `x: the key is unknown`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			bad := strings.Replace(string(good), test.old, test.new, 1)
			if bad == string(good) {
				t.Fatal("the test changes nothing")
			}
			path := filepath.Join(t.TempDir(), "test.json")
			if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := ReadEvaluation(path)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("error is %v, want one with %q and the path", err, test.want)
			}
		})
	}
}

func TestMistakes(t *testing.T) {
	probabilities := []float32{
		0.75, 0.25, // right
		0.75, 0.25, // wrong, 0.75
		0.125, 0.875, // wrong, 0.875
		0.25, 0.75, // wrong, 0.75, later
		0.5, 0.5, // a tie, predicted 0: wrong, 0.5
	}
	labels := []int{0, 1, 0, 0, 1}
	want := []Mistake{{2, 0, 1, 0.875}, {1, 1, 0, 0.75}, {3, 0, 1, 0.75}, {4, 1, 0, 0.5}}
	if diff := cmp.Diff(want, Mistakes(probabilities, labels, 10)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want[:2], Mistakes(probabilities, labels, 2)); diff != "" {
		t.Error(diff)
	}
	if got := Mistakes(nil, nil, 3); got != nil {
		t.Errorf("mistakes without examples: %v", got)
	}
}

func TestTableOfManyClasses(t *testing.T) {
	const k = 100
	var labels []int
	var classes []string
	var probabilities []float32
	for i := range k {
		classes = append(classes, "a class with quite a long name, number "+string(rune('A'+i%26))+"\n")
		for j := range 3 {
			row := make([]float32, k)
			row[(i+j*i/50)%k] = 1
			labels, probabilities = append(labels, i), append(probabilities, row...)
		}
	}
	table := evaluate(t, probabilities, labels, classes).Table()
	golden(t, "many.txt", []byte(table))
	for line := range strings.Lines(table) {
		if n := Columns(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}
