package predict

import (
	"context"

	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/transfer/distance"
)

// openDistances reads what says how unusual an image is, where the model has that, and has the
// network give what it needs. With other weights than the run's nothing is known.
func (p *Predictor) openDistances(source *rundir.Source) (err error) {
	if p.request.Weights != "" {
		return nil
	}
	if p.unusual, err = distance.Open(source.Folder, p.record, p.Trained); err != nil || p.unusual == nil {
		return err
	}
	h, _ := distance.HeadOf(p.record, p.Trained) // which Open has found
	p.Graph, err = distance.Serve(p.Graph, h)
	return err
}

// distances says for each image of the outputs how unusual it is; nil where the model does not
// say.
func (p *Predictor) distances(ctx context.Context, outputs [][]float32) ([]*distance.Distance, error) {
	if p.unusual == nil || outputs == nil {
		return nil, nil
	}
	return p.unusual.Of(ctx, p.Output(outputs, distance.Output), p.workers)
}

// distance enters how unusual the image is, where that is known.
func (p *Prediction) distance(d *distance.Distance) {
	if d != nil {
		p.Distance, p.DistancePercentile = &d.Distance, &d.Percentile
	}
}
