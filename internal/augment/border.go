package augment

import "github.com/blocktrain/blocktrain/internal/config"

// border is what a transform that moves pixels finds outside of the image: a grey level, or
// the nearest pixel of the image. A level that the image does not have shows a network how
// the image was moved, and looks like a target where targets are dark or bright.
type border struct {
	fill int
	edge string
}

const replicate = "replicate"

func (b *border) declare(o *config.Options) {
	fillOption(o, &b.fill)
	o.Choice(&b.edge, "edge", "fill", "what is outside of the image: the grey level fill, or the nearest pixel of the image", "fill", replicate)
	o.Later()
}

// source finds where pixels of a moved image come from.
func (b *border) source() source {
	if b.edge == replicate {
		return edge
	}
	return constant
}

// outside is a border as pixels are computed with.
type outside struct {
	fill    uint8
	nearest bool // instead of fill
}

func (b *border) outside() outside { return outside{uint8(b.fill), b.edge == replicate} }
