package interpreter

import (
	"errors"
	"fmt"
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

// multiply gives the products of all rows with the columns of a panel [depth,panelColumns],
// and adds bias[row]. The product of a row with column j, of so many columns, goes to
// to[row*rowStep+j*columnStep].
func (p *packed) multiply(panel []float32, bias func(row int) float32, to []float32, rowStep, columnStep, columns int) {
	var sums [groupRows * panelColumns]float32
	size := p.depth * groupRows
	for first := 0; first < p.rows; first += groupRows {
		multiplyGroup(p.values[first/groupRows*size:][:size], panel, &sums)
		for row := first; row < min(first+groupRows, p.rows); row++ {
			b, results := bias(row), (*[panelColumns]float32)(sums[(row-first)*panelColumns:])
			if columns == panelColumns && columnStep == 1 {
				whole := (*[panelColumns]float32)(to[row*rowStep:])
				for j := range whole {
					whole[j] = results[j] + b
				}
				continue
			}
			for j := range columns {
				to[row*rowStep+j*columnStep] = results[j] + b
			}
		}
	}
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
	if err := c.reserve(depth * panelColumns); err != nil {
		return nil, nil, err
	}
	all, err := c.packOnce(1, rows, depth, at)
	if err != nil {
		return nil, nil, err
	}
	weights, scratch := all[0], c.scratch
	return out, func() {
		panel := (*scratch)[:depth*panelColumns]
		for n := 0; n < in.shape[0]; n += panelColumns {
			columns := min(panelColumns, in.shape[0]-n)
			for j := range panelColumns {
				example := in.f[(n+min(j, columns-1))*depth:][:depth]
				for k, v := range example {
					panel[k*panelColumns+j] = v
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
	if err := errors.Join(c.arena.take(8*tables), c.reserve(padded+depth*panelColumns)); err != nil {
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

// runGroup multiplies the weights of a group with the columns of a panel at a time.
func (v *convolution) runGroup(g int, pixels, to []float32) {
	panel := (*v.scratch)[len(*v.scratch)-len(v.distance)*panelColumns:]
	bias := func(row int) float32 { return v.bias(g*v.rows + row) }
	for at := 0; at < len(v.places); at += panelColumns {
		columns := min(panelColumns, len(v.places)-at)
		v.fill(panel, pixels, at, columns)
		v.weights[g].multiply(panel, bias, to[at:], len(v.places), 1, columns)
	}
}

// fill makes a panel of the columns of so many places from at on. Those of a run of places that
// lie side by side are copied together. The columns that the last panel lacks are of no meaning.
func (v *convolution) fill(panel, pixels []float32, at, columns int) {
	for j := 0; j < columns; {
		first, end := v.places[at+j], j+1
		for end < columns && v.places[at+end] == first+end-j {
			end++
		}
		switch end - j {
		case panelColumns:
			for k, d := range v.distance {
				*(*[panelColumns]float32)(panel[k*panelColumns:]) = *(*[panelColumns]float32)(pixels[first+d:])
			}
		case 1:
			column := pixels[first:]
			for k, d := range v.distance {
				panel[k*panelColumns+j] = column[d]
			}
		default:
			for k, d := range v.distance {
				copy(panel[k*panelColumns+j:k*panelColumns+end], pixels[first+d:])
			}
		}
		j = end
	}
}

// runSingle is runGroup for groups with one output channel, as depthwise convolutions
// have them.
func (v *convolution) runSingle(g int, pixels, to []float32) {
	weights, bias := v.weight.f[g*len(v.distance):][:len(v.distance)], v.bias(g)
	for at := 0; at < len(v.places); {
		if first := v.places[at]; at+beside <= len(v.places) && v.places[at+beside-1] == first+beside-1 {
			v.runBeside(weights, bias, pixels[first:], (*[beside]float32)(to[at:]))
			at += beside
			continue
		}
		places := v.places[at:min(at+4, len(v.places))]
		v.runApart(weights, bias, pixels, places, to[at:])
		at += len(places)
	}
}

// runApart is runSingle for up to four places. Four sums are under way at once, since each
// waits for its last product.
func (v *convolution) runApart(weights []float32, bias float32, pixels []float32, places []int, to []float32) {
	var windows [4][]float32
	for j := range windows {
		windows[j] = pixels[places[min(j, len(places)-1)]:]
	}
	var s0, s1, s2, s3 float32
	for k, d := range v.distance {
		w := weights[k]
		s0, s1 = s0+float32(w*windows[0][d]), s1+float32(w*windows[1][d])
		s2, s3 = s2+float32(w*windows[2][d]), s3+float32(w*windows[3][d])
	}
	copy(to[:len(places)], []float32{s0 + bias, s1 + bias, s2 + bias, s3 + bias})
}

// beside is how many places runBeside takes.
const beside = 8

// runBeside is runSingle for places that lie side by side, whose sums stay in registers.
func (v *convolution) runBeside(weights []float32, bias float32, pixels []float32, to *[beside]float32) {
	var s0, s1, s2, s3, s4, s5, s6, s7 float32
	for k, d := range v.distance {
		w, x := weights[k], (*[beside]float32)(pixels[d:])
		s0, s1, s2, s3 = s0+float32(w*x[0]), s1+float32(w*x[1]), s2+float32(w*x[2]), s3+float32(w*x[3])
		s4, s5, s6, s7 = s4+float32(w*x[4]), s5+float32(w*x[5]), s6+float32(w*x[6]), s7+float32(w*x[7])
	}
	*to = [beside]float32{s0 + bias, s1 + bias, s2 + bias, s3 + bias, s4 + bias, s5 + bias, s6 + bias, s7 + bias}
}
