// Package predict classifies images with the model of a run or a package.
package predict

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"github.com/blocktrain/blocktrain/internal/classifier"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/decision"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/listing"
	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/postprocess"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/sensor"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/target"
	"github.com/blocktrain/blocktrain/internal/track"
	"github.com/blocktrain/blocktrain/internal/transfer/distance"
)

// Request says what to classify with which model.
type Request struct {
	Model    string   // run directory or package, unpacked or as archive
	Weights  string   // other weights than the model's own; empty for those
	Inputs   []string // files, folders, patterns such as *.png, network addresses, or "-" for Stdin
	Stdin    io.Reader
	Top      int           // classes of a line at most; 0 is 5
	Annotate string        // folder for pictures with what was found drawn in; empty: none
	Tell     time.Duration // how often the log says how many images are done; 0: never
}

// predictBatch is the most images in memory at a time.
const predictBatch = 64

// Predictor classifies the files of a request. Close ends its workers.
type Predictor struct {
	*classifier.Classifier
	log     *logging.Log
	request Request
	record  *rundir.Record
	tracks  *decision.Model // decides on tracks of targets
	videos  Videos
	plan    *classifier.Plan
	typical float32             // score that 99 % of the validation part do not exceed; negative where it is not known
	unusual *distance.Reference // of images; nil where the model has none
	images  []uint8
	workers int
	failed  int
	done    int
	told    time.Time // when the log said how many are done
	names   Names     // of annotated pictures
}

// Open reads the model of the request and makes ready to classify.
func Open(ctx context.Context, log *logging.Log, s *settings.Settings, request Request) (_ *Predictor, err error) {
	if err := request.check(); err != nil {
		return nil, err
	}
	request.Top = cmp.Or(request.Top, topCandidates)
	source, err := rundir.OpenModelSource(ctx, request.Model, s.MaxPackageMB)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	model, record, err := classifier.Open(source, request.Weights)
	if err != nil {
		return nil, err
	}
	record.WarnOfDecoder(log)
	p := &Predictor{Classifier: model, record: record, log: log, request: request, workers: s.WorkerCount()}
	if p.typical, err = typicalScore(model, record, source, request); err != nil {
		return nil, err
	}
	if p.tracks, err = decision.Open(source.Folder, record, model.Trained); err != nil {
		return nil, source.Named(err)
	}
	p.videos.Rule, p.videos.Recorded, p.videos.Err = postprocess.Recorded(source, record)
	p.videos.Err = source.Named(p.videos.Err)
	if err = p.openDistances(source); err != nil {
		return nil, source.Named(err)
	}
	if p.plan, err = model.NewPlan(predictBatch, p.workers); err != nil {
		return nil, err
	}
	p.told = time.Now()
	p.images = make([]uint8, p.plan.BatchSize()*model.ImageBytes())
	return p, nil
}

// Videos says how the model finds targets in videos.
type Videos struct {
	Rule     *track.Rule // nil where whole frames are classified
	Recorded bool        // by the package; else it is this program's
	Err      error       // why the model cannot be used on videos
}

// Videos says how the model finds targets in videos.
func (p *Predictor) Videos() Videos { return p.videos }

// Sensor is the profile of the camera that the model is meant for, which brings frames of more than 8
// bits to 8 where the model takes no other levels; nil where none is known.
func (p *Predictor) Sensor() *sensor.Profile {
	if p.Rule.Levels != nil || p.record.Identity.Sensor == nil {
		return nil
	}
	return p.record.Identity.Sensor.Profile
}

// Close ends the workers.
func (p *Predictor) Close() { p.plan.Close() }

// ErrUnread is wrapped by the error that counts the images that could not be read.
var ErrUnread = errors.New("not every image could be read")

// All yields a prediction for each image, in their order. An image that cannot be
// read has one that says why, and the last error, which wraps ErrUnread, counts them.
func (p *Predictor) All(ctx context.Context) iter.Seq2[*Prediction, error] {
	return func(yield func(*Prediction, error) bool) {
		var batch []string
		for path, err := range p.paths() {
			if err != nil {
				if p.batch(ctx, batch, yield) {
					yield(nil, err)
				}
				return
			}
			if batch = append(batch, path); len(batch) == p.plan.BatchSize() {
				if !p.batch(ctx, batch, yield) {
					return
				}
				batch = batch[:0]
			}
		}
		if p.batch(ctx, batch, yield) && p.failed > 0 {
			yield(nil, fmt.Errorf("%w: %d of them, see their lines", ErrUnread, p.failed))
		}
	}
}

// batch classifies at most as many files as the plan takes. It returns false where no
// more are wanted.
func (p *Predictor) batch(ctx context.Context, paths []string, yield func(*Prediction, error) bool) bool {
	if err := context.Cause(ctx); err != nil {
		yield(nil, err)
		return false
	}
	failures := p.load(paths)
	var outputs [][]float32
	if len(paths) > 0 {
		outputs = p.plan.Run(len(paths), p.images[:len(paths)*p.ImageBytes()])
	}
	distances, err := p.distances(ctx, outputs)
	if err != nil {
		yield(nil, err)
		return false
	}
	for i, path := range paths {
		prediction := &Prediction{Source: path}
		if failures[i] != nil {
			p.failed++
			prediction.Error = failures[i].Error()
		} else {
			p.fill(prediction, outputs, i, len(paths))
			if distances != nil {
				prediction.distance(distances[i])
			}
			if err := p.annotate(prediction); err != nil {
				yield(nil, err)
				return false
			}
		}
		if !yield(prediction, nil) {
			return false
		}
	}
	p.tell(ctx, len(paths))
	return true
}

// tell counts images that are done, and says so where that is asked for and time.
func (p *Predictor) tell(ctx context.Context, done int) {
	p.done += done
	if p.request.Tell > 0 && time.Since(p.told) >= p.request.Tell {
		p.told = time.Now()
		p.log.InfoContext(ctx, "images are done", "images", p.done)
	}
}

// fill enters what the network made of image i of n.
func (p *Predictor) fill(prediction *Prediction, outputs [][]float32, i, n int) {
	of := func(output []float32) []float32 {
		size := len(output) / n
		return output[i*size:][:size]
	}
	switch p.Target.Properties().Name {
	case metric.TargetClass:
		prediction.classes(Ranked(of(p.Output(outputs, target.Probabilities)), p.Labels, p.request.Top))
	case metric.TargetImage:
		prediction.score(of(p.Output(outputs, target.Score))[0], p.typical)
	default:
		prediction.Outputs = map[string][]float32{}
		for k, output := range p.Graph.Outputs {
			prediction.Outputs[output.Name] = slices.Clone(of(outputs[k]))
		}
	}
}

// typicalScore is the score of an auto-encoder that 99 % of the images of its validation
// part do not exceed: its evaluation, which the record has the digest of, says it. It is
// negative for other networks, and with other weights than the evaluated ones.
func typicalScore(model *classifier.Classifier, record *rundir.Record, source *rundir.Source, request Request) (float32, error) {
	if model.Target.Properties().Name != metric.TargetImage || request.Weights != "" {
		return -1, nil
	}
	d, name := rundir.At(source.Folder), rundir.EvaluationFile(dataset.PartValidation)
	if record.Files[name] == "" { // of a run that was only trained
		return -1, nil
	}
	if err := d.CheckFile(record, name); err != nil {
		return 0, source.Named(err)
	}
	validation, err := metric.ReadReconstruction(d.File(name))
	if err != nil {
		return 0, source.Named(err)
	}
	return float32(validation.Score.P99), nil
}

// load decodes files side by side and returns the error of each.
func (p *Predictor) load(paths []string) []error {
	size, failures := p.ImageBytes(), make([]error, len(paths))
	var decoding errgroup.Group
	decoding.SetLimit(p.workers) // which bounds the memory that large images take
	for i, path := range paths {
		decoding.Go(func() error {
			defer logging.ExitOnPanic()
			failures[i] = loadInto(p.images[i*size:][:size], path, p.Rule)
			return nil
		})
	}
	_ = decoding.Wait() // the failures have the errors
	return failures
}

// loadInto decodes an image and brings it to the network's input. An image that
// cannot be read leaves dst as it was.
func loadInto(dst []uint8, path string, rule imaging.Rule) error {
	img, err := rule.Decoder().DecodeFile(path)
	if err != nil {
		return err
	}
	defer img.Release()
	if img, err = rule.Apply(img); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	copy(dst, img.Pix)
	return nil
}

// paths yields the files of the request, those of a folder in bytewise order.
func (p *Predictor) paths() iter.Seq2[string, error] {
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
	for number := 1; lines.Scan(); number++ {
		path := strings.TrimRight(lines.Text(), "\r")
		if path == "" {
			continue
		}
		if isBinary(path) {
			yield("", config.Usagef("line %d of the standard input is no path but binary data: want a list of paths, one a line; an image itself is given by its path, a video by --stream", number))
			return
		}
		empty = false
		if !yield(path, nil) {
			return
		}
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		yield("", config.Usagef("a line of the standard input has more than %d bytes: want a list of paths, one a line", bufio.MaxScanTokenSize))
	case err != nil:
		yield("", fmt.Errorf("cannot read the list of paths: %w", err))
	case empty:
		yield("", config.Usagef("nothing to classify: the list of paths on the standard input is empty"))
	}
}

// isBinary says whether a line can be no path: it is no text, and no name of a
// file, which may have any bytes.
func isBinary(line string) bool {
	isControl := func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }
	odd := strings.ContainsFunc(line, isControl) || !utf8.ValidString(line)
	return odd && !fileio.Exists(line)
}

// walked yields a file, or the image files below a folder, and warns of the files
// there that are left out.
func (p *Predictor) walked(root string, yield func(string, error) bool) {
	info, err := os.Stat(root)
	if err != nil {
		yield("", err)
		return
	}
	if !info.IsDir() {
		yield(root, nil)
		return
	}
	tree, err := listing.Read(root)
	if err != nil {
		yield("", err)
		return
	}
	tree.Skipped.Tell(p.log.Warn, root)
	found := false
	for name := range tree.All() {
		found = true
		if !yield(filepath.Join(root, filepath.FromSlash(name)), nil) {
			return
		}
	}
	if !found {
		yield("", config.Usagef("%s holds no %s file", root, imaging.Formats))
	}
}
