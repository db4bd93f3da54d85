package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

func clipsCommand() *command {
	return &command{
		use: "clips", short: "prepare labels of clips", group: groupData,
		long: `The dataset clips reads labels as JSON, as MOT text and as YOLO text. These
commands bring labels into a form that it reads.`,
		example:  `  blocktrain clips convert labels/clip7.txt --output clips/clip7.json`,
		children: []*command{clipsConvertCommand()},
	}
}

func clipsConvertCommand() *command {
	var output, order, size string
	return &command{
		use: "convert LABELS", short: "write labels of a clip as JSON", group: groupData,
		long: `Reads a file of labels, as JSON or as MOT text, or a folder of YOLO text files,
one a frame in the order of their numbers. Writes JSON with two lists that have
an entry for each frame: "exist", 0 or 1, and "gt_rect", [x,y,width,height] in
pixels. Numbers are rounded to whole pixels. Boxes of YOLO need the size of a
frame. In JSON, a frame has one target at most: MOT and YOLO files with several
can be trained from as they are.`,
		example: `  blocktrain clips convert gt.txt --output clip7.json
  blocktrain clips convert old.json --order xyxy --output clip7.json
  blocktrain clips convert labels/ --frame-size 640x512 --output clip7.json`,
		own: func(o *config.Options) {
			o.String(&output, "output", "", "file to write; it must not exist")
			o.Choice(&order, "order", "xywh", "what the four numbers of a box are: corner and size, or two corners", "xywh", "xyxy")
			o.String(&size, "frame-size", "", "for labels of YOLO: width and height of a frame in pixels")
		},
		args: func(args []string) error {
			if len(args) != 1 {
				return errors.New("want one file or folder of labels")
			}
			return nil
		},
		run: func(_ context.Context, c *call) error {
			if output == "" {
				return config.Usagef("want --output, the file to write, such as CLIP.json beside CLIP.mp4")
			}
			if fileio.Exists(output) {
				return config.Usagef("%s exists already: remove it, or give another file by --output", output)
			}
			labels, err := readLabels(c.args[0], size, clips.Reading{Round: true, Corners: order == "xyxy"})
			if err != nil {
				return err
			}
			if err := clips.WriteJSON(output, labels); err != nil {
				return err
			}
			fmt.Fprintf(c.stdout, "%s: %d frames\n", output, len(labels.Entries))
			return nil
		},
	}
}

// readLabels reads labels of whatever form a path has.
func readLabels(path, size string, how clips.Reading) (*clips.Labels, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, config.Usagef("%s does not exist: want a file or folder of labels", path)
	case err != nil:
		return nil, err
	case info.IsDir():
		return readYOLO(path, size)
	}
	switch filepath.Ext(path) {
	case ".json":
		return clips.ReadJSON(path, how)
	case ".txt", ".csv":
		return clips.ReadMOT(path, how)
	case ".mat":
		return nil, config.Usagef("%s: ground-truth objects of MATLAB are not read: write %s, by jsonencode in MATLAB", path, clips.JSONForm)
	}
	return nil, config.Usagef("%s: want labels that end in .json or .txt (MOT), or a folder of YOLO files", path)
}

// readYOLO reads the text files of a folder, in the order of their numbers.
func readYOLO(folder, size string) (*clips.Labels, error) {
	var width, height int
	if n, err := fmt.Sscanf(size, "%dx%d", &width, &height); n != 2 || err != nil || min(width, height) < 1 || fmt.Sprintf("%dx%d", width, height) != size {
		return nil, config.Usagef("%s: boxes of YOLO are shares of the frame: want --frame-size, such as 640x512", folder)
	}
	paths, err := filepath.Glob(filepath.Join(folder, "*.txt"))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, path := range paths {
		if name := filepath.Base(path); name != "classes.txt" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, config.Usagef("%s has no .txt files: want one for each frame", folder)
	}
	names, err = clips.FrameNames(folder, names)
	if err != nil {
		return nil, err
	}
	for i, name := range names {
		names[i] = filepath.Join(folder, name)
	}
	labels, err := clips.ReadYOLO(folder, names)
	if err != nil {
		return nil, err
	}
	_, err = labels.Fit(width, height)
	return labels, err
}
