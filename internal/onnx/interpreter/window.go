package interpreter

import (
	"fmt"
	"math"
)

// window is how a window of a convolution or of pooling moves over images [N,C,H,W].
type window struct {
	kernel, stride, dilation [2]int // along H and W
	before, after            [2]int // padding
	in, out                  [2]int // sizes
}

// window reads the attributes of a node whose input has shape [N,C,H,W]. The kernel is
// that of the weights, where kernel is not nil.
func (c *call) window(shape, kernel []int) (w window, err error) {
	if len(shape) != 4 {
		return w, fmt.Errorf("its input has shape %v, supported is [N,C,H,W]", shape)
	}
	w.in = [2]int{shape[2], shape[3]}
	if err := c.only("auto_pad", "NOTSET", "NOTSET"); err != nil {
		return w, err
	}
	var given []int64
	if given, err = c.ints("kernel_shape"); err != nil {
		return w, err
	}
	if given == nil && kernel != nil {
		given = []int64{int64(kernel[0]), int64(kernel[1])}
	}
	if w.kernel, err = pair("kernel_shape", given, 0); err != nil {
		return w, err
	}
	if kernel != nil && w.kernel != [2]int(kernel) {
		return w, fmt.Errorf("kernel_shape is %v, the weight's is %v", w.kernel, kernel)
	}
	for _, of := range []struct {
		name string
		to   *[2]int
	}{{"strides", &w.stride}, {"dilations", &w.dilation}} {
		list, err := c.ints(of.name)
		if err != nil {
			return w, err
		}
		if *of.to, err = pair(of.name, list, 1); err != nil {
			return w, err
		}
	}
	return w, c.readPads(&w)
}

// pair reads two numbers from 1; both are otherwise where there are none.
func pair(name string, list []int64, otherwise int) ([2]int, error) {
	if list == nil && otherwise > 0 {
		return [2]int{otherwise, otherwise}, nil
	}
	if len(list) != 2 || min(list[0], list[1]) < 1 || max(list[0], list[1]) > math.MaxInt16 {
		return [2]int{}, fmt.Errorf("%s is %v, want two numbers from 1 to %d", name, list, math.MaxInt16)
	}
	return [2]int{int(list[0]), int(list[1])}, nil
}

// readPads reads the padding [top, left, bottom, right] and finds the size of the result.
func (c *call) readPads(w *window) error {
	pads, err := c.ints("pads")
	if err != nil {
		return err
	}
	if pads == nil {
		pads = make([]int64, 4)
	}
	if len(pads) != 4 {
		return fmt.Errorf("pads are %v, want four", pads)
	}
	for axis := range 2 {
		for _, p := range []int64{pads[axis], pads[axis+2]} {
			if p < 0 || p > math.MaxInt16 {
				return fmt.Errorf("pads are %v, want numbers from 0 to %d", pads, math.MaxInt16)
			}
		}
		w.before[axis], w.after[axis] = int(pads[axis]), int(pads[axis+2])
		span := (w.kernel[axis]-1)*w.dilation[axis] + 1
		room := w.in[axis] + w.before[axis] + w.after[axis] - span
		if room < 0 {
			return fmt.Errorf("a window of %d on %d pixels with padding %v", span, w.in[axis], pads)
		}
		w.out[axis] = room/w.stride[axis] + 1
	}
	return nil
}

// padded is the size of a plane with its padding, and of each of the planes into which pad
// divides it.
func (w *window) padded() (h, width int) {
	h, width = w.in[0]+w.before[0]+w.after[0], w.in[1]+w.before[1]+w.after[1]
	return (h + w.stride[0] - 1) / w.stride[0], (width + w.stride[1] - 1) / w.stride[1]
}

// planes is how many planes pad makes of one.
func (w *window) planes() int { return w.stride[0] * w.stride[1] }

// copied says whether windows cannot be read from the image as it is.
func (w *window) copied() bool {
	return w.before != [2]int{} || w.after != [2]int{} || w.planes() > 1
}

// pad copies planes [channels,H,W] into the middle of zeros. Of each plane it makes as many as
// there are places in a stride, with the pixels that far apart: so neighbours in a plane are
// the pixels of windows that lie side by side.
func (w *window) pad(to, from []float32, channels int) {
	h, width := w.padded()
	to = to[:channels*w.planes()*h*width]
	if w.planes() > 1 {
		clear(to)
	}
	for ch := range channels {
		plane := from[ch*w.in[0]*w.in[1]:][:w.in[0]*w.in[1]]
		if w.planes() == 1 {
			w.frame(to[ch*h*width:][:h*width], plane)
			continue
		}
		for y := range w.in[0] {
			row := plane[y*w.in[1]:][:w.in[1]]
			for phase := range w.stride[1] {
				x := phase // of the first pixel, with the padding
				for x < w.before[1] {
					x += w.stride[1]
				}
				target := to[w.at(ch, y+w.before[0], x):]
				for i, j := x-w.before[1], 0; i < len(row); i, j = i+w.stride[1], j+1 {
					target[j] = row[i]
				}
			}
		}
	}
}

// frame copies a plane into the middle of zeros.
func (w *window) frame(to, from []float32) {
	width := w.before[1] + w.in[1] + w.after[1]
	at := w.before[0]*width + w.before[1] // of the next row
	clear(to[:at])
	for ; len(from) > 0; from = from[w.in[1]:] {
		end := at + copy(to[at:], from[:w.in[1]])
		at += width
		clear(to[end:min(at, len(to))])
	}
	clear(to[min(at, len(to)):])
}

// at is where pad puts a pixel of the padded plane of a channel.
func (w *window) at(channel, y, x int) int {
	h, width := w.padded()
	phase := y%w.stride[0]*w.stride[1] + x%w.stride[1]
	return ((channel*w.planes()+phase)*h+y/w.stride[0])*width + x/w.stride[1]
}

// pool makes a step that reduces windows: fold takes the values of one that lie on the
// image, and how many places it has there and in the padding.
func (c *call) pool(w window, fold func(in []float32, y0, y1, x0, x1, width, places int) float32) (*tensor, func(), error) {
	in := c.in[0]
	if w.dilation != [2]int{1, 1} {
		return nil, nil, fmt.Errorf("dilations are %v, supported is 1", w.dilation)
	}
	if ceil, err := c.int("ceil_mode", 0); err != nil || ceil != 0 {
		return nil, nil, fmt.Errorf("ceil_mode is %d, supported is 0", ceil)
	}
	for axis := range 2 {
		if w.before[axis] >= w.kernel[axis] || w.after[axis] >= w.kernel[axis] {
			return nil, nil, fmt.Errorf("pads of %v and %v for a window of %v, which would hold nothing but padding", w.before, w.after, w.kernel)
		}
	}
	out, err := c.make(in.shape[0], in.shape[1], w.out[0], w.out[1])
	if err != nil {
		return nil, nil, err
	}
	return out, func() {
		size, places := w.in[0]*w.in[1], w.kernel[0]*w.kernel[1]
		for plane := range in.shape[0] * in.shape[1] {
			pixels, to := in.f[plane*size:(plane+1)*size], out.f[plane*w.out[0]*w.out[1]:]
			for oy := range w.out[0] {
				top := oy*w.stride[0] - w.before[0]
				y0, y1 := max(top, 0), min(top+w.kernel[0], w.in[0])
				for ox := range w.out[1] {
					left := ox*w.stride[1] - w.before[1]
					to[oy*w.out[1]+ox] = fold(pixels, y0, y1, max(left, 0), min(left+w.kernel[1], w.in[1]), w.in[1], places)
				}
			}
		}
	}, nil
}

func (c *call) poolWindow() (window, error) {
	in, err := c.floats(0)
	if err != nil {
		return window{}, err
	}
	return c.window(in.shape, nil)
}

func prepareMaxPool(c *call) (*tensor, func(), error) {
	w, err := c.poolWindow()
	if err != nil {
		return nil, nil, err
	}
	if order, err := c.int("storage_order", 0); err != nil || order != 0 {
		return nil, nil, fmt.Errorf("storage_order is %d, supported is 0", order)
	}
	return c.pool(w, func(in []float32, y0, y1, x0, x1, width, _ int) float32 {
		largest := in[y0*width+x0]
		for y := y0; y < y1; y++ {
			for _, v := range in[y*width+x0 : y*width+x1] {
				largest = max(largest, v)
			}
		}
		return largest
	})
}

func prepareAveragePool(c *call) (*tensor, func(), error) {
	w, err := c.poolWindow()
	if err != nil {
		return nil, nil, err
	}
	include, err := c.int("count_include_pad", 0)
	if err != nil {
		return nil, nil, err
	}
	return c.pool(w, func(in []float32, y0, y1, x0, x1, width, places int) float32 {
		sum := 0.0
		for y := y0; y < y1; y++ {
			for _, v := range in[y*width+x0 : y*width+x1] {
				sum += float64(v)
			}
		}
		if include == 0 {
			places = (y1 - y0) * (x1 - x0)
		}
		return float32(sum / float64(places))
	})
}

// prepareGlobalAveragePool takes the mean of each plane of [N,C,...].
func prepareGlobalAveragePool(c *call) (*tensor, func(), error) {
	in, err := c.floats(0)
	if err != nil {
		return nil, nil, err
	}
	if len(in.shape) < 3 {
		return nil, nil, fmt.Errorf("its input has shape %v, want [N,C,H,W]", in.shape)
	}
	shape := []int{in.shape[0], in.shape[1]}
	for range in.shape[2:] {
		shape = append(shape, 1)
	}
	out, err := c.make(shape...)
	if err != nil {
		return nil, nil, err
	}
	size := product(in.shape[2:])
	return out, func() {
		for plane := range out.f {
			sum := 0.0
			for _, v := range in.f[plane*size : (plane+1)*size] {
				sum += float64(v)
			}
			out.f[plane] = float32(sum / float64(size))
		}
	}, nil
}

// prepareBatchNormalization is (x - mean) / sqrt(variance + epsilon) * scale + bias in
// each channel, axis 1.
func prepareBatchNormalization(c *call) (*tensor, func(), error) {
	in, err := c.floats(0)
	if err != nil {
		return nil, nil, err
	}
	if len(in.shape) < 2 {
		return nil, nil, fmt.Errorf("its input has shape %v, want [N,C,...]", in.shape)
	}
	epsilon, err := c.float("epsilon", 1e-5)
	if err != nil {
		return nil, nil, err
	}
	if _, err := c.float("momentum", 0.9); err != nil { // of training alone
		return nil, nil, err
	}
	if training, err := c.int("training_mode", 0); err != nil || training != 0 {
		return nil, nil, fmt.Errorf("training_mode is %d, supported is 0", training)
	}
	var of [4][]float32 // scale, bias, mean, variance
	for i := range of {
		t, err := c.fixed(i+1, 1)
		if err != nil {
			return nil, nil, err
		}
		if of[i] = t.f; len(t.f) != in.shape[1] {
			return nil, nil, fmt.Errorf("input %d has %d numbers for %d channels", i+1, len(t.f), in.shape[1])
		}
	}
	if err := c.arena.take(16 * in.shape[1]); err != nil {
		return nil, nil, err
	}
	factors, offsets := make([]float64, in.shape[1]), make([]float64, in.shape[1])
	for ch := range factors {
		factors[ch] = float64(of[0][ch]) / math.Sqrt(float64(of[3][ch])+float64(epsilon))
		offsets[ch] = float64(of[1][ch]) - float64(float64(of[2][ch])*factors[ch])
	}
	out, err := c.make(in.shape...)
	if err != nil {
		return nil, nil, err
	}
	size := product(in.shape[2:])
	return out, func() {
		for plane := range len(in.f) / size {
			factor, offset := factors[plane%len(factors)], offsets[plane%len(factors)]
			scale(out.f[plane*size:][:size], in.f[plane*size:][:size], factor, offset)
		}
	}, nil
}
