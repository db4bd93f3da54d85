package engine

import (
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// A vector whose lanes are output channels has few of them in use where there are
// few channels. From planarWidth output columns on, convolutions of up to
// planarChannels output channels are planar instead, unless these fill vectors of
// planarWidth lanes. That is free of the contract, since every chain is the same.
const (
	planarChannels = 12
	planarWidth    = 8
)

// planar says that a convolution of this geometry is computed from planes.
func (v *conv) planar(g window) bool {
	few := g.out.C <= planarChannels && g.out.C%planarWidth != 0 && g.out.W >= planarWidth
	return few && v.groups == 1 && g.kernel > 1 && g.stride == 1 && g.padX < g.kernel && g.padY < g.kernel
}

// back is the geometry of the gradient of the input of a convolution without stride,
// which is a convolution of the gradient of the output.
func (g window) back() window {
	return window{
		in: g.out, out: g.in, kernel: g.kernel, stride: g.stride,
		padY: g.kernel - 1 - g.padY, padX: g.kernel - 1 - g.padX,
	}
}

// planes are the channels of an image as one plane behind the other.
type planes struct {
	nn.Shape
	pitch int // from one row of a plane to the next
	size  int // of a plane
}

// takeApart copies rows first to last-1 of an image to planes.
func (p planes) takeApart(dst, image []float32, first, last int) {
	t := kernel.Transposition{
		Dst: dst[first*p.pitch:], DstBlock: p.pitch, DstStride: p.size,
		Src: image[first*p.W*p.C:], SrcBlock: p.W * p.C, SrcStride: p.C,
		Blocks: last - first, Rows: p.W, Columns: p.C,
	}
	t.Transpose()
}

// putTogether copies rows first to last-1 of planes to an image.
func (p planes) putTogether(image, src []float32, first, last int) {
	t := kernel.Transposition{
		Dst: image[first*p.W*p.C:], DstBlock: p.W * p.C, DstStride: p.C,
		Src: src[first*p.pitch:], SrcBlock: p.pitch, SrcStride: p.size,
		Blocks: last - first, Rows: p.C, Columns: p.W,
	}
	t.Transpose()
}

// planarConv is a convolution over planes. Its vectors are neighbouring pixels of an
// output channel: columns of a product whose left side is the weights, and whose right
// side has a row for each term of an output's chain, which is an input plane from
// where the first pixel looks on.
//
// The columns of padding on the right of an input row are those on the left of the
// next, as many as the larger side has. Output rows are as far apart as input rows, so that the pixels of several are
// columns of one product; what comes of the columns between them is not used.
type planarConv struct {
	window
	weights    []float32 // [taps,in,out]
	bias       []float32 // [out] or nil
	accumulate bool      // adds to the output

	from, to     planes
	bands        []band
	steps, terms []int32 // offsets of the weights and of the pixels of each term
}

// layOut chooses the planes and lists the bands and offsets.
func (p *planarConv) layOut() {
	pitch := p.in.W + max(p.padX, p.padRight())
	p.from = planes{p.in, pitch, p.in.H*pitch + p.padX}
	p.to = planes{p.out, pitch, p.out.H * pitch}
	p.steps = rowOffsets(p.taps()*p.in.C, p.out.C)
	for tap := range p.taps() {
		for c := range p.in.C {
			p.terms = append(p.terms, int32(c*p.from.size+tap/p.kernel*pitch+tap%p.kernel))
		}
	}
	p.bands = p.window.bands()
}

// widen writes the planes of an image with their padding.
func (p *planarConv) widen(dst, image []float32) {
	clear(dst)
	p.from.takeApart(dst[p.padX:], image, 0, p.in.H)
}

// planarConv returns what emits the convolution y of x over planes.
func (c *compiler) planarConv(p *planarConv) func(name string, x, y *tensor) {
	p.layOut()
	c.needScratch(p.out.C * p.to.size)
	worth := p.outPixels()*len(p.weights) >= worthMultiplyAdds
	return func(name string, x, y *tensor) {
		x = c.planesOf(name, x, p)
		c.emitDivisible(name, 0, worth, func(w *worker, s span, h share) {
			in, out := x.of(w, s), y.of(w, s)
			first, last := h.of(p.out.H)
			for i := range s.count {
				p.convolve(out[i*y.size:][:y.size], in[i*x.size:][:x.size], w.scratch, first, last)
			}
		}, x, y)
	}
}

// planesOf emits what takes apart the channels of images, and returns the planes.
func (c *compiler) planesOf(name string, x *tensor, p *planarConv) *tensor {
	y := &tensor{size: p.in.C * p.from.size}
	c.emit(name+" planes", func(w *worker, s span) {
		in, out := x.of(w, s), y.of(w, s)
		for i := range s.count {
			p.widen(out[i*y.size:][:y.size], in[i*x.size:][:x.size])
		}
	}, x, y)
	return y
}

// convolve computes rows first to last-1 of an image from the planes of the input.
// Scratch has room for the planes of the output.
func (p *planarConv) convolve(image, x, scratch []float32, first, last int) {
	y := scratch[:p.out.C*p.to.size]
	if p.accumulate {
		p.to.takeApart(y, image, first, last)
	}
	for _, b := range p.bands {
		if part := b.part(first, last); part.rows > 0 {
			p.multiply(y, x, part)
		}
	}
	p.to.putTogether(image, y, first, last)
}

// multiply computes a band of rows in planes.
func (p *planarConv) multiply(y, x []float32, b band) {
	terms := b.taps * p.in.C
	outer := kernel.Outer{
		Dst: y[b.first*p.to.pitch:], DstStride: p.to.size,
		A: p.weights[b.firstTap*p.in.C*p.out.C:], Offsets: p.steps[:terms],
		B: x[p.firstRow(b)*p.from.pitch:], BOffsets: p.terms[:terms],
		Bias: p.bias, M: p.out.C, N: (b.rows-1)*p.to.pitch + p.out.W, Accumulate: p.accumulate,
	}
	outer.Sum()
}
