package imaging

import "fmt"

// Training may take random parts of images instead of the whole that a [Rule] brings to the
// size of the input. The rule does it in two steps: Reduce, whose result can be kept, and
// Part. Its levels, channels and filter hold for both, its mode for neither.

// Reduce brings the shorter side of img down to side pixels, and the longer one by as much;
// smaller images keep their size. Levels and grey are as in the rule. It never changes img,
// and what it returns it gives back as it is when it is applied again. Errors are those of
// Apply.
func (r Rule) Reduce(img Image, side int) (Image, error) {
	if err := r.Validate(); err != nil {
		return Image{}, err
	}
	if err := r.checkImage(img); err != nil {
		return Image{}, err
	}
	if r.Levels != nil && !img.Levelled {
		img = r.Levels.apply(img)
	}
	if !r.Colour() {
		img = toGrey(img)
	}
	width, height := Reduced(img.Width, img.Height, side)
	return r.Filter.resize(img, whole(width), whole(height)), nil
}

// Reduced is the size that Reduce brings an image of the given size to.
func Reduced(width, height, side int) (w, h int) {
	switch {
	case min(width, height) <= side:
		return width, height
	case width < height:
		return side, (2*height*side + width) / (2 * width)
	}
	return (2*width*side + height) / (2 * height), side
}

// ReduceServes says whether Apply makes the same of an image of the given size and of what Reduce
// makes of that image, to the bit: if it is its middle that Apply takes, of the size that Reduce
// brings it to.
func (r Rule) ReduceServes(width, height, side int) bool {
	if r.CropFraction == 0 {
		return false
	}
	w, h := Reduced(width, height, side)
	if w == width && h == height {
		return true
	}
	own := func(width, height int) bool {
		aw, ah := r.around(width, height)
		return aw == w && ah == h
	}
	return own(width, height) && own(w, h)
}

// ReduceMotion says where the places of an image of the given size are in what Reduce makes
// of it; nil where they stay.
func (r Rule) ReduceMotion(width, height, side int) Motion {
	w, h := Reduced(width, height, side)
	if w == width && h == height {
		return nil
	}
	return resized{axis{from: width, to: w}, axis{from: height, to: h}}
}

// Part brings the part of img, which Reduce has made, with the given size and top left corner
// to the size and the channels of the input. A part that is not inside is an error.
func (r Rule) Part(img Image, left, top, width, height int) (Image, error) {
	part, err := img.Crop(left, top, width, height)
	if err != nil {
		return Image{}, fmt.Errorf("random part: %w", err)
	}
	part = r.Filter.resize(part, whole(r.Width), whole(r.Height))
	if r.Colour() {
		part = toColour(part)
	}
	part.Cropped = r.CropFraction != 0 // the size is the rule's
	return part, nil
}

// PartMotion says where the places of an image are in what Part makes of it.
func (r Rule) PartMotion(left, top, width, height int) Motion {
	return resized{axis{cut: left, from: width, to: r.Width}, axis{cut: top, from: height, to: r.Height}}
}
