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
	free    int // registers for what is the same in all rows
	way     int // of the present row, counted from that which rows point to
	strides [ways]reg.GPVirtual
}

// temporaries is the number of registers that a row needs for itself.
const temporaries = 5

// ways is the number of chains of a sum over rows; see norm.go.
const ways = 4

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
	p.mask.load(p.row(slice, i), v)
	return v
}

func (p *panel) store(slice string, i int, v vec) { p.mask.store(v, p.row(slice, i)) }

// row is vector i of the present row of a slice.
func (p *panel) row(slice string, i int) Mem {
	m := at(p.rows[slice], i*p.bytes())
	switch p.way {
	case 1, 2:
		m.Index, m.Scale = p.strides[1], uint8(p.way)
	case 3:
		m.Index, m.Scale = p.strides[3], 1
	}
	return m
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
// cut. Its parameters rows and stride are numbers of rows and of elements; where
// it has channels instead of stride, it has several ways.
func (c columns) emit(s isa) {
	s.function(c.name, c.signature, "computes "+c.name+"Generic.")
	var n reg.GPVirtual
	if c.channels == "" {
		n = load64(parameter("channels"))
	} else {
		n = Load(Param(c.channels).Len(), GP64()).(reg.GPVirtual)
	}
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
	p.free = p.allRegisters() - temporaries
	if label == "cut" && !p.opmasks {
		p.free-- // for the mask
	}
	row, finish := c.begin(p)
	p.rows = map[string]reg.GPVirtual{}
	for _, slice := range c.rows {
		base := Load(Param(slice).Base(), GP64()).(reg.GPVirtual)
		ADDQ(p.column, base)
		p.rows[slice] = base
	}
	count := load64(parameter("rows"))
	if c.channels == "" {
		c.severalWays(p, label, count, row)
	} else {
		stride := loadBytes(parameter("stride"))
		Label(label + "Row")
		row()
		c.nextRow(p, stride)
		DECQ(count)
		JNZ(LabelRef(label + "Row"))
	}
	if finish != nil {
		finish()
	}
}

func (c columns) nextRow(p *panel, by reg.GPVirtual) {
	for _, slice := range c.rows {
		ADDQ(by, p.rows[slice])
	}
}

// severalWays emits the loop over rows in several ways: as many rows at a time,
// and the rest one after the other.
func (c columns) severalWays(p *panel, label string, count reg.GPVirtual, row func()) {
	stride := loadBytes(parameter("channels"))
	p.strides[1], p.strides[3] = stride, GP64()
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, p.strides[3])
	all := GP64()
	LEAQ(Mem{Base: stride, Index: p.strides[3], Scale: 1}, all)
	SUBQ(Imm(ways), count)
	JL(LabelRef(label + "Rest"))
	Label(label + "Rows")
	for p.way = range ways {
		row()
	}
	c.nextRow(p, all)
	SUBQ(Imm(ways), count)
	JGE(LabelRef(label + "Rows"))
	Label(label + "Rest")
	for p.way = range ways - 1 {
		CMPQ(count, I32(int32(p.way+1-ways)))
		JL(LabelRef(label + "End"))
		row()
	}
	Label(label + "End")
	p.way = 0
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
	p.free -= len(v)
	p.each(func(i int) { v[i] = p.channel(slice, i) })
	return v
}

func (p *panel) setAll(slice string, v []vec) {
	p.each(func(i int) { p.setChannel(slice, i, v[i]) })
}

// sums are the accumulators of a slice [ways,channels].
type sums [ways][]vec

// sums loads the accumulators of a slice.
func (p *panel) sums(slice string) sums {
	var v sums
	p.eachSum(slice, func(way, i int, m Mem) {
		v[way] = append(v[way], p.register())
		p.free--
		p.mask.load(m, v[way][i])
	})
	return v
}

func (p *panel) setSums(slice string, v sums) {
	p.eachSum(slice, func(way, i int, m Mem) { p.mask.store(v[way][i], m) })
}

func (p *panel) eachSum(slice string, f func(way, i int, m Mem)) {
	base, stride := Load(Param(slice).Base(), GP64()).(reg.GPVirtual), loadBytes(parameter("channels"))
	for way := range ways {
		p.each(func(i int) { f(way, i, Mem{Base: base, Index: p.column, Scale: 1, Disp: i * p.bytes()}) })
		ADDQ(stride, base)
	}
}

// loaded returns vectors of a slice with one value for each channel: loaded once,
// or at each use where no registers are left.
func (p *panel) loaded(slice string) func(i int) vec {
	if p.free < p.vectors {
		base := Load(Param(slice).Base(), GP64()).(reg.GPVirtual)
		ADDQ(p.column, base)
		return func(i int) vec {
			v := p.register()
			p.mask.load(at(base, i*p.bytes()), v)
			return v
		}
	}
	v := p.all(slice)
	return func(i int) vec { return v[i] }
}

// limit returns a number that all channels share, like loaded.
func (p *panel) limit(parameter string) func() vec {
	if p.free < 1 {
		return func() vec { return p.constant(parameter) }
	}
	p.free--
	v := p.constant(parameter)
	return func() vec { return v }
}

const (
	normalizeSignature                = "(dst, x, mean, inverse, weight, bias []float32, rows, stride int)"
	normalizeClampedSignature         = "(dst, x, mean, inverse, weight, bias []float32, low, high float32, rows, stride int)"
	normalizeSumsSignature            = "(dweight, dbias, dy, x, mean, inverse []float32, rows, channels int)"
	normalizeSumsClampedSignature     = "(dweight, dbias, dy, x, mean, inverse, weight, bias []float32, low, high float32, rows, channels int)"
	normalizeGradientSignature        = "(dx, dy, x, mean, inverse, weight, dweight, dbias []float32, count float32, rows, stride int)"
	normalizeGradientClampedSignature = "(dx, dy, x, mean, inverse, weight, bias, dweight, dbias []float32, count, low, high float32, rows, stride int)"
)

func columnKernels(s isa) {
	fewer := 1 // vectors of a panel where registers are scarce
	if s.wide() {
		fewer = 2
	}
	for _, c := range []columns{
		{"columnSum", "(sum, x []float32, rows, stride int)", "sum", []string{"x"}, 4, columnSum},
		{"scaleShift", "(dst, x, scale, shift []float32, rows, stride int)", "scale", []string{"dst", "x"}, 4, scaleShift},
		{"channelSums", "(sums, x []float32, rows, channels int)", "", []string{"x"}, 2, channelSums},
		{"squaredDeviations", "(sums, mean, x []float32, rows, channels int)", "", []string{"x"}, fewer, squaredDeviations},
		{"normalize", normalizeSignature, "mean", []string{"dst", "x"}, 2, plain.normalize},
		{"normalizeClamped", normalizeClampedSignature, "mean", []string{"dst", "x"}, 2, clamped.normalize},
		{"normalizeSums", normalizeSumsSignature, "", []string{"dy", "x"}, fewer, plain.sums},
		{"normalizeSumsClamped", normalizeSumsClampedSignature, "", []string{"dy", "x"}, fewer, clamped.sums},
		{"normalizeGradient", normalizeGradientSignature, "mean", []string{"dx", "dy", "x"}, 2, plain.gradient},
		{"normalizeGradientClamped", normalizeGradientClampedSignature, "mean", []string{"dx", "dy", "x"}, fewer, clamped.gradient},
	} {
		c.emit(s)
	}
}

func columnSum(p *panel) (row, finish func()) {
	sum := p.all("sum")
	row = func() { p.each(func(i int) { VADDPS(p.load("x", i), sum[i], sum[i]) }) }
	return row, func() { p.setAll("sum", sum) }
}

func scaleShift(p *panel) (row, finish func()) {
	scale, shift := p.all("scale"), p.all("shift")
	return func() {
		p.each(func(i int) { p.store("dst", i, p.fma(p.load("x", i), scale[i], shift[i])) })
	}, nil
}

func channelSums(p *panel) (row, finish func()) {
	sums := p.sums("sums")
	row = func() {
		sum := sums[p.way]
		p.each(func(i int) { VADDPS(p.load("x", i), sum[i], sum[i]) })
	}
	return row, func() { p.setSums("sums", sums) }
}

func squaredDeviations(p *panel) (row, finish func()) {
	sums, mean := p.sums("sums"), p.all("mean")
	row = func() {
		p.each(func(i int) {
			d := p.subtract(p.load("x", i), mean[i])
			VFMADD231PS(d, d, sums[p.way][i])
		})
	}
	return row, func() { p.setSums("sums", sums) }
}

// norm emits batch normalisation, whose result may be limited to a range.
type norm struct{ clamped bool }

var plain, clamped = norm{false}, norm{true}

// hat returns (x - mean) * inverse.
func (p *panel) hat(x, mean, inverse vec) vec { return p.multiply(p.subtract(x, mean), inverse) }

func (n norm) normalize(p *panel) (row, finish func()) {
	mean, inverse, weight, bias := p.loaded("mean"), p.loaded("inverse"), p.loaded("weight"), p.loaded("bias")
	var low, high func() vec
	if n.clamped {
		low, high = p.limit("low"), p.limit("high")
	}
	return func() {
		p.each(func(i int) {
			z := p.fma(p.hat(p.load("x", i), mean(i), inverse(i)), weight(i), bias(i))
			if n.clamped {
				z = p.atMost(high(), p.atLeast(low(), z))
			}
			p.store("dst", i, z)
		})
	}, nil
}

// within returns what loads vector i of dy where results are inside of the range.
func (n norm) within(p *panel) func(i int, hat vec) vec {
	if !n.clamped {
		return func(i int, _ vec) vec { return p.load("dy", i) }
	}
	weight, bias, low, high := p.loaded("weight"), p.loaded("bias"), p.limit("low"), p.limit("high")
	return func(i int, hat vec) vec {
		z := p.fma(hat, weight(i), bias(i))
		inside := p.compare(greater, z, low()).andCompare(less, z, high())
		if p.mask.some {
			return inside.keep(p.load("dy", i))
		}
		return inside.load(p.row("dy", i))
	}
}

func (n norm) sums(p *panel) (row, finish func()) {
	dweight, dbias, mean, inverse := p.sums("dweight"), p.sums("dbias"), p.loaded("mean"), p.loaded("inverse")
	within := n.within(p)
	row = func() {
		p.each(func(i int) {
			hat := p.hat(p.load("x", i), mean(i), inverse(i))
			dy := within(i, hat)
			VADDPS(dy, dbias[p.way][i], dbias[p.way][i])
			VFMADD231PS(hat, dy, dweight[p.way][i])
		})
	}
	return row, func() { p.setSums("dweight", dweight); p.setSums("dbias", dbias) }
}

func (n norm) gradient(p *panel) (row, finish func()) {
	mean, inverse, factor := p.loaded("mean"), p.loaded("inverse"), p.all("weight")
	dweight, dbias := p.all("dweight"), p.all("dbias")
	p.each(func(i int) {
		count := p.constant("count")
		VMULPS(inverse(i), factor[i], factor[i])
		VDIVPS(count, dweight[i], dweight[i])
		VDIVPS(count, dbias[i], dbias[i])
	})
	within := n.within(p)
	return func() {
		p.each(func(i int) {
			hat := p.hat(p.load("x", i), mean(i), inverse(i))
			dz := within(i, hat)
			d := p.fmaNegated(hat, dweight[i], p.subtract(dz, dbias[i]))
			p.store("dx", i, p.multiply(factor[i], d))
		})
	}, nil
}
