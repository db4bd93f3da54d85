package imaging

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// Endings counts files that are left out, by the ends of their names. The zero value has
// none.
type Endings struct{ counts map[string]int }

// Add counts a file.
func (e *Endings) Add(path string) {
	if e.counts == nil {
		e.counts = map[string]int{}
	}
	e.counts[strings.ToLower(filepath.Ext(path))]++
}

// Total is the number of files.
func (e *Endings) Total() int {
	total := 0
	for _, n := range e.counts {
		total += n
	}
	return total
}

// String lists the endings, those of most files first, and of each the number of files:
// ".bmp (12), .txt (3)".
func (e *Endings) String() string {
	const most, longest = 5, 20
	endings := slices.SortedFunc(maps.Keys(e.counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(e.counts[b], e.counts[a]), strings.Compare(a, b))
	})
	var words []string
	for i, ending := range endings {
		if i == most {
			words = append(words, fmt.Sprintf("and %d other endings", len(endings)-most))
			break
		}
		word := ending
		switch {
		case word == "":
			word = "no ending"
		case len(word) > longest:
			word = strings.ToValidUTF8(word[:longest], "") + "…"
		}
		words = append(words, fmt.Sprintf("%s (%d)", word, e.counts[ending]))
	}
	return strings.Join(words, ", ")
}

// Merge adds the files that other has counted.
func (e *Endings) Merge(other *Endings) {
	if e.counts == nil {
		e.counts = map[string]int{}
	}
	for ending, n := range other.counts {
		e.counts[ending] += n
	}
}

// read and unread are the endings of image files in formats that are read, and that are not.
var read = map[string]bool{
	".png": true, ".apng": true, ".jpg": true, ".jpeg": true, ".jpe": true, ".jfif": true, ".jif": true, ".gif": true,
	".webp": true, ".bmp": true, ".dib": true, ".tif": true, ".tiff": true,
}

var unread = map[string]bool{
	".avif": true, ".heic": true, ".heif": true, ".hif": true, ".jxl": true, ".jp2": true, ".j2k": true, ".jpf": true, ".jpx": true,
	".jxr": true, ".wdp": true, ".mjpeg": true, ".mng": true, ".ico": true, ".cur": true, ".icns": true, ".svg": true, ".svgz": true,
	".psd": true, ".xcf": true, ".tga": true, ".pcx": true, ".pbm": true, ".pgm": true, ".ppm": true, ".pnm": true, ".pam": true,
	".exr": true, ".hdr": true, ".dds": true, ".qoi": true, ".sgi": true, ".ras": true, ".xbm": true, ".xpm": true,
	".dcm": true, ".dicom": true, ".fits": true, ".raw": true, ".dng": true, ".cr2": true, ".cr3": true, ".nef": true, ".nrw": true,
	".arw": true, ".orf": true, ".rw2": true, ".raf": true, ".pef": true, ".srw": true,
}

// IsFileName says whether a file is an image of a format that is read, by the end of its
// name. Which format it is shows in its first bytes.
func IsFileName(path string) bool { return read[strings.ToLower(filepath.Ext(path))] }

// LooksLikeImage says whether a file seems to be an image, by the end of its name, and is
// of no format that is read.
func LooksLikeImage(path string) bool { return unread[strings.ToLower(filepath.Ext(path))] }
