package onnx

import "github.com/blocktrain/blocktrain/internal/nn"

// image returns v as [N,C,H,W].
func (b *builder) image(v value) value {
	return b.convert(v, channelsFirst, func() string {
		if v.layout == channelsLast {
			return b.op("Transpose", v.name+"/Transpose", []string{v.name}, intsAttribute("perm", 0, 3, 1, 2))
		}
		v = b.vector(v)
		return b.reshape(v.name, nn.Shape{H: 1, W: 1, C: v.shape.Elements()})
	})
}

// pixels returns v, which is an image, as [N,H,W,C].
func (b *builder) pixels(v value) value {
	return b.convert(v, channelsLast, func() string {
		return b.op("Transpose", v.name+"/Transpose", []string{v.name}, intsAttribute("perm", 0, 2, 3, 1))
	})
}

// vector returns v as [N,features] in the graph's own order.
func (b *builder) vector(v value) value {
	return b.convert(v, vector, func() string {
		name := v.name
		if v.layout == vectorChannelsFirst {
			name = b.reshape(name, v.shape)
		}
		if v.layout != channelsLast && reorders(v.shape) {
			name = b.op("Transpose", v.name+"/Transpose", []string{name}, intsAttribute("perm", 0, 2, 3, 1))
		}
		return b.op("Flatten", v.name+"/Flatten", []string{name}, intAttribute("axis", 1))
	})
}

// convert returns v in another layout, by the operators that emit adds the
// first time.
func (b *builder) convert(v value, to layout, emit func() string) value {
	if v.layout == to {
		return v
	}
	key := conversion{v.name, to}
	if done, ok := b.converted[key]; ok {
		return done
	}
	shape := v.shape
	if v.layout == vectorChannelsFirst || to == vector {
		shape = nn.Shape{H: 1, W: 1, C: shape.Elements()}
	}
	b.converted[key] = value{name: emit(), layout: to, shape: shape}
	return b.converted[key]
}

// reshape makes [N,C,H,W] of vectors; 0 keeps the size of the batch.
func (b *builder) reshape(name string, s nn.Shape) string {
	shape := b.ints(name+"/shape", 0, s.C, s.H, s.W)
	return b.op("Reshape", name+"/Reshape", []string{name, shape})
}

// reorders tells whether flattening an image of this shape gives another order
// with channels first than with channels last.
func reorders(s nn.Shape) bool { return s.C > 1 && s.H*s.W > 1 }

// common returns the values in one layout: the one they have, where it is the
// same for all, else channels first for images and vector for vectors.
func (b *builder) common(values []value, s nn.Shape) []value {
	same := true
	for _, v := range values {
		same = same && v.layout == values[0].layout && v.shape == values[0].shape
	}
	if same {
		return values
	}
	return b.plain(values, s)
}

// plain returns the values channels first where s is an image, else as vectors.
func (b *builder) plain(values []value, s nn.Shape) []value {
	out := make([]value, len(values))
	for i, v := range values {
		if s.H*s.W > 1 {
			out[i] = b.image(v)
		} else {
			out[i] = b.vector(v)
		}
	}
	return out
}

func names(values []value) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = v.name
	}
	return list
}
