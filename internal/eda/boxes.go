package eda

import (
	"context"
	"math"
	"sync"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/eda/stat"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// Boxed is an annotation that has boxes around what an image shows, in 1/256 pixel: that of
// frames of a clip, for one, or [dataset.Objects].
type Boxed interface {
	dataset.Annotation
	Boxes() []imaging.Box
}

// centreCells is the number of cells of the map of centres in each direction.
const centreCells = 16

// boxFigures are what is measured of one box.
type boxFigures struct {
	side     int64 // in 1/256 pixel
	share    int64 // of the image's area, in 1/10000
	contrast int64 // in 1/256 of a grey level
}

// boxes describes boxes; nil where no example that is looked at has an annotation of such.
func (s *survey) boxes(ctx context.Context) (*Boxes, error) {
	b := &Boxes{Centres: make([]int, centreCells*centreCells)}
	var with []int // examples with a box
	for _, i := range s.looked {
		boxed, is := s.Data.Info(int(i)).Annotation.(Boxed)
		if !is {
			continue
		}
		b.Annotated++
		n := len(boxed.Boxes())
		b.Count += n
		switch {
		case n == 0:
			b.Empty++
			continue
		case n > 1:
			b.Several++
		}
		with = append(with, int(i))
	}
	if b.Annotated == 0 {
		return nil, nil
	}
	var mu sync.Mutex
	var sides, shares, contrasts []int64
	err := dataset.VisitImages(ctx, s.Data, with, "boxes looked at", func(at int, img imaging.Image) error {
		small, err := grey(img.Picture(), img.Width, img.Height, s.Levels)
		if err != nil {
			return err
		}
		for _, box := range s.Data.Info(with[at]).Annotation.(Boxed).Boxes() {
			f := measureBox(small, box)
			mu.Lock()
			sides, shares, contrasts = append(sides, f.side), append(shares, f.share), append(contrasts, f.contrast)
			b.place(box, img.Width, img.Height)
			mu.Unlock()
		}
		return nil
	})
	b.Side, b.Share, b.Contrast = stat.Distribute(sides, imaging.PointsPerPixel), stat.Distribute(shares, 10000), stat.Distribute(contrasts, unit)
	return b, err
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

// measureBox measures a box in an image of one channel. Its contrast is the mean of the pixels
// in it less that of those around it, in a frame of half its size and at least a pixel.
func measureBox(img imaging.Image, box imaging.Box) boxFigures {
	const point = imaging.PointsPerPixel
	area := int64(box.W) * int64(box.H)
	f := boxFigures{side: int64(math.Sqrt(float64(area))), share: area * 10000 / (int64(img.Width) * int64(img.Height) * point * point)}
	left, top := box.X/point, box.Y/point
	right, bottom := (box.X+box.W+point-1)/point, (box.Y+box.H+point-1)/point
	inside, around := imaging.Surround(img.Width, img.Pix, left, top, right, bottom)
	if inside.N > 0 && around.N > 0 {
		f.contrast = inside.Sum*unit/inside.N - around.Sum*unit/around.N
	}
	return f
}
