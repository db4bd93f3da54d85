package predict

import (
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/blocktrain/blocktrain/internal/decision"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/target"
)

// Record is the record of the model.
func (p *Predictor) Record() *rundir.Record { return p.record }

// Tracks is what decides on tracks of targets.
func (p *Predictor) Tracks() *decision.Model { return p.tracks }

// Log is the log that the predictor was opened with.
func (p *Predictor) Log() *logging.Log { return p.log }

// Request is what the predictor was opened for, with files in the place of patterns.
func (p *Predictor) Request() Request { return p.request }

// Workers is how many goroutines may work at a time.
func (p *Predictor) Workers() int { return p.workers }

// BatchSize is the most images that Classify takes.
func (p *Predictor) BatchSize() int { return p.plan.BatchSize() }

// Classify brings images to the input of the network and returns for each the probabilities of
// the classes, [n][classes], valid until the next call. They depend on neither the number of
// images nor that of workers. The model's target must be classes.
func (p *Predictor) Classify(images []imaging.Image) ([][]float32, error) {
	size := p.ImageBytes()
	var work errgroup.Group
	work.SetLimit(p.workers)
	for i, img := range images {
		work.Go(func() error {
			defer logging.ExitOnPanic()
			made, err := p.Rule.Apply(img)
			if err != nil {
				return fmt.Errorf("a picture of %dx%d pixels and %d channels: %w", img.Width, img.Height, img.Channels, err)
			}
			copy(p.images[i*size:][:size], made.Pix)
			return nil
		})
	}
	if err := work.Wait(); err != nil {
		return nil, err
	}
	n := len(images)
	all := p.Output(p.plan.Run(n, p.images[:n*size]), target.Probabilities)
	classes := len(all) / n
	probabilities := make([][]float32, n)
	for i := range probabilities {
		probabilities[i] = all[i*classes:][:classes]
	}
	return probabilities, nil
}
