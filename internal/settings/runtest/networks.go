package runtest

import (
	"testing"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// TwoStep learns to reconstruct images, and then to tell apart what is left of them:
// images of two channels, the image and the difference from its reconstruction.
type TwoStep struct{ model.Model }

// First implements model.Sequence.
func (TwoStep) First() []model.Network {
	m, _, err := model.MakeModel("autoencoder", "width=2,bottleneck=4")
	if err != nil {
		panic(err)
	}
	return []model.Network{{Name: "reconstruct", Model: m}}
}

// InputOf implements model.Sequence.
func (TwoStep) InputOf(k int, images nn.Shape) nn.Shape {
	images.C += k
	return images
}

// Next implements model.Sequence.
func (TwoStep) Next(_ int, dst, image []uint8, outputs [][]float32) {
	for i, v := range image {
		dst[2*i], dst[2*i+1] = v, uint8(max(0, min(255, 128+(float32(v)-255*outputs[0][i])/2)))
	}
}

// AddTwoStep adds the model "two-step" until the test ends.
func AddTwoStep(t testing.TB) {
	t.Helper()
	model.AddForTest(t, "two-step", config.Module[model.Model]{Doc: "two networks", New: func(*config.Options) (model.Model, error) {
		m, _, err := model.MakeModel("mlp", "hidden=8")
		return TwoStep{m}, err
	}})
}
