package target

import "github.com/blocktrain/blocktrain/internal/nn"

// withScore returns the network, whose output is a reconstruction of its image, with the
// reconstruction's mean squared error; both are served.
func withScore(g *nn.Graph) *nn.Graph {
	longer := g.Extend()
	reconstruction := longer.Output()
	image := longer.Add("target.image", nn.Scale{Factor: unit}, longer.Input())
	score := longer.Add("target.score", nn.MeanSquaredError{}, reconstruction, image)
	longer.Serve(Reconstruction, reconstruction)
	longer.Serve(Score, score)
	return longer
}
