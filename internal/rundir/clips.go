package rundir

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/dataset"
)

// ClipNote is a clip that examples of a dataset were taken from.
type ClipNote struct {
	File   string `json:"file" schema:"2"`                    // from the folder of the data
	Part   string `json:"official_part,omitempty" schema:"2"` // "train", "validation" or "test", where the clip came in one
	Frames int    `json:"frames" schema:"2"`                  // that it has
	SHA256 string `json:"planes_sha256" schema:"2"`           // of its frames as they were stored
	Scene  string `json:"scene" schema:"2"`                   // file of the first clip that shows the same scene
}

// noteClips lists the clips of a dataset.
func noteClips(d dataset.Dataset) []ClipNote {
	var notes []ClipNote
	for _, c := range dataset.Clips(d) {
		note := ClipNote{File: strings.ToValidUTF8(c.Source, "\uFFFD"), Frames: c.Frames, SHA256: c.Digest, Scene: strings.ToValidUTF8(c.Scene, "\uFFFD")}
		if c.Part != dataset.PartNone {
			note.Part = c.Part.String()
		}
		notes = append(notes, note)
	}
	return notes
}

// ClipDecoders lists what decoded the clips of datasets, in order.
func ClipDecoders(members []dataset.Dataset) []string {
	var names []string
	for _, d := range members {
		for _, c := range dataset.Clips(d) {
			if c.Decoder != "" && !slices.Contains(names, c.Decoder) {
				names = append(names, c.Decoder)
			}
		}
	}
	slices.Sort(names)
	return names
}

// SharedScenes counts, of the clips of a dataset, those of an official part, and those of them
// that show a scene of the training part.
func SharedScenes(all []ClipNote, part dataset.Part) (shared, clips int) {
	trained := map[string]bool{}
	for _, c := range all {
		if c.Part == "" || c.Part == dataset.PartTrain.String() {
			trained[c.Scene] = true
		}
	}
	for _, c := range all {
		if c.Part == part.String() {
			clips++
			if trained[c.Scene] {
				shared++
			}
		}
	}
	return shared, clips
}

// checkClips refuses notes of clips that cannot be.
func checkClips(all []ClipNote) error {
	for at, c := range all {
		known := slices.ContainsFunc(dataset.Parts(), func(p dataset.Part) bool { return p.String() == c.Part })
		switch {
		case c.Part != "" && !known:
			return fmt.Errorf("clips[%d].official_part: it is %.40q, want train, validation or test", at, c.Part)
		case c.Frames < 1:
			return fmt.Errorf("clips[%d].frames: it is %d, which cannot be", at, c.Frames)
		}
	}
	return nil
}
