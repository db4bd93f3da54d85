package engine

import (
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// conv is what the operations of one convolution share.
type conv struct {
	window
	groups int
	weight []float32 // [taps, in/groups, out]
	bias   []float32 // [out] or nil
}

// inPerGroup and outPerGroup are the channels that one group reads and writes.
func (v *conv) inPerGroup() int  { return v.in.C / v.groups }
func (v *conv) outPerGroup() int { return v.out.C / v.groups }

// depthwise says that every channel is a group of its own.
func (v *conv) depthwise() bool { return v.inPerGroup() == 1 && v.outPerGroup() == 1 }

// fewChannels is the number of channels up to which an image is widened by its
// columns of padding, so that a row of the kernel lies in one piece: the loop
// over the channels of a single pixel would be too short. It is free of the
// contract: every chain is the same.
const fewChannels = 16

// rowwise says that the taps of one row of the kernel are taken together, which
// lie next to each other in an input without columns of padding.
func (v *conv) rowwise() bool {
	return v.groups == 1 && v.kernel > 1 && (v.padX+v.padRight() == 0 || v.in.C <= fewChannels)
}

// rowwiseBack is rowwise for the gradient of the input.
func (v *conv) rowwiseBack() bool {
	return v.groups == 1 && v.kernel > 1 && v.stride == 1 && v.out.C <= fewChannels
}

// convOf is a convolution without its weights.
func convOf(n *nn.Node, l nn.Conv2D) *conv {
	return &conv{window: windowOf(n, l.Kernel, l.Stride, l.Pads(n.Inputs[0].Shape)), groups: l.Groups}
}

func (c *compiler) lowerConv(n *nn.Node, l nn.Conv2D) func() {
	if c.lowerInverted(n) {
		return nil
	}
	v := convOf(n, l)
	v.weight, v.bias = c.weightAndBias(n)
	if v.depthwise() {
		return c.lowerDepthwise(n, v)
	}
	var emit func(name string, x, y *tensor)
	if v.planar(v.window) {
		emit = c.planarConv(&planarConv{window: v.window, weights: v.weight, bias: v.bias})
	} else {
		emit = c.gatheredConv(v)
	}
	emit(n.Name, c.input(n, 0), c.value(n))
	if v.inPerGroup()*v.taps() <= cheapMultiplyAdds && floatSize*n.Shape.Elements() > c.keep {
		c.repeat(n, n, emit)
	}
	return func() {
		if c.trains(n.Params[0]) {
			c.convWeightGradient(n, v)
		}
		if len(n.Params) > 1 && c.trains(n.Params[1]) {
			c.biasGradient(n)
		}
		if dx := c.inputGradient(n, 0); dx != nil {
			c.convDataGradient(n, v, dx)
		}
	}
}

// gatheredConv returns what emits the convolution y of x through gathered taps.
func (c *compiler) gatheredConv(v *conv) func(name string, x, y *tensor) {
	taps := v.gathering()
	runs := taps.outputRuns(taps.list)
	worth := v.outPixels()*len(v.weight) >= worthMultiplyAdds
	var heavy *heavyConv
	if c.together && taps.width == 1 && v.groups == 1 {
		heavy = v.heavyConvOf(runs, c.shard)
	}
	return func(name string, x, y *tensor) {
		x = c.widen(name, x, v.in, taps.widening)
		c.emitDivisible(name, v.outPixels(), worth, func(w *worker, s span, h share) {
			in, out := x.of(w, s), y.of(w, s)
			if heavy != nil && s.count > 1 && h == everything {
				heavy.convolve(out, in, s.count)
				return
			}
			first, last := h.of(v.outPixels())
			for i := range s.count {
				for r := range runs {
					part := runs[r].part(first, last)
					v.multiply(out[i*y.size:][:y.size], in[i*x.size:][:x.size], &part, taps.width)
				}
			}
		}, x, y)
	}
}

// gathering is how a convolution gathers its input: through taps of a number of
// neighbouring pixels each.
type gathering struct {
	window
	list     []int // of taps
	width    int   // pixels of a tap
	widening columns
}

// columns are numbers of columns of zeros that are written out beside an image.
type columns struct{ left, right int }

func (v *conv) gathering() gathering {
	if v.rowwise() {
		return gathering{v.widened(), v.everyTap(v.kernel), v.kernel, columns{v.padX, v.padRight()}}
	}
	return gathering{v.window, v.everyTap(1), 1, columns{}}
}

// widen emits what writes an image with columns of zeros beside it, and returns it.
func (c *compiler) widen(name string, x *tensor, shape nn.Shape, by columns) *tensor {
	if by == (columns{}) {
		return x
	}
	row, left, right := shape.W*shape.C, by.left*shape.C, by.right*shape.C
	wide := left + row + right
	y := &tensor{size: shape.H * wide}
	c.emit(name+" padding", func(w *worker, s span) {
		in, out := x.of(w, s), y.of(w, s)
		for ; len(in) > 0; in, out = in[row:], out[wide:] {
			clear(out[:left])
			copy(out[left:], in[:row])
			clear(out[left+row:][:right])
		}
	}, x, y)
	return y
}

// multiply computes a run of an image's convolution group by group, through taps
// of width pixels.
func (v *conv) multiply(y, x []float32, r *run, width int) {
	size := width * v.inPerGroup()
	for g := range v.groups {
		in, out := g*v.inPerGroup(), g*v.outPerGroup()
		product := kernel.Product{
			Dst: y[r.dst+out:], DstStride: r.step, A: x[in:], Offsets: r.offsets,
			B: v.weight[r.first*size*v.out.C+out:], BStride: v.out.C, Rows: r.rows,
			Taps: r.taps, K: size, N: v.outPerGroup(),
		}
		if v.bias != nil {
			product.Bias = v.bias[out:]
		}
		product.Gather()
	}
}

// biasGradient adds up a layer's output gradient, pixel by pixel.
func (c *compiler) biasGradient(n *nn.Node) {
	dy, slot, channels := c.gradients[n.Index], c.slots.gradientOf(n.Params[1]), n.Shape.C
	c.emitOrdered(n.Name+" bias gradient", func(w *worker, s span) {
		sum := c.slots.begin(s, slot, channels)
		kernel.ColumnSum(sum, dy.of(w, s), s.count*dy.size/channels, channels)
	}, dy)
}

func (c *compiler) convWeightGradient(n *nn.Node, v *conv) {
	taps := v.gathering()
	x := c.widen(n.Name, c.inputAgain(n, 0), v.in, taps.widening)
	dy, slot := c.gradients[n.Index], c.slots.gradientOf(n.Params[0])
	sum := v.sumOfTaps(taps)
	if v.rowwise() && v.kernel*v.in.C < fewChains && v.out.C <= fewChains {
		sum = v.sumOfRows(taps)
	}
	var heavy func(dw, x, dy []float32, count int, accumulate bool)
	if c.together && taps.width == 1 && v.groups == 1 {
		heavy = v.heavyGradient(taps)
	}
	c.emitOrdered(n.Name+" weight gradient", func(w *worker, s span) {
		dw := c.slots.at(s, slot, len(v.weight))
		in, out := x.of(w, s), dy.of(w, s)
		if heavy != nil {
			heavy(dw, in, out, s.count, s.within > 0)
			return
		}
		for i := range s.count {
			sum(dw, in[i*x.size:][:x.size], out[i*dy.size:][:dy.size], s.within+i > 0)
		}
	}, x, dy)
}

// sumOfTaps returns what computes, or adds, an image's part of the gradient tap by
// tap.
func (v *conv) sumOfTaps(taps gathering) func(dw, x, dy []float32, accumulate bool) {
	seen := taps.pixelsOfTaps()
	return func(dw, x, dy []float32, accumulate bool) {
		for t := range seen {
			v.weightGradient(dw[t*taps.width*v.inPerGroup()*v.out.C:], x, dy, &seen[t], taps.width, accumulate)
		}
	}
}

// fewChains is the number of chains of multiply-adds below which a processor waits
// for their results.
const fewChains = 8

// sumOfRows is sumOfTaps where a row of the kernel would be few chains: all rows that
// a band of pixels sees the image through are taken together. They are pieces of the
// image a row apart.
func (v *conv) sumOfRows(taps gathering) func(dw, x, dy []float32, accumulate bool) {
	row := taps.in.W * v.in.C
	var seen []int32 // through the first tap, from the first pixel on
	for pixel := range v.outPixels() {
		seen = append(seen, int32(v.stride*(pixel/v.out.W*row+pixel%v.out.W*v.in.C)))
	}
	bands := taps.bands()
	return func(dw, x, dy []float32, accumulate bool) {
		if !accumulate {
			clear(dw)
		}
		for _, b := range bands {
			count := b.rows * v.out.W
			outer := kernel.Outer{
				Dst: dw[b.firstTap*v.in.C*v.out.C:], DstStride: v.out.C,
				A: x[taps.firstRow(b)*row:], Offsets: seen[:count], Pieces: b.taps / v.kernel, PieceStride: row,
				B: dy[b.first*v.out.W*v.out.C:], BStride: v.out.C,
				M: v.kernel * v.in.C, N: v.out.C, Accumulate: true,
			}
			outer.Sum()
		}
	}
}

// tapPixels are the output pixels, from first on, that see the image through a
// tap, with the offsets of what they see.
type tapPixels struct {
	first   int
	offsets []int32
}

// pixelsOfTaps lists the pixels of every tap, without those at both ends that see
// padding.
func (g gathering) pixelsOfTaps() []tapPixels {
	var list []tapPixels
	for _, tap := range g.list {
		r := run{rows: 1, taps: g.outPixels()}
		for pixel := range g.outPixels() {
			r.offsets = append(r.offsets, g.inputAt(pixel/g.out.W, pixel%g.out.W, tap))
		}
		r.trim()
		list = append(list, tapPixels{r.first, r.offsets})
	}
	return list
}

// weightGradient computes one image's part of the gradient of a tap, with which dw
// begins, or adds it.
func (v *conv) weightGradient(dw, x, dy []float32, p *tapPixels, width int, accumulate bool) {
	size := width * v.inPerGroup()
	for g := range v.groups {
		in, out := g*v.inPerGroup(), g*v.outPerGroup()
		outer := kernel.Outer{
			Dst: dw[out:], DstStride: v.out.C, A: x[in:], Offsets: p.offsets,
			B: dy[p.first*v.out.C+out:], BStride: v.out.C, M: size, N: v.outPerGroup(), Accumulate: accumulate,
		}
		outer.Sum()
	}
}

// dataPhase is what one phase of the stride needs for the gradient of the input:
// runs of pixels, and the turned weights of its taps.
type dataPhase struct {
	taps    []int
	weights []float32
	runs    []run
	width   int // neighbouring taps that runs have as one
}

func (v *conv) dataPhases() []*dataPhase {
	if v.rowwiseBack() {
		return []*dataPhase{v.rowwisePhase()}
	}
	var phases []*dataPhase
	for y := range min(v.stride, v.in.H) {
		for x := range min(v.stride, v.in.W) {
			taps := v.tapsOf(y, x)
			phases = append(phases, &dataPhase{taps: taps, runs: v.inputRuns(y, x, taps), width: 1})
		}
	}
	return phases
}

// rowwisePhase is the one phase of a convolution without stride, over gradients
// of the output that are widened: the taps of a row of the kernel see neighbouring
// pixels of them.
func (v *conv) rowwisePhase() *dataPhase {
	back := v.window
	widening := v.wideningBack()
	back.out.W += widening.left + widening.right
	back.padX = v.kernel - 1 // the last tap of a row sees the pixel of the input's own column
	var last []int
	for row := v.kernel - 1; row >= 0; row-- {
		last = append(last, row*v.kernel+v.kernel-1)
	}
	return &dataPhase{taps: v.tapsOf(0, 0), runs: back.inputRuns(0, 0, last), width: v.kernel}
}

// wideningBack is what the gradient of the output is widened by.
func (v *conv) wideningBack() columns {
	if v.rowwiseBack() {
		return columns{v.kernel - 1 - v.padX, v.kernel - 1 - v.padRight()}
	}
	return columns{}
}

func (c *compiler) convDataGradient(n *nn.Node, v *conv, dx *tensor) {
	accumulate := begin(dx)
	if back := v.back(); v.planar(back) {
		p := &planarConv{window: back, weights: c.turnedWeights(n, v, v.tapsOf(0, 0)), accumulate: accumulate}
		c.planarConv(p)(n.Name+" data gradient", c.gradients[n.Index], dx)
		return
	}
	phases := v.dataPhases()
	for _, phase := range phases {
		phase.weights = c.turnedWeights(n, v, phase.taps)
	}
	var heavy *heavyConv
	if c.together && v.stride == 1 && v.groups == 1 && phases[0].width == 1 {
		heavy = v.heavyBack(phases[0], c.shard, accumulate)
	}
	dy := c.widen(n.Name+" gradient", c.gradients[n.Index], v.out, v.wideningBack())
	c.emit(n.Name+" data gradient", func(w *worker, s span) {
		in, out := dx.of(w, s), dy.of(w, s)
		if heavy != nil && s.count > 1 {
			heavy.convolve(in, out, s.count)
			return
		}
		for i := range s.count {
			for _, phase := range phases {
				for r := range phase.runs {
					v.dataGradient(in[i*dx.size:][:dx.size], out[i*dy.size:][:dy.size], phase, &phase.runs[r], accumulate)
				}
			}
		}
	}, dx, dy)
}

// turnedWeights returns the weights of some taps turned around, which are made
// again before every step: [groups, taps, out/groups, in/groups].
func (c *compiler) turnedWeights(n *nn.Node, v *conv, taps []int) []float32 {
	turned := alignedFloats(len(taps) * v.inPerGroup() * v.out.C)
	c.prepare(n.Name+" turned weights", func() { v.turn(turned, taps) })
	return turned
}

// turn copies the weights of some taps so that output channels are the reduction
// index.
func (v *conv) turn(dst []float32, taps []int) {
	in, out := v.inPerGroup(), v.outPerGroup()
	for g := range v.groups {
		for _, tap := range taps {
			t := kernel.Transposition{
				Dst: dst, DstStride: in, Src: v.weight[tap*in*v.out.C+g*out:], SrcStride: v.out.C, Blocks: 1, Rows: in, Columns: out,
			}
			t.Transpose()
			dst = dst[in*out:]
		}
	}
}

// dataGradient computes the gradient of one run of input pixels.
func (v *conv) dataGradient(dx, dy []float32, phase *dataPhase, r *run, accumulate bool) {
	in, out := v.inPerGroup(), v.outPerGroup()
	for g := range v.groups {
		product := kernel.Product{
			Dst: dx[r.dst+g*in:], DstStride: r.step, A: dy[g*out:], Offsets: r.offsets,
			B: phase.weights[(g*len(phase.taps)+r.first*phase.width)*out*in:], BStride: in, Rows: r.rows,
			Taps: r.taps, K: phase.width * out, N: in, Accumulate: accumulate,
		}
		product.Gather()
	}
}
