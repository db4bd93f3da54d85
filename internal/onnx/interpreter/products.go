package interpreter

import (
	"errors"
	"fmt"
)

// Rows of weights are multiplied in groups, and columns of data in pairs: so each number
// that is loaded is used several times, and all sums of a group and a pair stay in
// registers.
const (
	groupRows = 4
	pairSize  = 2
)

// packed are weights [rows,depth] in the order in which they are multiplied:
// [groups,depth,groupRows], with zeros for the rows that the last group lacks.
type packed struct {
	rows, depth int
	values      []float32
}

// pack brings weights, of which at gives row and column, into that order.
func pack(rows, depth int, at func(row, k int) float32) *packed {
	p := &packed{rows, depth, make([]float32, (rows+groupRows-1)/groupRows*groupRows*depth)}
	for row := range rows {
		for k := range depth {
			p.values[(row/groupRows*depth+k)*groupRows+row%groupRows] = at(row, k)
		}
	}
	return p
}

// multiply gives the products of all rows with the columns of a panel [depth,pairSize],
// and adds bias[row]. The product of a row with column j, of so many columns, goes to
// to[row*rowStep+j*columnStep].
func (p *packed) multiply(panel []float32, bias func(row int) float32, to []float32, rowStep, columnStep, columns int) {
	var sums [groupRows * pairSize]float32
	size := p.depth * groupRows
	for first := 0; first < p.rows; first += groupRows {
		multiplyGroup(p.values[first/groupRows*size:][:size], panel, &sums)
		for row := first; row < min(first+groupRows, p.rows); row++ {
			for j := range columns {
				to[row*rowStep+j*columnStep] = sums[(row-first)*pairSize+j] + bias(row)
			}
		}
	}
}

// multiplyGroup multiplies weights [depth,4] with a panel [depth,2], in the order of depth.
// Four steps are written out, which makes it about twice as fast.
func multiplyGroup(weights, panel []float32, sums *[groupRows * pairSize]float32) {
	const unrolled = 4
	var s00, s01, s10, s11, s20, s21, s30, s31 float32
	for len(weights) >= unrolled*groupRows && len(panel) >= unrolled*pairSize {
		w, x := (*[unrolled * groupRows]float32)(weights), (*[unrolled * pairSize]float32)(panel)
		x0, x1 := x[0], x[1]
		s00, s01 = s00+float32(w[0]*x0), s01+float32(w[0]*x1)
		s10, s11 = s10+float32(w[1]*x0), s11+float32(w[1]*x1)
		s20, s21 = s20+float32(w[2]*x0), s21+float32(w[2]*x1)
		s30, s31 = s30+float32(w[3]*x0), s31+float32(w[3]*x1)
		x0, x1 = x[2], x[3]
		s00, s01 = s00+float32(w[4]*x0), s01+float32(w[4]*x1)
		s10, s11 = s10+float32(w[5]*x0), s11+float32(w[5]*x1)
		s20, s21 = s20+float32(w[6]*x0), s21+float32(w[6]*x1)
		s30, s31 = s30+float32(w[7]*x0), s31+float32(w[7]*x1)
		x0, x1 = x[4], x[5]
		s00, s01 = s00+float32(w[8]*x0), s01+float32(w[8]*x1)
		s10, s11 = s10+float32(w[9]*x0), s11+float32(w[9]*x1)
		s20, s21 = s20+float32(w[10]*x0), s21+float32(w[10]*x1)
		s30, s31 = s30+float32(w[11]*x0), s31+float32(w[11]*x1)
		x0, x1 = x[6], x[7]
		s00, s01 = s00+float32(w[12]*x0), s01+float32(w[12]*x1)
		s10, s11 = s10+float32(w[13]*x0), s11+float32(w[13]*x1)
		s20, s21 = s20+float32(w[14]*x0), s21+float32(w[14]*x1)
		s30, s31 = s30+float32(w[15]*x0), s31+float32(w[15]*x1)
		weights, panel = weights[unrolled*groupRows:], panel[unrolled*pairSize:]
	}
	for len(weights) >= groupRows && len(panel) >= pairSize {
		w, x0, x1 := (*[groupRows]float32)(weights), panel[0], panel[1]
		s00, s01 = s00+float32(w[0]*x0), s01+float32(w[0]*x1)
		s10, s11 = s10+float32(w[1]*x0), s11+float32(w[1]*x1)
		s20, s21 = s20+float32(w[2]*x0), s21+float32(w[2]*x1)
		s30, s31 = s30+float32(w[3]*x0), s31+float32(w[3]*x1)
		weights, panel = weights[groupRows:], panel[pairSize:]
	}
	*sums = [groupRows * pairSize]float32{s00, s01, s10, s11, s20, s21, s30, s31}
}

// packOnce packs the weights of a node for all plans.
func (c *call) packOnce(groups, rows, depth int, at func(group, row, k int) float32) ([]*packed, error) {
	var all []*packed
	for g := range groups {
		key := packKey{c.node, g}
		if c.shared.packed[key] == nil {
			if err := c.shared.arena.take(4 * (rows + groupRows) * depth); err != nil {
				return nil, err
			}
			c.shared.packed[key] = pack(rows, depth, func(row, k int) float32 { return at(g, row, k) })
		}
		all = append(all, c.shared.packed[key])
	}
	return all, nil
}

// bias is an optional constant with a number for each of n rows; without it, they are 0.
func (c *call) bias(i, n int) (func(row int) float32, error) {
	if !c.has(i) {
		return func(int) float32 { return 0 }, nil
	}
	t, err := c.fixed(i, 1)
	if err != nil {
		return nil, err
	}
	if len(t.f) != n {
		return nil, fmt.Errorf("input %d, %q, has %d numbers, want %d", i, c.node.inputs[i], len(t.f), n)
	}
	return func(row int) float32 { return t.f[row] }, nil
}

// prepareGemm is A x B + C, with B transposed if the node says so.
func prepareGemm(c *call) (*tensor, func(), error) {
	in, err := c.floats(0)
	if err != nil {
		return nil, nil, err
	}
	weight, err := c.fixed(1, 2)
	if err != nil {
		return nil, nil, err
	}
	for name, want := range map[string]float32{"alpha": 1, "beta": 1} {
		if v, err := c.float(name, 1); err != nil || v != want {
			return nil, nil, errors.Join(err, fmt.Errorf("%s is %v, supported is 1", name, v))
		}
	}
	transA, err := c.int("transA", 0)
	transB, err2 := c.int("transB", 0)
	if err := errors.Join(err, err2); err != nil || transA != 0 {
		return nil, nil, errors.Join(err, errors.New("transA is set, which is not supported"))
	}
	depth, rows := weight.shape[0], weight.shape[1]
	at := func(_, row, k int) float32 { return weight.f[k*rows+row] }
	if transB != 0 {
		depth, rows = rows, depth
		at = func(_, row, k int) float32 { return weight.f[row*depth+k] }
	}
	if len(in.shape) != 2 || in.shape[1] != depth {
		return nil, nil, fmt.Errorf("a value of shape %v with weights of shape %v", in.shape, weight.shape)
	}
	bias, err := c.bias(2, rows)
	if err != nil {
		return nil, nil, err
	}
	out, err := c.make(in.shape[0], rows)
	if err != nil {
		return nil, nil, err
	}
	if err := c.reserve(depth * pairSize); err != nil {
		return nil, nil, err
	}
	all, err := c.packOnce(1, rows, depth, at)
	if err != nil {
		return nil, nil, err
	}
	weights, scratch := all[0], c.scratch
	return out, func() {
		panel := (*scratch)[:depth*pairSize]
		for n := 0; n < in.shape[0]; n += pairSize {
			columns := min(pairSize, in.shape[0]-n)
			for j := range pairSize {
				example := in.f[(n+min(j, columns-1))*depth:][:depth]
				for k, v := range example {
					panel[k*pairSize+j] = v
				}
			}
			weights.multiply(panel, bias, out.f[n*rows:], 1, rows, columns)
		}
	}, nil
}

// convolution is a Conv node on its way to a step.
type convolution struct {
	window
	in, weight, out  *tensor
	groups           int
	channels         int // of one group
	rows             int // output channels of one group
	weights          []*packed
	bias             func(row int) float32
	places, distance []int // of the first pixel of each window, and of the others from there
	scratch          *[]float32
}

// prepareConv lowers a convolution to products of the weights [M,C/group*KH*KW] with
// columns of pixels, one for each place of the window.
func prepareConv(c *call) (*tensor, func(), error) {
	v := &convolution{scratch: c.scratch}
	if err := v.read(c); err != nil {
		return nil, nil, err
	}
	rows := v.weight.shape[0]
	var err error
	if v.bias, err = c.bias(2, rows); err != nil {
		return nil, nil, err
	}
	if v.out, err = c.make(v.in.shape[0], rows, v.window.out[0], v.window.out[1]); err != nil {
		return nil, nil, err
	}
	h, w := v.padded()
	padded, err := elements([]int{v.in.shape[1], h, w})
	if err != nil {
		return nil, nil, err
	}
	depth := v.channels * v.kernel[0] * v.kernel[1]
	tables := v.window.out[0]*v.window.out[1] + depth
	if err := errors.Join(c.arena.take(8*tables), c.reserve(padded+depth*pairSize)); err != nil {
		return nil, nil, err
	}
	v.tabulate()
	if v.rows > 1 {
		v.weights, err = c.packOnce(v.groups, v.rows, depth, func(group, row, k int) float32 {
			return v.weight.f[(group*v.rows+row)*depth+k]
		})
	}
	return v.out, v.run, err
}

// read reads what the node says, and checks that shapes fit.
func (v *convolution) read(c *call) (err error) {
	if v.in, err = c.floats(0); err != nil {
		return err
	}
	if v.weight, err = c.fixed(1, 4); err != nil {
		return err
	}
	groups, err := c.int("group", 1)
	if err != nil {
		return err
	}
	if v.window, err = c.window(v.in.shape, v.weight.shape[2:]); err != nil {
		return err
	}
	channels, rows := v.in.shape[1], v.weight.shape[0]
	if groups < 1 || groups > int64(channels) || channels%int(groups) != 0 || rows%int(groups) != 0 || channels/int(groups) != v.weight.shape[1] {
		return fmt.Errorf("weights of shape %v in %d groups for a value of shape %v", v.weight.shape, groups, v.in.shape)
	}
	v.groups, v.channels, v.rows = int(groups), v.weight.shape[1], rows/int(groups)
	return nil
}

// tabulate finds where the pixels of a window lie in the padded planes of a group.
func (v *convolution) tabulate() {
	h, w := v.padded()
	v.places = make([]int, 0, v.window.out[0]*v.window.out[1])
	for y := range v.window.out[0] {
		for x := range v.window.out[1] {
			v.places = append(v.places, y*v.stride[0]*w+x*v.stride[1])
		}
	}
	v.distance = make([]int, 0, v.channels*v.kernel[0]*v.kernel[1])
	for ch := range v.channels {
		for y := range v.kernel[0] {
			for x := range v.kernel[1] {
				v.distance = append(v.distance, (ch*h+y*v.dilation[0])*w+x*v.dilation[1])
			}
		}
	}
}

func (v *convolution) run() {
	h, w := v.padded()
	size := v.in.shape[1] * v.window.in[0] * v.window.in[1]
	whole := v.before == [2]int{} && v.after == [2]int{}
	group := v.channels * h * w
	for n := range v.in.shape[0] {
		pixels := v.in.f[n*size : (n+1)*size]
		if !whole {
			pixels = (*v.scratch)[:v.in.shape[1]*h*w]
			v.pad(pixels, v.in.f[n*size:(n+1)*size], v.in.shape[1])
		}
		for g := range v.groups {
			to := v.out.f[(n*v.groups+g)*v.rows*len(v.places):]
			if v.rows == 1 {
				v.runSingle(g, pixels[g*group:(g+1)*group], to)
			} else {
				v.runGroup(g, pixels[g*group:(g+1)*group], to)
			}
		}
	}
}

// runGroup multiplies the weights of a group with two columns at a time.
func (v *convolution) runGroup(g int, pixels, to []float32) {
	panel := (*v.scratch)[len(*v.scratch)-len(v.distance)*pairSize:]
	bias := func(row int) float32 { return v.bias(g*v.rows + row) }
	for at := 0; at < len(v.places); at += pairSize {
		columns := min(pairSize, len(v.places)-at)
		first, second := pixels[v.places[at]:], pixels[v.places[at+columns-1]:]
		for k, d := range v.distance {
			panel[k*pairSize], panel[k*pairSize+1] = first[d], second[d]
		}
		v.weights[g].multiply(panel, bias, to[at:], len(v.places), 1, columns)
	}
}

// runSingle is runGroup for groups with one output channel, as depthwise convolutions
// have them.
func (v *convolution) runSingle(g int, pixels, to []float32) {
	weights, bias := v.weight.f[g*len(v.distance):][:len(v.distance)], v.bias(g)
	for at, place := range v.places {
		sum, window := float32(0), pixels[place:]
		for k, d := range v.distance {
			sum += float32(weights[k] * window[d])
		}
		to[at] = sum + bias
	}
}
