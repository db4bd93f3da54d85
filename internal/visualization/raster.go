package visualization

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
)

// raster is a surface of pixels. It has no titles, and boxes in the place of letters
// that the font lacks.
type raster struct {
	canvas *vgimg.Canvas
	height vg.Length
}

// at turns a position from the top into one from the bottom.
func (r *raster) at(x, y vg.Length) vg.Point { return vg.Point{X: x, Y: r.height - y} }

func (r *raster) fill(x, y, width, height vg.Length, c color.NRGBA, _ string) {
	var path vg.Path
	path.Move(r.at(x, y))
	path.Line(r.at(x+width, y))
	path.Line(r.at(x+width, y+height))
	path.Line(r.at(x, y+height))
	path.Close()
	r.canvas.SetColor(c)
	r.canvas.Fill(path)
}

func (r *raster) pen(with pen) {
	r.canvas.SetColor(with.color)
	r.canvas.SetLineWidth(with.width)
	r.canvas.SetLineDash(with.dashes, 0)
}

func (r *raster) polyline(points []vg.Point, with pen) {
	var path vg.Path
	path.Move(r.at(points[0].X, points[0].Y))
	for _, p := range points[1:] {
		path.Line(r.at(p.X, p.Y))
	}
	r.pen(with)
	r.canvas.Stroke(path)
}

func (r *raster) circle(x, y, radius vg.Length, with pen) {
	var path vg.Path
	centre := r.at(x, y)
	path.Move(vg.Point{X: centre.X + radius, Y: centre.Y})
	path.Arc(centre, radius, 0, 2*math.Pi)
	path.Close()
	r.pen(with)
	if with.width > 0 {
		r.canvas.Stroke(path)
	} else {
		r.canvas.Fill(path)
	}
}

func (r *raster) text(s style, x, y vg.Length, up bool, text, _ string) {
	text = s.drawable(text)
	r.canvas.Push()
	defer r.canvas.Pop()
	r.canvas.Translate(r.at(x, y))
	if up {
		r.canvas.Rotate(math.Pi / 2)
	}
	r.canvas.SetColor(s.color)
	r.canvas.FillString(s.face(), vg.Point{X: -s.align * s.width(text)}, text)
}

func (r *raster) image(x, y, width, height vg.Length, t tile) {
	r.canvas.DrawImage(vg.Rectangle{Min: r.at(x, y+height), Max: r.at(x+width, y)}, t)
}
