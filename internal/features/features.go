// Package features computes what the layers of a network before its last one make of images,
// once for each image: a head is found on them, and they are what images are compared by.
//
// Features are those of the inference plan, with normalisation folded into the layer before
// it. They depend on the weights of these layers and on the bytes that the network sees of an
// image, and on nothing else: not on the number of workers, and not on what is in the cache.
package features

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// Set is the features of some images, a row for each view of each image: first all images as
// they are evaluated, then all as the second view has them, and so on.
type Set struct {
	Width  int       // D
	Values []float32 // [N,D]
	Labels []int     // [N]
	Images []int     // [N], the place of the image in the list that was looked at
	SHA256 string    // of N, D and the values, in hexadecimal digits
}

// Head is the last layer of a network and what it sees.
type Head struct {
	Node     *nn.Node // a fully connected layer
	Features *nn.Node // its input, a vector
}

// ErrNoHead says that a network has no head of its own that features could be given to.
var ErrNoHead = errors.New("its last layer with weights is not a fully connected layer that gives its output: choose another model, or --head none")

// HeadOf finds the head of a graph, as its model built it.
func HeadOf(g *nn.Graph) (Head, error) {
	out := g.Output()
	if _, is := out.Layer.(nn.Softmax); is {
		out = out.Inputs[0]
	}
	if _, is := out.Layer.(nn.Linear); !is || out.Inputs[0].Shape.H*out.Inputs[0].Shape.W != 1 {
		return Head{}, ErrNoHead
	}
	return Head{out, out.Inputs[0]}, nil
}

// Below are prefixes of the names of all weights but those of the head.
func (h Head) Below(g *nn.Graph) []string {
	var names []string
	for _, p := range g.Params {
		if !h.has(p) {
			names = append(names, p.Name)
		}
	}
	return names
}

func (h Head) has(p *nn.Param) bool {
	for _, own := range h.Node.Params {
		if own == p {
			return true
		}
	}
	return false
}

// Views says how often, and how, each image is looked at. The first view is the image as it
// is evaluated. With Mirror, the second is its mirror image. All others are images as
// training varies them, each as in an epoch of its own.
type Views struct {
	Count  int
	Mirror bool
}

// augmented lists the epochs in which training varies the images of the views so.
func (v Views) augmented() (epochs []uint32) {
	first := 1
	if v.Mirror {
		first = 2
	}
	for view := first; view < v.Count; view++ {
		epochs = append(epochs, uint32(view))
	}
	return epochs
}

// Extractor computes features. It is used by one goroutine at a time; Close ends its
// workers.
type Extractor struct {
	inference *engine.Inference
	width     int
	store     *Store
	network   [sha256.Size]byte
}

// batchSize is how many images an extractor takes through the network at a time. It changes
// no bit.
const batchSize = 32

// New compiles the layers of a graph before its head, with the parameters as they are now.
// Without OpenStore it keeps nothing.
func New(g *nn.Graph, params *nn.Parameters, workers int) (*Extractor, error) {
	h, err := HeadOf(g)
	if err != nil {
		return nil, err
	}
	cut := g.Extend()
	cut.Nodes = cut.Nodes[:h.Features.Index+1]
	inference, err := engine.NewInference(cut, params, batchSize, workers)
	if err != nil {
		return nil, err
	}
	x := &Extractor{inference: inference, width: h.Features.Shape.Elements()}
	x.network = engine.Digest(cut, params)
	return x, nil
}

// Close ends the workers, and closes the store.
func (x *Extractor) Close() {
	x.store.close()
	x.inference.Close()
}

// Extract computes the features of the examples in list. Plain gives the images as they are
// evaluated, varied as training varies them, which may be nil where no view asks for it.
// Seen, which may be nil, is told how many images of all views have been looked at.
func (x *Extractor) Extract(ctx context.Context, plain, varied *dataset.Loader, list []int, views Views, seen func(done, total int)) (*Set, error) {
	rows := len(list) * views.Count
	if rows > math.MaxInt/4/max(1, x.width) {
		return nil, fmt.Errorf("%d views of %d images are more than can be addressed: ask for fewer --views", views.Count, len(list))
	}
	s := &Set{Width: x.width, Values: make([]float32, rows*x.width)}
	e := &extraction{Extractor: x, set: s, list: list, total: rows, seen: seen}
	mirrored := views.Mirror && views.Count > 1
	if err := e.pass(ctx, plain, 0, 0, mirrored); err != nil {
		return nil, err
	}
	view := 1
	if mirrored {
		view = 2
	}
	for _, epoch := range views.augmented() {
		if err := e.pass(ctx, varied, epoch, view, false); err != nil {
			return nil, err
		}
		view++
	}
	for range views.Count {
		for at, i := range list {
			s.Labels, s.Images = append(s.Labels, plain.Dataset.Info(i).Label), append(s.Images, at)
		}
	}
	s.SHA256 = s.digest()
	x.store.flush()
	return s, nil
}

// digest is that of the features.
func (s *Set) digest() string {
	d := sha256.New()
	fmt.Fprintf(d, "blocktrain features 1\n%d %d\n", len(s.Labels), s.Width)
	_ = binary.Write(d, binary.LittleEndian, s.Values)
	return hex.EncodeToString(d.Sum(nil))
}

// extraction is one call of Extract.
type extraction struct {
	*Extractor
	set         *Set
	list        []int
	done, total int
	seen        func(done, total int)
	digests     [][sha256.Size]byte // of the batch's images, as they are evaluated or varied
	misses      []int
	keys        [][sha256.Size]byte // of the misses
	images      []uint8
	outputs     []float32
}

// pass looks at all images once, or with their mirror images twice.
func (e *extraction) pass(ctx context.Context, loader *dataset.Loader, epoch uint32, view int, mirrored bool) error {
	at := 0
	for batch, err := range loader.Batches(ctx, e.list, epoch, 0, batchSize) {
		if err != nil {
			return err
		}
		size := len(batch.Images) / batch.N
		e.digests = e.digests[:0]
		for image := range slices.Chunk(batch.Images, size) {
			e.digests = append(e.digests, sha256.Sum256(image))
		}
		e.batch(batch.Images, view*len(e.list)+at, nil)
		if mirrored {
			e.batch(batch.Images, (view+1)*len(e.list)+at, func(images []uint8) {
				mirror(images, loader.Rule.Width, loader.Rule.Channels)
			})
		}
		at += batch.N
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return ctx.Err()
}

// batch computes the features of images, or looks them up, into the rows from row on. Turn,
// if not nil, mirrors those that are computed.
func (e *extraction) batch(images []uint8, row int, turn func(images []uint8)) {
	n := len(e.digests)
	size := len(images) / n
	e.misses, e.images, e.keys = e.misses[:0], e.images[:0], e.keys[:0]
	for i, digest := range e.digests {
		key := e.key(digest, turn != nil)
		if !e.store.lookup(e.set.row(row+i), key) {
			e.misses, e.images, e.keys = append(e.misses, row+i), append(e.images, images[i*size:][:size]...), append(e.keys, key)
		}
	}
	if len(e.misses) > 0 {
		if turn != nil {
			turn(e.images)
		}
		e.outputs = append(e.outputs[:0], make([]float32, len(e.misses)*e.width)...)
		e.inference.Run([][]float32{e.outputs}, e.images)
		for k, at := range e.misses {
			copy(e.set.row(at), e.outputs[k*e.width:][:e.width])
			e.store.add(e.keys[k], e.set.row(at))
		}
	}
	e.done += n
	if e.seen != nil {
		e.seen(e.done, e.total)
	}
}

func (s *Set) row(i int) []float32 { return s.Values[i*s.Width:][:s.Width] }

// key is the SHA-256 over all that features depend on: the network, and what it sees of an
// image, whatever that went through before. A mirror image is known by what it is one of.
func (e *extraction) key(image [sha256.Size]byte, mirrored bool) [sha256.Size]byte {
	d := append(slices.Concat(e.network[:], image[:]), 0)
	if mirrored {
		d[len(d)-1] = 1
	}
	return sha256.Sum256(d)
}

// mirror turns images [N,H,W,C] round, in place.
func mirror(images []uint8, width, channels int) {
	row := width * channels
	for first := 0; first < len(images); first += row {
		line := images[first : first+row]
		for a, b := 0, width-1; a < b; a, b = a+1, b-1 {
			for c := range channels {
				line[a*channels+c], line[b*channels+c] = line[b*channels+c], line[a*channels+c]
			}
		}
	}
}
