package preprocess

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"text/template"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

//go:embed page.md.tmpl
var pageSource string

// page is the rule in words.
func (p *Preprocessing) page() ([]byte, error) {
	t, err := template.New(PageFile).Parse(pageSource)
	if err != nil {
		return nil, err
	}
	c, err := readComparison()
	if err != nil {
		return nil, err
	}
	_, rows, err := p.OpenCV()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, page{p, measurement{c.Versions.OpenCV, c.Versions.Machine, rows}})
	return b.Bytes(), err
}

// page is what the template sees.
type page struct {
	*Preprocessing
	Measured measurement
}

type measurement struct {
	Version, Machine string
	Rows             []Difference
}

// Colour says whether the input has red, green and blue.
func (p *Preprocessing) Colour() bool { return p.rule().Colour() }

// Several says whether the input has several frames.
func (p page) Several() bool { return p.FrameCount() > 1 }

// Offsets are those of the frames, as "-4, 0 and 4".
func (p page) Offsets() string {
	texts := strings.Fields(strings.Trim(fmt.Sprint(p.Frames), "[]"))
	last := len(texts) - 1
	return strings.Join(texts[:last], ", ") + " and " + texts[last]
}

// Span is the distance of the levels.
func (p page) Span() int { return p.Levels.High - p.Levels.Low }

// DoubleSpan is twice the distance of the levels.
func (p page) DoubleSpan() int { return 2 * p.Span() }

// HasTensors says whether the package has what comes out of the test images.
func (p page) HasTensors() bool {
	return slices.ContainsFunc(p.Tests, func(t Test) bool { return t.Tensor != "" })
}

// PillowFilter is Pillow's name of the filter.
func (p page) PillowFilter() string {
	return strings.ToUpper(strings.TrimPrefix(p.Resize.Filter, "pillow-"))
}

// SizeText is the rule for the size, as [imaging.Rule] states it.
func (p page) SizeText() string {
	to := strings.NewReplacer("W", fmt.Sprint(p.Input.Width), "H", fmt.Sprint(p.Input.Height), "F", fmt.Sprint(int(p.Resize.CropFraction)))
	return to.Replace(p.sizeWords())
}

// sizeWords is the rule for the size with W, H and F for the input's sides and the fraction
// in ten-thousandths.
func (p page) sizeWords() string {
	switch {
	case p.Resize.CropFraction != 0:
		return `Of an image of w x h pixels: if w*H >= W*h then rh = (20000*H+F)/(2*F) and rw = (2*w*rh+h)/(2*h), else
   rw = (20000*W+F)/(2*F) and rh = (2*h*rw+w)/(2*w). Resample the image to rw x rh and take the W x H part whose top left
   corner is at x = (rw-W)/2, y = (rh-H)/2. An image of W x H pixels is no exception.`
	case p.Resize.Mode == imaging.Letterbox:
		return `Of an image of w x h pixels: if w*H >= W*h then rw = W and rh = max(1, (2*h*W+w)/(2*w)), else
   rw = max(1, (2*w*H+h)/(2*h)) and rh = H. Resample the image to rw x rh and place it on a black W x H image with its top
   left corner at x = (W-rw)/2, y = (H-rh)/2.`
	case p.Resize.Mode == imaging.Crop:
		return `Of an image of w x h pixels: if w*H >= W*h then cw = max(1, (2*W*h+H)/(2*H)) and ch = h, else cw = w and
   ch = max(1, (2*H*w+W)/(2*W)). Take the cw x ch part whose top left corner is at x = (w-cw)/2, y = (h-ch)/2 and resample
   it to W x H.`
	}
	return "Resample the image to W x H pixels (width x height)."
}
