package main

// Kernels that gather pixels, and treat every channel on its own: depthwise
// convolution and max-pooling. Channels that fill no vector are taken one by one.

// strip is a block of neighbouring channels.
type strip struct {
	*function
	label          string
	vectors, lanes int
	column         gp // the first channel's, in bytes
}

// each calls f for every vector, disp bytes behind the first.
func (p *strip) each(f func(i, disp int)) {
	for i := range p.vectors {
		f(i, i*4*lanes)
	}
}

// read loads the strip's vectors from memory.
func (p *strip) read(from gp) []vec {
	v := make([]vec, p.vectors)
	p.each(func(i, disp int) { v[i] = p.load(at(from, disp), p.lanes) })
	return v
}

func (p *strip) readTo(from gp, v []vec) {
	p.each(func(i, disp int) { p.loadTo(at(from, disp), p.lanes, v[i]) })
}

func (p *strip) write(v []vec, to gp) {
	p.each(func(i, disp int) { p.store(v[i], p.lanes, at(to, disp)) })
}

// pointer returns a parameter's address moved on to the present column.
func (p *strip) pointer(name string) gp {
	r := p.value(name)
	p.op("ADD", p.column, r)
	return r
}

// strips emits body for strips of several vectors, of one, and of one channel,
// until all channels, whose number is a parameter, are done.
func (f *function) strips(channels string, vectors int, body func(p *strip)) {
	left, column := f.value(channels), f.gp()
	f.op("MOVD", immediate(0), column)
	for _, p := range []strip{
		{label: "wide", vectors: vectors, lanes: lanes},
		{label: "narrow", vectors: 1, lanes: lanes},
		{label: "single", vectors: 1, lanes: 1},
	} {
		if p.label == "narrow" && vectors == 1 {
			continue
		}
		p.function, p.column = f, column
		size := p.vectors * p.lanes
		f.label(p.label)
		f.op("CMP", immediate(size), left)
		f.branch("BLT", p.label+"End")
		body(&p)
		f.op("ADD", immediate(4*size), column)
		f.op("SUB", immediate(size), left)
		f.branch("JMP", p.label)
		f.label(p.label + "End")
	}
}

// pixels emits body for every output pixel. What moves on with the pixels are
// parameters: offsets by taps, rows of channels, and rows of bytes.
func (f *function) pixels(body func(), rows, bytes []string) {
	f.branch("CBZ", "done", f.value("rows"))
	f.label("pixel")
	body()
	for _, name := range rows {
		f.moveOn(name, f.bytes("channels"))
	}
	for _, name := range bytes {
		f.moveOn(name, f.value("channels"))
	}
	f.moveOn("offsets", f.bytes("taps"))
	count := f.value("rows")
	f.op("SUBS", immediate(1), count)
	f.setValue("rows", count)
	f.branch("BNE", "pixel")
	f.label("done")
	f.end()
}

// moveOn adds to a parameter.
func (f *function) moveOn(name string, by gp) {
	f.op("ADD", f.value(name), by)
	f.setValue(name, by)
}

func gathered(out *file) {
	f := out.function("depthwise", depthwiseSignature, "computes Depthwise.Convolve.")
	f.pixels(func() { f.strips("channels", 4, depthwise) }, []string{"dst"}, nil)
	depthwiseNine(out)
	depthwiseGradient(out, "depthwiseTapGradient", 1, 4)
	depthwiseGradient(out, "depthwiseTapsGradient", depthwiseTaps, nineVectors)
	pool := out.function("maxPool", "(dst *float32, index *uint8, x *float32, offsets *int32, rows, taps, channels int)",
		"computes maxPoolGeneric.")
	pool.pixels(func() { pool.strips("channels", 4, maxPool) }, []string{"dst"}, []string{"index"})
	gradient := out.function("maxPoolGradient", "(dx *float32, index *uint8, dy *float32, offsets *int32, rows, taps, channels int)",
		"computes maxPoolGradientGeneric.")
	gradient.pixels(func() { gradient.strips("channels", 1, maxPoolGradient) }, []string{"dy"}, []string{"index"})
}

const depthwiseSignature = "(dst, a *float32, offsets *int32, w, bias, zeros *float32, rows, taps, channels int, accumulate bool)"

// depthwise emits one strip of channels of one pixel.
func depthwise(p *strip) {
	acc := p.startStrip()
	w, table, a := p.pointer("w"), p.value("offsets"), p.pointer("a")
	zeros, stride, taps := p.value("zeros"), p.bytes("channels"), p.value("taps")
	p.function.label(p.label + "Tap")
	from := p.gathered(a, p.nextOffset(table), zeros)
	p.each(func(i, disp int) {
		p.multiplyAdd(acc[i], p.load(at(w, disp), p.lanes), p.load(at(from, disp), p.lanes))
	})
	p.op("ADD", stride, w)
	p.countDown(taps, p.label+"Tap")
	p.write(acc, p.pointer("dst"))
}

// startStrip gives the accumulators their first values: Dst, the bias or zeros.
func (p *strip) startStrip() []vec {
	acc, from := p.vecs(p.vectors), p.pointer("dst")
	p.branchIf("accumulate", p.label+"Load")
	p.op("MOVD", p.variable("bias"), from)
	p.branch("CBZ", p.label+"Zero", from)
	p.op("ADD", p.column, from)
	p.function.label(p.label + "Load")
	p.readTo(from, acc)
	p.branch("JMP", p.label+"Started")
	p.function.label(p.label + "Zero")
	for _, v := range acc {
		p.zero(v)
	}
	p.function.label(p.label + "Started")
	return acc
}

const (
	// depthwiseTaps is the number of taps that are treated at once.
	depthwiseTaps = 9
	// nineVectors is the number of vectors that registers have room for nine
	// times, and for what is done with them.
	nineVectors = 2
)

// depthwiseNine emits the convolution with 9 taps: a strip of channels goes
// through all pixels with its weights in registers. A tap takes 8 instructions
// for its two multiply-adds.
func depthwiseNine(out *file) {
	f := out.function("depthwiseNine", depthwiseSignature, "computes Depthwise.Convolve for 9 taps.")
	f.strips("channels", nineVectors, func(p *strip) {
		w, bias := make([][]vec, depthwiseTaps), p.zeros(p.vectors)
		from, stride := p.pointer("w"), p.bytes("channels")
		for t := range w {
			w[t] = p.read(from)
			p.op("ADD", stride, from)
		}
		p.op("MOVD", p.variable("bias"), from)
		p.branch("CBZ", p.label+"Unbiased", from)
		p.op("ADD", p.column, from)
		p.readTo(from, bias)
		p.function.label(p.label + "Unbiased")
		p.weighPixels(w, bias)
	})
	f.end()
}

// weighPixels emits the loop over pixels.
func (p *strip) weighPixels(w [][]vec, bias []vec) {
	g, acc, accumulate := p.newGather("dst"), p.vecs(p.vectors), p.gp()
	p.op("MOVBU", p.variable("accumulate"), accumulate)
	p.function.label(p.label + "Row")
	p.each(func(i, _ int) { p.move(bias[i], acc[i]) })
	p.branch("CBZ", p.label+"Taps", accumulate)
	p.readTo(g.row, acc)
	p.function.label(p.label + "Taps")
	for t := range w {
		from := g.pointer(t)
		p.each(func(i, disp int) { p.multiplyAdd(acc[i], p.load(at(from, disp), p.lanes), w[t][i]) })
	}
	p.write(acc, g.row)
	g.next(p.label + "Row")
}

// gather walks over pixels, and the offsets of what they gather from a.
type gather struct {
	*strip
	row, table, a, zeros gp
	stride, step, rows   gp
}

// newGather begins with the first row of the named parameter.
func (p *strip) newGather(row string) gather {
	return gather{
		strip: p, row: p.pointer(row), table: p.value("offsets"), a: p.pointer("a"), zeros: p.value("zeros"),
		stride: p.bytes("channels"), step: p.bytes("taps"), rows: p.value("rows"),
	}
}

// pointer returns a pointer to what the present pixel gathers for tap t.
func (g gather) pointer(t int) gp {
	return g.gathered(g.a, g.loadOffset(at(g.table, 4*t)), g.zeros)
}

// next goes to the next pixel, and on at the label if there is one.
func (g gather) next(label string) {
	g.op("ADD", g.stride, g.row)
	g.op("ADD", g.step, g.table)
	g.countDown(g.rows, label)
}

// depthwiseGradient emits the gradient of a number of neighbouring taps: a strip
// of channels goes through all pixels with its gradients in registers.
func depthwiseGradient(out *file, name string, taps, vectors int) {
	f := out.function(name, "(dw, a, dy *float32, offsets *int32, zeros *float32, rows, taps, channels int)",
		"adds to the gradients of neighbouring taps, the first of which offsets and dw point to.")
	f.strips("channels", vectors, func(p *strip) {
		acc := make([][]vec, taps)
		dw, stride := p.pointer("dw"), p.bytes("channels")
		for t := range acc {
			acc[t] = p.read(dw)
			p.op("ADD", stride, dw)
		}
		p.gradientRows(acc)
		dw, stride = p.pointer("dw"), p.bytes("channels")
		for t := range acc {
			p.write(acc[t], dw)
			p.op("ADD", stride, dw)
		}
	})
	f.end()
}

// gradientRows emits the loop over pixels.
func (p *strip) gradientRows(acc [][]vec) {
	g := p.newGather("dy")
	p.function.label(p.label + "Row")
	gradient := p.read(g.row)
	for t := range acc {
		from := g.pointer(t)
		p.each(func(i, disp int) { p.multiplyAdd(acc[t][i], p.load(at(from, disp), p.lanes), gradient[i]) })
	}
	g.next(p.label + "Row")
}
