package verify

import (
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// misshapen is a model for target image that gives half of the image.
type misshapen struct{}

func (misshapen) Target() string { return "image" }

func (misshapen) Build(input nn.Shape, _ int) (*nn.Graph, error) {
	g := nn.NewGraph(input)
	g.Add("half", nn.Conv2D{Out: input.C, Kernel: 2, Stride: 2}, g.Add("normalize", nn.Normalize{}, g.Input()))
	return g, g.Err()
}

// TestMisfits wants modules that do not fit each other, and data that no network takes,
// refused before anything is trained, with what would fit.
func TestMisfits(t *testing.T) {
	model.AddForTest(t, "misshapen", config.Module[model.Model]{Doc: "half an image", New: func(*config.Options) (model.Model, error) { return misshapen{}, nil }})
	many := &drawn{offsets: []int{0, 1, 2, 3, 4, 5}}
	for i := range 12 {
		img := imaging.New(8, 8, 18)
		img.Frames, img.Pix[i] = 6, 255
		many.images, many.infos = append(many.images, img), append(many.infos, dataset.Info{Label: i % 2})
	}
	addDrawn(t, many)
	for _, test := range []struct {
		flags []string
		want  string // parts of the message, divided by |
	}{
		{[]string{"model=autoencoder", "loss=cross-entropy"}, "loss cross-entropy does not fit target image|want mse"},
		{[]string{"model=autoencoder", "criteria=min_test_accuracy"}, "criterion min_test_accuracy does not fit target image|max_reconstruction_error"},
		{[]string{"model=linear", "criteria=max_reconstruction_error"}, "criterion max_reconstruction_error does not fit target class|min_test_accuracy"},
		{[]string{"model=autoencoder", "baseline=run"}, "no_regression does not fit target image|max_reconstruction_error"},
		{[]string{"model=autoencoder", "monitor=validation_accuracy"}, "monitor validation_accuracy does not fit target image|validation_loss or validation_error"},
		{[]string{"model=linear", "monitor=validation_error"}, "monitor validation_error does not fit target class|validation_accuracy"},
		{[]string{"model=autoencoder", "augment=mixup"}, "mixup does not fit target image"},
		{[]string{"model=misshapen"}, "the network's output is|but target image has the shape"},
		{[]string{"model=linear", "train-classes=3"}, "a single class leaves target class nothing to tell apart|want two classes at least"},
		{[]string{"model=linear", "train-classes=3,3"}, `class "3" is named twice`},
		{[]string{"model=linear", "train-classes=3,eleven"}, `unknown class "eleven"|valid: 0, 1`},
		{[]string{"model=linear", "dataset=drawn", "dataset-options="}, "18 channels|never more than 16"},
	} {
		dir := t.TempDir() + "/run"
		flags := append([]string{"output-dir=" + dir, "dataset-options=count=200,test-count=50", "epochs=1", "workers=1"}, test.flags...)
		s, err := runtest.Resolve(t, flags...)
		if err == nil {
			_, err = pipeline.Run(t.Context(), runtest.Quiet(), s)
		}
		if err == nil {
			t.Errorf("%v: not refused", test.flags)
			continue
		}
		for part := range strings.SplitSeq(test.want, "|") {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%v: got %v, want %q", test.flags, err, part)
			}
		}
	}
}
