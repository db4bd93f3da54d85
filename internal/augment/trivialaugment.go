package augment

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// trivialAugment does one of fourteen operations, each with the same probability, with a
// strength that is drawn from 31 steps: TrivialAugment (Müller and Hutter 2021) with the
// operations and ranges of torchvision's TrivialAugmentWide. What moves pixels takes the
// nearest one, as there.
//
// Pixels differ from torchvision's by rounding: Pillow, behind it, cuts off fractions of
// brightness, colour, contrast and sharpness, where this rounds to nearest; contrast under
// its tensors takes a mean that is not rounded; and places are multiples of 1/65536 here.
// Posterize, solarize and equalize are the same. Of autocontrast, fractions are cut off as
// there, in integers.
type trivialAugment struct{ translate, fill int }

// bins are the steps of a strength.
const bins = 31

func newTrivialAugment(o *config.Options) (Transform, error) {
	t := &trivialAugment{}
	o.Int(&t.translate, "translate", 32, "largest move in each direction, in pixels", config.Between(0, 4096))
	fillOption(o, &t.fill)
	return t, nil
}

// operations are those that are drawn from.
var operations = []func(t *trivialAugment, d *drawn){
	func(*trivialAugment, *drawn) {}, // identity
	(*trivialAugment).shearX,
	(*trivialAugment).shearY,
	(*trivialAugment).translateX,
	(*trivialAugment).translateY,
	(*trivialAugment).rotate,
	func(_ *trivialAugment, d *drawn) { brighten(d.changed(), one+d.share()) },
	func(_ *trivialAugment, d *drawn) { saturate(d.changed(), one+d.share()) },
	func(_ *trivialAugment, d *drawn) { contrastBy(d.changed(), one+d.share()) },
	func(_ *trivialAugment, d *drawn) { sharpen(d.changed(), d.src, one+d.share()) },
	func(_ *trivialAugment, d *drawn) { posterize(d.changed(), 8-(2*d.bin+5)/10) },
	func(_ *trivialAugment, d *drawn) { solarize(d.changed(), 510-17*d.bin) },
	func(_ *trivialAugment, d *drawn) { autocontrast(d.changed()) },
	func(_ *trivialAugment, d *drawn) { equalize(d.changed()) },
}

// Apply draws operation, step and sign, whichever of them are used.
func (t *trivialAugment) Apply(dst, src imaging.Image, s *rng.Stream, moves *Moves) bool {
	operation := s.IntN(len(operations))
	d := &drawn{dst: dst, src: src, moves: moves, bin: s.IntN(bins), sign: 1 - 2*s.IntN(2)}
	operations[operation](t, d)
	return d.acted
}

func (t *trivialAugment) farthest() (option string, pixels int) { return "translate", t.translate }

// drawn is an operation with its strength.
type drawn struct {
	dst, src imaging.Image
	moves    *Moves
	bin      int // of the strength, 0 to bins-1
	sign     int // 1 or -1
	acted    bool
}

// of is the strength as a part of largest, cut off, with its sign.
func (d *drawn) of(largest int) int { return d.sign * (largest * d.bin / (bins - 1)) }

// share is the strength as a part of 0.99, in 1/65536, with its sign.
func (d *drawn) share() int {
	const largest = 99 * one
	return d.sign * ((2*largest*d.bin + 100*(bins-1)) / (2 * 100 * (bins - 1)))
}

// changed makes dst a copy of src, to be changed.
func (d *drawn) changed() imaging.Image {
	d.acted = true
	copy(d.dst.Pix, d.src.Pix)
	return d.dst
}

// seen fills dst with src seen through a matrix.
func (d *drawn) seen(m matrix, about place, fill int) {
	if d.acted = m != (matrix{one, 0, 0, one}); d.acted {
		d.moves.warpAbout(d.src, m, about)
		warpNearest(d.dst, d.src, m, about, uint8(fill))
	}
}

func (t *trivialAugment) shearX(d *drawn) { d.seen(matrix{one, d.share(), 0, one}, corner, t.fill) }
func (t *trivialAugment) shearY(d *drawn) { d.seen(matrix{one, 0, d.share(), one}, corner, t.fill) }

func (t *trivialAugment) rotate(d *drawn) {
	const largest, radian = 135, 0.017453292519943295 // pi/180
	radians := float32(float32(d.sign*largest*d.bin)/(bins-1)) * float32(radian)
	sin, cos := fixed(kernel.Sin(radians)), fixed(kernel.Cos(radians))
	d.seen(matrix{cos, -sin, sin, cos}, middle, t.fill)
}

func (t *trivialAugment) translateX(d *drawn) { t.move(d, d.of(t.translate), 0) }
func (t *trivialAugment) translateY(d *drawn) { t.move(d, 0, d.of(t.translate)) }

func (t *trivialAugment) move(d *drawn, dx, dy int) {
	if d.acted = dx != 0 || dy != 0; d.acted {
		d.moves.shift(-dx, -dy)
		translate(d.dst, d.src, dx, dy, constant, uint8(t.fill))
	}
}
