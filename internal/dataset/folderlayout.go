package dataset

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/listing"
)

// What the folders at the top of a folder of images are.

// The values of the option layout.
const (
	layoutAuto    = "auto"
	layoutClasses = "classes"
	layoutParts   = "parts"
)

// partNames are what people call the folders of parts, in lower case.
var partNames = map[string]Part{
	"train": PartTrain, "training": PartTrain, "trainset": PartTrain,
	"val": PartValidation, "valid": PartValidation, "validation": PartValidation, "dev": PartValidation,
	"test": PartTest, "testing": PartTest, "testset": PartTest,
}

// partFolder is a folder of class folders, or one that is a class folder itself.
type partFolder struct {
	folder *listing.Folder
	path   string // from the root; "" is the root
	part   Part
}

// partsOf finds the parts that a folder is divided into already. Where it is not, the one
// part is the folder itself.
func (s *folderSource) partsOf(top *listing.Folder) ([]partFolder, error) {
	whole := []partFolder{{top, "", PartNone}}
	if s.layout == layoutClasses || len(top.Folders) == 0 {
		return whole, nil
	}
	if s.files.before() {
		return partsBefore(top)
	}
	n := nameParts(top)
	switch {
	case s.layout == layoutParts, n.others == 0:
		return n.parts, n.check()
	case n.taken[PartTrain] != "" && len(n.taken) > 1 && !s.files.Recorded: // train alone may be a class, beside car and bus
		return nil, fmt.Errorf("has the parts of a divided dataset and other folders side by side (%s): want one or the other, or say what they are: --dataset-options layout=classes takes each for a class, layout=parts the others for images to be divided",
			top.Describe())
	case s.asks():
		if a, b := sameFolders(top); a != nil {
			return nil, question(a, b)
		}
		if part, classes := partAmongClasses(top); part != nil {
			return nil, fmt.Errorf("%s holds folders of the same names as those beside it (%s): if it is a part of the data, move those that lie beside it into a folder for their part, such as train; if it is a class, give --dataset-options layout=classes",
				part.Name, listing.Some(classes))
		}
	}
	return whole, nil
}

// asks says whether folders that could be either are asked about. What a record has read
// is read so again, and grouping by folder says that folders below classes are groups.
func (s *folderSource) asks() bool {
	return s.class == byFolder && s.group != byFolder && !s.files.Recorded
}

// named are the folders at the top, taken for parts. Those of other names are images that
// the split divides.
type named struct {
	parts  []partFolder
	taken  map[Part]string // the name that a part has
	others int             // folders of other names
	twice  string          // a folder whose part has another name too
}

func nameParts(top *listing.Folder) named {
	n := named{taken: map[Part]string{}}
	for _, folder := range top.Folders {
		part := partNames[strings.ToLower(folder.Name)]
		switch {
		case part == PartNone:
			n.others++
		case n.taken[part] != "":
			n.twice = folder.Name
		default:
			n.taken[part] = folder.Name
		}
		n.parts = append(n.parts, partFolder{folder, folder.Name, part})
	}
	return n
}

// check refuses two folders for one part, and parts of which none is to be trained with.
func (n named) check() error {
	const orClasses = "or say that they are classes by --dataset-options layout=classes"
	if n.twice != "" {
		return fmt.Errorf("has both %s and %s, which name the same part: keep one, %s", n.taken[partNames[strings.ToLower(n.twice)]], n.twice, orClasses)
	}
	if n.taken[PartTrain] != "" || n.others > 0 {
		return nil
	}
	return fmt.Errorf("has %s but no train folder: add one, %s", pathsOf(n.parts), orClasses)
}

// sameFolders finds two folders that hold folders of the same names, two at least, and no
// images beside these: they may be parts, and what is in them classes.
func sameFolders(top *listing.Folder) (a, b *listing.Folder) {
	holders := map[string][]int{} // of a folder of that name
	for i, folder := range top.Folders {
		if len(folder.Images) > 0 {
			continue
		}
		common := map[int]int{}
		for _, inside := range folder.Folders {
			for _, other := range holders[inside.Name] {
				if common[other]++; common[other] == 2 {
					return top.Folders[other], folder
				}
			}
		}
		for _, inside := range folder.Folders {
			holders[inside.Name] = append(holders[inside.Name], i)
		}
	}
	return nil, nil
}

// partAmongClasses finds a folder with the name of a part in which there are folders of the
// same names as beside it.
func partAmongClasses(top *listing.Folder) (part *listing.Folder, classes []string) {
	beside := map[string]bool{}
	for _, folder := range top.Folders {
		beside[folder.Name] = true
	}
	for _, folder := range top.Folders {
		if partNames[strings.ToLower(folder.Name)] == PartNone {
			continue
		}
		for _, inside := range folder.Folders {
			if beside[inside.Name] {
				classes = append(classes, inside.Name)
			}
		}
		if len(classes) > 0 {
			return folder, classes
		}
	}
	return nil, nil
}

// question is the error of folders that may be parts or classes.
func question(a, b *listing.Folder) error {
	return fmt.Errorf("are %s and %s classes, or parts of the data that hold the classes %s? Both have folders of these names. If they are classes, give --dataset-options layout=classes. If they are parts, rename them to train, val and test, or give --dataset-options layout=parts, which divides the images of folders with other names",
		a.Name, b.Name, b.Describe())
}

// noImages says why a folder has no examples, which is no failure but a mistake in
// what was asked for.
func (t *tree) noImages(parts []partFolder) error {
	switch s := t.skipped; {
	case t.loose > 0 && t.list() != "":
		return config.Usagef("the images of %s do not lie in a folder for each class, but there is the list %s: if that has their labels, give --dataset list --data-dir %s",
			t.root, t.list(), config.ShellWord(t.root))
	case t.loose > 0 && parts[0].path != "":
		return config.Usagef("%s is divided into %s, in which the images lie directly, and not in a folder for each class: if these folders are the classes, give --dataset-options layout=classes; if the files are named as cat.1.png is, class=prefix:.; if a list has the labels, --dataset list",
			t.root, pathsOf(parts))
	case t.loose > 0:
		return config.Usagef("the images lie directly in %s, and not in a folder for each class: if that is the folder of one class, give the folder above it, --data-dir %s; if the files are named as cat.1.png is, --dataset-options class=prefix:.; if a list has the labels, --dataset list",
			t.root, config.ShellWord(above(t.root)))
	case len(s.Unread) > 0:
		return config.Usagef("%s has no images but files in formats that are not read, such as %s (%s): convert them to PNG or JPEG",
			t.root, filepath.FromSlash(s.Unread[0]), s.Endings())
	case s.Videos > 0:
		return config.Usagef("%s has no images but videos, such as %s, which this dataset does not read: %s", t.root, filepath.FromSlash(s.Video), listing.FramesFirst)
	}
	found := ""
	if all := t.skipped.Endings(); all.Total() > 0 {
		found = fmt.Sprintf(" (of other files it has %d: %s)", all.Total(), all)
	}
	return &NotFoundError{fmt.Errorf("%s has no images: want %s files in %s%s",
		t.root, imaging.Formats, filepath.Join(t.root, "<class>")+string(filepath.Separator), found)}
}

// list is a list of Hugging Face's that the folder has, or a folder of a part in it; empty
// where there is none that the dataset list would read.
func (t *tree) list() string {
	lists, err := findLists(t.root)
	if err != nil {
		return ""
	}
	return lists[0].path
}

func pathsOf(parts []partFolder) string {
	var names []string
	for _, p := range parts {
		names = append(names, p.path)
	}
	return strings.Join(names, " and ")
}

// above is the folder that holds the folders of classes if dir is one of these: the one
// above it, or where that is a part, the one above the part.
func above(dir string) string {
	parent := filepath.Join(dir, "..")
	if whole, _ := dividedAbove(parent); whole != "" {
		return filepath.Clean(whole)
	}
	return parent
}

// checkDepth refuses a folder whose one folder holds the classes, or the parts, and says
// which one to give.
func (t *tree) checkDepth(top *listing.Folder) error {
	if len(t.classes) != 1 || len(top.Folders) != 1 {
		return nil
	}
	at, path := top, t.root
	for len(at.Folders) == 1 && len(at.Images) == 0 {
		at = at.Folders[0]
		path = filepath.Join(path, at.Name)
	}
	if len(at.Folders) < 2 {
		return nil // one class
	}
	return config.Usagef("%s holds a single folder, and not one for each class: the folders %s lie deeper: give the folder that they are in, --data-dir %s",
		t.root, at.Describe(), config.ShellWord(path))
}
