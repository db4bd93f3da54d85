package dataset

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// Looks is what some image files of a dataset have that a decoder may leave out.
type Looks struct {
	Files       int      // that were looked at
	Transparent []string // sources of those that look different on white than with transparency dropped
	Deep        []string // sources of those with 16 bits
	Low, High   uint16   // range of the values of those
}

// plainEndings are those of files that have neither transparency nor 16 bits.
var plainEndings = []string{".jpg", ".jpeg", ".jpe", ".bmp"}

// Look looks at so many image files of d at most, spread over all that may have transparency
// or 16 bits. It decodes each twice. Files that cannot be read are passed over.
func Look(ctx context.Context, d Dataset, most int) (l Looks) {
	s, is := d.(*set)
	if !is {
		return l
	}
	files, are := s.examples.(inFiles)
	if !are {
		return l
	}
	var candidates []int
	for i := range s.Len() {
		if !slices.Contains(plainEndings, strings.ToLower(filepath.Ext(files.Path(i)))) {
			candidates = append(candidates, i)
		}
	}
	l.Files = min(most, len(candidates))
	found := make([]Looks, l.Files)
	of := func(at int) int { return candidates[at*len(candidates)/l.Files] }
	_ = eachImage(ctx, l.Files, func(at int) error { // nothing fails
		found[at] = lookAt(files.Path(of(at)))
		return nil
	})
	for at, f := range found {
		if f.Transparent != nil {
			l.Transparent = append(l.Transparent, s.Source(of(at)))
		}
		if f.Deep == nil {
			continue
		}
		if l.Deep == nil {
			l.Low = f.Low
		}
		l.Deep, l.Low, l.High = append(l.Deep, s.Source(of(at))), min(l.Low, f.Low), max(l.High, f.High)
	}
	return l
}

// lookAt looks at one file.
func lookAt(path string) (l Looks) {
	dropped, err := imaging.Decoder{Alpha: imaging.AlphaDrop, KeepDepth: true}.DecodeFile(path)
	defer dropped.Release()
	if err != nil {
		return l
	}
	shown, err := imaging.Decoder{Alpha: imaging.AlphaWhite, KeepDepth: true}.DecodeFile(path)
	defer shown.Release()
	if err != nil {
		return l
	}
	if hashPixels(dropped) != hashPixels(shown) {
		l.Transparent = []string{path}
	}
	if dropped.Wide != nil {
		l.Deep, l.Low, l.High = []string{path}, slices.Min(dropped.Wide), slices.Max(dropped.Wide)
	}
	return l
}
