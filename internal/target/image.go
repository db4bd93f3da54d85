package target

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/loss"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// The outputs of target image: FLOAT [N,H,W,C] in the range 0 to 1, and FLOAT [N,1], the
// mean squared error of the reconstruction.
const (
	Reconstruction = "reconstruction"
	Score          = "score"
)

// unit is the value of one step of a byte: images are learnt in the range 0 to 1.
const unit = float32(1.0 / 255)

// image is the target of an auto-encoder: the image itself. Images that are unlike those
// of the training part are reconstructed badly, so that the score tells them.
type image struct{}

func newImage(*config.Options) (Target, error) { return image{}, nil }

// imageProperties are those of target image.
var imageProperties = Properties{
	Name: metric.TargetImage, Figure: metric.MeanSquaredError, Kind: loss.Values, Loss: "mse",
	Measurements: []criterion.Measurement{criterion.ImageEvaluation, criterion.TestExamples, criterion.InferenceTime, criterion.ModelSize, criterion.ONNXAgreement},
	Criteria:     []string{"max_reconstruction_error", "max_inference_time_ms", "max_model_size_mb", "onnx_agreement"},
	Prose: Prose{
		Task: "image-to-image", Metric: "mse",
		What:  "An auto-encoder of images",
		Gives: "gives its reconstruction of the image, in the range 0 to 1, and a score: the mean squared error of the reconstruction, which is high for images unlike those it was trained on",
		Limits: []string{
			"The error is that on the test part. Expect more on images that differ from it: another camera, other light, other backgrounds.",
			"The score says that an image is unlike those of the training part, not in what way. Simple images can have a low score although nothing like them was trained on.",
		},
	},
}

// Properties implements Target.
func (image) Properties() Properties { return imageProperties }

// Blank implements Target.
func (image) Blank() metric.Result { return new(metric.Reconstruction) }

// Task implements Target. Classes do not matter.
func (image) Task(input nn.Shape, _ []string) (Task, error) {
	if input.Elements() < 1 {
		return nil, fmt.Errorf("target image needs images, has the shape %v", input)
	}
	return &imageTask{input}, nil
}

// imageTask encodes the bytes of an image of this shape as numbers from 0 to 1.
type imageTask struct{ shape nn.Shape }

// Size implements dataset.Encoder.
func (t *imageTask) Size() int { return t.shape.Elements() }

// Encode implements dataset.Encoder: each byte times 1/255, rounded to float32.
func (t *imageTask) Encode(dst []float32, e dataset.Example) error {
	if got := (nn.Shape{H: e.Image.Height, W: e.Image.Width, C: e.Image.Channels}); got != t.shape || len(e.Image.Pix) != len(dst) {
		return fmt.Errorf("its image is %v with %d bytes, want %v", got, len(e.Image.Pix), t.shape)
	}
	for i, v := range e.Image.Pix {
		dst[i] = float32(float32(v) * unit)
	}
	return nil
}

// Pixels makes bytes of the reconstruction of an image, to be looked at: the nearest byte
// to each value, of which those outside 0 to 1 are cut off.
func Pixels(values []float32, of imaging.Image) imaging.Image {
	img := of.Black(of.Width, of.Height)
	for i := range img.Pix {
		if v := float64(values[i]); v > 0 {
			img.Pix[i] = uint8(min(float64(v*255)+0.5, 255))
		}
	}
	return img
}

// Check implements Task.
func (t *imageTask) Check(g *nn.Graph) error {
	return imageProperties.checkOutput(g, t.shape, "that of the image")
}

// Trained implements Task.
func (t *imageTask) Trained(g *nn.Graph, l loss.Loss) (*nn.Graph, error) {
	if err := imageProperties.checkLoss(l); err != nil {
		return nil, err
	}
	return g, nil
}

// Served implements Task.
func (t *imageTask) Served(g *nn.Graph) *nn.Graph { return withScore(g) }

// Figure implements Task: the mean squared error of the image.
func (t *imageTask) Figure(output, target []float32) float64 {
	return metric.SquaredError(output, target)
}

// NewTally implements Task.
func (t *imageTask) NewTally(examples int) Tally {
	return &ImageTally{Scores: make([]float32, 0, examples)}
}

// ImageTally collects the scores of an auto-encoder, and no images.
type ImageTally struct {
	Scores []float32 // [N]
}

// Add implements Tally.
func (t *ImageTally) Add(b Batch) error {
	scores, err := b.output(1, Score, 1)
	if err != nil {
		return err
	}
	t.Scores = append(t.Scores, scores...)
	return nil
}

// Result implements Tally.
func (t *ImageTally) Result() (metric.Result, error) {
	r, err := metric.EvaluateScores(t.Scores)
	if err != nil {
		return nil, err
	}
	return r, nil
}
