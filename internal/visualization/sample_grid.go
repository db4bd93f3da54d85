package visualization

import "github.com/blocktrain/blocktrain/internal/config"

type sampleGrid struct{ grid }

func newSampleGrid(o *config.Options) (Visualization, error) {
	v := &sampleGrid{grid{name: "sample-grid", title: "Training examples"}}
	v.declare(o)
	return v, nil
}

// Draw implements Visualization.
func (v *sampleGrid) Draw(d Data) (Figure, error) { return v.draw(d.Samples) }
