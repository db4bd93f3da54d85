package eda

import (
	"context"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/eda/stat"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// Boxed is an annotation that has boxes around what an image shows, in 1/256 pixel:
// [dataset.Objects], for one. Those of clips come with the clips, which measured them in whole
// frames.
type Boxed interface {
	dataset.Annotation
	Boxes() []imaging.Box
}

// centreCells is the number of cells of the map of centres in each direction, and sizeCells
// that of the map of sizes, which has two for each factor of 2.
const (
	centreCells = 16
	sizeCells   = 24
)

// boxFigures are what is measured of one box.
type boxFigures struct {
	class         string
	width, height int // in 1/256 pixel
	aspect        int64
	side          int64 // in 1/256 pixel
	share         int64 // of the image's area, in 1/10000
	contrast      int64 // in 1/256 of a grey level
	clutter       int64 // likewise
}

// ratio is the contrast by the standard deviation around the box, or by a grey level where that
// is less, in 1/256.
func (f *boxFigures) ratio() int64 { return f.contrast * unit / max(f.clutter, unit) }

// boxes describes boxes; nil where no example that is looked at has an annotation of such.
func (s *survey) boxes(ctx context.Context) (*Boxes, error) {
	b := &Boxes{Centres: make([]int, centreCells*centreCells), Sizes: make([]int, sizeCells*sizeCells)}
	all := s.clipBoxes(b)
	var with []int // examples with a box
	for _, i := range s.looked {
		if boxed, is := s.Data.Info(int(i)).Annotation.(Boxed); is {
			n := len(boxed.Boxes())
			if b.annotated(n); n > 0 {
				with = append(with, int(i))
			}
		}
	}
	if b.Annotated == 0 {
		return nil, nil
	}
	var mu sync.Mutex
	err := dataset.VisitImages(ctx, s.Data, with, "boxes looked at", func(at int, img imaging.Image) error {
		small, err := grey(img.Picture(), img.Width, img.Height, s.Levels)
		if err != nil {
			return err
		}
		for _, box := range s.Data.Info(with[at]).Annotation.(Boxed).Boxes() {
			f := measureBox(small, box)
			f.class = s.label(with[at])
			mu.Lock()
			all = append(all, f)
			b.place(box, img.Width, img.Height)
			mu.Unlock()
		}
		return nil
	})
	b.describe(all)
	return b, err
}

// annotated counts an example, or a frame, with so many boxes.
func (b *Boxes) annotated(boxes int) {
	b.Annotated++
	b.Count += boxes
	switch {
	case boxes == 0:
		b.Empty++
	case boxes > 1:
		b.Several++
	}
}

// clipBoxes are the boxes of the clips that are looked at, of every stride-th frame.
func (s *survey) clipBoxes(b *Boxes) (all []boxFigures) {
	const point = imaging.PointsPerPixel
	seen := make([]bool, len(s.clips))
	for _, i := range s.looked {
		at := s.clip[i]
		if at < 0 || seen[at] {
			continue
		}
		seen[at] = true
		c := s.clips[at]
		m := &c.Measures
		b.Annotated, b.Count, b.Empty, b.Several = b.Annotated+m.Seen, b.Count+len(m.Targets), b.Empty+m.Empty, b.Several+m.Several
		for _, t := range m.Targets {
			box := imaging.Box{X: t.Box.X * point, Y: t.Box.Y * point, W: t.Box.W * point, H: t.Box.H * point}
			f := figuresOf(box, c.Width, c.Height)
			f.class, f.contrast, f.clutter = c.Class, t.Contrast, t.Clutter
			all = append(all, f)
			b.place(box, c.Width, c.Height)
		}
	}
	return all
}

// describe enters the distributions of all boxes.
func (b *Boxes) describe(all []boxFigures) {
	describe := func(list []boxFigures, unit int64, value func(*boxFigures) int64) Distribution {
		values := make([]int64, len(list))
		for i := range list {
			values[i] = value(&list[i])
		}
		return stat.Distribute(values, unit)
	}
	side := func(f *boxFigures) int64 { return f.side }
	contrast := func(f *boxFigures) int64 { return f.contrast }
	b.Side, b.Contrast, b.Ratio = describe(all, imaging.PointsPerPixel, side), describe(all, unit, contrast), describe(all, unit, (*boxFigures).ratio)
	b.Share = describe(all, 10000, func(f *boxFigures) int64 { return f.share })
	b.Aspect = describe(all, 1000, func(f *boxFigures) int64 { return f.aspect })
	classes := map[string][]boxFigures{}
	for _, f := range all {
		classes[f.class] = append(classes[f.class], f)
		b.Sizes[sizeCell(f.height)*sizeCells+sizeCell(f.width)]++
	}
	b.Classes = []BoxClass{}
	for class, list := range classes {
		b.Classes = append(b.Classes, BoxClass{
			Label: class, Count: len(list), Side: describe(list, imaging.PointsPerPixel, side).Median,
			Contrast: describe(list, unit, contrast).Median, Ratio: describe(list, unit, (*boxFigures).ratio).Median,
		})
	}
	slices.SortFunc(b.Classes, func(x, y BoxClass) int { return strings.Compare(x.Label, y.Label) })
}

// sizeCell is the place of a length in the map of sizes: cell k begins at 2^(k/2) pixels.
func sizeCell(points int) int {
	return min(max(int(logarithm(int64(max(points, 1)))-logarithm(imaging.PointsPerPixel))*2/256, 0), sizeCells-1)
}

// place enters a box in the map of centres.
func (b *Boxes) place(box imaging.Box, width, height int) {
	w, h := width*imaging.PointsPerPixel, height*imaging.PointsPerPixel
	if box.X < 0 || box.Y < 0 || box.X+box.W > w || box.Y+box.H > h {
		b.Outside++
	}
	x, y := (2*box.X+box.W)*centreCells/(2*w), (2*box.Y+box.H)*centreCells/(2*h)
	b.Centres[min(max(y, 0), centreCells-1)*centreCells+min(max(x, 0), centreCells-1)]++
}

// figuresOf are the figures of a box in an image of the given size, but for those of pixels.
func figuresOf(box imaging.Box, width, height int) boxFigures {
	const point = imaging.PointsPerPixel
	area := int64(box.W) * int64(box.H)
	return boxFigures{
		width: box.W, height: box.H, aspect: int64(box.W) * 1000 / int64(max(box.H, 1)),
		side: int64(math.Sqrt(float64(area))), share: area * 10000 / (int64(width) * int64(height) * point * point),
	}
}

// measureBox measures a box in an image of one channel. Its contrast is the mean of the pixels
// in it less that of those around it, in a border of half its size and at least a pixel.
func measureBox(img imaging.Image, box imaging.Box) boxFigures {
	const point = imaging.PointsPerPixel
	f := figuresOf(box, img.Width, img.Height)
	left, top := box.X/point, box.Y/point
	right, bottom := (box.X+box.W+point-1)/point, (box.Y+box.H+point-1)/point
	inside, around := imaging.Surround(img.Width, img.Pix, left, top, right, bottom)
	if inside.N > 0 && around.N > 0 {
		f.contrast, f.clutter = inside.Sum*unit/inside.N-around.Sum*unit/around.N, around.Deviation(unit)
	}
	return f
}
