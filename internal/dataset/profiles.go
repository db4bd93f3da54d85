package dataset

import (
	"cmp"
	"slices"
	"sync"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// ProfiledFile is an image file with a colour profile other than sRGB. Its values are taken
// as they are.
type ProfiledFile struct {
	File    string // its [Dataset.Source]
	Profile string // name of the profile

	index int
}

// ProfiledFiles lists the images of d with such profiles, in their order. Only those count
// that were decoded when d was opened.
func ProfiledFiles(d Dataset) []ProfiledFile {
	if s, is := d.(*set); is {
		return s.profiled.sorted()
	}
	return nil
}

// profileNotes collects such files while images are read in parallel.
type profileNotes struct {
	mu    sync.Mutex
	files []ProfiledFile
}

// add notes example i, if its image has such a profile.
func (n *profileNotes) add(of examples, i int, img imaging.Image) {
	if img.Profile == "" {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.files = append(n.files, ProfiledFile{of.Source(i), img.Profile, i})
}

func (n *profileNotes) sorted() []ProfiledFile {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.SortedFunc(slices.Values(n.files), func(a, b ProfiledFile) int { return cmp.Compare(a.index, b.index) })
}
