// Package clipstat describes the clips that examples were taken from: how much they show, how
// their labels lie against their frames, and which scenes they share.
package clipstat

import "github.com/blocktrain/blocktrain/internal/eda/stat"

// Report is what was found out about clips of the parts that were looked at. Of the clips of
// other parts it has only the names of those that show the same scenes.
type Report struct {
	Count    int `json:"count"`
	Scenes   int `json:"scenes"`
	Examples int `json:"examples"`
	Frames   int `json:"frames"`
	Labelled int `json:"labelled"` // frames of which the labels say whether they show a target
	Present  int `json:"present"`  // of these, those with a target

	Classes []Class `json:"classes"` // in the order of their names

	// Over clips:
	Existence stat.Distribution `json:"existence"` // share of the labelled frames that show a target
	Unchanged stat.Distribution `json:"unchanged"` // share of the pixels that equal those of the frame before
	Level     stat.Distribution `json:"level"`     // mean of a frame, in grey levels
	Contrast  stat.Distribution `json:"contrast"`  // standard deviation of a frame, in grey levels
	Sharpness stat.Distribution `json:"sharpness"` // standard deviation of a frame's Laplacian, in grey levels
	Repeated  int               `json:"repeated"`  // frames all of whose pixels equal those of the frame before

	Labels  Labels    `json:"labels"`
	Nearest *Nearest  `json:"nearest,omitempty"` // nil where all clips are of one class
	Shared  []Scene   `json:"shared_scenes"`     // with several clips, the largest first
	Overlap []Overlap `json:"overlap"`           // with each other part, and between those that were looked at
	Listed  []Clip    `json:"listed"`            // the first clips
	Unused  []Unused  `json:"unused"`            // clips that gave no example
}

// Class is what the clips of a class show.
type Class struct {
	Label    string `json:"label"`
	Clips    int    `json:"clips"`
	Scenes   int    `json:"scenes"`
	Frames   int    `json:"frames"`
	Labelled int    `json:"labelled"`
	Present  int    `json:"present"`
}

// Labels counts clips by how their labels lie against their frames.
type Labels struct {
	Agree   int `json:"agree"`   // one entry a frame
	Shifted int `json:"shifted"` // one more, of which the first is empty and dropped
	Missing int `json:"missing"` // fewer entries than frames
	Surplus int `json:"surplus"` // more entries than frames, but for those shifted
	None    int `json:"none"`    // without a file of labels
	// Unlabelled counts the frames of which nothing is known.
	Unlabelled int `json:"unlabelled_frames"`
}

// Nearest says how often the clip with the most similar backdrop is of the same class, by
// which a class can be told without a look at the target.
type Nearest struct {
	Clips  int `json:"clips"`
	Right  int `json:"right"`   // where any other clip may be the nearest
	Unseen int `json:"unseen"`  // where only clips of other scenes may
	Common int `json:"largest"` // clips of the largest class: what is right by always naming it
}

// Scene is a set of clips that show the same scene.
type Scene struct {
	Clips   []string `json:"clips"` // the first of them
	Count   int      `json:"count"`
	Classes []string `json:"classes"`
}

// Overlap says which clips of a part that was looked at show scenes of another part.
type Overlap struct {
	Part   string   `json:"part"`
	With   string   `json:"with"`
	Clips  int      `json:"clips"`  // of Part that do
	Of     int      `json:"of"`     // clips of Part
	Listed []Shared `json:"listed"` // the first of them
}

// Shared is a clip that shows a scene which a clip of another part shows.
type Shared struct {
	Clip string `json:"clip"`
	With string `json:"with"` // the first such clip
}

// Clip is one clip.
type Clip struct {
	Source    string   `json:"source"`
	Label     string   `json:"label"`
	Scene     int      `json:"scene"` // numbered from 1 in the order of their first clips
	Examples  int      `json:"examples"`
	Width     int      `json:"width"`
	Height    int      `json:"height"`
	Frames    int      `json:"frames"`
	Entries   int      `json:"entries"` // of the file of labels
	Shift     int      `json:"shift"`   // entries before that of the first frame
	Labelled  int      `json:"labelled"`
	Present   int      `json:"present"`
	Unchanged float64  `json:"unchanged"` // share
	Level     float64  `json:"level"`
	Contrast  float64  `json:"contrast"`
	Sharpness float64  `json:"sharpness"`
	Warnings  []string `json:"warnings"`
}

// Unused is a clip that gave no example.
type Unused struct {
	Source string `json:"source"`
	Why    string `json:"why"`
}
