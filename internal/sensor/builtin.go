package sensor

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

//go:embed profiles/*.json
var builtin embed.FS

// Names are the profiles that the program has, sorted.
func Names() []string {
	files, _ := builtin.ReadDir("profiles") // which is there
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(file.Name(), ".json"))
	}
	return names
}

// Builtin says whether a word is the name of a profile, and not a path: it has no dot and no
// separator.
func Builtin(word string) bool { return !strings.ContainsAny(word, `./\`) }

// Load reads the profile that a word names: one of [Names], or the path of a file.
func Load(word string) (*Profile, error) {
	if !Builtin(word) {
		text, err := fileio.ReadFile(word, profileForm.MaxBytes)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("sensor profile %s: there is no such file: want one of %s, or the path of a profile that is there", word, strings.Join(Names(), ", "))
		}
		if err != nil {
			return nil, fmt.Errorf("sensor profile: %w", err)
		}
		p, err := Parse(text)
		if err != nil {
			return nil, fmt.Errorf("sensor profile %s: %w", word, err)
		}
		return p, nil
	}
	if !slices.Contains(Names(), word) {
		return nil, fmt.Errorf("sensor profile %q: want one of %s, or a path with a dot or a separator in it, such as ./%s.json", word, strings.Join(Names(), ", "), word)
	}
	text, err := builtin.ReadFile(path.Join("profiles", word+".json"))
	if err != nil {
		return nil, err
	}
	return Parse(text)
}
