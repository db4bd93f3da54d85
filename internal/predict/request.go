package predict

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/video"
)

// check finds out early what is missing, and puts the names of files in the place of patterns.
func (r *Request) check() error {
	var inputs []string
	for _, input := range r.Inputs {
		names, err := expand(input)
		if err != nil {
			return err
		}
		inputs = append(inputs, names...)
	}
	r.Inputs = inputs
	if r.Weights != "" && !fileio.Exists(r.Weights) {
		return config.Usagef("--weights %s does not exist", r.Weights)
	}
	return CheckAnnotate(r.Annotate)
}

// expand returns the inputs that an argument stands for: several where it is a pattern and no
// name of a file.
func expand(input string) ([]string, error) {
	switch {
	case input == "":
		return nil, config.Usagef("the name of an image is empty")
	case input == "-" || video.IsAddress(input) || fileio.Exists(input):
		return []string{input}, nil
	case !strings.ContainsAny(input, "*?["):
		return nil, config.Usagef("%s does not exist", input)
	}
	names, err := filepath.Glob(input)
	if err != nil {
		return nil, config.Usagef("%s is no pattern for names: %w", input, err)
	}
	if len(names) == 0 {
		return nil, config.Usagef("%s does not exist, and no file or folder has a name of that pattern", input)
	}
	slices.Sort(names)
	return names, nil
}

// CheckAnnotate refuses a folder for annotated pictures that holds something, so that nothing is
// overwritten. Pictures and videos that a killed process left half written are removed.
func CheckAnnotate(folder string) error {
	if folder == "" {
		return nil
	}
	_ = fileio.RemoveLeftoversOf(folder, ofNames.MatchString) // what is not removed is refused
	entries, err := os.ReadDir(folder)
	switch {
	case os.IsNotExist(err):
		return nil
	case err != nil:
		return config.Usagef("--annotate %s: want a folder: %w", folder, err)
	case len(entries) > 0:
		return config.Usagef("--annotate %s holds files already, such as %s: want a new or empty folder", folder, entries[0].Name())
	}
	return nil
}
