package classifier

import (
	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// Plan is a network, with those before it, compiled for batches of a size, with room for
// its outputs. It is used by one goroutine at a time.
type Plan struct {
	links []link // in order; the last is the network itself
	batch int
	next  func(k int, dst, image []uint8, outputs [][]float32)
}

// link is one of the networks of a plan.
type link struct {
	inference *engine.Inference
	images    []uint8 // [batch,H,W,C], that it sees; nil for the first network
	imageSize int     // H*W*C
	outputs   [][]float32
	views     [][]float32 // of outputs, for as many images as there are
	graph     *nn.Graph
	params    *nn.Parameters
	known     *known      // nil: every image is computed
	missing   []uint8     // images that are not known, where others of a call are
	some      [][]float32 // outputs of those
}

// NewPlan compiles the network for batches of up to batch images, fewer where they or
// the outputs of a layer are large. Close ends its workers.
func (c *Classifier) NewPlan(batch, workers int) (*Plan, error) {
	networks := c.All()
	for _, t := range networks {
		batch = batchSize(t.Graph, batch)
	}
	p := &Plan{batch: batch, next: c.Next}
	for k, t := range networks {
		l, err := newLink(t, batch, workers)
		if err != nil {
			p.Close()
			return nil, err
		}
		if k > 0 {
			l.images = make([]uint8, batch*l.imageSize)
		}
		p.links = append(p.links, l)
	}
	return p, nil
}

func newLink(t *rundir.Trained, batch, workers int) (l link, err error) {
	if l.inference, err = engine.NewInference(t.Graph, t.Params, batch, workers); err != nil {
		return l, err
	}
	l.graph, l.params = t.Graph, t.Params
	l.imageSize, l.views = t.Graph.Input().Shape.Elements(), make([][]float32, len(l.inference.Sizes()))
	for _, size := range l.inference.Sizes() {
		l.outputs = append(l.outputs, make([]float32, size*batch))
	}
	return l, nil
}

// batchSize is the number of images to give to one call of a plan of g, at most limit.
// It affects no result.
func batchSize(g *nn.Graph, limit int) int {
	const budget = 64 << 20 // values of the largest layer
	largest := 1
	for _, n := range g.Nodes {
		largest = max(largest, n.Shape.Elements())
	}
	return max(1, min(limit, budget/largest))
}

// BatchSize is the most images that Run takes.
func (p *Plan) BatchSize() int { return p.batch }

// Run computes the outputs of n images [n,H,W,C], in the order in which they are served.
// They are valid until the next call.
func (p *Plan) Run(n int, images []uint8) [][]float32 {
	return p.links[len(p.links)-1].run(n, p.Images(n, images))
}

// RunEach computes the outputs of all networks for n images [n,H,W,C], in order. It gives
// those that each network sees, and what it makes of them, valid until the next call.
func (p *Plan) RunEach(n int, images []uint8, see func(k int, images []uint8, outputs [][]float32)) {
	var outputs [][]float32
	for k := range p.links {
		if k > 0 {
			images = p.advance(k, n, images, outputs, p.links[k].images)
		}
		outputs = p.links[k].run(n, images)
		see(k, images, outputs)
	}
}

// Images runs the networks before the last on n images and returns those that the last
// one sees of them [n,H,W,C], valid until the next call. Where there is one network, they
// are the same.
func (p *Plan) Images(n int, images []uint8) []uint8 {
	for k := 1; k < len(p.links); k++ {
		before, l := &p.links[k-1], &p.links[k]
		images = p.advance(k, n, images, before.run(n, images), l.images)
	}
	return images
}

// advance makes the images of network k of those of the one before it.
func (p *Plan) advance(k, n int, images []uint8, outputs [][]float32, made []uint8) []uint8 {
	from, to := p.links[k-1].imageSize, p.links[k].imageSize
	one := make([][]float32, len(outputs))
	for i := range n {
		for o, size := range p.links[k-1].inference.Sizes() {
			one[o] = outputs[o][i*size : (i+1)*size]
		}
		p.next(k, made[i*to:(i+1)*to], images[i*from:(i+1)*from], one)
	}
	return made[:n*to]
}

func (l *link) run(n int, images []uint8) [][]float32 {
	for o, size := range l.inference.Sizes() {
		l.views[o] = l.outputs[o][:n*size]
	}
	if l.known == nil {
		l.inference.Run(l.views, images)
	} else {
		l.runUnknown(n, images)
	}
	return l.views
}

// runUnknown computes those of n images that are not known, and looks up the others.
func (l *link) runUnknown(n int, images []uint8) {
	k := l.known
	k.find(n, images, l.views)
	switch len(k.missing) {
	case 0:
		return
	case n:
		l.inference.Run(l.views, images)
	default:
		l.some, l.missing = l.some[:0], l.missing[:0]
		for _, i := range k.missing {
			l.missing = append(l.missing, images[i*l.imageSize:(i+1)*l.imageSize]...)
		}
		for _, size := range l.inference.Sizes() {
			l.some = append(l.some, make([]float32, size*len(k.missing)))
		}
		l.inference.Run(l.some, l.missing)
		for o, size := range l.inference.Sizes() {
			for at, i := range k.missing {
				copy(l.views[o][i*size:(i+1)*size], l.some[o][at*size:])
			}
		}
	}
	k.keep(n, l.views)
}

// Refresh must be called after the parameters of the network have changed.
func (p *Plan) Refresh() {
	last := &p.links[len(p.links)-1]
	last.inference.Refresh()
	last.known.refresh()
}

// Close ends the workers.
func (p *Plan) Close() {
	for _, l := range p.links {
		l.inference.Close()
	}
}
