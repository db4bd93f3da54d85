package dataset

import (
	"strings"
	"sync"
)

// ProfiledFile is an image file with a colour profile other than sRGB. Its values are taken
// as they are.
type ProfiledFile struct {
	File    string // its [Dataset.Source]
	Profile string // name of the profile
}

// ProfiledFiles lists the images of d with such profiles, in their order.
func ProfiledFiles(d Dataset) []ProfiledFile {
	s, is := d.(*set)
	if !is || len(s.profiled.names) == 0 {
		return nil
	}
	var files []ProfiledFile
	for i := range s.Len() {
		before := i // files were left out
		if s.left != nil {
			before = s.left[i]
		}
		if name := s.profiled.names[before]; name != "" {
			files = append(files, ProfiledFile{s.Source(i), name})
		}
	}
	return files
}

// profileNotes collects such files while images are read in parallel.
type profileNotes struct {
	mu    sync.Mutex
	names map[int]string // of the profiles, by example; nil: none
}

// longestProfile bounds the bytes of a profile's name, which may be anybody's.
const longestProfile = 100

// add notes that the image of example i has a profile of that name, empty where it has none.
func (n *profileNotes) add(i int, name string) {
	if name == "" {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.names == nil {
		n.names = map[int]string{}
	}
	n.names[i] = strings.ToValidUTF8(name[:min(len(name), longestProfile)], "")
}
