package head

import (
	"context"
	"fmt"
	"slices"

	"github.com/blocktrain/blocktrain/internal/rng"
)

// CurvePercents are the shares of the training images that a learning curve is drawn from.
func CurvePercents() []int { return []int{25, 50, 100} }

// Point is a head that was trained on some of the training images.
type Point struct {
	Percent int `json:"percent"`
	Images  int `json:"images"`
	Rows    int `json:"rows"`
	Fit         // of the penalty that was chosen for it
}

// LearningCurve trains a head as [Train] does on shares of the training images, in percent
// and rising, and returns for each the fit that was chosen on the whole validation part.
// What it lacks to a flat line is what more images may still bring. Shares are stratified:
// of each class they have the rounded share of its images, and one at least, so that small
// ones may be the same, which are trained on once. They are nested: images are taken in the order that seed gives them. An image is taken with all
// of its rows. Fitted of the options is not called.
func LearningCurve(ctx context.Context, train, validation *Examples, o Options, c Curve) ([]Point, error) {
	p, v, err := o.prepare(train, validation)
	if err != nil {
		return nil, err
	}
	o.Fitted = nil
	images, err := imagesOf(train)
	if err != nil {
		return nil, err
	}
	var points []Point
	for _, percent := range c.percents() {
		if percent < 1 || percent > 100 {
			return nil, fmt.Errorf("a learning curve at %d %% of the images: want 1 to 100", percent)
		}
		some, before := p, len(points)-1
		rows, count := images.share(train, percent, c.Seed)
		some.rows = rows
		point := Point{Percent: percent, Images: count, Rows: some.count()}
		switch {
		case c.Full != nil && count == len(images.labels):
			point.Fit = c.Full.Fits[c.Full.Chosen]
		case before >= 0 && count == points[before].Images: // shares are nested
			point.Fit = points[before].Fit
		default:
			result, err := o.train(ctx, some, v)
			if err != nil {
				return nil, err
			}
			point.Fit = result.Fits[result.Chosen]
		}
		points = append(points, point)
	}
	return points, nil
}

// Curve says how a learning curve is drawn.
type Curve struct {
	Percents []int   // nil for CurvePercents
	Seed     uint64  // of the order of the images
	Full     *Result // of Train with the same examples and options, which is the point of 100 percent, or nil
}

func (c *Curve) percents() []int {
	if c.Percents == nil {
		return CurvePercents()
	}
	return c.Percents
}

// imageRows are the images of examples.
type imageRows struct {
	of     []int // of each row: the image, from 0 on in order of first appearance
	labels []int // of each image
}

// imagesOf finds the images. All rows of an image have one label.
func imagesOf(e *Examples) (*imageRows, error) {
	images := &imageRows{of: make([]int, e.Len())}
	seen := map[int]int{}
	for row, label := range e.Labels {
		image := row
		if e.Images != nil {
			image = e.Images[row]
		}
		at, known := seen[image]
		if !known {
			at = len(images.labels)
			seen[image] = at
			images.labels = append(images.labels, label)
		}
		if images.labels[at] != label {
			return nil, fmt.Errorf("row %d of image %d has label %d, another row has %d", row, image, label, images.labels[at])
		}
		images.of[row] = at
	}
	return images, nil
}

// share returns the rows of a share of the images, in order, and how many images these are.
func (r *imageRows) share(e *Examples, percent int, seed uint64) (rows []int32, images int) {
	counts := make([]int, slices.Max(r.labels)+1)
	for _, label := range r.labels {
		counts[label]++
	}
	for label, count := range counts {
		if count > 0 {
			counts[label] = max(1, (count*percent+50)/100)
		}
	}
	taken := make([]bool, len(r.labels))
	for _, image := range rng.NewKey(seed, rng.LearningCurve).Permutation(len(r.labels), 0) {
		if label := r.labels[image]; counts[label] > 0 {
			counts[label]--
			taken[image] = true
			images++
		}
	}
	for row := range e.Len() {
		if taken[r.of[row]] {
			rows = append(rows, int32(row))
		}
	}
	return rows, images
}
