package engine

import (
	"slices"

	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// What lies between the convolutions of an inverted residual is several times larger than
// what goes in and comes out. So inference computes it some rows at a time, and reads it
// while it is in the second-level cache. That is free of the contract: every chain is the
// same.

// invertedBudgets say, in bytes, how much of what a depthwise convolution reads is kept at a
// time; how much of an output is computed before an activation follows; and how much lies
// between the convolutions where bands are worth it.
type invertedBudgets struct{ band, rows, small int }

// cacheOfInverted is for second-level caches of 1 MB and more, of which two threads may share one.
var cacheOfInverted = invertedBudgets{band: 256 << 10, rows: 32 << 10, small: 1 << 20}

// inverted is an inverted residual without its sum (Sandler et al., MobileNetV2, 2018): a 1x1
// convolution to many channels, a depthwise one, and a 1x1 convolution back to few.
type inverted struct {
	expand    *stretch // nil if the depthwise convolution reads the input
	depthwise *stretch
	project   *stretch // nil if the depthwise convolution writes the output
	bands     []invertedBand
	kept      int // values of scratch for what a band sees
}

// stretch is a convolution with the normalisation that is folded into it and the activation
// that follows.
type stretch struct {
	*conv
	nodes    []*nn.Node
	activate func(y, x []float32) // nil for none
	rows     int                  // of the output that are computed at a time
	pixels   []int32              // offsets of as many neighbouring pixels of the input
}

// invertedBand are rows of the output of the depthwise convolution, with the offsets of what they
// see: [pixels,taps], counted from the first row that any of them sees.
type invertedBand struct {
	rows
	offsets []int32
}

// lowerInverted lowers the inverted residual that a convolution begins, if it does.
func (c *compiler) lowerInverted(n *nn.Node) bool {
	v := c.invertedAt(n)
	if v == nil {
		return false
	}
	last := v.depthwise
	for _, s := range []*stretch{v.expand, v.depthwise, v.project} {
		if s == nil {
			continue
		}
		last = s
		s.weight, s.bias = c.weightAndBias(s.nodes[0])
		s.pixels = rowOffsets(max(s.rows, v.depthwise.rows)*s.out.W, s.in.C)
		for _, hidden := range s.nodes {
			c.values[hidden.Index] = &tensor{} // which nothing uses
		}
	}
	x, y := c.input(n, 0), c.value(last.nodes[len(last.nodes)-1])
	for _, node := range last.nodes {
		c.values[node.Index] = y
	}
	v.cutBands(c.inverted.band)
	c.needScratch(v.kept + v.projected())
	name := n.Name + " to " + last.nodes[0].Name
	c.emitDivisible(name, 0, true, func(w *worker, s span, h share) {
		in, out := x.of(w, s), y.of(w, s)
		first, last := h.of(v.depthwise.out.H)
		for i := range s.count {
			v.compute(out[i*y.size:][:y.size], in[i*x.size:][:x.size], w.scratch, first, last)
		}
	}, x, y)
	return true
}

// invertedAt finds the inverted residual that a convolution begins; nil if there is none whose
// parts gain by being computed together.
func (c *compiler) invertedAt(n *nn.Node) *inverted {
	if c.training {
		return nil
	}
	v, at := &inverted{}, n
	if s := c.stretchAt(at); s != nil && s.point() {
		v.expand, at = s, c.behind(s)
	}
	if v.depthwise = c.stretchAt(at); v.depthwise == nil || !v.depthwise.depthwise() {
		return nil
	}
	if s := c.stretchAt(c.behind(v.depthwise)); s != nil && s.point() {
		v.project = s
	}
	between := 0
	if v.expand != nil {
		between += floatSize * v.depthwise.in.Elements()
	}
	if v.project != nil {
		between += floatSize * v.depthwise.out.Elements()
	}
	if between < c.inverted.small {
		return nil
	}
	return v
}

// stretchAt is the stretch that begins with a convolution, without its weights; nil for any
// other node, and where all images are better taken through a convolution at once.
func (c *compiler) stretchAt(n *nn.Node) *stretch {
	if n == nil || n.Index >= c.heavyFrom {
		return nil
	}
	l, is := n.Layer.(nn.Conv2D)
	if !is {
		return nil
	}
	l = l.Normalized()
	s := &stretch{
		conv:  convOf(n, l),
		nodes: []*nn.Node{n},
		rows:  max(1, min(n.Shape.H, c.inverted.rows/(floatSize*n.Shape.W*n.Shape.C))),
	}
	last := n
	if after := c.foldInto[n.Index]; after != nil {
		last = after
		s.nodes = append(s.nodes, after)
	}
	if user := c.onlyUser(last); user != nil {
		if l, is := user.Layer.(nn.Activation); is && c.pooled(user) == nil {
			if f, err := pointwiseOf(l.Function); err == nil {
				s.nodes, s.activate = append(s.nodes, user), f.forward
			}
		}
	}
	return s
}

// onlyUser is what uses the output of a node, if that is one node.
func (c *compiler) onlyUser(n *nn.Node) *nn.Node {
	if users := c.users[n.Index]; len(users) == 1 && users[0] != result {
		return users[0]
	}
	return nil
}

// behind is the only node that uses what a stretch leaves.
func (c *compiler) behind(s *stretch) *nn.Node { return c.onlyUser(s.nodes[len(s.nodes)-1]) }

// point says that every output pixel sees the input pixel of its place alone.
func (s *stretch) point() bool {
	return s.groups == 1 && s.kernel == 1 && s.stride == 1 && s.in.H == s.out.H && s.in.W == s.out.W
}

// projected is the number of values of scratch for what is projected.
func (v *inverted) projected() int {
	if v.project == nil {
		return 0
	}
	return v.depthwise.rows * v.depthwise.out.W * v.depthwise.out.C
}

// cutBands cuts the output rows of the depthwise convolution such that what each band sees is
// at most budget bytes, or what one row sees.
func (v *inverted) cutBands(budget int) {
	d := v.depthwise
	most := d.rows
	if v.expand != nil {
		most = max(1, (budget/(floatSize*d.in.W*d.in.C)-d.kernel)/d.stride+1)
	}
	var before []int32
	for first := 0; first < d.out.H; first += most {
		b := invertedBand{rows: rows{first, min(first+most, d.out.H)}}
		seen := d.seen(b.rows)
		for pixel := first * d.out.W; pixel < b.last*d.out.W; pixel++ {
			for tap := range d.taps() {
				offset := d.inputAt(pixel/d.out.W, pixel%d.out.W, tap)
				if offset >= 0 {
					offset -= int32(seen.first * d.in.W * d.in.C)
				}
				b.offsets = append(b.offsets, offset)
			}
		}
		if slices.Equal(b.offsets, before) {
			b.offsets = before // which is in the cache then
		}
		before = b.offsets
		if v.expand != nil {
			v.kept = max(v.kept, (seen.last-seen.first)*d.in.W*d.in.C)
		}
		v.bands = append(v.bands, b)
	}
}

// compute computes output rows first to last-1 of an image.
func (v *inverted) compute(y, x, scratch []float32, first, last int) {
	d, kept, projected := v.depthwise, scratch[:v.kept], scratch[v.kept:]
	row := d.in.W * d.in.C
	begin, end := 0, 0 // input rows that are kept
	for _, b := range v.bands {
		part := rows{max(first, b.first), min(last, b.last)}
		if part.first >= part.last {
			continue
		}
		top := d.seen(b.rows).first // which offsets are counted from
		if v.expand == nil {
			v.narrow(y, x[top*row:], projected, b, part)
			continue
		}
		seen := d.seen(part)
		if end > top {
			copy(kept, kept[(top-begin)*row:(end-begin)*row])
		} else {
			end = seen.first
		}
		v.widen(kept[(end-top)*row:], x, rows{end, seen.last})
		begin, end = top, seen.last
		v.narrow(y, kept, projected, b, part)
	}
}

// widen computes rows of what the depthwise convolution sees.
func (v *inverted) widen(wide, x []float32, of rows) {
	s := v.expand
	s.inRows(of, func(row, count int) {
		pixels := count * s.out.W
		product := s.product(pixels)
		product.Dst, product.A = wide[(row-of.first)*s.out.W*s.out.C:], x[row*s.in.W*s.in.C:]
		product.Gather()
		s.finish(product.Dst[:pixels*s.out.C])
	})
}

// narrow computes output rows of a band from what that sees.
func (v *inverted) narrow(y, seen, projected []float32, b invertedBand, of rows) {
	d := v.depthwise
	d.inRows(of, func(row, count int) {
		pixels, at := count*d.out.W, row*d.out.W
		dst := projected
		if v.project == nil {
			dst = y[at*d.out.C:]
		}
		dst = dst[:pixels*d.out.C]
		convolution := kernel.Depthwise{
			Dst: dst, A: seen, Offsets: b.offsets[(at-b.first*d.out.W)*d.taps():], W: d.weight, Bias: d.bias,
			Rows: pixels, Taps: d.taps(), Channels: d.out.C,
		}
		convolution.Convolve()
		d.finish(dst)
		if p := v.project; p != nil {
			product := p.product(pixels)
			product.Dst, product.A = y[at*p.out.C:], dst
			product.Gather()
			p.finish(product.Dst[:pixels*p.out.C])
		}
	})
}

// inRows calls f for rows of the output, s.rows of them at a time.
func (s *stretch) inRows(of rows, f func(row, count int)) {
	for row := of.first; row < of.last; row += s.rows {
		f(row, min(s.rows, of.last-row))
	}
}

// product is a 1x1 convolution of neighbouring pixels.
func (s *stretch) product(pixels int) kernel.Product {
	return kernel.Product{
		DstStride: s.out.C, Offsets: s.pixels[:pixels], B: s.weight, BStride: s.out.C, Bias: s.bias,
		Rows: pixels, Taps: 1, K: s.in.C, N: s.out.C,
	}
}

// finish applies the activation.
func (s *stretch) finish(y []float32) {
	if s.activate != nil {
		s.activate(y, y)
	}
}
