package classifier

import (
	"crypto/sha256"

	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// Known keeps what networks made of images while a command runs: the evaluation scores the
// validation part with weights that training has scored it with, and the comparison of the
// exported file needs what the network made of the test part. Outputs depend on the network
// with its weights and on the bytes of the image alone, whose digests they are found by: they
// are the same whether they are computed once or twice. It is used by one goroutine at a time.
// A nil Known keeps nothing; verification has none.
type Known struct {
	places map[knownKey]int
	values []float32
}

// knownKey is the digest of a network and of an image.
type knownKey struct{ network, image [sha256.Size]byte }

const (
	// mostKnown is how many values are kept. Where there would be more, all are given up.
	mostKnown = 4 << 20
	// imageCost is what an image counts besides its outputs, in values.
	imageCost = 32
)

// known is what a plan of one network looks up. A nil one looks up nothing.
type known struct {
	*Known
	network [sha256.Size]byte
	graph   *nn.Graph
	params  *nn.Parameters
	missing []int // of the images of a call
	keys    []knownKey
}

// Keep has the plan compute no image that k knows, and tell it of the others. Plans of several
// networks keep nothing.
func (p *Plan) Keep(k *Known) {
	if k == nil || len(p.links) > 1 {
		return
	}
	l := &p.links[0]
	l.known = &known{Known: k, graph: l.graph, params: l.params}
	l.known.refresh()
}

// refresh is called after the parameters have changed.
func (k *known) refresh() {
	if k != nil {
		k.network = engine.Digest(k.graph, k.params)
	}
}

// find fills in the outputs [n,...] of those images that are known, and keeps note of the others.
func (k *known) find(n int, images []uint8, outputs [][]float32) {
	k.missing, k.keys = k.missing[:0], k.keys[:0]
	size := len(images) / n
	for i := range n {
		image := images[i*size : (i+1)*size]
		key := knownKey{k.network, sha256.Sum256(image)}
		at, found := k.places[key]
		if !found {
			k.missing, k.keys = append(k.missing, i), append(k.keys, key)
			continue
		}
		for _, values := range outputs {
			width := len(values) / n
			at += copy(values[i*width:(i+1)*width], k.values[at:])
		}
	}
}

// keep takes over the outputs [n,...] of what was missing.
func (k *known) keep(n int, outputs [][]float32) {
	cost := imageCost
	for _, values := range outputs {
		cost += len(values) / n
	}
	cost *= len(k.missing)
	if k.places == nil || len(k.values)+imageCost*len(k.places)+cost > mostKnown {
		k.places, k.values = map[knownKey]int{}, nil
	}
	if cost > mostKnown {
		return
	}
	for at, i := range k.missing {
		k.places[k.keys[at]] = len(k.values)
		for _, values := range outputs {
			width := len(values) / n
			k.values = append(k.values, values[i*width:(i+1)*width]...)
		}
	}
}
