package cli

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/predict"
)

func predictCommand() *command {
	var request predict.Request
	var form predictionForm
	return &command{
		use: "predict IMAGE...", short: "classify images with the model of a run or a package", group: groupData,
		long: `Takes image files, folders, and - for a list of paths on the standard input,
and writes one line for each image, in their order. An image that cannot be
read, or that a list names and is not there, has a line that says why, and the
exit code is 1. An argument that does not exist, a folder without images and an
empty list are errors: exit code 2, and nothing is classified. A package whose
files are not as its list of digests has them is refused before it is used.`,
		example: `  blocktrain predict --run runs/first photo.png folder/
  find . -name '*.png' | blocktrain predict --run runs/first --format csv -`,
		settings: named("workers", "max-package-mb"),
		own: func(o *config.Options) {
			o.String(&request.Model, "run", "", "run directory or package, unpacked or as .tar.gz")
			o.Choice(&form.format, "format", "jsonl", "form of the lines", "jsonl", "csv")
			o.String(&form.output, "output", "", "file to write; empty: the standard output")
			o.String(&request.Weights, "weights", "", "other weights than the packaged ones, a safetensors file")
		},
		args: func(args []string) error {
			if len(args) == 0 {
				return config.Usagef("nothing to classify: want image files, folders, or - for a list of paths")
			}
			return nil
		},
		run: func(ctx context.Context, c *call) error {
			if request.Model == "" {
				return config.Usagef("no model: want --run DIR, a run directory or a package")
			}
			request.Inputs, request.Stdin = c.args, c.stdin
			if form.output != "" || !c.terminal { // where lines are not seen as they come
				request.Tell = tellInterval
			}
			return c.predict(ctx, request, form)
		},
	}
}

// tellInterval is the time between two lines on how many images are done.
const tellInterval = 5 * time.Second

// predictionForm is how predictions are written, and the file that they go to.
type predictionForm struct{ format, output string }

// predict classifies images and writes their lines.
func (c *call) predict(ctx context.Context, request predict.Request, form predictionForm) error {
	if form.output != "" {
		if err := fileio.CheckOutput(form.output); err != nil {
			return config.Usage(err)
		}
	}
	p, err := predict.Open(ctx, c.env.Log, c.settings, request)
	if err != nil {
		return err
	}
	defer p.Close()
	if form.output == "" {
		return writePredictions(ctx, p, form.format, c.stdout)
	}
	var unread error
	err = fileio.WriteAtomic(form.output, func(w io.Writer) error {
		err := writePredictions(ctx, p, form.format, w)
		if errors.Is(err, predict.ErrUnread) {
			unread, err = err, nil
		}
		return err
	})
	return errors.Join(err, unread)
}

func writePredictions(ctx context.Context, p *predict.Predictor, format string, w io.Writer) error {
	lines, err := p.NewWriter(format, w)
	if err != nil {
		return err
	}
	if err := lines.Begin(); err != nil {
		return err
	}
	for prediction, err := range p.All(ctx) {
		if err != nil {
			return err
		}
		if err := lines.Write(prediction); err != nil {
			return err
		}
	}
	return nil
}
