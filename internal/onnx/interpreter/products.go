package interpreter

import (
	"errors"
	"fmt"
)

// packed are weights [rows,depth] in the order in which they are multiplied:
// [groups,depth,groupRows], with zeros for the rows that the last group lacks, and the bias of
// each row [groups].
type packed struct {
	rows, depth int
	values      []float32
	bias        [][groupRows]float32
}

// pack brings weights, of which at gives row and column, into that order.
func pack(rows, depth int, at func(row, k int) float32, bias func(row int) float32) *packed {
	groups := (rows + groupRows - 1) / groupRows
	p := &packed{rows, depth, make([]float32, groups*groupRows*depth), make([][groupRows]float32, groups)}
	for row := range rows {
		group, i := row/groupRows, row%groupRows
		p.bias[group][i] = bias(row)
		for k := range depth {
			p.values[(group*depth+k)*groupRows+i] = at(row, k)
		}
	}
	return p
}

// multiply gives the products of all rows with the columns of a panel [depth,panelColumns],
// and adds the bias of the row. The product of a row with column j, of so many columns, goes to
// to[row*rowStep+j*columnStep].
func (p *packed) multiply(panel, to []float32, rowStep, columnStep, columns int) {
	var sums [groupRows * panelColumns]float32
	size := p.depth * groupRows
	for group := 0; group < len(p.bias); group++ {
		first := group * groupRows
		if first+2*groupRows <= p.rows && columns == panelColumns && columnStep == 1 &&
			multiplyGroups(p.values[group*size:][:2*size], panel, p.bias[group:], to[first*rowStep:], rowStep) {
			group++
			continue
		}
		rows, weights := min(groupRows, p.rows-first), p.values[group*size:][:size]
		if rows == groupRows && columns == panelColumns && columnStep == 1 {
			multiplyGroup(weights, panel, &p.bias[group], to[first*rowStep:], rowStep)
			continue
		}
		multiplyGroup(weights, panel, &p.bias[group], sums[:], panelColumns)
		for row := range rows {
			results := sums[row*panelColumns:][:columns]
			for j, v := range results {
				to[(first+row)*rowStep+j*columnStep] = v
			}
		}
	}
}

// packOnce packs the weights of a node for all plans.
func (c *call) packOnce(groups, rows, depth int, at func(group, row, k int) float32, bias func(row int) float32) ([]*packed, error) {
	var all []*packed
	for g := range groups {
		key := packKey{c.node, g}
		if c.shared.packed[key] == nil {
			if err := c.shared.arena.take(4 * (rows + groupRows) * (depth + 1)); err != nil {
				return nil, err
			}
			c.shared.packed[key] = pack(rows, depth,
				func(row, k int) float32 { return at(g, row, k) }, func(row int) float32 { return bias(g*rows + row) })
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
	all, err := c.packOnce(1, rows, depth, at, bias)
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
			weights.multiply(panel, out.f[n*rows:], 1, rows, columns)
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
	wide             int   // places from the first to the last, with those between rows
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
	padded, err := elements([]int{v.in.shape[1], v.planes(), h, w})
	if err != nil {
		return nil, nil, err
	}
	v.wide = (v.window.out[0]-1)*w + v.window.out[1]
	depth := v.channels * v.kernel[0] * v.kernel[1]
	tables, own := v.window.out[0]*v.window.out[1]+depth, depth*panelColumns
	if v.rows == 1 {
		own = v.wide
	}
	if err := errors.Join(c.arena.take(8*tables), c.reserve(padded+own)); err != nil {
		return nil, nil, err
	}
	v.tabulate()
	if v.rows > 1 {
		v.weights, err = c.packOnce(v.groups, v.rows, depth, func(group, row, k int) float32 {
			return v.weight.f[(group*v.rows+row)*depth+k]
		}, v.bias)
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
	_, w := v.padded()
	v.places = make([]int, 0, v.window.out[0]*v.window.out[1])
	for y := range v.window.out[0] {
		for x := range v.window.out[1] {
			v.places = append(v.places, y*w+x)
		}
	}
	v.distance = make([]int, 0, v.channels*v.kernel[0]*v.kernel[1])
	for ch := range v.channels {
		for y := range v.kernel[0] {
			for x := range v.kernel[1] {
				v.distance = append(v.distance, v.at(ch, y*v.dilation[0], x*v.dilation[1]))
			}
		}
	}
}

func (v *convolution) run() {
	h, w := v.padded()
	size := v.in.shape[1] * v.window.in[0] * v.window.in[1]
	group := v.channels * v.planes() * h * w
	for n := range v.in.shape[0] {
		pixels := v.in.f[n*size : (n+1)*size]
		if v.copied() {
			pixels = (*v.scratch)[:v.in.shape[1]*v.planes()*h*w]
			v.pad(pixels, v.in.f[n*size:(n+1)*size], v.in.shape[1])
		}
		for g := range v.groups {
			to := v.out.f[(n*v.groups+g)*v.rows*len(v.places):][:v.rows*len(v.places)]
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
	for at := 0; at < len(v.places); at += panelColumns {
		columns := min(panelColumns, len(v.places)-at)
		v.fill(panel, pixels, at, columns)
		v.weights[g].multiply(panel, to[at:], len(v.places), 1, columns)
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

// runSingle is runGroup for groups with one output channel, as depthwise convolutions have
// them. It computes places between rows too, whose pixels are side by side with the others.
func (v *convolution) runSingle(g int, pixels, to []float32) {
	weights, columns := v.weight.f[g*len(v.distance):][:len(v.distance)], v.window.out[1]
	_, w := v.padded()
	if w == columns {
		sumPlaces(weights, v.distance, pixels, v.bias(g), to)
		return
	}
	wide := (*v.scratch)[len(*v.scratch)-v.wide:]
	sumPlaces(weights, v.distance, pixels, v.bias(g), wide)
	for y := range v.window.out[0] {
		copy(to[y*columns:][:columns], wide[y*w:])
	}
}
