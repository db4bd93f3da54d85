package crossval

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path/filepath"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/detection"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// CrossValidation is one that is finished, or the plan of a dry run.
type CrossValidation struct {
	Dir    string
	Plan   string // of a dry run, which makes nothing else
	Folds  []*Fold
	Result *Result
	Pooled *metric.Evaluation // of all folds together; nil where the target is not class
}

// ResultSchema is the version of cv.json.
const ResultSchema = 1

// Result is the content of cv.json. All of it follows from the folds' runs.
type Result struct {
	Schema      int    `json:"schema"`
	Dataset     string `json:"dataset"`
	FoldsSHA256 string `json:"folds_sha256"`
	Group       string `json:"group"` // what makes a group, as in folds.json
	IncludeTest bool   `json:"include_test"`
	Target      string `json:"target"`

	Folds   []FoldLine `json:"folds"`
	Figures []Spread   `json:"figures"`
	// Pooled counts every example once, whichever fold it is in. It is there for the
	// target class alone.
	Pooled *Pooled `json:"pooled,omitempty"`
	// Tracked and Detection are there where targets are found without labelled boxes. All folds
	// are together in them, too.
	Tracked   *Tracked          `json:"tracked,omitempty"`
	Detection *detection.Pooled `json:"detection,omitempty"`
}

// FoldLine is what is told of a fold. The digests are of files of its run directory and of
// its weights.
type FoldLine struct {
	Number           int      `json:"number"`
	Directory        string   `json:"directory"`
	RecordSHA256     string   `json:"record_sha256"`
	IdentitySHA256   string   `json:"identity_sha256"`
	SplitSHA256      string   `json:"split_sha256"`
	WeightsSHA256    string   `json:"weights_sha256"`
	EvaluationSHA256 string   `json:"evaluation_sha256"`
	Train            int      `json:"train"` // examples
	Validation       int      `json:"validation"`
	Test             int      `json:"test"` // that the fold has
	Epochs           int      `json:"epochs"`
	BestEpoch        int      `json:"best_epoch"`
	Figures          []Figure `json:"figures"`
}

// Figure is a value with its name.
type Figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// Spread is how a figure differs between folds. Folds count the same, whatever their size.
type Spread struct {
	Name    string  `json:"name"`
	Mean    float64 `json:"mean"`
	StdDev  float64 `json:"standard_deviation"` // of the folds, with n-1
	Lowest  float64 `json:"lowest"`
	Highest float64 `json:"highest"`
}

// Pooled is the evaluation of all folds together, as in evaluation/test.json.
type Pooled struct {
	Examples         int                `json:"examples"`
	Groups           int                `json:"groups"` // that the intervals are by; 0: by examples (Wilson's)
	Correct          int                `json:"correct"`
	Accuracy         float64            `json:"accuracy"`
	AccuracyInterval metric.Interval    `json:"accuracy_interval"`
	Loss             float64            `json:"loss"`
	TopK             metric.TopK        `json:"top_k"`
	PerClass         []metric.Class     `json:"per_class"`
	Macro            metric.Average     `json:"macro_average"`
	Weighted         metric.Average     `json:"weighted_average"`
	WorstClass       *metric.WorstClass `json:"worst_class"`
	Confusion        [][]int            `json:"confusion,omitempty"`
	ConfusionCounts  [][]int            `json:"confusion_counts,omitempty"` // of more than 100 classes
	CalibrationError float64            `json:"calibration_error"`
	// Clips and Controls are there where examples show targets of clips. Each clip is judged, and
	// held against controls, by what the folds without it learnt.
	Clips    *metric.ClipFigures    `json:"clips,omitempty"`
	Controls *metric.ControlledPart `json:"controls,omitempty"`
	// Sensor is how the models do, by severity, on what the sensor of the settings shows, each on
	// its fold. It is there where there is a sensor.
	Sensor *metric.SensorCurve `json:"sensor,omitempty"`
	// LeftOut says why some or all folds have no network that saw no target.
	LeftOut string `json:"controls_left_out,omitempty"`
}

var resultForm = fileio.Form{MaxBytes: 48 << 20, Schemas: []int{ResultSchema}}

// Open reads a finished cross-validation. Everything in cv.json is computed again from the
// folds' runs, and whatever is missing, was changed or does not fit is an error.
func Open(dir string) (*CrossValidation, error) {
	if !Holds(dir) {
		return nil, errNone(dir)
	}
	path := filepath.Join(dir, ResultFile)
	var recorded Result
	if err := fileio.ReadJSON(path, &recorded, resultForm); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s does not exist: the cross-validation is not finished; %s", path, resumeAdvice(dir))
		}
		return nil, err
	}
	cv, err := gather(dir)
	if err != nil {
		return nil, err
	}
	was, err := fileio.MarshalJSON(&recorded)
	if err != nil {
		return nil, err
	}
	is, err := fileio.MarshalJSON(cv.Result)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(was, is) {
		return nil, fmt.Errorf("%s is not what the folds give: it or a fold was changed after it was written; compute it again (%s)", path, resumeAdvice(dir))
	}
	return cv, nil
}

// gather makes the result of folds that are all finished.
func gather(dir string) (*CrossValidation, error) {
	plan, folds, err := readPlan(dir)
	if err != nil {
		return nil, err
	}
	cv := &CrossValidation{Dir: dir}
	for number := 1; number <= len(folds.Folds); number++ {
		f, err := readFold(dir, number)
		if err == nil {
			err = f.check(folds)
		}
		if err == nil && number > 1 {
			err = f.checkSame(cv.Folds[0])
		}
		if err != nil {
			return nil, fmt.Errorf("fold %d: %w", number, err)
		}
		cv.Folds = append(cv.Folds, f)
	}
	head := cv.Folds[0].Result.Header()
	cv.Result = &Result{
		Schema: ResultSchema, Dataset: head.Dataset, FoldsSHA256: plan.FoldsSHA256, Group: folds.Group,
		IncludeTest: folds.IncludeTest, Target: head.TargetName(),
	}
	for _, f := range cv.Folds {
		line, err := f.line()
		if err != nil {
			return nil, err
		}
		cv.Result.Folds = append(cv.Result.Folds, line)
	}
	cv.Result.Figures = spreads(cv.Result.Folds)
	return cv, errors.Join(cv.pool(), cv.poolTracked())
}

// pool makes the evaluation of all folds together.
func (cv *CrossValidation) pool() (err error) {
	var parts []*metric.Evaluation
	for _, f := range cv.Folds {
		if e, is := f.Result.(*metric.Evaluation); is {
			parts = append(parts, e)
		}
	}
	if len(parts) < len(cv.Folds) {
		return nil
	}
	e, err := metric.Pool(parts)
	if err != nil {
		return err
	}
	e.Dataset = cv.Result.Dataset
	cv.Pooled = e
	cv.Result.Pooled = &Pooled{
		Examples: e.Examples, Groups: e.Groups(), Correct: e.Correct, Accuracy: e.Accuracy, AccuracyInterval: e.AccuracyInterval,
		Loss: e.Loss, TopK: e.TopK, PerClass: e.PerClass, Macro: e.Macro, Weighted: e.Weighted, WorstClass: e.WorstClass,
		Confusion: e.Confusion, ConfusionCounts: e.ConfusionCounts, CalibrationError: e.CalibrationError,
	}
	cv.poolControls()
	return cv.poolSensor()
}

// poolSensor puts together how the models of the folds do through the sensor.
func (cv *CrossValidation) poolSensor() (err error) {
	var parts []*metric.SensorCurve
	for _, f := range cv.Folds {
		if f.Sensor != nil {
			parts = append(parts, f.Sensor)
		}
	}
	if len(parts) == len(cv.Folds) {
		cv.Result.Pooled.Sensor, err = metric.PoolSensorCurves(parts)
	}
	return err
}

// poolControls takes the figures of clips, and puts together the controls of the folds.
func (cv *CrossValidation) poolControls() {
	if cv.Pooled.Clips == nil {
		return
	}
	p := cv.Result.Pooled
	var parts []*metric.ControlledPart
	for _, f := range cv.Folds {
		parts = append(parts, f.Controls.Of(f.Result.Header().Part))
		if f.Controls.LeftOut != "" {
			p.LeftOut = f.Controls.LeftOut
		}
	}
	p.Clips, p.Controls = cv.Pooled.Clips, cv.Pooled.Clips.PoolControls("pooled", parts)
}

// spreads are those of all figures, in the order of the folds'.
func spreads(folds []FoldLine) []Spread {
	var all []Spread
	for at, figure := range folds[0].Figures {
		s := Spread{Name: figure.Name, Lowest: math.Inf(1), Highest: math.Inf(-1)}
		n, sum, squares := float64(len(folds)), 0.0, 0.0
		for _, f := range folds {
			v := f.Figures[at].Value
			sum += v
			s.Lowest, s.Highest = min(s.Lowest, v), max(s.Highest, v)
		}
		s.Mean = sum / n
		for _, f := range folds {
			d := f.Figures[at].Value - s.Mean
			squares += float64(d * d)
		}
		s.StdDev = math.Sqrt(squares / (n - 1))
		all = append(all, s)
	}
	return all
}

// write writes cv.json and, of classes, the tables beside it.
func (cv *CrossValidation) write(d *rundir.Dir) error {
	if err := d.Check(); err != nil {
		return err
	}
	if cv.Pooled != nil {
		for _, table := range cv.Pooled.Tables() {
			if err := fileio.WriteAtomic(d.File("cv"+table.Suffix), func(w io.Writer) error { return table.Write(w) }); err != nil {
				return err
			}
		}
	}
	return fileio.WriteJSON(d.File(ResultFile), cv.Result)
}

// grouped says whether folds are by groups.
func grouped(group string) bool { return (&dataset.Split{Group: group}).Grouped() }
