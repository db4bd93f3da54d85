package layout

import (
	"fmt"
	"regexp"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// The names of the files and folders of a package. Whatever has another name is refused
// before anything is read.

// NoticeFile is what a package says of the weights of others that its training began with.
const NoticeFile = "NOTICE.txt"

const (
	ofNetwork  = `(networks/[a-z0-9]+/)?`
	repository = ofNetwork + `model-repository/[A-Za-z0-9][A-Za-z0-9._-]*`
	ofFold     = `networks/decision/(track)?folds/[0-9]+/`
	features   = `networks/decision/features\.json`
	evaluation = `evaluation/[a-z0-9._-]+\.(json|csv)`
	reference  = `evaluation/reference\.safetensors`
	plot       = `plots/[a-z0-9-]+\.(json|svg|png)`
)

// folderName is what a folder of a package is called.
var folderName = whole(`evaluation|plots|preprocessing(/images|/tensors)?|networks(/[a-z0-9]+)?|networks/decision/(track)?folds(/[0-9]+)?|` + ofNetwork + `model-repository|` + repository + `(/1)?`)

// recordedName is what a file is called whose digest the record has.
var recordedName = whole(`run\.env|(split|duplicates|sensor|release|onnx-agreement)\.json|` + ofNetwork + `history\.jsonl|` + ofFold + `history\.jsonl|` + features + `|` + evaluation + `|` + reference + `|` + plot)

// IsRecordedName says whether the record of a run may list a file of that name.
func IsRecordedName(name string) bool { return recordedName.MatchString(name) }

// A kind of file of a package has the names that a pattern matches, and at most so many
// MiB; 0 is as many as the package has.
type kindOfFile struct {
	names *regexp.Regexp
	mib   int64
}

// packageFiles are the files of a package. What is read as a whole is bounded so that
// its contents fit into memory.
var packageFiles = []kindOfFile{
	{whole(`SHA256SUMS|run\.env`), 4},
	{whole(`run\.json|(release|onnx-agreement)\.json|MODEL_CARD\.md|NOTICE\.txt`), 16},
	{whole(features + `|sensor\.json|(pre|post)processing\.json|smoke\.json|PREPROCESSING\.md|preprocess\.(py|go)|postprocess\.py|preprocessing/(images|tensors)/[0-9a-z.-]+`), 1},
	{whole(`(split|duplicates)\.json|` + ofNetwork + `history\.jsonl|` + ofFold + `history\.jsonl|` + evaluation + `|` + plot), 48},
	{whole(repository + `/(config\.pbtxt|labels\.txt)`), 16},
	{whole(ofNetwork + `weights\.safetensors|` + reference + `|` + repository + `/1/model\.onnx`), 0},
}

func whole(pattern string) *regexp.Regexp { return regexp.MustCompile(`^(` + pattern + `)$`) }

// Admit is fileio.Limits.Admit for packages.
func Admit(path string, folder bool, size int64) error {
	if folder {
		if !folderName.MatchString(path) {
			return fileio.ErrForeign
		}
		return nil
	}
	for _, k := range packageFiles {
		switch {
		case !k.names.MatchString(path):
			continue
		case k.mib > 0 && size > k.mib<<20:
			return fmt.Errorf("%d bytes: no package has one of more than %d MiB", size, k.mib)
		}
		return nil
	}
	return fileio.ErrForeign
}
