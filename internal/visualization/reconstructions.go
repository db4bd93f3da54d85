package visualization

import "github.com/blocktrain/blocktrain/internal/config"

type reconstructions struct{ grid }

func newReconstructions(o *config.Options) (Visualization, error) {
	v := &reconstructions{grid{name: "reconstructions", title: "Worst reconstructions: image above, output below"}}
	v.declare(o)
	return v, nil
}

// Draw implements Visualization.
func (v *reconstructions) Draw(d Data) (Figure, error) { return v.draw(d.Reconstructions) }
