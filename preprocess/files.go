package preprocess

import (
	"bytes"
	"embed"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// The files of a package that say how images are prepared, beside the test images and their
// tensors in Folder.
const (
	RuleFile     = "preprocessing.json"
	PageFile     = "PREPROCESSING.md"
	PythonClient = "preprocess.py"
	GoClient     = "preprocess.go"
	Folder       = "preprocessing"
)

// The folders below Folder.
const (
	imageFolder  = Folder + "/images"
	tensorFolder = Folder + "/tensors"
)

// maxTensorBytes is the longest tensor of a test image that a package has whole; of longer
// ones it has the digest.
const maxTensorBytes = 1 << 16

//go:embed images
var images embed.FS

//go:embed preprocess.py
var pythonClient []byte

//go:embed postprocess.py
var followingClient []byte

//go:embed client/main.go
var goClient []byte

// File is a file of a package.
type File struct {
	Name    string // with slashes, seen from the folder of the package
	Content []byte
}

// FollowingClient is the client in Python that follows targets in folders of frames, by
// postprocessing.json. It uses the client for images.
func FollowingClient() []byte { return bytes.Clone(followingClient) }

// New is the content of preprocessing.json for a model whose input is made by the given
// rule. It prepares the test images.
func New(rule imaging.Rule) (*Preprocessing, error) {
	p, _, err := prepare(rule)
	return p, err
}

// Files are the files that a package of a model with the given rule has, in the order of
// their names. They depend on the rule alone.
func Files(rule imaging.Rule) ([]File, error) {
	p, files, err := prepare(rule)
	if err != nil {
		return nil, err
	}
	text, err := fileio.MarshalJSON(p)
	if err != nil {
		return nil, err
	}
	page, err := p.page()
	if err != nil {
		return nil, err
	}
	files = append(files, File{RuleFile, text}, File{PageFile, page}, File{PythonClient, pythonClient}, File{GoClient, goClient})
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return files, nil
}

// prepare makes the rule with its tests, and the files of those.
func prepare(rule imaging.Rule) (*Preprocessing, []File, error) {
	p := newRule(rule)
	if err := p.check(); err != nil {
		return nil, nil, err
	}
	entries, err := images.ReadDir("images")
	if err != nil {
		return nil, nil, err
	}
	var files []File
	for _, entry := range entries { // in the order of their names
		made, err := p.addTest(entry.Name())
		if err != nil {
			return nil, nil, err
		}
		files = append(files, made...)
	}
	return p, files, nil
}

// newRule is a rule without tests. What older records leave out is named.
func newRule(rule imaging.Rule) *Preprocessing {
	p := &Preprocessing{
		Schema:  Schema,
		Input:   Input{inputName, inputType, rule.Height, rule.Width, rule.Channels},
		Decoder: imaging.DecoderRules,
		Alpha:   string(rule.Decoder().Alpha),
		Resize:  Resize{rule.Mode, string(filterOf(rule)), rule.CropFraction},
		Frames:  rule.Frames,
	}
	if rule.Levels != nil {
		p.Levels = &Levels{rule.Levels.Low, rule.Levels.High}
	}
	return p
}

func filterOf(rule imaging.Rule) imaging.Filter {
	if rule.Filter == "" {
		return imaging.Triangle
	}
	return rule.Filter
}

// addTest enters a test image and returns its files.
func (p *Preprocessing) addTest(name string) ([]File, error) {
	content, err := images.ReadFile(path.Join("images", name))
	if err != nil {
		return nil, err
	}
	pixels, err := p.join(p.repeated(name), func(_ int, d imaging.Decoder) (imaging.Image, error) {
		return d.Decode(bytes.NewReader(content))
	})
	if err != nil {
		return nil, fmt.Errorf("test image %s: %w", name, err)
	}
	test := Test{Image: path.Join(imageFolder, name), ImageSHA256: fileio.SHA256Of(content), TensorSHA256: fileio.SHA256Of(pixels)}
	files := []File{{test.Image, content}}
	if len(pixels) <= maxTensorBytes {
		test.Tensor = path.Join(tensorFolder, strings.TrimSuffix(name, path.Ext(name))+".bin")
		files = append(files, File{test.Tensor, pixels})
	}
	p.Tests = append(p.Tests, test)
	return files, nil
}
