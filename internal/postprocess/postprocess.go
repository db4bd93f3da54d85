// Package postprocess says how a model that was trained on clips is used on videos: how frames
// become pictures for the network, and how its answers become lines and decisions.
package postprocess

import (
	"fmt"
	"reflect"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/track"
)

// File is the name of the file in packages.
const File = "postprocessing.json"

// SmoothWindow is how many frames of a track, the present one and those before it, a smoothed
// label is of.
const SmoothWindow = 30

// Least is the probability that smaller ones are taken for, so that one frame cannot rule a
// class out.
const Least = 0x1p-20

// The words for how tracks of targets, and clips whose frames are classified whole, are decided
// on.
const (
	ByNetwork = "network on windows of the track"
	ByMean    = "mean of the logarithms of the probabilities"
)

// AskedEvery says by which frames a track is decided on: those whose number is a multiple, and
// in which the target was found.
const AskedEvery = 4

// Of windows of a track, those count in which the target was found in LeastFound frames or more,
// unless there is none. LeastAsked is the probability that smaller ones are taken for where tracks
// are decided on.
const (
	LeastFound = 16
	LeastAsked = 1e-4
)

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
	r := track.DefaultRule()
	r.Square, r.Offsets, r.Window = cut.Square, cut.Offsets, cut.Window
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
}

type tracking struct {
	Rule  *track.Rule `json:"rule"`
	Words []string    `json:"words"`
}

type smoothing struct {
	Words  string  `json:"words"`
	Frames int     `json:"frames"`
	Least  float64 `json:"least"`
}

type decision struct {
	Words   string   `json:"words"`
	By      string   `json:"by"`
	Numbers *Numbers `json:"numbers,omitempty"` // of decisions on tracks
}

// Numbers are those by which tracks are decided on.
type Numbers struct {
	Every  int     `json:"every"`       // frames, of which the network is asked about one
	Least  float64 `json:"least"`       // probability that smaller ones are taken for
	Window int     `json:"window"`      // frames; 0 where no network decides, as those below
	Hop    int     `json:"hop"`         // frames
	Found  int     `json:"found_least"` // frames of a window that counts
}

// Text is the file of a package; nil for models that saw no clips, and for those that cannot be
// used on videos.
func Text(record *rundir.Record) ([]byte, error) {
	d, err := describe(record)
	if err != nil || d == nil {
		return nil, err
	}
	return fileio.MarshalJSON(d)
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
		Decision: decision{"The decision on a clip is the mean of log probabilities, as that of smoothing, over all its lines.", ByMean, nil},
	}
	d.Frames = frames{Offsets: cut.Offsets, Window: cut.Window,
		Words: "A picture for the network has the frames at \"offsets\" from the present one, whose channels follow each other. Before the first frame of the stream stands the first one again, and behind the last the last."}
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
	d.Track = &tracking{rule, trackWords(rule)}
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

// trackDecision says how tracks of targets are decided on.
func trackDecision(record *rundir.Record) decision {
	asked := "frames whose number is a multiple of \"every\" and in which the target was found. Probabilities below \"least\" count as \"least\""
	n := &Numbers{Every: AskedEvery, Least: LeastAsked}
	if record.Identity.DecisionFolds == 0 {
		return decision{"The decision on a track is the mean of log probabilities over the " + asked + ".", ByMean, n}
	}
	n.Window, n.Hop, n.Found = track.FeatureWindow, track.FeatureHop, LeastFound
	return decision{
		fmt.Sprintf("The track is cut into windows of \"window\" frames, which begin every \"hop\" frames; a shorter track is one window, and what is left at the end is in none. A second network, networks/%s, decides on each by how the target moves and looks, and by the mean logarithm of what the first network says of the %s. Its input is made as %s says. The decision on a track is the geometric mean of its probabilities over the windows in which the target was found in \"found_least\" frames or more, or over all if there is no such window.",
			layout.DecisionNetwork, asked, layout.FeaturesFile),
		ByNetwork, n,
	}
}

// trackWords say what the numbers of a rule mean.
func trackWords(r *track.Rule) []string {
	return []string{
		"Proposals: a place is rated by its contrast, the difference of a narrow and a wide mean around it, times the root of its change, the lesser of the differences to the frames \"gap\" before and after. Both are divided by their means over a square of side \"around\", to which \"floor\" is added. The best places of a frame are kept, at most \"proposals\", none within \"apart\" pixels of a better one and none of the same target.",
		"Box: what hangs together with a place and exceeds the median around it by \"edge\" hundredths of its peak, with \"pad\" pixels and half of \"grow\" hundredths of its sides more on each side.",
		"Track: the places of all frames for which the sum of the logarithms of their ratings, less the cost of moves between neighbouring frames, is highest (Viterbi). A move of \"speed\" pixels costs \"stiff\", others by the square of their length, and none more than \"furthest\" times \"stiff\". A frame may be without the target, as if it had a place rated \"absent\"; passing over to such frames and back costs \"leave\" each. What is decided of a frame is decided \"lag\" frames later, or when the stream ends. Where the stream was opened again, and where its frames get colours, another track begins.",
		fmt.Sprintf("Crop: around the box of width W and height H at the place (x, y), a square of side max(minimum, (margin*max(W,H)+50)/100) is cut out, here max(%d, (%d*max(W,H)+50)/100), with its left edge at (2*x+W-side)/2 and its upper edge at (2*y+H-side)/2. Beyond the edges of a frame its outermost pixels are repeated.", r.Square.Minimum, r.Square.Margin),
		"The package internal/track of the program is the definition.",
	}
}
