package dataset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/listing"
)

// folderSource reads a folder of images with a subfolder per class:
//
//	DIR/<class>/**.{png,jpg,gif,webp,bmp,tif}
//
// or one that is divided already, whose test (and validation) part is kept, the parts
// being called in any case by one of the names in [partNames]:
//
//	DIR/train/<class>/**  DIR/test/<class>/**  [DIR/val/<class>/**]
//
// With class=prefix:SEP the class is in the names of the files instead. Folders below a
// class folder belong to the class. Examples are in bytewise order of their paths, classes
// in bytewise order of their names. What is an image, and what is left out, says package
// listing.
type folderSource struct {
	group, class, layout string
	decoder              imaging.Decoder
	files                FileOptions
}

func newFolder(o *config.Options) (Source, error) {
	s := &folderSource{}
	o.String(&s.group, "group", noGrouping,
		"images that stay in one part: none, folder (below the class folder), or prefix:SEP (file name up to the last SEP)",
		checkGrouping)
	o.String(&s.class, "class", byFolder,
		"what names the class of an image: folder, or prefix:SEP (file name up to the last SEP, as in prefix:. for cat.1.png)",
		checkClassOption)
	o.Later()
	o.Choice(&s.layout, "layout", layoutAuto,
		"what the folders at the top are: classes, or parts such as train and test; auto: as their names say",
		layoutAuto, layoutClasses, layoutParts)
	o.Later()
	return s, nil
}

// WithDecoder implements Decoding.
func (s *folderSource) WithDecoder(d imaging.Decoder) Source {
	other := *s
	other.decoder = d
	return &other
}

// WithFiles implements Filed.
func (s *folderSource) WithFiles(o FileOptions) Source {
	with := *s
	with.files = o
	return &with
}

// The ways of grouping, and of naming classes. A group is the same recording in whatever
// class folder its images lie: "prefix:_" puts bird/clip7_0001.png and
// drone/clip7_0950.png into the group "clip7".
const (
	byFolder = "folder"
	byPrefix = "prefix:"
)

func checkGrouping(group string) error {
	separator, prefixed := strings.CutPrefix(group, byPrefix)
	if group == noGrouping || group == byFolder || prefixed && separator != "" {
		return nil
	}
	return errors.New("want none, folder or prefix:SEP, as in prefix:_")
}

func checkClassOption(class string) error {
	separator, prefixed := strings.CutPrefix(class, byPrefix)
	if class == byFolder || prefixed && separator != "" {
		return nil
	}
	return errors.New("want folder or prefix:SEP, as in prefix:. for files such as cat.1.png")
}

// prefixOf is what stands before the last separator of a file's name without its ending;
// empty where there is none.
func prefixOf(name, separator string) string {
	base := strings.TrimSuffix(path.Base(name), path.Ext(name))
	return base[:max(0, strings.LastIndex(base, separator))]
}

// Open implements Source.
func (s *folderSource) Open(ctx context.Context, dir string, mode Mode) (Dataset, error) {
	listed, err := s.list(dir)
	if err != nil {
		return nil, &Error{"folder", err}
	}
	t, err := s.arrange(listed)
	if err != nil {
		return nil, &Error{"folder", err}
	}
	s.tell(ctx, t)
	if err = s.files.checkClasses(t.classes); err == nil {
		err = checkExamples(t.classes, t)
	}
	if err != nil {
		return nil, config.Usage(&Error{"folder " + dir, err})
	}
	how := opening{mode, s.files.Index, s.files.Foreseen, dir, s.decoder}
	d, err := newSetInMode(ctx, how, t.classes, t, s.group, func(i int, _ []uint8) (imaging.Image, error) {
		return s.decoder.DecodeFile(t.Path(i))
	})
	if err != nil {
		return nil, &Error{"folder " + dir, err}
	}
	return d, nil
}

// list reads what the folder holds.
func (s *folderSource) list(dir string) (*listing.Tree, error) {
	switch info, err := os.Stat(dir); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &NotFoundError{fmt.Errorf("%s does not exist: want a folder with a subfolder of images for each class", dir)}
	case err == nil && !info.IsDir():
		return nil, config.Usagef("%s is a file: want a folder with a subfolder of images for each class%s", dir, PlaceHint(dir))
	}
	if s.files.before() {
		return listing.ReadBefore(dir)
	}
	return listing.Read(dir, s.files.LeaveOut...)
}

// tell warns of what was skipped, and of a part that was given for the whole.
func (s *folderSource) tell(ctx context.Context, t *tree) {
	warn := func(message string, attributes ...any) { slog.WarnContext(ctx, message, attributes...) }
	if t.loose > 0 {
		warn("skipped images that lie in no class folder", "folder", t.root, "files", t.loose)
	}
	t.skipped.Tell(warn, t.root)
	if whole, others := dividedAbove(t.root); whole != "" && !s.files.Recorded {
		warn("the folder seems to be a part of a dataset that is divided already, whose parts are kept if the folder above it is given: --data-dir "+config.ShellWord(whole),
			"folder", t.root, "other_parts", strings.Join(others, ", "))
	}
}

// dividedAbove finds the folder that dir and folders of other parts lie in, if dir has the
// name of the training part and there is one with that of the test or validation part.
func dividedAbove(dir string) (whole string, others []string) {
	full, err := filepath.Abs(dir)
	if err != nil || partNames[strings.ToLower(filepath.Base(full))] != PartTrain {
		return "", nil
	}
	entries, _ := os.ReadDir(filepath.Dir(full)) // where it cannot be read, no more is known
	for _, entry := range entries {
		part := partNames[strings.ToLower(entry.Name())]
		if entry.IsDir() && (part == PartTest || part == PartValidation) {
			others = append(others, entry.Name())
		}
	}
	if len(others) == 0 {
		return "", nil
	}
	return filepath.Join(dir, ".."), others
}
