// Package augment varies training images at random: shifts, turns, warps,
// erases, lightens, crops and mixes them.
//
// Every transform is chosen by name and draws its numbers from the stream of
// one example's address, so that the same example gets the same variation
// whichever worker handles it and whenever. Pixels are computed with integers;
// angles and factors are brought to multiples of 1/65536 before they meet one.
package augment

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// Transform varies one image. It holds no state of its own, so that several
// goroutines may use it at once.
type Transform interface {
	// Apply draws what it needs from s and writes the varied src to dst, which
	// has the shape of src and shares no memory with it. It returns false when
	// the image is to stay as it is; dst is then of no interest. A transform that moves
	// pixels notes in moves, which may be nil, where it puts them.
	Apply(dst, src imaging.Image, s *rng.Stream, moves *Moves) bool
}

const kind = "augmentation"

var modules = map[string]config.Module[Transform]{
	"blur":                {Doc: "blurs the image with a Gaussian of random width", New: sometimes(1, newBlur)},
	"brightness":          {Doc: "multiplies pixels by a random factor", New: sometimes(1, newBrightness)},
	"color-jitter":        {Doc: "changes brightness, contrast, saturation and hue in random order", New: sometimes(1, newColorJitter)},
	"contrast":            {Doc: "brings pixels nearer to or further from the image's mean", New: sometimes(1, newContrast)},
	"crop":                {Doc: "pads the image and cuts a random part of the original size", New: sometimes(1, newCrop)},
	"cutmix":              {Doc: "puts a rectangle of another image, and its share of the target, into each; cross-entropy only (Yun et al. 2019)", New: newCutmix},
	"elastic":             {Doc: "displaces pixels by a smooth random field (Simard et al. 2003)", New: sometimes(1, newElastic)},
	"erase":               {Doc: "overwrites a random rectangle (Zhong et al. 2017)", New: sometimes(0.5, newErase)},
	"flip":                {Doc: "mirrors the image", New: sometimes(0.5, newFlip)},
	"level-shift":         {Doc: "adds a random number to all pixels", New: sometimes(1, newLevelShift)},
	"mixup":               {Doc: "blends pairs of images and their targets; cross-entropy only (Zhang et al. 2017)", New: newMixup},
	"noise":               {Doc: "adds Gaussian noise to every value", New: sometimes(1, newNoise)},
	"random-resized-crop": {Doc: "takes a random part of the decoded image, in place of --resize; first in the list (Szegedy et al. 2014)", New: newResizedCrop},
	"rotate":              {Doc: "turns the image about its centre by a random angle", New: sometimes(1, newRotate)},
	"scale":               {Doc: "enlarges or shrinks the image about its centre by a random factor", New: sometimes(1, newScale)},
	"shear":               {Doc: "slants the image sideways by a random angle", New: sometimes(1, newShear)},
	"shift":               {Doc: "moves the image by a random number of whole pixels", New: sometimes(1, newShift)},
	"trivial-augment":     {Doc: "does one of fourteen operations with a random strength, with the ranges of TrivialAugmentWide (Müller and Hutter 2021)", New: sometimes(1, newTrivialAugment)},
}

// Modules documents every transform and its options, sorted by name.
func Modules() []config.Description { return config.Describe(modules) }

// sometimes adds the option p to a transform: the probability with which it
// acts on an image.
func sometimes(p float32, inner func(*config.Options) (Transform, error)) func(*config.Options) (Transform, error) {
	return func(o *config.Options) (Transform, error) {
		share := p
		transform, err := inner(o)
		o.Float32(&share, "p", p, "probability of acting on an image", config.Between(0, 1))
		return chance{share, transform}, err
	}
}

// chance applies a transform to a share p of the images.
type chance struct {
	p         float32
	transform Transform
}

func (c chance) Apply(dst, src imaging.Image, s *rng.Stream, moves *Moves) bool {
	return s.Bool(c.p) && c.transform.Apply(dst, src, s, moves)
}

// mover is a transform that moves images by whole pixels.
type mover interface {
	// farthest is the option for the largest move in each direction, and its value
	// in pixels.
	farthest() (option string, pixels int)
}

// CheckSize refuses transforms that can move images of that size, in pixels, out of
// themselves, so that nothing is left to learn from.
func (p *Pipeline) CheckSize(width, height int) error {
	for i, t := range p.transforms {
		c, _ := t.(chance)
		m, moves := c.transform.(mover)
		if !moves {
			continue
		}
		if option, pixels := m.farthest(); pixels >= min(width, height) {
			return fmt.Errorf("%s %s: %s=%d can leave nothing of images of %dx%d pixels: want less than %d",
				kind, p.names[i], option, pixels, width, height, min(width, height))
		}
	}
	return nil
}

// Pipeline is a list of transforms, applied in order. It may be used by several
// goroutines at once. The zero value does nothing.
type Pipeline struct {
	first      *resizedCrop // acts before all others, on images of any size
	transforms []Transform
	names      []string // of the transforms
	mixup      *mixup
	cutmix     *cutmix
	resolved   []string
	buffers    sync.Pool // of *imaging.Image
}

// Parse builds a pipeline from a list like
// "shift:pixels=2,rotate:degrees=10,erase". "" and "none" give an empty one.
func Parse(list string) (*Pipeline, error) {
	p := &Pipeline{}
	if list = strings.TrimSpace(list); list == "" || list == "none" {
		return p, nil
	}
	var errs []error
	for entry := range strings.SplitSeq(list, ",") {
		errs = append(errs, p.add(strings.TrimSpace(entry)))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return p, nil
}

// add appends the transform that an entry "name:key=value:key=value" describes.
func (p *Pipeline) add(entry string) error {
	name, options, _ := strings.Cut(entry, ":")
	if name == "" {
		return fmt.Errorf("%s list: an entry is empty, want name:key=value:key=value,name", kind)
	}
	transform, resolved, err := config.Make(kind, modules, name, strings.ReplaceAll(options, ":", ","))
	if err != nil {
		return err
	}
	if err := p.place(name, transform); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(resolved)) {
		name += ":" + key + "=" + resolved[key]
	}
	p.resolved = append(p.resolved, name)
	return nil
}

// place puts a transform where it acts.
func (p *Pipeline) place(name string, transform Transform) error {
	again := false
	switch t := transform.(type) {
	case *mixup:
		again, p.mixup = p.mixup != nil, t
	case *cutmix:
		again, p.cutmix = p.cutmix != nil, t
	case *resizedCrop:
		if again = p.first != nil; !again && len(p.resolved) > 0 {
			return fmt.Errorf("%s %s: want it first in the list, since it acts on the image before it has the size of the input", kind, name)
		}
		p.first = t
	default:
		p.transforms, p.names = append(p.transforms, transform), append(p.names, name)
	}
	switch {
	case again:
		return fmt.Errorf("%s %s: given twice", kind, name)
	case p.mixup != nil && p.cutmix != nil:
		return fmt.Errorf("%ss mixup and cutmix both mix pairs of images: want one of them", kind)
	}
	return nil
}

// Resolved is the list in the form that Parse reads, every option written out
// and sorted by name; "none" for an empty pipeline.
func (p *Pipeline) Resolved() string {
	if len(p.resolved) == 0 {
		return "none"
	}
	return strings.Join(p.resolved, ",")
}

// Apply varies img, which has the size of the input, by every transform of the list but
// those that need the decoded image or another one.
func (p *Pipeline) Apply(img imaging.Image, s *rng.Stream) { p.apply(img, s, nil) }

// Move does what Apply does, with the same numbers drawn and the same pixels, and
// returns where the places of the image went; nil where it did not move.
func (p *Pipeline) Move(img imaging.Image, s *rng.Stream) imaging.Motion {
	var moves Moves
	p.apply(img, s, &moves)
	return moves.motion()
}

func (p *Pipeline) apply(img imaging.Image, s *rng.Stream, moves *Moves) {
	buffer := p.buffer(img)
	defer p.buffers.Put(buffer)
	dst, src := *buffer, img
	for _, transform := range p.transforms {
		if transform.Apply(dst, src, s, moves) {
			dst, src = src, dst
		}
	}
	copy(img.Pix, src.Pix) // which may be the same
}

// buffer returns an image of the shape of like whose contents are of no
// interest.
func (p *Pipeline) buffer(like imaging.Image) *imaging.Image {
	if m, ok := p.buffers.Get().(*imaging.Image); ok && m.SameShape(like) {
		return m
	}
	m := like.Black(like.Width, like.Height)
	return &m
}

// one is 1 in the fixed-point form of angles, factors and matrices.
const one = 1 << 16

// fixed rounds v to a multiple of 1/65536.
func fixed(v float32) int { return int(math.Floor(float64(float64(v)*one) + 0.5)) }

// fillOption declares the grey level of what is outside of the image.
func fillOption(o *config.Options, p *int) {
	o.Int(p, "fill", 0, "grey level where there is no image", config.Between(0, 255))
}

// clamp limits a computed value to what a pixel can hold.
func clamp(v int) uint8 { return uint8(min(max(v, 0), 255)) }
