// Package postprocess says how a model that was trained on clips is used on videos: how frames
// become pictures for the network, and how its answers become lines and decisions.
package postprocess

import (
	"reflect"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/track"
	"github.com/blocktrain/blocktrain/preprocess"
)

// The names of the files in packages: the rule, and the client that follows it.
const (
	File   = "postprocessing.json"
	Client = "postprocess.py"
)

// SmoothWindow is how many frames of a track, the present one and those before it, a smoothed
// label is of.
const SmoothWindow = 30

// Least is the probability that smaller ones are taken for, so that one frame cannot rule a
// class out.
const Least = 0x1p-20

// The words for how tracks of targets, and clips whose frames are classified whole, are decided
// on.
const (
	ByNetwork = "probabilities and motion, by windows of the track"
	ByMean    = "mean of the logarithms of the probabilities"
)

// What counts in the decision on a track: windows in which the target was found in as many
// frames, unless there are none; and probabilities below the least one are taken for it, so
// that one crop does not decide.
const (
	LeastFound = 16
	LeastAsked = 1e-4
)

// AskedEvery says by which frames a track is decided on: those whose number is a multiple, and
// in which the target was found.
const AskedEvery = 4

// defaultRate is the frames a second of folders, as dataset clips has it.
const defaultRate = 30

// Clips are the datasets of a record that are clips.
func Clips(record *rundir.Record) []rundir.DatasetNote {
	var list []rundir.DatasetNote
	for _, d := range record.Identity.Datasets {
		if d.Name == dataset.ClipsName {
			list = append(list, d)
		}
	}
	return list
}

// Cutting is how the examples of a model were cut out of clips, and the frames a second of
// folders of frames. It is nil for models that saw no clips. Several datasets of clips that were
// cut in different ways are a [config.UsageError].
func Cutting(record *rundir.Record) (cut *clips.Cutting, rate int, err error) {
	rate = defaultRate
	list := Clips(record)
	for i, d := range list {
		one, r, err := dataset.ClipsCutting(d.Text())
		if err != nil {
			return nil, 0, err
		}
		if i == 0 {
			cut, rate = one, r
			continue
		}
		if one.Whole != cut.Whole || one.Square != cut.Square || one.Window != cut.Window || !reflect.DeepEqual(one.Offsets, cut.Offsets) {
			return nil, 0, config.Usagef("the model was trained on clips that were cut in different ways (%s, and %s), so that it is not known how videos are: train with the same crop, margin, minimum, frames and level for all clips", list[0].Words(), d.Words())
		}
	}
	return cut, rate, nil
}

// Rule is how a model finds targets in videos; nil where it classifies whole frames.
func Rule(record *rundir.Record) (*track.Rule, error) {
	cut, _, err := Cutting(record)
	if err != nil || cut == nil || cut.Whole {
		return nil, err
	}
	r := track.RuleOf(cut)
	return &r, r.Check()
}

// document is the file. Its words stand beside the numbers that they are about.
type document struct {
	Schema    int       `json:"schema"`
	About     string    `json:"about"`
	Frames    frames    `json:"frames"`
	Track     *tracking `json:"track,omitempty"`
	Answers   string    `json:"answers"`
	Smoothing smoothing `json:"smoothing"`
	Decision  decision  `json:"decision"`
	Classes   []string  `json:"classes"`
}

type frames struct {
	Words   string `json:"words"`
	Offsets []int  `json:"offsets"`
	Window  int    `json:"window"`
	Rate    int    `json:"rate"` // frames a second of folders of frames
}

type tracking struct {
	Rule   *track.Rule  `json:"rule"`
	Method track.Method `json:"method"`
	Words  []string     `json:"words"`
}

type smoothing struct {
	Words  string  `json:"words"`
	Frames int     `json:"frames"`
	Least  float64 `json:"least"`
}

type decision struct {
	Words string `json:"words"`
	By    string `json:"by"`
	// Of models of targets:
	Every int     `json:"every,omitempty"` // frames from one that counts to the next
	Least float64 `json:"least,omitempty"` // probability
	// Of those with a second network:
	Found    int             `json:"found,omitempty"`   // frames of a window that counts
	Network  string          `json:"network,omitempty"` // its folder in the package
	Scale    string          `json:"scale,omitempty"`   // the file that says how features become its input
	Features *describedTrack `json:"features,omitempty"`
}

type describedTrack struct {
	track.FeatureNumbers
	Words []string `json:"words"`
}

// Files are the files of a package that say how its model is used on videos: none for models
// that saw no clips, and for those that cannot be used on videos. Models of targets have a
// client that follows them.
func Files(record *rundir.Record) ([]preprocess.File, error) {
	d, err := describe(record)
	if err != nil || d == nil {
		return nil, err
	}
	text, err := fileio.MarshalJSON(d)
	if err != nil {
		return nil, err
	}
	files := []preprocess.File{{Name: File, Content: text}}
	if d.Track != nil {
		files = append(files, preprocess.File{Name: Client, Content: preprocess.FollowingClient()})
	}
	return files, nil
}

// describe makes the document; nil where there is none.
func describe(record *rundir.Record) (*document, error) {
	cut := usable(record)
	if cut == nil {
		return nil, nil
	}
	d := &document{
		Schema: 1, Classes: record.Identity.Classes,
		About:   "How blocktrain predict goes from the frames of a video to lines and decisions. How a picture becomes the input of the network is said by preprocessing.json. All divisions of whole numbers are rounded down.",
		Answers: "The network gives a probability for each class. A line has the class with the highest one; of equal ones, the first.",
		Smoothing: smoothing{
			"The smoothed label is the class with the highest mean of the natural logarithms of its probabilities over the lines of the last \"frames\" frames of the track, the present one included. Probabilities below \"least\" count as \"least\".",
			SmoothWindow, Least,
		},
		Decision: decision{Words: "The decision on a clip is the mean of log probabilities, as that of smoothing, over all its lines.", By: ByMean},
	}
	_, rate, err := Cutting(record)
	if err != nil {
		return nil, err
	}
	d.Frames = frames{Offsets: cut.Offsets, Window: cut.Window, Rate: rate,
		Words: "A folder of frames has \"rate\" of them a second. Frames of grey files are grey, and others have colours; transparency is dropped. Samples of 16 bits are kept where preprocessing.json has levels; otherwise their higher 8 bits are. A picture for the network has the frames at \"offsets\" from the present one, whose channels follow each other. Before the first frame of the stream stands the first one again, and behind the last the last."}
	if cut.Window > 0 {
		d.Frames.Words += " From each value of a frame the median of the last \"window\" frames, that one included, is subtracted, and 128 is added (32768 for 16 bits); what is outside of the range becomes its end. The median of n values is the one at place (n-1)/2, from 0 on, when they are in order."
	}
	if cut.Whole {
		d.Frames.Words += " The whole frame is the picture."
		return d, nil
	}
	rule, err := Rule(record)
	if err != nil {
		return nil, err
	}
	d.Track = &tracking{rule, track.TheMethod(), trackWords(rule)}
	d.Decision = trackDecision(record)
	return d, nil
}

// usable is Cutting for models that can be used on videos, nil for others.
func usable(record *rundir.Record) *clips.Cutting {
	cut, _, err := Cutting(record)
	if err != nil || len(record.Identity.Classes) == 0 {
		return nil
	}
	return cut
}
