package main

// panel is a block of neighbouring channels that goes through all rows before
// the next panel is begun: what each channel has of its own stays in registers.
type panel struct {
	strip
	rows map[string]gp
	way  int // the chain that the present row belongs to
}

// ways is the number of chains of a sum over rows; see norm.go.
const ways = 4

// channel returns the vectors of a slice with one value for each channel.
func (p *panel) channel(slice string) []vec { return p.read(p.pointer(slice + "_base")) }

func (p *panel) setChannel(slice string, v []vec) { p.write(v, p.pointer(slice+"_base")) }

// row is vector i of the present row of a slice.
func (p *panel) row(slice string, i int) memory { return at(p.rows[slice], 4*lanes*i) }

func (p *panel) load(slice string, i int) vec     { return p.function.load(p.row(slice, i), p.lanes) }
func (p *panel) store(slice string, i int, v vec) { p.function.store(v, p.lanes, p.row(slice, i)) }

// every calls f for every vector of the panel.
func (p *panel) every(f func(i int)) { p.each(func(i, _ int) { f(i) }) }

// sums are the accumulators of a slice [ways,channels].
type sums [ways][]vec

func (p *panel) sums(slice string) sums {
	var v sums
	p.eachSum(slice, func(way int, from gp) { v[way] = p.read(from) })
	return v
}

func (p *panel) setSums(slice string, v sums) {
	p.eachSum(slice, func(way int, to gp) { p.write(v[way], to) })
}

func (p *panel) eachSum(slice string, f func(way int, at gp)) {
	base, stride := p.pointer(slice+"_base"), p.bytes("channels")
	for way := range ways {
		f(way, base)
		p.op("ADD", stride, base)
	}
}

// columns is a function on rows of channels. It has a parameter stride, or, if
// it is a sum in several ways, channels.
type columns struct {
	name, signature string
	channels        string   // the parameter with the number of channels
	rows            []string // slices [rows,stride]
	vectors         int      // in a large panel: what registers have room for
	begin           func(p *panel) (row, finish func())
}

const severalWays = "channels"

func (c columns) emit(out *file) {
	f := out.function(c.name, c.signature, "computes "+c.name+"Generic.")
	f.branch("CBZ", "done", f.value("rows"))
	f.strips(c.channels, c.vectors, func(s *strip) { c.panel(&panel{strip: *s, rows: map[string]gp{}}) })
	f.label("done")
	f.end()
}

// panel emits the loop over rows of one panel.
func (c columns) panel(p *panel) {
	row, finish := c.begin(p)
	for _, slice := range c.rows {
		p.rows[slice] = p.pointer(slice + "_base")
	}
	count := p.value("rows")
	if c.channels == severalWays {
		c.severalWays(p, count, row)
	} else {
		stride := p.bytes("stride")
		p.function.label(p.label + "Row")
		c.row(p, row, stride)
		p.countDown(count, p.label+"Row")
	}
	if finish != nil {
		finish()
	}
}

// row emits what is done with one row.
func (c columns) row(p *panel, row func(), stride gp) {
	row()
	for _, slice := range c.rows {
		p.op("ADD", stride, p.rows[slice])
	}
}

// severalWays emits the loop over rows in several ways: as many rows at a time,
// and the rest one after the other.
func (c columns) severalWays(p *panel, count gp, row func()) {
	stride := p.bytes("channels")
	p.whole(count, ways, p.label+"Rows", func() {
		for p.way = range ways {
			c.row(p, row, stride)
		}
	})
	for p.way = range ways - 1 {
		p.branch("CBZ", p.label+"Rest", count)
		c.row(p, row, stride)
		p.op("SUB", immediate(1), count)
	}
	p.function.label(p.label + "Rest")
}

const (
	normalizeSignature                = "(dst, x, mean, inverse, weight, bias []float32, rows, stride int)"
	normalizeClampedSignature         = "(dst, x, mean, inverse, weight, bias []float32, low, high float32, rows, stride int)"
	normalizeSumsSignature            = "(dweight, dbias, dy, x, mean, inverse []float32, rows, channels int)"
	normalizeSumsClampedSignature     = "(dweight, dbias, dy, x, mean, inverse, weight, bias []float32, low, high float32, rows, channels int)"
	normalizeGradientSignature        = "(dx, dy, x, mean, inverse, weight, dweight, dbias []float32, count float32, rows, stride int)"
	normalizeGradientClampedSignature = "(dx, dy, x, mean, inverse, weight, bias, dweight, dbias []float32, count, low, high float32, rows, stride int)"
)

func columnKernels(out *file) {
	for _, c := range []columns{
		{"columnSum", "(sum, x []float32, rows, stride int)", "sum_len", []string{"x"}, 8, columnSum},
		{"scaleShift", "(dst, x, scale, shift []float32, rows, stride int)", "scale_len", []string{"dst", "x"}, 4, scaleShift},
		{"channelSums", "(sums, x []float32, rows, channels int)", severalWays, []string{"x"}, 4, channelSums},
		{"squaredDeviations", "(sums, mean, x []float32, rows, channels int)", severalWays, []string{"x"}, 4, squaredDeviations},
		{"normalize", normalizeSignature, "mean_len", []string{"dst", "x"}, 4, plain.normalize},
		{"normalizeClamped", normalizeClampedSignature, "mean_len", []string{"dst", "x"}, 4, clamped.normalize},
		{"normalizeSums", normalizeSumsSignature, severalWays, []string{"dy", "x"}, 2, plain.sums},
		{"normalizeSumsClamped", normalizeSumsClampedSignature, severalWays, []string{"dy", "x"}, 1, clamped.sums},
		{"normalizeGradient", normalizeGradientSignature, "mean_len", []string{"dx", "dy", "x"}, 4, plain.gradient},
		{"normalizeGradientClamped", normalizeGradientClampedSignature, "mean_len", []string{"dx", "dy", "x"}, 2, clamped.gradient},
	} {
		c.emit(out)
	}
}

func columnSum(p *panel) (row, finish func()) {
	sum := p.channel("sum")
	row = func() { p.every(func(i int) { p.addTo(sum[i], p.load("x", i)) }) }
	return row, func() { p.setChannel("sum", sum) }
}

func scaleShift(p *panel) (row, finish func()) {
	scale, shift := p.channel("scale"), p.channel("shift")
	return func() {
		p.every(func(i int) { p.store("dst", i, p.fma(p.load("x", i), scale[i], shift[i])) })
	}, nil
}

func channelSums(p *panel) (row, finish func()) {
	sums := p.sums("sums")
	row = func() { p.every(func(i int) { p.addTo(sums[p.way][i], p.load("x", i)) }) }
	return row, func() { p.setSums("sums", sums) }
}

func squaredDeviations(p *panel) (row, finish func()) {
	sums, mean := p.sums("sums"), p.channel("mean")
	row = func() {
		p.every(func(i int) {
			d := p.subtract(p.load("x", i), mean[i])
			p.multiplyAdd(sums[p.way][i], d, d)
		})
	}
	return row, func() { p.setSums("sums", sums) }
}
