package visualization

import "github.com/blocktrain/blocktrain/internal/config"

type worstMistakes struct{ grid }

func newWorstMistakes(o *config.Options) (Visualization, error) {
	v := &worstMistakes{grid{name: "worst-mistakes", title: "Worst mistakes, most confident first"}}
	v.declare(o)
	return v, nil
}

// Draw implements Visualization.
func (v *worstMistakes) Draw(d Data) (Figure, error) { return v.draw(d.Mistakes) }
