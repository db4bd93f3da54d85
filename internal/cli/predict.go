package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/listing"
	"github.com/blocktrain/blocktrain/internal/predict"
)

func predictCommand() *command {
	var request predict.Request
	var form predictionForm
	return &command{
		use: "predict INPUT...", short: "say what images and videos show, by a trained model", group: groupData,
		long: `Takes image files, folders of them, patterns such as '*.png', and - for a list
of paths on the standard input, and writes one line for each image, in their
order. An image that cannot be read, or that a list names and is not there, has
a line that says why, and the exit code is 1. An argument that does not exist, a
folder without images and an empty list are errors: exit code 2, and nothing is
classified. A package whose files are not as its list of digests has them is
refused before it is used.

Models whose last layer was trained in a phase of its own (--head) also say how
unusual an image is: distance is how far it is from the training images, and a
distance_percentile of 99 that it is further away than 99 % of the validation
images. A low one does not mean that the label is right.

Videos are files, network addresses (rtsp://, udp://, tcp://, http://), cameras
(/dev/video0), and with --stream or --raw the standard input. For a model that
was trained on clips, a folder of frames whose names end in numbers is a video,
and so are all videos and such folders below a folder; for other models a folder
is one of images, unless it holds videos alone. ffmpeg must be installed, but
not for frames in folders and raw frames.

A model that was trained on targets in clips finds the target in each frame and
classifies it. Other models classify whole frames. Each frame has a line: time
since the first frame, box, label and probability, and the label smoothed over
the last 30 frames. A summary of each clip follows its lines: decision, share of
each label, changes of label a minute, and when which label holds. Of a damaged
video, what could be read is predicted on; the summary says so, and the exit
code is 1.`,
		example: `  blocktrain predict --run runs/first photo.png folder/
  find . -name '*.png' | blocktrain predict --run runs/first --format csv -
  blocktrain predict --run runs/clips --every 0.5s --annotate out/ clip.mp4
  blocktrain predict --run runs/clips rtsp://camera/stream
  ffmpeg -i clip.mp4 -f rawvideo -pix_fmt gray - |
    blocktrain predict --run runs/clips --raw 640x512:gray8:30 -`,
		settings: named("workers", "max-package-mb"),
		own: func(o *config.Options) {
			o.String(&request.Model, "run", "", "run directory or package, unpacked or as .tar.gz")
			o.Choice(&form.format, "format", "jsonl", "form of the lines", "jsonl", "csv")
			o.String(&form.output, "output", "", "file to write; empty: the standard output")
			o.Int(&request.Top, "top", 5, "most probable classes in a line", config.Between(1, 1000))
			o.String(&request.Annotate, "annotate", "", "new folder for pictures and videos with what was found drawn in")
			o.String(&request.Weights, "weights", "", "other weights than the packaged ones, a safetensors file")
			form.videos.declare(o)
		},
		args: func(args []string) error {
			if len(args) == 0 {
				return config.Usagef("nothing to classify: want image files, folders, videos, or - for a list of paths")
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
type predictionForm struct {
	format, output string
	videos         videoFlags
}

// check refuses files to be written that cannot be, and those that hold what is read: their
// content would be lost.
func (f *predictionForm) check(inputs []string) error {
	named := map[string]string{"--output": f.output, "--summary": f.videos.summary}
	for _, flag := range []string{"--output", "--summary"} {
		file := named[flag]
		if file == "" {
			continue
		}
		if err := fileio.CheckOutput(file); err != nil {
			return config.Usage(err)
		}
		for _, input := range inputs {
			if err := keeps(input, flag, file); err != nil {
				return err
			}
		}
	}
	if f.output != "" && filepath.Clean(f.output) == filepath.Clean(f.videos.summary) {
		return config.Usagef("--output and --summary are the same file, %s: give each its own", f.output)
	}
	return nil
}

// removeLeftovers removes what processes left beside the files to be written that were killed
// while they wrote them.
func (f *predictionForm) removeLeftovers() error {
	var errs []error
	for _, file := range []string{f.output, f.videos.summary} {
		if file != "" {
			errs = append(errs, fileio.RemoveLeftoversOf(filepath.Dir(file), func(name string) bool { return name == filepath.Base(file) }))
		}
	}
	return errors.Join(errs...)
}

// keeps refuses a file to be written that is an input, or that an input's folder or pattern has
// already.
func keeps(input, flag, file string) error {
	if !fileio.Exists(file) {
		return nil
	}
	there, err := os.Stat(file)
	if err != nil {
		return err
	}
	read, err := os.Stat(input)
	matches, _ := filepath.Match(filepath.Clean(input), filepath.Clean(file))
	switch {
	case matches, err == nil && os.SameFile(read, there):
		return config.Usagef("%s %s is an input too, and would be overwritten: give another file", flag, file)
	case err == nil && read.IsDir() && (listing.IsVideoName(file) || imaging.IsFileName(file)) && within(input, file):
		return config.Usagef("%s %s is in the folder %s, which is an input, and would be overwritten: give another file", flag, file, input)
	}
	return nil
}

// within says whether a file is below a folder.
func within(folder, file string) bool {
	from, err := filepath.Abs(folder)
	to, err2 := filepath.Abs(file)
	path, err3 := filepath.Rel(from, to)
	return errors.Join(err, err2, err3) == nil && filepath.IsLocal(path)
}

// predict classifies images or videos and writes their lines.
func (c *call) predict(ctx context.Context, request predict.Request, form predictionForm) error {
	if err := form.check(request.Inputs); err != nil {
		return err
	}
	p, err := predict.Open(ctx, c.env.Log, c.settings, request)
	if err != nil {
		return err
	}
	defer p.Close()
	form.videos.given = func(name string) bool { return c.origins[name] == config.OriginFlag }
	write, err := form.videos.writer(ctx, p, form.format)
	if err != nil {
		return err
	}
	if err := form.removeLeftovers(); err != nil {
		c.env.Log.Warn("what a killed process left half written cannot be removed", "error", err)
	}
	if write == nil {
		write = func(w io.Writer) error { return writePredictions(ctx, p, form.format, w) }
	}
	if form.output == "" {
		return write(c.stdout)
	}
	var unread error
	err = fileio.WriteAtomic(form.output, func(w io.Writer) error {
		err := write(w)
		if isUnread(err) {
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
