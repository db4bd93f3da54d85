package eda

import (
	"fmt"
	"strconv"

	"github.com/blocktrain/blocktrain/internal/eda/clipstat"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/visualization"
)

// clips draws what is known of clips.
func (d *drawing) clips(c *clipstat.Report) {
	d.histogramOf("clips", "clip-existence", "Existence", "share of the labelled frames with a target", c.Existence)
	d.histogramOf("clips", "clip-unchanged", "Change between frames", "share of pixels as in the frame before", c.Unchanged)
	d.histogramOf("clips", "clip-level", "Level of frames", "mean of a frame (grey levels)", c.Level)
	d.histogramOf("clips", "clip-contrast", "Contrast of frames", "standard deviation of a frame (grey levels)", c.Contrast)
	d.histogramOf("clips", "clip-sharpness", "Sharpness of frames", "standard deviation of the Laplacian (grey levels)", c.Sharpness)
}

// boxes draws what is known of boxes.
func (d *drawing) boxes(b *Boxes) {
	d.histogramOf("boxes", "box-side", "Size of boxes", "square root of the area (pixels)", b.Side)
	d.histogramOf("boxes", "box-aspect", "Aspect ratio of boxes", "width by height", b.Aspect)
	d.histogramOf("boxes", "box-contrast", "Contrast of what is in boxes", "mean inside less mean around (grey levels)", b.Contrast)
	d.histogramOf("boxes", "box-ratio", "Contrast by clutter", "contrast by the standard deviation around", b.Ratio)
	d.add(visualization.DrawMap(visualization.DensityMap{
		Labels:  visualization.Labels{Name: "box-centres", Title: "Centres of boxes in the image", Alt: fmt.Sprintf("Map of where in the image the centres of %s boxes are, in 16 by 16 cells.", metric.Count(b.Count))},
		Columns: centreCells, Counts: b.Centres,
	}))
	d.add(drawSizes(b))
}

// drawSizes draws the map of sizes, as far as there are boxes, with heights growing upwards.
func drawSizes(b *Boxes) (visualization.Figure, error) {
	low, high := sizeCells, 0
	for at, n := range b.Sizes {
		if n > 0 {
			row, column := at/sizeCells, at%sizeCells
			low, high = min(low, row, column), max(high, row+1, column+1)
		}
	}
	if high == 0 {
		return visualization.Figure{}, visualization.ErrNothingToDraw
	}
	low &^= 1 // where a whole power of 2 begins
	high += high & 1
	n := high - low
	m := visualization.DensityMap{
		Labels: visualization.Labels{Name: "box-sizes", Title: "Width and height of boxes", Alt: fmt.Sprintf("Map of the widths and heights of %s boxes, with two cells for each factor of 2.", metric.Count(b.Count))},
		AxisX:  "width (pixels)", AxisY: "height (pixels)",
		Columns: n, Counts: make([]int, n*n), EdgesX: make([]string, n+1), EdgesY: make([]string, n+1),
	}
	for k := 0; k <= n; k += 2 {
		text := strconv.Itoa(1 << ((low + k) / 2))
		m.EdgesX[k], m.EdgesY[n-k] = text, text
	}
	for row := range n {
		copy(m.Counts[(n-1-row)*n:][:n], b.Sizes[(low+row)*sizeCells+low:])
	}
	return visualization.DrawMap(m)
}
