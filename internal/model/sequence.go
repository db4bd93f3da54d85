package model

import "github.com/blocktrain/blocktrain/internal/nn"

// Sequence is implemented by models of several networks, which are trained one after the
// other. The model itself is the last of them, by which a run is judged; its Build gets
// the shape of the images that this network sees.
type Sequence interface {
	Model
	// First are the networks that are trained before the last, in order.
	First() []Network
	// InputOf is the shape of the images that network k sees, counted from 0, where the
	// images of the data have the given one. It is not asked for the first network, which
	// sees these.
	InputOf(k int, images nn.Shape) nn.Shape
	// Next writes into dst the image [H,W,C] that network k sees, of the one that network
	// k-1 saw and of its outputs, in the order in which they are served. k is 1 at least.
	Next(k int, dst, image []uint8, outputs [][]float32)
}

// Network is one of the networks of a Sequence but the last.
type Network struct {
	Name  string // of its folder in a run: small letters and digits
	Model Model
}
