package eda

import (
	"github.com/blocktrain/blocktrain/internal/eda/clipstat"
	"github.com/blocktrain/blocktrain/internal/eda/stat"
)

// Schema is the version of eda.json.
const Schema = 1

// Report is what was found out about data: the content of eda.json. Numbers of grey levels
// go from 0 to 255. Lists of findings have the first of them; counts are of all.
type Report struct {
	Schema        int      `json:"schema"`
	DatasetSHA256 string   `json:"dataset_sha256"` // of all datasets, joined
	Datasets      []Member `json:"datasets"`
	SplitSHA256   string   `json:"split_sha256"`
	Grouping      string   `json:"grouping"` // what makes a group, in the words of the dataset's option
	// Parts are those that were looked at. Of the others, the report has nothing but which
	// images of these parts are found in them again.
	Parts    []string `json:"parts"`
	Examples int      `json:"examples"`

	Classes []Class `json:"classes"`
	Groups  *Groups `json:"groups,omitempty"` // nil where no example is in a group

	Sizes     Sizes        `json:"sizes"`
	Aspect    Distribution `json:"aspect"`    // width by height
	Level     Distribution `json:"level"`     // mean of an image, in grey levels
	Contrast  Distribution `json:"contrast"`  // standard deviation of an image, in grey levels
	Sharpness Distribution `json:"sharpness"` // standard deviation of an image's Laplacian, in grey levels

	Clips *clipstat.Report `json:"clips,omitempty"` // nil where no example is of a clip
	Boxes *Boxes           `json:"boxes,omitempty"` // nil where no example is annotated with boxes

	Duplicates Duplicates `json:"duplicates"`
	Outliers   Outliers   `json:"outliers"`
	// Labels are candidates for wrong labels; nil where there are no predictions.
	Labels *Labels `json:"labels,omitempty"`
}

// Member is one of the datasets that were joined.
type Member struct {
	Name     string `json:"name"`
	SHA256   string `json:"sha256"`
	Examples int    `json:"examples"` // of the parts that were looked at
}

// Class is a class and how much there is of it.
type Class struct {
	Label    string `json:"label"`
	Examples int    `json:"examples"`
	Groups   int    `json:"groups"` // that have an example of it; an example without a group is one of its own
}

// Groups say how examples are grouped: of clips, for one.
type Groups struct {
	Count    int          `json:"count"`
	Examples int          `json:"examples"` // that are in a group
	Size     Distribution `json:"size"`     // examples in a group
	Mixed    int          `json:"mixed"`    // groups with examples of several classes
}

// Sizes are those of the images before any resizing, in pixels.
type Sizes struct {
	Range    string         `json:"range"` // smallest to largest by area
	Channels int            `json:"channels"`
	Uniform  bool           `json:"uniform"`
	Common   []CommonSize   `json:"common"` // the most frequent ones
	Others   int            `json:"others"` // images of none of these
	Pixels   Distribution   `json:"pixels"` // in an image
	Sides    [2]SideExtents `json:"sides"`  // width, height
}

// CommonSize is a size that images have.
type CommonSize struct {
	Width  int `json:"width"`
	Height int `json:"height"`
	Images int `json:"images"`
}

// SideExtents are the least and the greatest length of a side.
type SideExtents struct {
	Least    int `json:"least"`
	Greatest int `json:"greatest"`
}

// Distribution describes a figure over images.
type Distribution = stat.Distribution

// Example is an example of the parts that were looked at.
type Example struct {
	Index  int    `json:"index"` // in the dataset
	Source string `json:"source"`
	Label  string `json:"label"`
}

// Duplicates are images that are there several times.
type Duplicates struct {
	Exact Alike `json:"exact"` // the same pixels
	Near  Alike `json:"near"`  // nearly the same, and not the same
	// Clips are pairs of clips that have examples in common, in place of their examples; nil
	// where no example is of a clip.
	Clips *ClipPairs `json:"clips,omitempty"`
	// Flat is how many images are too flat to be compared by hash; they have no near
	// duplicates, whatever they show.
	Flat int `json:"flat"`
	// The definition of near: NearBits of 64 bits of the hash differ at most, thumbnails of
	// 16x16 correlate by NearCorrelation at least, and so does, by NearDetail, what these have
	// besides the mean of the 3x3 pixels around, or it differs by a standard deviation of
	// NearNoise grey levels at most.
	NearBits        int     `json:"near_bits"`
	NearCorrelation float64 `json:"near_correlation"`
	NearDetail      float64 `json:"near_detail"`
	NearNoise       float64 `json:"near_noise"`
}

// Alike are sets of images that are alike.
type Alike struct {
	Sets        int     `json:"sets"`        // of two images or more, one at least of a part that was looked at
	Images      int     `json:"images"`      // of the parts that were looked at, in these sets
	Surplus     int     `json:"surplus"`     // images that are there besides the first of their set
	Conflicting int     `json:"conflicting"` // sets with several labels in the parts that were looked at
	Across      int     `json:"across"`      // sets with images of several parts
	Listed      []Group `json:"listed"`      // the first sets: those across parts, those with several labels, the largest
}

// Group is a set of images that are alike.
type Group struct {
	Images      int       `json:"images"` // of the parts that were looked at
	Examples    []Example `json:"examples"`
	Conflicting bool      `json:"conflicting"`
	Correlation float64   `json:"correlation"` // the least of an image of the set with the first example
	// Elsewhere are images of the other parts, of which no more is said.
	Elsewhere []Elsewhere `json:"elsewhere"`
	// InParts are the parts that have images of the set, those that were not looked at too.
	InParts []string `json:"in_parts"`
}

// ClipPairs are pairs of clips of which a share of the examples is the same, or nearly.
type ClipPairs struct {
	LeastShare  float64    `json:"least_share"` // of a clip's examples, for a pair to count
	Pairs       int        `json:"pairs"`
	Conflicting int        `json:"conflicting"` // pairs of two classes, of the parts that were looked at
	Across      int        `json:"across"`      // pairs in two parts
	Listed      []ClipPair `json:"listed"`      // those with the largest share first
}

// ClipPair are two clips, the first of them of a part that was looked at.
type ClipPair struct {
	Clip        string    `json:"clip"`
	Label       string    `json:"label"`
	Again       string    `json:"again"` // the clip in which it is found again
	InParts     []string  `json:"in_parts"`
	Of          int       `json:"of"`    // examples of the first clip
	Exact       int       `json:"exact"` // of these, found again with the same pixels
	Near        int       `json:"near"`  // and those found again at least nearly
	Conflicting bool      `json:"conflicting"`
	Examples    []Example `json:"examples"` // the first one that is found again, and, of parts that were looked at, the one found
}

// Elsewhere is an image of a part that was not looked at.
type Elsewhere struct {
	Part   string `json:"part"`
	Source string `json:"source"`
}

// Outliers are images that are unlike the others.
type Outliers struct {
	Definition string    `json:"definition"`
	Limit      float64   `json:"limit"`  // of the score
	Images     int       `json:"images"` // with a score above it
	Counts     []Reason  `json:"counts"` // by the figure that is furthest out
	Listed     []Outlier `json:"listed"` // the furthest ones first
}

// Reason is a figure that makes outliers, and how many.
type Reason struct {
	Figure string `json:"figure"`
	Images int    `json:"images"`
}

// Outlier is an image that is unlike the others.
type Outlier struct {
	Example
	Score  float64 `json:"score"`
	Figure string  `json:"figure"` // that is furthest out
	Value  float64 `json:"value"`
	Median float64 `json:"median"`
}

// Labels are candidates for wrong labels, by confident learning.
type Labels struct {
	Predictions string      `json:"predictions"` // whose they are, in words
	Examples    int         `json:"examples"`    // that were looked at and have a prediction
	Without     int         `json:"without"`     // examples without
	Candidates  int         `json:"candidates"`
	Others      int         `json:"others"` // for which another class is the most probable one, below its threshold
	Pairs       []LabelPair `json:"pairs"`
	Listed      []Suspect   `json:"listed"` // the least likely labels first
	// Clips are those most of whose examples seem to be of other classes, the largest share first.
	Clips         []SuspectClip `json:"clips,omitempty"`
	Thresholds    []float64     `json:"thresholds"`
	WithThreshold int           `json:"with_threshold"` // examples that are counted in the confident joint
}

// LabelPair counts candidates with one label that seem to be of another class.
type LabelPair struct {
	Label  string `json:"label"`
	Seems  string `json:"seems"`
	Images int    `json:"images"`
}

// Suspect is an example whose label may be wrong.
type Suspect struct {
	Example
	Seems       string  `json:"seems"`
	Probability float64 `json:"probability"` // of the class that it seems to be of
	Own         float64 `json:"own"`         // of its label
	Confident   bool    `json:"confident"`   // a candidate, and not one of the others
}

// SuspectClip is a clip whose label may be wrong.
type SuspectClip struct {
	Clip       string `json:"clip"`
	Label      string `json:"label"`
	Seems      string `json:"seems"`      // to be of, by most of these examples
	Candidates int    `json:"candidates"` // examples that seem to be of other classes
	Of         int    `json:"of"`         // examples that were looked at and have a prediction
}

// Boxes describe the boxes that examples are annotated with, and those of the frames of clips,
// one frame every stride.
type Boxes struct {
	Annotated int          `json:"annotated"` // examples or frames with an annotation of boxes, of none even
	Empty     int          `json:"empty"`     // of these, those without a box
	Several   int          `json:"several"`   // of these, those with more than one
	Count     int          `json:"count"`     // of boxes
	Side      Distribution `json:"side"`      // square root of the area, in pixels
	Aspect    Distribution `json:"aspect"`    // width by height
	Share     Distribution `json:"share"`     // of the area of the image
	Contrast  Distribution `json:"contrast"`  // mean inside less that around, in grey levels
	Ratio     Distribution `json:"ratio"`     // contrast by the standard deviation around, or by 1 grey level
	Outside   int          `json:"outside"`   // boxes that are in part outside of their image
	Centres   []int        `json:"centres"`   // [16,16]: boxes with their centre in each cell of the image
	Sizes     []int        `json:"sizes"`     // [24,24]: boxes by height and width; cell k begins at 2^(k/2) pixels, the last has all above
	Classes   []BoxClass   `json:"classes"`   // in the order of their names
}

// BoxClass are the boxes of a class, with medians.
type BoxClass struct {
	Label    string  `json:"label"`
	Count    int     `json:"count"`
	Side     float64 `json:"side"`
	Contrast float64 `json:"contrast"`
	Ratio    float64 `json:"ratio"`
}
