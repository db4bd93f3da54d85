package engine

import (
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// A convolution is heavy if it has more weights than an image has values before and
// behind it, and at least heavyWeights of them. Its weights come from far away in memory,
// and most of that is for nothing if each image of a shard reads them again. From the
// node on behind which all convolutions are heavy, all images of a shard are taken through
// an operation before the next. That is free of the contract: images do not affect each
// other, each chain goes on where it was stored, and sums over images keep their order.
const (
	heavyWeights = 1 << 16
	heavyColumns = 64 // whose weights are read for all images before those of others
	heavyRows    = 64 // input channels whose weights' gradient is summed over all images before that of others
)

func heavy(n *nn.Node, l nn.Conv2D) bool {
	weights := n.Params[0].Elements()
	return l.Groups == 1 && weights >= heavyWeights && weights > n.Shape.Elements()+n.Inputs[0].Shape.Elements()
}

// heavyFrom is the index of the node from which on all convolutions are heavy, but for
// depthwise ones, which have few weights.
func heavyFrom(g *nn.Graph) int {
	from := len(g.Nodes)
	for i := len(g.Nodes) - 1; i >= 0; i-- {
		n := g.Nodes[i]
		l, is := n.Layer.(nn.Conv2D)
		switch l = l.Normalized(); {
		case !is || l.Groups == n.Shape.C:
		case heavy(n, l):
			from = i
		default:
			return from
		}
	}
	return from
}

// heavyTap is what output pixels gather through one tap.
type heavyTap []heavyPixels

// heavyPixels are neighbouring output pixels, from first on, with the offsets of what they
// gather: those of one image, or of all images where they are all of its pixels.
type heavyPixels struct {
	first   int
	offsets []int32
	all     bool
}

// heavyConv computes a convolution tap by tap, for a number of images at once.
type heavyConv struct {
	*conv
	gathers    []heavyTap
	accumulate bool // adds to the output
}

// heavyConvOf takes runs of output pixels apart by taps. Images are at most shard.
func (v *conv) heavyConvOf(runs []run, shard int) *heavyConv {
	h := &heavyConv{conv: v, gathers: make([]heavyTap, v.taps())}
	for t := range h.gathers {
		for _, r := range runs {
			if t >= r.first && t < r.first+r.taps {
				h.gathers[t] = h.gathers[t].append(r, t-r.first)
			}
		}
		for i := range h.gathers[t] {
			h.gathers[t][i].repeat(v.outPixels(), shard, v.in.Elements())
		}
	}
	return h
}

// append adds the pixels of a run with what they gather through tap t of it.
func (list heavyTap) append(r run, t int) heavyTap {
	first := r.dst / r.step
	if n := len(list); n == 0 || list[n-1].first+len(list[n-1].offsets) != first {
		list = append(list, heavyPixels{first: first})
	}
	last := &list[len(list)-1]
	for m := range r.rows {
		last.offsets = append(last.offsets, r.offsets[m*r.taps+t])
	}
	return list
}

// repeat makes all pixels of an image those of several.
func (p *heavyPixels) repeat(pixels, images, size int) {
	if p.all = len(p.offsets) == pixels; !p.all {
		return
	}
	for i := 1; i < images; i++ {
		for _, offset := range p.offsets[:pixels] {
			if offset >= 0 {
				offset += int32(i * size)
			}
			p.offsets = append(p.offsets, offset)
		}
	}
}

// convolve computes y of x, count images each.
func (h *heavyConv) convolve(y, x []float32, count int) {
	for first := 0; first < h.out.C; first += heavyColumns {
		p := heavyPanel{h, y, x, count, first, min(heavyColumns, h.out.C-first)}
		if !h.single() && !h.accumulate {
			p.start()
		}
		for t := range h.gathers {
			for i := range h.gathers[t] {
				p.add(t, &h.gathers[t][i])
			}
		}
	}
}

// single says that each chain is in one piece.
func (h *heavyConv) single() bool {
	return len(h.gathers) == 1 && len(h.gathers[0]) == 1 && h.gathers[0][0].all
}

// heavyPanel is a number of neighbouring output channels of some images.
type heavyPanel struct {
	*heavyConv
	y, x           []float32
	count          int // of images
	first, columns int
}

// start gives all chains their first values.
func (p *heavyPanel) start() {
	for row := range p.count * p.outPixels() {
		dst := p.y[row*p.out.C+p.first:][:p.columns]
		if p.bias == nil {
			clear(dst)
		} else {
			copy(dst, p.bias[p.first:])
		}
	}
}

// add adds what pixels gather through a tap.
func (p *heavyPanel) add(tap int, of *heavyPixels) {
	product := kernel.Product{
		DstStride: p.out.C, B: p.weight[tap*p.in.C*p.out.C+p.first:], BStride: p.out.C,
		Taps: 1, K: p.in.C, N: p.columns, Accumulate: true,
	}
	if p.single() && !p.accumulate {
		product.Accumulate = false
		if p.bias != nil {
			product.Bias = p.bias[p.first:]
		}
	}
	if of.all {
		product.Rows = p.count * p.outPixels()
		product.Dst, product.A, product.Offsets = p.y[p.first:], p.x, of.offsets[:product.Rows]
		product.Gather()
		return
	}
	product.Offsets, product.Rows = of.offsets, len(of.offsets)
	for i := range p.count {
		product.Dst, product.A = p.y[(i*p.outPixels()+of.first)*p.out.C+p.first:], p.x[i*p.in.Elements():][:p.in.Elements()]
		product.Gather()
	}
}

// heavyBack is the convolution that makes the gradient of the input of one without stride
// from that of its output, with turned weights.
func (v *conv) heavyBack(phase *dataPhase, shard int, accumulate bool) *heavyConv {
	back := &conv{window: v.back(), groups: 1, weight: phase.weights}
	h := back.heavyConvOf(phase.runs, shard)
	h.accumulate = accumulate
	return h
}

// heavyGradient returns what computes, or adds, the part of the gradient of the weights
// that a number of images contribute: some rows of it, for all images, before the next.
func (v *conv) heavyGradient(taps gathering) func(dw, x, dy []float32, count int, accumulate bool) {
	seen := taps.pixelsOfTaps()
	return func(dw, x, dy []float32, count int, accumulate bool) {
		for t := range seen {
			for first := 0; first < v.in.C; first += heavyRows {
				outer := kernel.Outer{
					Dst: dw[(t*v.in.C+first)*v.out.C:], DstStride: v.out.C, Offsets: seen[t].offsets,
					BStride: v.out.C, M: min(heavyRows, v.in.C-first), N: v.out.C,
				}
				for i := range count {
					outer.A = x[i*v.in.Elements():][first:v.in.Elements()]
					outer.B = dy[i*v.out.Elements()+seen[t].first*v.out.C:]
					outer.Accumulate = accumulate || i > 0
					outer.Sum()
				}
			}
		}
	}
}
