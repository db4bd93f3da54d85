package imaging

import (
	"errors"
	"fmt"
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
//  1. Colour to grey, when Channels is 1 and the image has 3:
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
//  3. Grey to colour, when Channels is 3 and the image has 1: red, green and
//     blue are the grey value.
//
// To resample from w x h to W x H, first every row is resampled from w values
// to W, then every column of the result from h values to H. Channels are
// independent. The values between the two passes are 8-bit integers like those
// of the image. Resampling n values p[0..n-1] to N values:
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
	Channels int    `json:"channels"` // 1 (grey) or 3 (red, green, blue)
	Mode     string `json:"mode"`     // "stretch", "letterbox" or "crop"
}

// Validate reports a rule that no image can be brought to.
func (r Rule) Validate() error {
	var errs []error
	if r.Width < 1 || r.Height < 1 || r.Width > maxInput || r.Height > maxInput {
		errs = append(errs, fmt.Errorf("input size %dx%d: want 1 to %d pixels a side", r.Width, r.Height, maxInput))
	}
	if r.Channels != 1 && r.Channels != 3 {
		errs = append(errs, channelsError(r.Channels))
	}
	if r.Mode != Stretch && r.Mode != Letterbox && r.Mode != Crop {
		errs = append(errs, fmt.Errorf("resize mode %q: want one of %s", r.Mode, strings.Join(Modes(), ", ")))
	}
	return errors.Join(errs...)
}

// Apply brings img to the rule's size and channel count. It returns img itself
// when that is what it has, and never changes it. The error is about an invalid
// rule or an Image whose fields contradict each other.
func (r Rule) Apply(img Image) (Image, error) {
	if err := r.Validate(); err != nil {
		return Image{}, err
	}
	if err := img.check(); err != nil {
		return Image{}, err
	}
	if r.Channels == 1 {
		img = toGrey(img)
	}
	img = r.resize(img)
	if r.Channels == 3 {
		img = toColour(img)
	}
	return img, nil
}

func (r Rule) resize(img Image) Image {
	if img.Width == r.Width && img.Height == r.Height {
		return img
	}
	switch r.Mode {
	case Letterbox:
		width, height := fit(img.Width, img.Height, r.Width, r.Height)
		img = resample(img, width, height)
		return place(img, r.Width, r.Height, (r.Width-width)/2, (r.Height-height)/2)
	case Crop:
		width, height := fit(r.Width, r.Height, img.Width, img.Height)
		img = cut(img, width, height, (img.Width-width)/2, (img.Height-height)/2)
	}
	return resample(img, r.Width, r.Height)
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

func toGrey(img Image) Image {
	if img.Channels == 1 {
		return img
	}
	grey := New(img.Width, img.Height, 1)
	for i := range grey.Pix {
		grey.Pix[i] = Luma(img.Pix[3*i], img.Pix[3*i+1], img.Pix[3*i+2])
	}
	return grey
}

func toColour(img Image) Image {
	if img.Channels == 3 {
		return img
	}
	colour := New(img.Width, img.Height, 3)
	for i, v := range img.Pix {
		colour.Pix[3*i], colour.Pix[3*i+1], colour.Pix[3*i+2] = v, v, v
	}
	return colour
}
