package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// panel is a block of neighbouring channels that goes through all rows before
// the next panel is begun: what each channel has of its own stays in registers.
type panel struct {
	isa
	vectors int
	mask    mask
	column  reg.GPVirtual // of the panel, in bytes
	rows    map[string]reg.GPVirtual
}

// channel loads vector i of a slice with one value for each channel.
func (p *panel) channel(slice string, i int) vec {
	v := p.register()
	p.mask.load(p.channelMemory(slice, i), v)
	return v
}

func (p *panel) setChannel(slice string, i int, v vec) { p.mask.store(v, p.channelMemory(slice, i)) }

func (p *panel) channelMemory(slice string, i int) Mem {
	base := Load(Param(slice).Base(), GP64())
	return Mem{Base: base, Index: p.column, Scale: 1, Disp: i * p.bytes()}
}

// load loads vector i of the present row of a slice.
func (p *panel) load(slice string, i int) vec {
	v := p.register()
	p.mask.load(at(p.rows[slice], i*p.bytes()), v)
	return v
}

func (p *panel) store(slice string, i int, v vec) {
	p.mask.store(v, at(p.rows[slice], i*p.bytes()))
}

// columns is a function on rows of channels.
type columns struct {
	name, signature string
	channels        string   // a slice as long as there are channels
	rows            []string // slices [rows,stride]
	vectors         int      // in a large panel
	begin           func(p *panel) (row, finish func())
}

// emit emits the function: large panels, single vectors, and a last one that is
// cut. Its parameters rows and stride are numbers of rows and of elements.
func (c columns) emit(s isa) {
	s.function(c.name, c.signature, "computes "+c.name+"Generic.")
	n := Load(Param(c.channels).Len(), GP64()).(reg.GPVirtual)
	column := GP64()
	XORQ(column, column)
	CMPQ(parameter("rows"), Imm(0))
	JE(LabelRef("done"))
	for _, vectors := range []int{c.vectors, 1} {
		size, label := vectors*s.width, map[bool]string{true: "panel", false: "single"}[vectors == c.vectors]
		Label(label)
		CMPQ(n, Imm(uint64(size)))
		JL(LabelRef(label + "Done"))
		c.panel(&panel{isa: s, vectors: vectors, column: column}, label)
		ADDQ(U32(uint32(4*size)), column)
		SUBQ(Imm(uint64(size)), n)
		JMP(LabelRef(label))
		Label(label + "Done")
		if c.vectors == 1 {
			break
		}
	}
	TESTQ(n, n)
	JZ(LabelRef("done"))
	c.panel(&panel{isa: s, vectors: 1, column: column, mask: newMask(s, n)}, "cut")
	Label("done")
	end()
}

// panel emits the loop over rows of one panel.
func (c columns) panel(p *panel, label string) {
	row, finish := c.begin(p)
	p.rows = map[string]reg.GPVirtual{}
	for _, slice := range c.rows {
		base := Load(Param(slice).Base(), GP64()).(reg.GPVirtual)
		ADDQ(p.column, base)
		p.rows[slice] = base
	}
	count, stride := load64(parameter("rows")), loadBytes(parameter("stride"))
	Label(label + "Row")
	row()
	for _, slice := range c.rows {
		ADDQ(stride, p.rows[slice])
	}
	DECQ(count)
	JNZ(LabelRef(label + "Row"))
	if finish != nil {
		finish()
	}
}

// each calls f for every vector of the panel.
func (p *panel) each(f func(i int)) {
	for i := range p.vectors {
		f(i)
	}
}

// all loads the vectors of a slice with one value for each channel.
func (p *panel) all(slice string) []vec {
	v := make([]vec, p.vectors)
	p.each(func(i int) { v[i] = p.channel(slice, i) })
	return v
}

func (p *panel) setAll(slice string, v []vec) {
	p.each(func(i int) { p.setChannel(slice, i, v[i]) })
}

func columnKernels(s isa) {
	for _, c := range []columns{
		{"columnSum", "(sum, x []float32, rows, stride int)", "sum", []string{"x"}, 4, columnSum},
		{"squaredDeviations", "(sum, mean, x []float32, rows, stride int)", "sum", []string{"x"}, 4, squaredDeviations},
		{"normalize", "(dst, x, mean, inverse, weight, bias []float32, rows, stride int)", "mean", []string{"dst", "x"}, 2, normalize},
		{"normalizeSums", "(dweight, dbias, dy, x, mean, inverse []float32, rows, stride int)", "mean", []string{"dy", "x"}, 2, normalizeSums},
		{"normalizeGradient", "(dx, dy, x, mean, inverse, weight, dweight, dbias []float32, count float32, rows, stride int)", "mean", []string{"dx", "dy", "x"}, 2, normalizeGradient},
		{"scaleShift", "(dst, x, scale, shift []float32, rows, stride int)", "scale", []string{"dst", "x"}, 4, scaleShift},
		{"addScaled", "(dst, x, scale []float32, rows, stride int)", "scale", []string{"dst", "x"}, 4, addScaled},
	} {
		c.emit(s)
	}
}

func columnSum(p *panel) (row, finish func()) {
	sum := p.all("sum")
	row = func() { p.each(func(i int) { VADDPS(p.load("x", i), sum[i], sum[i]) }) }
	return row, func() { p.setAll("sum", sum) }
}

func squaredDeviations(p *panel) (row, finish func()) {
	sum, mean := p.all("sum"), p.all("mean")
	row = func() {
		p.each(func(i int) {
			d := p.subtract(p.load("x", i), mean[i])
			VFMADD231PS(d, d, sum[i])
		})
	}
	return row, func() { p.setAll("sum", sum) }
}

// hat returns (x - mean) * inverse.
func (p *panel) hat(x, mean, inverse vec) vec { return p.multiply(p.subtract(x, mean), inverse) }

func normalize(p *panel) (row, finish func()) {
	mean, inverse, weight, bias := p.all("mean"), p.all("inverse"), p.all("weight"), p.all("bias")
	return func() {
		p.each(func(i int) {
			p.store("dst", i, p.fma(p.hat(p.load("x", i), mean[i], inverse[i]), weight[i], bias[i]))
		})
	}, nil
}

func normalizeSums(p *panel) (row, finish func()) {
	dweight, dbias, mean, inverse := p.all("dweight"), p.all("dbias"), p.all("mean"), p.all("inverse")
	row = func() {
		p.each(func(i int) {
			dy := p.load("dy", i)
			VADDPS(dy, dbias[i], dbias[i])
			VFMADD231PS(p.hat(p.load("x", i), mean[i], inverse[i]), dy, dweight[i])
		})
	}
	return row, func() { p.setAll("dweight", dweight); p.setAll("dbias", dbias) }
}

func normalizeGradient(p *panel) (row, finish func()) {
	mean, inverse, factor := p.all("mean"), p.all("inverse"), p.all("weight")
	dweight, dbias := p.all("dweight"), p.all("dbias")
	p.each(func(i int) {
		count := p.constant("count")
		VMULPS(inverse[i], factor[i], factor[i])
		VDIVPS(count, dweight[i], dweight[i])
		VDIVPS(count, dbias[i], dbias[i])
	})
	return func() {
		p.each(func(i int) {
			hat := p.hat(p.load("x", i), mean[i], inverse[i])
			d := p.fmaNegated(hat, dweight[i], p.subtract(p.load("dy", i), dbias[i]))
			p.store("dx", i, p.fma(factor[i], d, p.load("dx", i)))
		})
	}, nil
}

func scaleShift(p *panel) (row, finish func()) {
	scale, shift := p.all("scale"), p.all("shift")
	return func() {
		p.each(func(i int) { p.store("dst", i, p.fma(p.load("x", i), scale[i], shift[i])) })
	}, nil
}

func addScaled(p *panel) (row, finish func()) {
	scale := p.all("scale")
	return func() {
		p.each(func(i int) { p.store("dst", i, p.fma(p.load("x", i), scale[i], p.load("dst", i))) })
	}, nil
}
