package dataset

import (
	"slices"

	"github.com/blocktrain/blocktrain/internal/clips"
)

// Entries are what the labels of the clip say of each of its frames, with boxes inside the
// frame; nil where it has no labels. It is called by one goroutine at a time for a clip.
func (c *Clip) Entries() ([]clips.Entry, error) {
	labels := c.labels()
	if labels == nil {
		return nil, nil
	}
	if _, err := labels.Fit(c.Width, c.Height); err != nil { // not yet, where the clip was in the cache
		return nil, err
	}
	lies := labels.Align(c.Frames)
	entries := make([]clips.Entry, c.Frames)
	for frame := range entries {
		entries[frame] = labels.Entry(lies, frame)
	}
	return entries, nil
}

// Labelled says whether the clip has labels, which examples that are whole frames need not have.
func (c *Clip) Labelled() bool { return c.labels() != nil }

func (c *Clip) labels() *clips.Labels {
	at := slices.IndexFunc(c.of.list, func(f *foundClip) bool { return &f.Clip == c })
	return c.of.list[at].labels
}
