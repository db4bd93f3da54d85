// Package preprocess prepares images for a model that blocktrain released, by the rule that
// its package has in preprocessing.json. What it makes is what evaluation and prediction give
// to the network, byte for byte.
//
//	rule, err := preprocess.Read("model-1.0.0/preprocessing.json")
//	...
//	pixels, err := rule.Tensor("cat.jpg") // [H,W,C], for the input "image" of model.onnx
//
// [Files] are what a package has besides: the rule in words, this client and one in Python,
// and ten test images with the bytes that must come out of them.
package preprocess

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// Schema is the number of the form that [Preprocessing] has as a file.
const Schema = 1

// maxRuleBytes is far more than any preprocessing.json has.
const maxRuleBytes = 1 << 20

// Preprocessing is the content of preprocessing.json: all that is needed to bring an image
// file to what the model takes.
type Preprocessing struct {
	Schema int   `json:"schema"`
	Input  Input `json:"input"`
	// Decoder names the rules by which files become pixels. It changes when they do.
	Decoder string `json:"decoder"`
	// Alpha is what becomes of transparency: "drop", or "black" or "white" to show the image
	// over that.
	Alpha  string  `json:"alpha"`
	Levels *Levels `json:"levels,omitempty"`
	Resize Resize  `json:"resize"`
	// Frames are the offsets, in frames, of the pictures that make one input, in the order of
	// its channels. None: an input is one picture.
	Frames []int  `json:"frames,omitempty"`
	Tests  []Test `json:"tests"`
}

// Input is the tensor that the model takes: [N,Height,Width,Channels].
type Input struct {
	Name     string `json:"name"`     // of the model's input
	Type     string `json:"type"`     // "uint8"
	Height   int    `json:"height"`   // pixels
	Width    int    `json:"width"`    // pixels
	Channels int    `json:"channels"` // 1 (grey) or 3 (red, green, blue) for each frame
}

// Bytes is the length of one image as the model takes it.
func (i Input) Bytes() int { return i.Height * i.Width * i.Channels }

// Levels are the values of 16 bits that become black and white.
type Levels struct {
	Low  int `json:"low"`
	High int `json:"high"`
}

// Resize says how images are brought to the input's size.
type Resize struct {
	Mode         string           `json:"mode"`   // "stretch", "letterbox" or "crop"
	Filter       string           `json:"filter"` // "pillow-bilinear", "pillow-bicubic" or "triangle"
	CropFraction imaging.Fraction `json:"crop_fraction,omitempty"`
}

// Test is a test image and what must come out of it.
type Test struct {
	Image        string `json:"image"`         // its file, seen from the folder of preprocessing.json
	ImageSHA256  string `json:"image_sha256"`  // of the file
	TensorSHA256 string `json:"tensor_sha256"` // of the bytes that the model takes
	// Tensor is the file of those bytes; none where they are many.
	Tensor string `json:"tensor,omitempty"`
}

// The only input that models have.
const (
	inputName = "image"
	inputType = "uint8"
)

// Read reads a preprocessing.json. It refuses one of another schema, of another decoder than
// this version has, or that no image can be brought to.
func Read(path string) (*Preprocessing, error) {
	p := &Preprocessing{}
	if err := fileio.ReadJSON(path, p, fileio.Form{MaxBytes: maxRuleBytes, Schemas: fileio.UpTo(Schema)}); err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

func (p *Preprocessing) check() error {
	switch {
	case p.Decoder != imaging.DecoderRules:
		return fmt.Errorf("decoder %q: this version decodes by the rules %s, which give other pixels: use the version that made the package", p.Decoder, imaging.DecoderRules)
	case p.Input.Name != inputName || p.Input.Type != inputType:
		return fmt.Errorf("input %q of %q: want %q of %q", p.Input.Name, p.Input.Type, inputName, inputType)
	case p.Alpha == "" || p.Resize.Filter == "":
		return errors.New("alpha or the filter is empty: want both named")
	}
	for _, test := range p.Tests {
		for _, name := range []string{test.Image, test.Tensor} {
			if name != "" && !fs.ValidPath(name) || name == "." {
				return fmt.Errorf("test image %q: want the path of a file in the package", name)
			}
		}
	}
	return p.rule().Validate()
}

// rule is the rule for a whole input.
func (p *Preprocessing) rule() imaging.Rule {
	r := imaging.Rule{
		Width: p.Input.Width, Height: p.Input.Height, Channels: p.Input.Channels, Mode: p.Resize.Mode, Frames: p.Frames,
		Filter: imaging.Filter(p.Resize.Filter), CropFraction: p.Resize.CropFraction, Alpha: imaging.Alpha(p.Alpha),
	}
	if p.Levels != nil {
		r.Levels = &imaging.Levels{Low: p.Levels.Low, High: p.Levels.High}
	}
	return r
}

// FrameCount is how many files make one input.
func (p *Preprocessing) FrameCount() int { return max(1, len(p.Frames)) }

// Tensor brings an image to what the model takes: Height x Width x Channels bytes, row by
// row and pixel by pixel. It is one file, and as many as [Preprocessing.FrameCount] says
// where the input has several frames. An error names the file and what is wrong with it.
func (p *Preprocessing) Tensor(files ...string) ([]uint8, error) {
	return p.join(files, func(i int, d imaging.Decoder) (imaging.Image, error) { return d.DecodeFile(files[i]) })
}

// TensorOf is [Preprocessing.Tensor] for files that are read from readers.
func (p *Preprocessing) TensorOf(files ...io.Reader) ([]uint8, error) {
	names := make([]string, len(files))
	for i := range names {
		names[i] = fmt.Sprintf("image %d", i+1)
	}
	return p.join(names, func(i int, d imaging.Decoder) (imaging.Image, error) { return d.Decode(files[i]) })
}

// join prepares each frame by itself, as the rule does, which looks at no two frames at once,
// and puts their channels together.
func (p *Preprocessing) join(names []string, decode func(int, imaging.Decoder) (imaging.Image, error)) ([]uint8, error) {
	frames := p.FrameCount()
	if len(names) != frames {
		return nil, fmt.Errorf("%d files: want %d, as many as the input has frames", len(names), frames)
	}
	one := p.rule()
	one.Channels, one.Frames = one.Channels/frames, nil
	pixels := make([]uint8, p.Input.Bytes())
	for n, name := range names {
		img, err := decode(n, one.Decoder())
		if err != nil {
			return nil, err
		}
		decoded := img
		img, err = one.Apply(img)
		decoded.Release()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for i, v := range img.Pix {
			pixels[(i/one.Channels*frames+n)*one.Channels+i%one.Channels] = v
		}
	}
	return pixels, nil
}

// repeated is one file for every frame, which is how test images are prepared.
func (p *Preprocessing) repeated(file string) []string {
	return slices.Repeat([]string{file}, p.FrameCount())
}
