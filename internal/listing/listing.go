// Package listing finds the image files below a folder, by the same rules wherever the
// program takes a folder of images.
package listing

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// Tree is what a folder holds.
type Tree struct {
	*Folder
	Root    string // the path that was given
	Skipped Skipped
}

// Folder is a folder of a tree, without what is left out.
type Folder struct {
	Name    string    // "" of the root
	Folders []*Folder // in bytewise order of their names
	Images  []string  // names of files that are images by their endings, in bytewise order
	Videos  []string  // likewise those of videos

	files int // all that are not left out, images or not
	runs  int // folders left out, since they are runs of this program
}

// All yields the images with their slash-separated paths from the folder. Files and
// folders come in the bytewise order of their names.
func (f *Folder) All() iter.Seq[string] {
	return func(yield func(string) bool) { f.each("", yield) }
}

func (f *Folder) each(below string, yield func(string) bool) bool {
	images := f.Images
	for _, folder := range f.Folders {
		for len(images) > 0 && images[0] < folder.Name {
			if !yield(path.Join(below, images[0])) {
				return false
			}
			images = images[1:]
		}
		if !folder.each(path.Join(below, folder.Name), yield) {
			return false
		}
	}
	for _, name := range images {
		if !yield(path.Join(below, name)) {
			return false
		}
	}
	return true
}

// Count is the number of images in the folder and below it.
func (f *Folder) Count() int {
	n := len(f.Images)
	for _, folder := range f.Folders {
		n += folder.Count()
	}
	return n
}

// HasImages says whether there is an image in the folder or below it.
func (f *Folder) HasImages() bool {
	return len(f.Images) > 0 || slices.ContainsFunc(f.Folders, (*Folder).HasImages)
}

// Read lists what the folder root holds. Left out are hidden files and folders, those
// that systems and programs put among people's files, the run directories, packages and
// reports on data of this program, folders that hold nothing but such, and the folders in
// leaveOut, which need not exist. Links are followed. A link that leads back to a folder it lies in, one
// to a folder that is not there, and a root that is a run of this program are a
// [config.UsageError].
func Read(root string, leaveOut ...string) (*Tree, error) {
	r := &reader{}
	for _, folder := range leaveOut {
		if info, err := os.Stat(folder); err == nil {
			r.leaveOut = append(r.leaveOut, info)
		}
	}
	return read(r, root)
}

func read(r *reader, root string) (*Tree, error) {
	r.tree = &Tree{Folder: &Folder{}, Root: root}
	info, err := os.Stat(root)
	if err != nil {
		return nil, err
	}
	own, err := r.read(r.tree.Folder, "", info)
	if err == nil && own {
		err = config.Usagef("%s is a run directory, a package or a report of this program, whose files are no data: want a folder of images", root)
	}
	if err != nil {
		return nil, err
	}
	return r.tree, nil
}

// maxDepth bounds the folders that lie in each other.
const maxDepth = 64

// maxLinks bounds the folders that are reached by links: some links that lead to folders of
// links give more folders than can be read.
const maxLinks = 100_000

// reader reads a tree.
type reader struct {
	tree     *Tree
	before   bool // by the rules of version 2 of the contract
	leaveOut []os.FileInfo
	links    int        // to folders, that were followed
	above    []ancestor // of the folder that is being read, the root first
}

type ancestor struct {
	path string
	info os.FileInfo
}

func (r *reader) full(name string) string {
	return filepath.Join(r.tree.Root, filepath.FromSlash(name))
}

// read fills the folder at the slash-separated path at, whose description is info. It
// returns true, and fills nothing, where the folder is a run of this program.
func (r *reader) read(f *Folder, at string, info os.FileInfo) (own bool, err error) {
	if err := r.checkAbove(at, info); err != nil {
		return false, err
	}
	entries, err := readDir(r.full(at))
	if err != nil {
		return false, err
	}
	if !r.before && slices.ContainsFunc(entries, func(e entry) bool { return isOwn(r.full(at), e.name) }) {
		return true, nil
	}
	r.above = append(r.above, ancestor{r.full(at), info})
	for _, e := range entries {
		if r.isLeftOut(e.name) {
			continue
		}
		if err := r.add(f, at, e); err != nil {
			return false, err
		}
	}
	r.above = r.above[:len(r.above)-1]
	return false, nil
}

// entry is what a folder holds. There may be a million.
type entry struct {
	name string
	link bool
	file bool // neither a folder nor a link, which may lead to one
}

// readDir lists a folder in bytewise order, as os.ReadDir does, in a third of the memory.
func readDir(dir string) ([]entry, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var entries []entry
	for {
		some, err := f.ReadDir(1024)
		for _, e := range some {
			link := e.Type()&fs.ModeSymlink != 0
			entries = append(entries, entry{e.Name(), link, !link && !e.IsDir()})
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return entries, nil
}

// add adds an entry of f, which lies at the path above.
func (r *reader) add(f *Folder, above string, e entry) error {
	if e.file { // saves a call for each
		r.addFile(f, above, e.name)
		return nil
	}
	at := path.Join(above, e.name)
	info, err := os.Stat(r.full(at))
	switch {
	case err == nil && info.IsDir():
		if e.link {
			if r.links++; r.links > maxLinks {
				return config.Usagef("%s: more than %d folders are reached by links, some of them again and again: remove links", r.full(at), maxLinks)
			}
		}
		return r.addFolder(f, at, info)
	case errors.Is(err, fs.ErrNotExist) && !imaging.IsFileName(at):
		return config.Usagef("the link %s leads to nothing that is there, and may be meant for a folder of images: mend or remove it", r.full(at))
	case err != nil && !imaging.IsFileName(at):
		return config.Usagef("the link %s cannot be followed, and may be meant for a folder of images: mend or remove it (%w)", r.full(at), err)
	}
	r.addFile(f, above, e.name) // what it is, or is not, decoding says
	return nil
}

func (r *reader) addFile(f *Folder, above, name string) {
	f.files++
	if r.before && !isImageBefore(name) {
		r.tree.Skipped.add(path.Join(above, name))
		return
	}
	if imaging.IsFileName(name) {
		f.Images = append(f.Images, name)
		return
	}
	if IsVideoName(name) {
		f.Videos = append(f.Videos, name)
	}
	r.tree.Skipped.add(path.Join(above, name))
}

func (r *reader) addFolder(f *Folder, at string, info os.FileInfo) error {
	if slices.ContainsFunc(r.leaveOut, func(other os.FileInfo) bool { return os.SameFile(info, other) }) {
		f.runs++
		return nil
	}
	folder := &Folder{Name: path.Base(at)}
	own, err := r.read(folder, at, info)
	if err != nil {
		return err
	}
	if own || folder.runs > 0 && folder.files == 0 && len(folder.Folders) == 0 {
		f.runs++
		return nil
	}
	f.Folders = append(f.Folders, folder)
	return nil
}

// checkAbove refuses a folder that lies in itself, or too deep.
func (r *reader) checkAbove(at string, info os.FileInfo) error {
	if len(r.above) > maxDepth {
		return config.Usagef("%s: folders more than %d deep: move the images higher", r.full(at), maxDepth)
	}
	for _, above := range r.above {
		if os.SameFile(info, above.info) {
			return config.Usagef("the link %s leads back up to %s, in which it lies, so that following it would never end: remove the link", r.full(at), above.path)
		}
	}
	return nil
}

// IsLeftOut says whether files and folders of that name are hidden, or made by systems
// and programs for themselves.
func IsLeftOut(name string) bool {
	if strings.HasPrefix(name, ".") {
		return true
	}
	switch strings.ToLower(name) {
	case "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r", // files
		"__macosx", "@eadir", "#recycle", "@recycle", "$recycle.bin", "recycler", "system volume information", "lost+found", "__pycache__":
		return true
	}
	return false
}

// records are files by which folders of this program are known, each with a key that is among
// the first ones of all its schemas: runs and packages, cross-validations, and reports on data.
var records = map[string]string{"run.json": `"release_version"`, "plan.json": `"folds_sha256"`, "eda.json": `"dataset_sha256"`}

// isOwn says whether the file of that name in a folder is such a record: JSON whose first keys
// are those of every schema. A damaged record is one too.
func isOwn(folder, name string) bool {
	key := records[name]
	if key == "" {
		return false
	}
	file := filepath.Join(folder, name)
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 4096)
	n, _ := f.Read(head)
	text := strings.TrimSpace(string(head[:n]))
	return strings.HasPrefix(text, "{") && strings.Contains(text, `"schema"`) && strings.Contains(text, key)
}

// Describe says in a few words what a folder holds, for errors.
func (f *Folder) Describe() string {
	names := make([]string, 0, len(f.Folders))
	for _, folder := range f.Folders {
		names = append(names, folder.Name)
	}
	return Some(names)
}

// Some lists a few names, and how many more there are.
func Some(names []string) string {
	const most = 4
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most-1], ", "), len(names)-most+1)
}
