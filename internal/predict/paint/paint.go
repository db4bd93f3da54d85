// Package paint draws what a model says of pictures into copies of them, for people to look at.
package paint

import (
	"image"
	"image/color"
	"image/draw"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// Strip is the height in pixels of a line of text below a picture, and Bar that of the time line
// below it.
const (
	Strip = 18
	Bar   = 8
)

// MinWidth is the least width of a canvas in pixels, so that a line of text has room.
const MinWidth = 240

// Canvas is a picture in colour with room for text and a time line below it.
type Canvas struct {
	rgba   *image.RGBA
	height int // of the picture
}

// New returns a canvas with a copy of the first frame of a picture of 8 or 16 bits.
func New(picture imaging.Image) *Canvas {
	picture = picture.Picture()
	c := &Canvas{
		rgba:   image.NewRGBA(image.Rect(0, 0, max(MinWidth, picture.Width), picture.Height+Strip+Bar)),
		height: picture.Height,
	}
	draw.Draw(c.rgba, c.rgba.Bounds(), image.Black, image.Point{}, draw.Src)
	for y := range picture.Height {
		for x := range picture.Width {
			c.rgba.SetRGBA(x, y, pixel(picture, (y*picture.Width+x)*picture.Channels))
		}
	}
	return c
}

func pixel(m imaging.Image, at int) color.RGBA {
	value := func(k int) uint8 {
		if m.Wide != nil {
			return uint8(m.Wide[at+k] >> 8)
		}
		return m.Pix[at+k]
	}
	if m.Channels < 3 {
		return color.RGBA{value(0), value(0), value(0), 255}
	}
	return color.RGBA{value(0), value(1), value(2), 255}
}

// Box outlines a box.
func (c *Canvas) Box(b clips.Box, of color.RGBA) {
	left, top, right, bottom := b.X-1, b.Y-1, b.X+b.W, b.Y+b.H
	for x := left; x <= right; x++ {
		c.set(x, top, of)
		c.set(x, bottom, of)
	}
	for y := top; y <= bottom; y++ {
		c.set(left, y, of)
		c.set(right, y, of)
	}
}

// set colours a pixel of the picture.
func (c *Canvas) set(x, y int, of color.RGBA) {
	if y < c.height {
		c.rgba.SetRGBA(x, y, of) // outside of the canvas it does nothing
	}
}

// Text writes a line below the picture.
func (c *Canvas) Text(text string, of color.RGBA) {
	d := font.Drawer{Dst: c.rgba, Src: image.NewUniform(of), Face: basicfont.Face7x13, Dot: fixed.P(4, c.height+Strip-5)}
	d.DrawString(text)
}

// Bar draws a column of the time line for each class from the left, -1 for none.
func (c *Canvas) Bar(classes []int) {
	for x, class := range classes {
		if class < 0 {
			continue
		}
		for y := range Bar {
			c.rgba.SetRGBA(x, c.height+Strip+y, Colour(class))
		}
	}
}

// Width is the number of columns of the canvas.
func (c *Canvas) Width() int { return c.rgba.Rect.Dx() }

// Image is what was drawn, [H,W,3].
func (c *Canvas) Image() imaging.Image {
	size := c.rgba.Rect.Size()
	m := imaging.New(size.X, size.Y, 3)
	for i := range size.X * size.Y {
		copy(m.Pix[3*i:3*i+3], c.rgba.Pix[4*i:])
	}
	return m
}

// colours tell classes apart on grey pictures, and by people who see no red: those of Okabe and
// Ito.
var colours = []color.RGBA{
	{230, 159, 0, 255}, {86, 180, 233, 255}, {0, 158, 115, 255}, {240, 228, 66, 255},
	{0, 114, 178, 255}, {213, 94, 0, 255}, {204, 121, 167, 255},
}

// Colour is that of a class.
func Colour(class int) color.RGBA { return colours[class%len(colours)] }
