package smoke

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/blocktrain/blocktrain/internal/rundir"
)

// Options say which server is asked.
type Options struct {
	URL       string
	Token     string  // that the server wants; "": none
	Tolerance float64 // of values between 0 and 1; of larger ones as a part of the largest
}

// DefaultTolerance is far more than two programs that compute the same model differ by, and
// far less than two models do.
const DefaultTolerance = 1e-4

// Result is what a server answered.
type Result struct {
	Schema   int          `json:"schema"`
	Server   string       `json:"server"` // its name and version
	Model    string       `json:"model"`
	Images   int          `json:"images"`
	Requests int          `json:"requests"` // for results
	Outputs  []Difference `json:"outputs"`
	Problems []string     `json:"problems"` // what is not as it must be
}

// Difference is how far an output is from the record.
type Difference struct {
	Name    string  `json:"name"`
	Largest float64 `json:"largest"` // difference of a value
	Allowed float64 `json:"allowed"`
}

// Text is the result for people.
func (r *Result) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s answers for %s: %d test images in %d requests\n", r.Server, r.Model, r.Images, r.Requests)
	for _, o := range r.Outputs {
		fmt.Fprintf(&b, "  %s: largest difference %.2g, allowed %.2g\n", o.Name, o.Largest, o.Allowed)
	}
	for _, problem := range r.Problems {
		fmt.Fprintf(&b, "  differs: %s\n", problem)
	}
	if len(r.Problems) == 0 {
		b.WriteString("all answers are as recorded\n")
	}
	return b.String()
}

// replay is one comparison of a server with a package.
type replay struct {
	*Package
	server  server
	allowed []float64 // of each output
	result  Result
	sent    int64 // images
}

// Replay sends the test images of a package to a server, one by one and together, in binary
// form and as JSON, and compares the answers with the record. The error wraps
// rundir.ErrDifference where an answer is another one.
func Replay(ctx context.Context, p *Package, o Options) (*Result, error) {
	at, err := newServer(o)
	if err != nil {
		return nil, err
	}
	r := &replay{Package: p, server: at, result: Result{Schema: 1, Model: p.Model, Images: len(p.Tests), Problems: []string{}}}
	r.allow(o.Tolerance)
	if err := r.run(ctx); err != nil {
		return nil, fmt.Errorf("%s: %w", o.URL, err)
	}
	if n := len(r.result.Problems); n > 0 {
		return &r.result, fmt.Errorf("%w: %s does not answer as the package records, in %d ways", rundir.ErrDifference, o.URL, n)
	}
	return &r.result, nil
}

// allow finds what each output may differ by.
func (r *replay) allow(tolerance float64) {
	for k, o := range r.Outputs {
		largest := 1.0
		for _, test := range r.Tests {
			for _, v := range test.Values[k] {
				largest = max(largest, math.Abs(float64(v)))
			}
		}
		r.allowed = append(r.allowed, tolerance*largest)
		r.result.Outputs = append(r.result.Outputs, Difference{Name: o.Name, Allowed: tolerance * largest})
	}
}

func (r *replay) run(ctx context.Context) error {
	if err := r.describe(ctx); err != nil {
		return err
	}
	before, err := r.server.statistics(ctx, r.Model)
	if err != nil {
		return err
	}
	if err := r.askAll(ctx); err != nil {
		return err
	}
	return r.checkStatistics(ctx, before)
}

// checkStatistics wants what was sent to be counted. Triton counts a request after its answer
// was sent, so that the last ones may be missing for a moment. Others may have asked too, and
// what is run before a server is ready counts.
func (r *replay) checkStatistics(ctx context.Context, before int64) error {
	const tries, pause = 20, 100 * time.Millisecond
	counted := int64(0)
	for range tries {
		after, err := r.server.statistics(ctx, r.Model)
		if err != nil {
			return err
		}
		if counted = after - before; counted >= r.sent {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
	r.differs("the statistics count %d images more than before, and %d were sent", counted, r.sent)
	return nil
}

func (r *replay) differs(format string, args ...any) {
	r.result.Problems = append(r.result.Problems, fmt.Sprintf(format, args...))
}

// describe compares what the server says of the model with the package.
func (r *replay) describe(ctx context.Context) error {
	if err := r.server.ready(ctx, r.Model); err != nil {
		return err
	}
	name, err := r.server.name(ctx)
	if err != nil {
		return err
	}
	r.result.Server = name
	m, err := r.server.metadata(ctx, r.Model)
	if err != nil {
		return err
	}
	want := []int64{-1, int64(r.Height), int64(r.Width), int64(r.Channel)}
	if len(m.Inputs) != 1 || m.Inputs[0].Name != "image" || m.Inputs[0].Datatype != "UINT8" || !slices.Equal(m.Inputs[0].Shape, want) {
		r.differs("the inputs are %v, want image of UINT8 %v", m.Inputs, want)
	}
	for _, o := range r.Outputs {
		if !slices.ContainsFunc(m.Outputs, func(t described) bool {
			return t.Name == o.Name && t.Datatype == "FP32" && t.values() == int64(o.Size)
		}) {
			r.differs("there is no output %s of FP32 with %d values an image: the outputs are %v", o.Name, o.Size, m.Outputs)
		}
	}
	if len(r.result.Problems) > 0 {
		return nil
	}
	batch, err := r.server.batch(ctx, r.Model)
	r.Batch = max(1, batch)
	return err
}

// askAll sends each image alone, as many as fit together, one as JSON, and each for its class.
func (r *replay) askAll(ctx context.Context) error {
	if len(r.result.Problems) > 0 { // of another model
		return nil
	}
	for _, size := range slices.Compact([]int{1, min(r.Batch, len(r.Tests))}) {
		for chunk := range slices.Chunk(r.numbers(), size) {
			if err := r.compare(ctx, chunk, true); err != nil {
				return err
			}
		}
	}
	if err := r.compare(ctx, []int{0}, false); err != nil {
		return err
	}
	for i, test := range r.Tests {
		if test.Class == nil {
			continue
		}
		r.count(1)
		class, err := r.server.class(ctx, r.question([]int{i}, true), r.Outputs[0].Name)
		if err != nil {
			return err
		}
		if want := r.Labels[*test.Class]; !r.isClass(i, class) {
			r.differs("%s is classified as %q, and the record says %q", test.Image, class, want)
		}
	}
	return nil
}

// isClass says whether "value:number:label" is the class that is recorded for a test, or one
// as good, as far as may be differed. A label may hold colons.
func (r *replay) isClass(i int, class string) bool {
	parts := strings.SplitN(class, ":", 3)
	if len(parts) != 3 {
		return false
	}
	n, err := strconv.Atoi(parts[1])
	if err != nil || n < 0 || n >= len(r.Labels) || parts[2] != r.Labels[n] {
		return false
	}
	best, values := *r.Tests[i].Class, r.Tests[i].Values[0]
	return n == best || max(n, best) < len(values) && float64(values[best]-values[n]) <= 2*r.allowed[0]
}

func (r *replay) numbers() []int {
	all := make([]int, len(r.Tests))
	for i := range all {
		all[i] = i
	}
	return all
}

func (r *replay) count(images int) {
	r.result.Requests++
	r.sent += int64(images)
}

// question is what is asked about the tests of these numbers.
func (r *replay) question(tests []int, binary bool) question {
	q := question{model: r.Model, shape: []int{len(tests), r.Height, r.Width, r.Channel}, binary: binary}
	for _, i := range tests {
		q.images = append(q.images, r.Tensors[i]...)
	}
	for _, o := range r.Outputs {
		q.outputs = append(q.outputs, o.Name)
	}
	return q
}

// compare asks for the tests of these numbers together and compares every value.
func (r *replay) compare(ctx context.Context, tests []int, binary bool) error {
	r.count(len(tests))
	outputs, err := r.server.infer(ctx, r.question(tests, binary))
	if err != nil {
		return err
	}
	for k, o := range r.Outputs {
		if len(outputs[k]) != len(tests)*o.Size {
			r.differs("output %s of %d images has %d values, want %d", o.Name, len(tests), len(outputs[k]), len(tests)*o.Size)
			continue
		}
		for place, i := range tests {
			r.compareValues(k, i, outputs[k][place*o.Size:])
		}
	}
	return nil
}

// compareValues compares output k of test i, as far as it is recorded.
func (r *replay) compareValues(k, i int, got []float32) {
	worst := 0.0
	for j, want := range r.Tests[i].Values[k] {
		d := math.Abs(float64(got[j]) - float64(want))
		if math.IsNaN(d) {
			d = math.Inf(1)
		}
		worst = max(worst, d)
	}
	of := &r.result.Outputs[k]
	of.Largest = max(of.Largest, worst)
	if worst > r.allowed[k] {
		r.differs("output %s of %s differs by %.3g, allowed are %.3g", of.Name, r.Tests[i].Image, worst, r.allowed[k])
	}
}
