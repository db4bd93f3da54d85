package metric

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// many is an evaluation of k classes with three examples each, of which every third
// class has one taken for the next class.
func many(t *testing.T, k int) *Evaluation {
	t.Helper()
	var labels []int
	var classes []string
	var probabilities []float32
	for i := range k {
		classes = append(classes, fmt.Sprintf("class %d", i))
		for j := range 3 {
			row := make([]float32, k)
			row[(i+max(0, j-1)*(i%3)/2)%k] = 1
			labels, probabilities = append(labels, i), append(probabilities, row...)
		}
	}
	e := evaluate(t, probabilities, labels, classes)
	e.Part = "test"
	return e
}

// TestFormOfConfusion looks at the form on both sides of the limit.
func TestFormOfConfusion(t *testing.T) {
	dense, sparse := many(t, DenseClasses), many(t, DenseClasses+1)
	if dense.Schema != 1 || len(dense.Confusion) != DenseClasses || dense.ConfusionCounts != nil {
		t.Errorf("%d classes: schema %d, %d rows, %d counts", DenseClasses, dense.Schema, len(dense.Confusion), len(dense.ConfusionCounts))
	}
	if sparse.Schema != 2 || sparse.Confusion != nil || len(sparse.ConfusionCounts) != DenseClasses+1+33 {
		t.Errorf("%d classes: schema %d, %d rows, %d counts", DenseClasses+1, sparse.Schema, len(sparse.Confusion), len(sparse.ConfusionCounts))
	}
	if diff := cmp.Diff([][]int{{0, 0, 3}, {1, 1, 3}, {2, 2, 2}, {2, 3, 1}, {3, 3, 3}}, sparse.ConfusionCounts[:5]); diff != "" {
		t.Error(diff)
	}
	b, err := json.Marshal(sparse)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), `"confusion_counts":[[0,0,3],`) || strings.Contains(string(b), `"confusion":`) {
		t.Error("the JSON does not have the counts alone")
	}
	var table strings.Builder
	if err := sparse.WriteConfusionCSV(&table); err != nil {
		t.Fatal(err)
	}
	if want := "true,predicted,count\nclass 0,class 0,3\n"; !strings.HasPrefix(table.String(), want) || strings.Count(table.String(), "\n") != 1+len(sparse.ConfusionCounts) {
		t.Errorf("the CSV is not a line for each count: %.80s", table.String())
	}
	if diff := cmp.Diff([]ConfusedPair{{"class 2", "class 3", 1, 3}}, sparse.MostConfused(1)); diff != "" {
		t.Error(diff)
	}
}

// TestOldFormOfConfusion reads what was written before there were counts, and writes it.
func TestOldFormOfConfusion(t *testing.T) {
	e := many(t, 150)
	old := InSchema(e, 1).(*Evaluation)
	if err := old.Check(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "test.json")
	if err := fileio.WriteJSON(path, old); err != nil {
		t.Fatal(err)
	}
	read, err := ReadEvaluation(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Collect(e.Cells()), slices.Collect(read.Cells())); diff != "" || read.Schema != 1 {
		t.Errorf("schema %d: %s", read.Schema, diff)
	}
	if e.Confusion != nil || InSchema(e, 2) != Result(e) || InSchema(read, 1) != Result(read) {
		t.Error("the evaluation was changed, or copied for its own schema")
	}
	var table strings.Builder
	if err := read.WriteConfusionCSV(&table); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(table.String(), `true \ predicted,class 0,class 1,`) {
		t.Errorf("the CSV is not the matrix: %.60s", table.String())
	}
}

func TestDamagedCounts(t *testing.T) {
	tests := map[string]struct {
		damage func(e *Evaluation)
		want   string
	}{
		"two numbers":     {func(e *Evaluation) { e.ConfusionCounts[3] = []int{2, 3} }, "confusion_counts[3] has 2 numbers"},
		"four numbers":    {func(e *Evaluation) { e.ConfusionCounts[3] = []int{2, 3, 1, 0} }, "confusion_counts[3] has 4 numbers"},
		"class too high":  {func(e *Evaluation) { e.ConfusionCounts[3][1] = 150 }, "of the classes 2 and 150, want 0 to 149"},
		"class negative":  {func(e *Evaluation) { e.ConfusionCounts[0][0] = -1 }, "of the classes -1 and 0, want 0 to 149"},
		"count 0":         {func(e *Evaluation) { e.ConfusionCounts[3][2] = 0 }, "counts 0 examples"},
		"huge count":      {func(e *Evaluation) { e.ConfusionCounts[3][2] = maxCount + 1 }, "examples, want 1 to"},
		"wrong count":     {func(e *Evaluation) { e.ConfusionCounts[3][2] = 2 }, `the figures of class "class 2" are not those`},
		"entry twice":     {func(e *Evaluation) { e.ConfusionCounts[3] = e.ConfusionCounts[2] }, "confusion_counts[3] does not come after"},
		"entries swapped": {func(e *Evaluation) { c := e.ConfusionCounts; c[2], c[3] = c[3], c[2] }, "confusion_counts[3] does not come after"},
		"entry missing":   {func(e *Evaluation) { e.ConfusionCounts = e.ConfusionCounts[1:] }, `the figures of class "class 0"`},
		"both forms":      {func(e *Evaluation) { e.Confusion = denseOf(e.Cells(), 150) }, "want only confusion_counts in schema 2"},
		"old schema":      {func(e *Evaluation) { e.Schema = 1 }, "150 classes but 0 rows"},
		"new schema":      {func(e *Evaluation) { *e = *InSchema(e, 1).(*Evaluation); e.Schema = 2 }, "want only confusion_counts in schema 2"},
		"no confusion":    {func(e *Evaluation) { e.ConfusionCounts = nil }, `the figures of class "class 0"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			e := many(t, 150)
			test.damage(e)
			path := filepath.Join(t.TempDir(), "test.json")
			if err := fileio.WriteJSON(path, e); err != nil {
				t.Fatal(err)
			}
			if _, err := ReadEvaluation(path); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one with %q", err, test.want)
			}
		})
	}
}

// TestSizeOfManyClasses keeps the file of 2,000 classes small.
func TestSizeOfManyClasses(t *testing.T) {
	e := many(t, 2000)
	b, err := fileio.MarshalJSON(e)
	if err != nil {
		t.Fatal(err)
	}
	bytes := len(b)
	if b, err = fileio.MarshalJSON(InSchema(e, 1)); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes, before %d", bytes, len(b))
	if bytes > 1_500_000 {
		t.Errorf("%d bytes", bytes)
	}
}
