package dataset

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/listing"
)

// foundClips are the clips of a folder.
type foundClips struct {
	root    string
	classes []string // sorted, without background
	list    []*foundClip
}

// foundClip is a clip with its labels and what was cut out of it.
type foundClip struct {
	Clip
	clip   clips.Clip
	alone  bool // no other video lies in its folder
	labels *clips.Labels
	file   *clips.File
	label  int    // of its class
	group  string // of its examples
}

// arrange finds the clips in a tree.
func (s *clipsSource) arrange(listed *listing.Tree) (*foundClips, error) {
	f := &foundClips{root: listed.Root}
	layout := &folderSource{group: byFolder, class: byFolder, layout: s.layout, files: s.files} // which asks nothing, as below
	parts, err := layout.partsOf(listed.Folder)
	if err == nil && parts[0].folder == listed.Folder && s.class == byFolder && s.layout == layoutAuto && !s.files.Recorded {
		if a, b := sameFolders(withoutFrames(listed.Folder)); a != nil {
			err = question(a, b)
		}
	}
	if err != nil {
		return nil, config.Usagef("%s: %w", f.root, err)
	}
	for _, part := range parts {
		if err := f.addPart(part, s.class); err != nil {
			return nil, err
		}
	}
	if len(f.list) == 0 {
		return nil, &NotFoundError{fmt.Errorf("%s has no clips: want video files, or folders of numbered frames, in %s", f.root, filepath.Join(f.root, "<class>")+string(filepath.Separator))}
	}
	slices.SortFunc(f.list, func(a, b *foundClip) int { return strings.Compare(a.Source, b.Source) })
	slices.Sort(f.classes)
	f.classes = slices.Compact(f.classes)
	if s.backed() && slices.Contains(f.classes, BackgroundClass) {
		return nil, config.Usagef("%s has a class folder called %s, which is the name of the class that is made of places without a target: give the folder another name, or the option background=off", f.root, BackgroundClass)
	}
	for _, c := range f.list {
		c.label, _ = slices.BinarySearch(f.classes, c.Class)
	}
	return f, f.checkClassesHaveClips()
}

// withoutFrames is a folder without the clips of frames that lie in its folders: those of two
// classes may have the same names.
func withoutFrames(top *listing.Folder) *listing.Folder {
	pruned := &listing.Folder{Name: top.Name}
	for _, folder := range top.Folders {
		other := *folder
		other.Folders = slices.DeleteFunc(slices.Clone(folder.Folders), func(f *listing.Folder) bool { return len(f.Images) > 0 })
		pruned.Folders = append(pruned.Folders, &other)
	}
	return pruned
}

// addPart adds the clips of a part, which has class folders unless all are of one class.
func (f *foundClips) addPart(p partFolder, class string) error {
	if class != byFolder {
		f.classes = append(f.classes, class)
		return f.add(p, class, true)
	}
	if n := len(p.folder.Videos); n > 0 {
		return config.Usagef("%s: %d clips lie in no class folder, such as %s: move them into the folder of their class, or give class=NAME where all clips are of one class",
			filepath.Join(f.root, filepath.FromSlash(p.path)), n, p.folder.Videos[0])
	}
	for _, folder := range p.folder.Folders {
		f.classes = append(f.classes, folder.Name)
		if err := f.add(partFolder{folder, path.Join(p.path, folder.Name), p.part}, folder.Name, true); err != nil {
			return err
		}
	}
	return nil
}

// add adds the clips in a folder and below it. top says that it holds clips, and is none.
func (f *foundClips) add(p partFolder, class string, top bool) error {
	full := filepath.Join(f.root, filepath.FromSlash(p.path))
	for _, name := range p.folder.Videos {
		f.addClip(clips.Clip{Path: filepath.Join(full, name)}, path.Join(p.path, name), class, p.part, len(p.folder.Videos) == 1)
	}
	if n := len(p.folder.Images); n > 0 && top {
		return config.Usagef("%s: %d images lie directly in the folder, such as %s: want a folder of its own for the frames of each clip; for single images, --dataset folder",
			full, n, p.folder.Images[0])
	} else if n > 0 {
		frames, err := clips.FrameNames(full, p.folder.Images)
		if err != nil {
			return err
		}
		f.addClip(clips.Clip{Path: full, Frames: frames}, p.path, class, p.part, true)
	}
	for _, folder := range p.folder.Folders {
		if err := f.add(partFolder{folder, path.Join(p.path, folder.Name), p.part}, class, false); err != nil {
			return err
		}
	}
	return nil
}

func (f *foundClips) addClip(clip clips.Clip, source, class string, part Part, alone bool) {
	f.list = append(f.list, &foundClip{clip: clip, alone: alone, Clip: Clip{Source: source, Path: clip.Path, Class: class, Part: part}})
}

// checkClassesHaveClips refuses a class folder without clips.
func (f *foundClips) checkClassesHaveClips() error {
	counts := make([]int, len(f.classes))
	for _, c := range f.list {
		counts[c.label]++
	}
	if empty := absent(counts, f.classes); len(empty) > 0 {
		return config.Usagef("%s: no clip of class %s: add clips or remove the folder", f.root, strings.Join(empty, ", "))
	}
	return nil
}

// readLabels reads the labels of all clips. Those of whole frames may have none.
func (f *foundClips) readLabels(whole bool) error {
	var lacking []string
	for _, c := range f.list {
		labels, err := clips.FindLabels(c.clip, c.alone, clips.Reading{})
		if err != nil {
			return err
		}
		if c.labels = labels; labels == nil {
			lacking = append(lacking, c.Source)
		}
	}
	if len(lacking) > 0 && !whole {
		return config.Usagef("%s: %d of %d clips have no file of labels, such as %s: want a file of the same name that ends in .json beside each, of the form %s; with crop=frame a clip without labels shows its class in every frame",
			f.root, len(lacking), len(f.list), listing.Some(lacking), clips.JSONForm)
	}
	return nil
}

// sameLabels lists files that say the same of as many frames as an earlier one, and have a box.
func (f *foundClips) sameLabels() []string {
	var pairs []string
	first := map[[32]byte]*foundClip{}
	for _, c := range f.list {
		if c.labels == nil || !c.labels.HasBox() {
			continue
		}
		sum := c.labels.Sum()
		if other := first[sum]; other != nil && other.Digest != c.Digest {
			pairs = append(pairs, c.labels.File+" as "+other.labels.File)
		}
		if first[sum] == nil {
			first[sum] = c
		}
	}
	return pairs
}
