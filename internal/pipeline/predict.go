package pipeline

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/train"
)

// PredictRequest says what to classify with which model.
type PredictRequest struct {
	Model   string   // run directory or package
	Weights string   // other weights than the model's own; empty for those
	Inputs  []string // image files, folders, or "-" for a list of paths on Stdin
	Stdin   io.Reader
	Format  string // "jsonl" or "csv"
	Output  string // file; empty for the standard output
}

// predictBatch is the most images in memory at a time.
const predictBatch = 64

// Predict classifies images and writes one line for each, in their order. An
// image that cannot be read has a line that says why, and the error in the end
// counts them.
func Predict(ctx context.Context, env *Environment, s *Settings, request PredictRequest) error {
	if err := request.check(); err != nil {
		return err
	}
	p, err := newPredictor(env.Log, request, s.workers())
	if err != nil {
		return err
	}
	defer p.inference.Close()
	if request.Output == "" {
		return p.all(ctx, env.Stdout)
	}
	var unread error
	err = fileio.WriteAtomic(request.Output, func(w io.Writer) error {
		err := p.all(ctx, w)
		if errors.Is(err, errUnread) {
			unread, err = err, nil
		}
		return err
	})
	return errors.Join(err, unread)
}

// check finds out early what is missing.
func (r *PredictRequest) check() error {
	for _, input := range r.Inputs {
		switch {
		case input == "":
			return config.Usagef("the name of an image is empty")
		case input != "-" && !exists(input):
			return config.Usagef("%s does not exist", input)
		}
	}
	if r.Weights != "" && !exists(r.Weights) {
		return config.Usagef("--weights %s does not exist", r.Weights)
	}
	if r.Output != "" {
		return checkOutput(r.Output)
	}
	return nil
}

// predictor classifies batches of files.
type predictor struct {
	log       *logging.Log
	request   PredictRequest
	record    *Record
	inference *engine.Inference
	write     func(w io.Writer, p *Prediction) error
	images    []uint8
	workers   int
	failed    int
}

func newPredictor(log *logging.Log, request PredictRequest, workers int) (*predictor, error) {
	record, t, err := openModel(request.Model, request.Weights)
	if err != nil {
		return nil, err
	}
	p := &predictor{log: log, request: request, record: record, write: writeJSONL, workers: workers}
	if request.Format == "csv" {
		columns := len(csvHeader(len(record.Identity.Classes)))
		p.write = func(w io.Writer, p *Prediction) error { return writeCSV(w, p, columns) }
	}
	batch := train.InferenceBatch(t.graph, predictBatch)
	p.images = make([]uint8, batch*shapeOf(record.Identity.Input).Elements())
	p.inference, err = engine.NewInference(nn.WithSoftmax(t.graph), t.params, batch, workers)
	return p, err
}

var errUnread = errors.New("not every image could be read")

func (p *predictor) all(ctx context.Context, w io.Writer) error {
	if p.request.Format == "csv" {
		if err := writeRow(w, csvHeader(len(p.record.Identity.Classes))); err != nil {
			return err
		}
	}
	var batch []string
	for path, err := range p.paths() {
		if err != nil {
			return errors.Join(p.batch(ctx, w, batch), err)
		}
		if batch = append(batch, path); len(batch) == p.inference.BatchSize() {
			if err := p.batch(ctx, w, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	if err := p.batch(ctx, w, batch); err != nil {
		return err
	}
	if p.failed > 0 {
		return fmt.Errorf("%w: %d of them, see their lines", errUnread, p.failed)
	}
	return nil
}

// batch classifies at most as many files as the inference plan takes.
func (p *predictor) batch(ctx context.Context, w io.Writer, paths []string) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	size := len(p.images) / p.inference.BatchSize()
	failures := make([]error, len(paths))
	var decoding errgroup.Group
	decoding.SetLimit(p.workers) // which bounds the memory that large images take
	for i, path := range paths {
		decoding.Go(func() error {
			failures[i] = loadInto(p.images[i*size:][:size], path, p.record.Identity.Input)
			return nil
		})
	}
	_ = decoding.Wait() // the failures have the errors
	classes := p.inference.Sizes()[0]
	probabilities := make([]float32, len(paths)*classes)
	p.inference.Run([][]float32{probabilities}, p.images[:len(paths)*size])
	for i, path := range paths {
		prediction := &Prediction{Source: path}
		if failures[i] != nil {
			p.failed++
			prediction.Error = failures[i].Error()
		} else {
			prediction.fill(probabilities[i*classes:][:classes], p.record.Identity.Classes)
		}
		if err := p.write(w, prediction); err != nil {
			return err
		}
	}
	return nil
}

// loadInto decodes an image and brings it to the network's input. An image that
// cannot be read leaves dst as it was.
func loadInto(dst []uint8, path string, rule imaging.Rule) error {
	img, err := rule.Decoder().DecodeFile(path)
	if err != nil {
		return err
	}
	if img, err = rule.Apply(img); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	copy(dst, img.Pix)
	return nil
}

// paths yields the files of the request, those of a folder in bytewise order.
func (p *predictor) paths() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, input := range p.request.Inputs {
			more := true
			each := func(path string, err error) bool {
				more = yield(path, err)
				return more
			}
			if input == "-" {
				listed(p.request.Stdin, each)
			} else {
				p.walked(input, each)
			}
			if !more {
				return
			}
		}
	}
}

// listed yields the lines of a list of paths. One that is empty is an error, as a
// folder without images is: most likely what should have written it found nothing.
func listed(r io.Reader, yield func(string, error) bool) {
	lines, empty := bufio.NewScanner(r), true
	for lines.Scan() {
		path := strings.TrimRight(lines.Text(), "\r")
		if path == "" {
			continue
		}
		empty = false
		if !yield(path, nil) {
			return
		}
	}
	switch err := lines.Err(); {
	case err != nil:
		yield("", fmt.Errorf("cannot read the list of paths: %w", err))
	case empty:
		yield("", config.Usagef("nothing to classify: the list of paths on the standard input is empty"))
	}
}

// walked yields a file, or the image files below a folder, and warns of the files
// there that are left out.
func (p *predictor) walked(root string, yield func(string, error) bool) {
	found, skipped := 0, 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return nil
		case path != root && !imaging.IsFileName(path):
			if !strings.HasPrefix(d.Name(), ".") {
				skipped++
			}
			return nil
		}
		found++
		if !yield(path, nil) {
			return fs.SkipAll
		}
		return nil
	})
	if skipped > 0 {
		p.log.Warn("skipped files that are not named as PNG, JPEG or GIF images", "folder", root, "files", skipped)
	}
	switch {
	case err != nil:
		yield("", err)
	case found == 0:
		yield("", config.Usagef("%s holds no PNG, JPEG or GIF file", root))
	}
}

// rank lists the classes from the most probable to the least, ties in the order
// of the classes.
func rank(probabilities []float32) []int {
	order := make([]int, len(probabilities))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(probabilities[b], probabilities[a]) })
	return order
}
