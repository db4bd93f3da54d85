package imaging

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The modes of a [Rule].
const (
	Stretch   = "stretch"   // the whole image, its aspect ratio given up
	Letterbox = "letterbox" // the whole image, its aspect ratio kept, black bars
	Crop      = "crop"      // the largest centred part that has the target's aspect ratio
)

// maxInput bounds the sides of a network's input, and with it the memory that
// resampling takes between its passes.
const maxInput = 4096

// Modes are the words that Rule.Mode takes.
func Modes() []string { return []string{Stretch, Letterbox, Crop} }

// Rule says how an image of any size and channel count becomes the input of a
// network. The same rule serves training, evaluation and prediction; it is
// recorded in the package, and a client that does not use this program follows
// it from the text below. All numbers are integers, and a/b is rounded down.
//
// Given an image of w x h pixels and a target of W x H (Width x Height):
//
//  0. Levels, where the rule has them: values become 8-bit ones as [Levels] says. A
//     rule without takes images of 8 bits alone.
//
//  1. Colour to grey, frame by frame, when Channels is the number of frames and the
//     image has three times as many:
//
//     grey = (19595*red + 38470*green + 7471*blue + 32768) / 65536
//
//     (the luma weights of ITU-R BT.601, which sum to 65536).
//
//  2. Size.
//
//     stretch: resample the image to W x H.
//
//     letterbox: if w*H >= W*h then (rw, rh) = (W, max(1, (2*h*W+w)/(2*w))),
//     else (rw, rh) = (max(1, (2*w*H+h)/(2*h)), H). Resample the image to rw x
//     rh and place it on a black W x H image with its top left corner at x =
//     (W-rw)/2, y = (H-rh)/2.
//
//     crop: if w*H >= W*h then (cw, ch) = (max(1, (2*W*h+H)/(2*H)), h), else
//     (cw, ch) = (w, max(1, (2*H*w+W)/(2*W))). Take the cw x ch part whose top
//     left corner is at x = (w-cw)/2, y = (h-ch)/2 and resample it to W x H.
//
//     crop with a CropFraction of F/10000: if w*H >= W*h then rh = (20000*H+F)/(2*F)
//     and rw = (2*w*rh+h)/(2*h), else rw = (20000*W+F)/(2*F) and rh =
//     (2*h*rw+w)/(2*w). Resample the image to rw x rh and take the W x H part
//     whose top left corner is at x = (rw-W)/2, y = (rh-H)/2. An image of W x H
//     pixels is no exception.
//
//  3. Grey to colour, frame by frame, when Channels is three times the number of
//     frames and the image has one channel a frame: red, green and blue are the grey
//     value.
//
// To resample from w x h to W x H, first every row is resampled from w values
// to W, then every column of the result from h values to H. Channels are
// independent. The values between the two passes are 8-bit integers like those
// of the image. A pass that would keep the size is left out. The filter
// pillow-bilinear or pillow-bicubic gives the bytes of Pillow's Image.resize with
// BILINEAR or BICUBIC. The filter triangle, which is that of a rule without one,
// resamples n values p[0..n-1] to N values:
//
//	M    = 2*max(n, N)
//	t[i] = max(0, M - |(2*i+1)*N - (2*k+1)*n|)          for i = 0..n-1
//	T    = sum of t[i]
//	q[k] = (sum of t[i]*p[i] + T/2) / T                 for k = 0..N-1
//
// This is the mean of p under a triangle (bilinear interpolation when
// enlarging, stretched by n/N when shrinking, so that every pixel counts),
// rounded to nearest, halves up. It changes nothing where n = N, and Pillow's
// resize with BILINEAR differs from it by one grey level in rare pixels.
type Rule struct {
	Width    int    `json:"width"`    // pixels
	Height   int    `json:"height"`   // pixels
	Channels int    `json:"channels"` // 1 (grey) or 3 (red, green, blue) for each frame
	Mode     string `json:"mode"`     // "stretch", "letterbox" or "crop"
	// Filter resamples. None: Triangle.
	Filter Filter `json:"filter,omitempty" schema:"2"`
	// CropFraction is the share of the resized image's shorter side that crop takes. None: the
	// largest part is cut out before it is resized.
	CropFraction Fraction `json:"crop_fraction,omitempty" schema:"2"`
	// Alpha is what becomes of transparency when a file is decoded. None: AlphaBlack.
	Alpha Alpha `json:"alpha,omitempty" schema:"2"`
	// Frames are the pictures of the input in the order of its channels: how many frames
	// after the present one each was taken, such as -4, 0, 4. None: the present one alone.
	Frames []int `json:"frames,omitempty"`
	// Levels bring images of 16 bits to 8. None: there are only images of 8 bits.
	Levels *Levels `json:"levels,omitempty"`
}

// InputRule is the rule for images that have the size of the input already, as those that
// another network made. Channels that are neither grey nor colour are frames of grey.
func InputRule(width, height, channels int) Rule {
	r := Rule{Width: width, Height: height, Channels: channels, Mode: Stretch}
	if channels != 1 && channels != 3 {
		for n := range channels {
			r.Frames = append(r.Frames, n)
		}
	}
	return r
}

// FrameCount is the number of pictures in the network's input.
func (r Rule) FrameCount() int { return max(1, len(r.Frames)) }

// Colour says whether the frames of the input have red, green and blue.
func (r Rule) Colour() bool { return r.Channels == 3*r.FrameCount() }

// PixelFormat is the name of the input's pixels in the metadata of ONNX models, "Gray8"
// or "Rgb8"; "" for several frames, which have none.
func (r Rule) PixelFormat() string {
	switch {
	case r.FrameCount() > 1:
		return ""
	case r.Colour():
		return "Rgb8"
	}
	return "Gray8"
}

// ChannelText says in words what the channels of the input are: "grey", or "colour, 3
// frames at -4,0,4".
func (r Rule) ChannelText() string {
	text := "grey"
	if r.Colour() {
		text = "colour"
	}
	if r.FrameCount() > 1 {
		text += fmt.Sprintf(", %d frames at %s", r.FrameCount(), offsets(r.Frames))
	}
	return text
}

// Picture is the frame of an input that shows the present: the one whose offset is 0,
// or the one in the middle where none has that.
func (r Rule) Picture(img Image) Image {
	if n := slices.Index(r.Frames, 0); n >= 0 && img.FrameCount() == len(r.Frames) {
		return img.Frame(n)
	}
	return img.Picture()
}

// Decoder reads files as the rule takes them: with their 16 bits where it has levels.
func (r Rule) Decoder() Decoder {
	return Decoder{KeepDepth: r.Levels != nil, Alpha: cmp.Or(r.Alpha, AlphaBlack)}
}

// Validate reports a rule that no image can be brought to.
func (r Rule) Validate() error {
	var errs []error
	if r.Width < 1 || r.Height < 1 || r.Width > maxInput || r.Height > maxInput {
		errs = append(errs, fmt.Errorf("input size %dx%d: want 1 to %d pixels a side", r.Width, r.Height, maxInput))
	}
	if err := errors.Join(checkChannels(r.Channels, r.FrameCount()), r.checkFrames()); err != nil {
		errs = append(errs, err)
	}
	if r.Mode != Stretch && r.Mode != Letterbox && r.Mode != Crop {
		errs = append(errs, fmt.Errorf("resize mode %q: want one of %s", r.Mode, strings.Join(Modes(), ", ")))
	}
	if r.Levels != nil {
		if err := r.Levels.check(); err != nil {
			errs = append(errs, err)
		}
	}
	if err := r.checkWords(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// checkWords reports a filter, a fraction or a rule for alpha that there is not.
func (r Rule) checkWords() error {
	switch {
	case r.Filter != "" && !slices.Contains(Filters(), string(r.Filter)):
		return fmt.Errorf("resize filter %q: want one of %s", r.Filter, strings.Join(Filters(), ", "))
	case r.Alpha != "" && !slices.Contains(Alphas(), string(r.Alpha)):
		return fmt.Errorf("alpha %q: want one of %s", r.Alpha, strings.Join(Alphas(), ", "))
	case r.CropFraction != 0 && r.Mode != Crop:
		return fmt.Errorf("crop fraction %s with resize mode %s: want it with %s alone", r.CropFraction, r.Mode, Crop)
	case r.CropFraction != 0:
		return r.CropFraction.check()
	}
	return nil
}

// checkFrames reports a frame that the input would show twice.
func (r Rule) checkFrames() error {
	for n, offset := range r.Frames {
		if slices.Contains(r.Frames[:n], offset) {
			return fmt.Errorf("frames at %s: the offset %d is given twice", offsets(r.Frames), offset)
		}
	}
	return nil
}

// offsets writes a list as "-4,0,4".
func offsets(frames []int) string {
	texts := make([]string, len(frames))
	for i, offset := range frames {
		texts[i] = strconv.Itoa(offset)
	}
	return strings.Join(texts, ",")
}

// Apply brings img to the rule's size and channel count. It returns img itself
// when that is what it has, and never changes it. What it returns it gives back as it
// is when it is applied again. The error is about an invalid rule, an Image whose
// fields contradict each other, or one of other frames or depth than the rule takes.
func (r Rule) Apply(img Image) (Image, error) {
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
	img = r.resize(img)
	if r.Colour() {
		img = toColour(img)
	}
	return img, nil
}

// checkImage reports an image that the rule cannot be applied to.
func (r Rule) checkImage(img Image) error {
	if err := img.check(); err != nil {
		return err
	}
	if img.Wide != nil && r.Levels == nil {
		return errors.New("an image of 16 bits: want --levels LOW,HIGH, the values that become black and white, such as 0,65535")
	}
	if have, want := img.FrameCount(), r.FrameCount(); have != want {
		return fmt.Errorf("frames in the image: %d, want %d, as many as the input has: of one frame alone, give the video or the folder of frames that it is from", have, want)
	}
	return nil
}

// Motion says where the places of an image of the given size, in pixels, are in what
// Apply makes of it; nil where they stay. It is exact but for the last rounding, to
// 1/256 pixel.
func (r Rule) Motion(width, height int) Motion {
	if r.keeps(width, height) {
		return nil
	}
	x, y := axis{from: width, to: r.Width}, axis{from: height, to: r.Height}
	switch {
	case r.CropFraction != 0:
		x.to, y.to = r.around(width, height)
		x.pad, y.pad = -middle(x.to, r.Width).first, -middle(y.to, r.Height).first
	case r.Mode == Letterbox:
		x.to, y.to = fit(width, height, r.Width, r.Height)
		x.pad, y.pad = (r.Width-x.to)/2, (r.Height-y.to)/2
	case r.Mode == Crop:
		x.from, y.from = fit(r.Width, r.Height, width, height)
		x.cut, y.cut = (width-x.from)/2, (height-y.from)/2
	}
	return resized{x, y}
}

// keeps says whether an image of that size, which the rule has not made, stays as it is.
func (r Rule) keeps(width, height int) bool {
	return width == r.Width && height == r.Height && r.CropFraction == 0
}

// around is the size to which crop with a fraction brings an image of width x height before
// it takes the middle: on each side at least the input's.
func (r Rule) around(width, height int) (w, h int) {
	if width*r.Height >= r.Width*height {
		h = r.CropFraction.of(r.Height)
		return (2*width*h + height) / (2 * height), h
	}
	w = r.CropFraction.of(r.Width)
	return w, (2*height*w + width) / (2 * width)
}

func (r Rule) resize(img Image) Image {
	if r.keeps(img.Width, img.Height) || img.Cropped && img.Width == r.Width && img.Height == r.Height {
		return img
	}
	switch {
	case r.CropFraction != 0:
		width, height := r.around(img.Width, img.Height)
		img = r.Filter.resize(img, middle(width, r.Width), middle(height, r.Height))
		img.Cropped = true
		return img
	case r.Mode == Letterbox:
		width, height := fit(img.Width, img.Height, r.Width, r.Height)
		img = r.Filter.resize(img, whole(width), whole(height))
		return place(img, r.Width, r.Height, (r.Width-width)/2, (r.Height-height)/2)
	case r.Mode == Crop:
		width, height := fit(r.Width, r.Height, img.Width, img.Height)
		img = cut(img, width, height, (img.Width-width)/2, (img.Height-height)/2)
	}
	return r.Filter.resize(img, whole(r.Width), whole(r.Height))
}

// fit scales w x h to the largest size within boxW x boxH, rounding the shorter
// side to the nearest pixel.
func fit(w, h, boxW, boxH int) (width, height int) {
	if w*boxH >= boxW*h {
		return boxW, max(1, (2*h*boxW+w)/(2*w))
	}
	return max(1, (2*w*boxH+h)/(2*h)), boxH
}

// Luma is the grey value of a colour: ITU-R BT.601 weights in 1/65536, rounded.
func Luma(red, green, blue uint8) uint8 {
	return uint8((19595*uint32(red) + 38470*uint32(green) + 7471*uint32(blue) + 1<<15) >> 16)
}

// Grey is an image of 8 bits with each frame in grey, as a [Rule] makes it; the image itself where
// it is that.
func (m Image) Grey() Image { return toGrey(m) }

func toGrey(img Image) Image {
	if !img.Colour() {
		return img
	}
	grey := img
	grey.Channels, grey.Pix = img.FrameCount(), make([]uint8, len(img.Pix)/3)
	for i := range grey.Pix {
		grey.Pix[i] = Luma(img.Pix[3*i], img.Pix[3*i+1], img.Pix[3*i+2])
	}
	return grey
}

func toColour(img Image) Image {
	if img.Colour() {
		return img
	}
	colour := img
	colour.Channels, colour.Pix = 3*img.Channels, make([]uint8, 3*len(img.Pix))
	for i, v := range img.Pix {
		colour.Pix[3*i], colour.Pix[3*i+1], colour.Pix[3*i+2] = v, v, v
	}
	return colour
}
