package dataset

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// folderSource reads a folder of images with a subfolder per class:
//
//	DIR/<class>/**.{png,jpg,jpeg,gif}
//
// or one that is divided already, whose test (and validation) part is kept:
//
//	DIR/train/<class>/**  DIR/test/<class>/**  [DIR/val/<class>/**, or valid or validation]
//
// Folders below a class folder belong to the class. Examples are in bytewise
// order of their paths, classes in bytewise order of their names. Hidden files
// and folders are ignored; files with other endings are skipped, and counted by
// these in the log.
type folderSource struct {
	group   string
	decoder imaging.Decoder
}

func newFolder(o *config.Options) (Source, error) {
	s := &folderSource{}
	o.String(&s.group, "group", noGrouping,
		"images that stay in one part: none, folder (below the class folder), or prefix:SEP (file name up to the last SEP)",
		checkGrouping)
	return s, nil
}

// WithDecoder implements Decoding.
func (s *folderSource) WithDecoder(d imaging.Decoder) Source {
	other := *s
	other.decoder = d
	return &other
}

// The ways of grouping. A group is the same recording in whatever class folder
// its images lie: "prefix:_" puts bird/clip7_0001.png and drone/clip7_0950.png
// into the group "clip7".
const (
	groupByFolder = "folder"
	groupByPrefix = "prefix:"
)

func checkGrouping(group string) error {
	separator, byPrefix := strings.CutPrefix(group, groupByPrefix)
	if group == noGrouping || group == groupByFolder || byPrefix && separator != "" {
		return nil
	}
	return errors.New("want none, folder or prefix:SEP, as in prefix:_")
}

// groupOf is the group of an image whose path below its class folder is name.
// An image that has no separator, or lies in no further folder, is its own.
func (s *folderSource) groupOf(name string) string {
	if s.group == groupByFolder {
		return strings.TrimPrefix(path.Dir(name), ".")
	}
	separator, byPrefix := strings.CutPrefix(s.group, groupByPrefix)
	base := strings.TrimSuffix(path.Base(name), path.Ext(name))
	if at := strings.LastIndex(base, separator); byPrefix && at > 0 {
		return base[:at]
	}
	return ""
}

// Open implements Source.
func (s *folderSource) Open(ctx context.Context, dir string, mode Mode) (Dataset, error) {
	t, err := readTree(ctx, dir)
	if err != nil {
		return nil, &Error{"folder", err}
	}
	for i := range t.files {
		f := &t.files[i]
		f.info.Label, _ = slices.BinarySearch(t.classes, f.class)
		f.info.Group = s.groupOf(f.name)
	}
	if err = checkExamples(t.classes, t); err != nil {
		return nil, config.Usage(&Error{"folder " + dir, err})
	}
	d, err := newSetInMode(ctx, mode, t.classes, t, s.group, func(i int, _ []uint8) (imaging.Image, error) {
		return s.decoder.DecodeFile(t.Path(i))
	})
	if err != nil {
		return nil, &Error{"folder " + dir, err}
	}
	return d, nil
}

// tree is what a folder of images holds. It describes its files as examples.
type tree struct {
	root    string
	classes []string   // sorted
	files   []treeFile // sorted by path
	skipped skipped
}

// skipped counts the files that are no examples.
type skipped struct {
	loose  int             // images that lie in no class folder
	videos int             // of which one is clip
	clip   string          // path from the root
	others imaging.Endings // neither images nor videos, by their names
}

// add counts the file at path, whose place is in no class folder if it is loose.
func (s *skipped) add(path string, loose bool) {
	switch {
	case loose && imaging.IsFileName(path):
		s.loose++
	case isVideo(path):
		s.videos, s.clip = s.videos+1, path
	default:
		s.others.Add(path)
	}
}

// isVideo says whether a file is a video by the end of its name.
func isVideo(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv":
		return true
	}
	return false
}

// framesFirst says what to do with video files.
const framesFirst = "take their frames out first, as with ffmpeg -i CLIP.mp4 -vf fps=2 <class>/CLIP_%05d.png, and keep those of a clip together by --dataset-options group=prefix:_"

// tell warns of what was skipped.
func (s *skipped) tell(ctx context.Context, dir string) {
	if s.loose > 0 {
		slog.WarnContext(ctx, "skipped images that lie in no class folder", "folder", dir, "files", s.loose)
	}
	if s.videos > 0 {
		slog.WarnContext(ctx, "skipped video files, which are not read yet: "+framesFirst, "folder", dir, "files", s.videos, "one", s.clip)
	}
	if n := s.others.Total(); n > 0 {
		slog.WarnContext(ctx, "skipped files that are not named as PNG, JPEG or GIF images", "folder", dir, "files", n, "endings", s.others.String())
	}
}

// noImages says why a folder has no examples, which is no failure but a mistake in
// what was asked for.
func (s *skipped) noImages(dir string) error {
	switch {
	case s.loose > 0:
		return config.Usagef("the images lie directly in %s, and not in a folder for each class: if that is the folder of one class, give the folder above it, --data-dir %s",
			dir, filepath.Join(dir, ".."))
	case s.videos > 0:
		return config.Usagef("%s has no images but videos, such as %s, which are not read yet: %s", dir, filepath.FromSlash(s.clip), framesFirst)
	}
	found := ""
	if n := s.others.Total(); n > 0 {
		found = fmt.Sprintf(" (of other files it has %d: %s)", n, &s.others)
	}
	return &NotFoundError{fmt.Errorf("%s has no images: want PNG, JPEG or GIF files in %s%s",
		dir, filepath.Join(dir, "<class>")+string(filepath.Separator), found)}
}

type treeFile struct {
	path  string // from the root, with slashes
	name  string // from the class folder, with slashes
	class string
	info  Info
}

func (t *tree) Len() int            { return len(t.files) }
func (t *tree) Info(i int) Info     { return t.files[i].info }
func (t *tree) Source(i int) string { return t.files[i].path }

// Path implements inFiles.
func (t *tree) Path(i int) string { return filepath.Join(t.root, filepath.FromSlash(t.files[i].path)) }

// readTree lists the images below dir.
func readTree(ctx context.Context, dir string) (*tree, error) {
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return nil, config.Usagef("%s is a file: want a folder with a subfolder of images for each class", dir)
	}
	top, _, err := list(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, &NotFoundError{fmt.Errorf("%s does not exist: want a folder with a subfolder of images for each class", dir)}
	}
	if err != nil {
		return nil, err
	}
	parts, err := partFolders(top)
	if err != nil {
		return nil, config.Usagef("%s: %w", dir, err)
	}
	t := &tree{root: dir}
	for _, part := range parts {
		if err := t.addPart(part); err != nil {
			return nil, err
		}
	}
	if len(t.files) == 0 {
		return nil, t.skipped.noImages(dir)
	}
	t.skipped.tell(ctx, dir)
	slices.SortFunc(t.files, func(a, b treeFile) int { return strings.Compare(a.path, b.path) })
	slices.Sort(t.classes)
	t.classes = slices.Compact(t.classes)
	return t, nil
}

// partFolder is a folder of class folders.
type partFolder struct {
	path string // from the root; "" is the root
	part Part
}

// partFolders recognises a folder that is divided already by the names of its
// subfolders.
func partFolders(names []string) ([]partFolder, error) {
	known := map[string]Part{
		"train": PartTrain, "val": PartValidation, "valid": PartValidation, "validation": PartValidation, "test": PartTest,
	}
	var parts []partFolder
	taken := map[Part]string{}
	for _, name := range names {
		part, ok := known[name]
		if !ok {
			continue
		}
		if taken[part] != "" {
			return nil, fmt.Errorf("has both %s and %s: keep one", taken[part], name)
		}
		taken[part] = name
		parts = append(parts, partFolder{name, part})
	}
	switch {
	case len(parts) > 0 && len(parts) == len(names) && taken[PartTrain] == "":
		return nil, fmt.Errorf("has %s but no train folder", strings.Join(names, " and "))
	case taken[PartTrain] == "" || len(parts) == 1 && len(names) > 1:
		return []partFolder{{"", PartNone}}, nil // train may be a class, beside car and bus
	case len(parts) < len(names):
		return nil, fmt.Errorf("has the parts of a divided dataset and other folders side by side (%s): want one or the other",
			strings.Join(names, ", "))
	}
	return parts, nil
}

// addPart adds the images of all class folders of a part.
func (t *tree) addPart(p partFolder) error {
	classes, stray, err := list(filepath.Join(t.root, p.path))
	if err != nil {
		return err
	}
	for _, name := range stray {
		t.skipped.add(path.Join(p.path, name), true)
	}
	for _, class := range classes {
		t.classes = append(t.classes, class)
		if err := t.addFiles(treeFile{path: path.Join(p.path, class), class: class, info: Info{Part: p.part}}, maxDepth); err != nil {
			return err
		}
	}
	return nil
}

// maxDepth bounds the folders below a class folder, against links that lead
// back up.
const maxDepth = 16

// addFiles adds the images in the folder at and below it.
func (t *tree) addFiles(at treeFile, depth int) error {
	folder := filepath.Join(t.root, filepath.FromSlash(at.path))
	if depth == 0 {
		return config.Usagef("%s: folders more than %d deep: is there a link that leads back up?", folder, maxDepth)
	}
	folders, files, err := list(folder)
	if err != nil {
		return err
	}
	for _, name := range files {
		if !imaging.IsFileName(name) {
			t.skipped.add(path.Join(at.path, name), false)
			continue
		}
		t.files = append(t.files, at.below(name))
	}
	for _, name := range folders {
		if err := t.addFiles(at.below(name), depth-1); err != nil {
			return err
		}
	}
	return nil
}

func (f treeFile) below(name string) treeFile {
	f.path, f.name = path.Join(f.path, name), path.Join(f.name, name)
	return f
}

// list returns the names in a folder, hidden ones left out and links followed.
func list(folder string) (folders, files []string, err error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, nil, err
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		info, err := os.Stat(filepath.Join(folder, entry.Name()))
		switch {
		case err != nil:
			return nil, nil, err
		case info.IsDir():
			folders = append(folders, entry.Name())
		default:
			files = append(files, entry.Name())
		}
	}
	return folders, files, nil
}
