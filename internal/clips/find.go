package clips

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

// Clip is a video file, or a folder of frames.
type Clip struct {
	Path   string   // of the file or folder
	Frames []string // names of the files in the folder, in order; nil of a video file
}

// name is what the clip is called, without an ending.
func (c Clip) name() string {
	base := filepath.Base(c.Path)
	if c.Frames == nil {
		return strings.TrimSuffix(base, filepath.Ext(base))
	}
	return base
}

// labelFiles are where the labels of a clip may lie, in the order in which they are looked
// for: NAME.json, NAME_label.json, label.json or IR_label.json, and MOT's NAME.txt or
// gt/gt.txt.
func (c Clip) labelFiles() []string {
	name, beside := c.name(), filepath.Dir(c.Path)
	files := []string{filepath.Join(beside, name+".json"), filepath.Join(beside, name+"_label.json")}
	shared := []string{"label.json", "IR_label.json"}
	if c.Frames == nil {
		for _, file := range shared {
			files = append(files, filepath.Join(beside, file))
		}
		return append(files, filepath.Join(beside, name+".txt"))
	}
	for _, file := range append(shared, name+".json", name+".txt", "gt.txt", "gt/gt.txt") {
		files = append(files, filepath.Join(c.Path, filepath.FromSlash(file)))
	}
	files = append(files, filepath.Join(beside, name+".txt"))
	if name == "img1" { // of the MOTChallenge
		files = append(files, filepath.Join(beside, "gt", "gt.txt"))
	}
	return files
}

// FindLabels reads the labels of a clip; nil where it has none. alone says that no other
// video lies in the folder of a video, so that label.json there is its file of labels.
func FindLabels(c Clip, alone bool, how Reading) (*Labels, error) {
	var found []string
	for _, file := range c.labelFiles() {
		base := filepath.Base(file)
		shared := base == "label.json" || base == "IR_label.json" && c.name() != "IR"
		if c.Frames == nil && !alone && shared {
			continue
		}
		if fileio.Exists(file) && !slices.Contains(found, file) {
			found = append(found, file)
		}
	}
	if len(found) > 1 {
		return nil, config.Usagef("%s has several files of labels, %s: keep one", c.Path, strings.Join(found, " and "))
	}
	if len(found) == 1 {
		if strings.EqualFold(filepath.Ext(found[0]), ".json") {
			return ReadJSON(found[0], how)
		}
		return ReadMOT(found[0], how)
	}
	if l, err := findYOLO(c); l != nil || err != nil {
		return l, err
	}
	return nil, c.refuseMATLAB()
}

// findYOLO reads the files of YOLO that lie beside the frames, or in a folder called labels:
// FRAME.txt for each frame, or NAME_1.txt and so on for those of a video.
func findYOLO(c Clip) (*Labels, error) {
	folders := []string{c.Path, filepath.Join(c.Path, "labels"), filepath.Join(filepath.Dir(c.Path), "labels", c.name())}
	if c.Frames == nil {
		return nil, nil
	}
	for _, folder := range folders {
		files := make([]string, len(c.Frames))
		some := false
		for i, frame := range c.Frames {
			files[i] = filepath.Join(folder, strings.TrimSuffix(frame, filepath.Ext(frame))+".txt")
			some = some || fileio.Exists(files[i])
		}
		if some {
			return ReadYOLO(folder, files)
		}
	}
	return nil, nil
}

// refuseMATLAB refuses a clip whose labels are objects of MATLAB, which are not read.
func (c Clip) refuseMATLAB() error {
	for _, file := range []string{
		filepath.Join(filepath.Dir(c.Path), c.name()+"_LABELS.mat"),
		filepath.Join(filepath.Dir(c.Path), c.name()+".mat"),
	} {
		if _, err := os.Stat(file); err == nil {
			return config.Usagef("%s: ground-truth objects of MATLAB are not read: write %s as %s, by jsonencode in MATLAB", file, c.name()+".json", JSONForm)
		}
	}
	return nil
}
