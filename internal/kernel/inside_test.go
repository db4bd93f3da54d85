//go:build unix

package kernel

import (
	"os"
	"syscall"
	"testing"
	"unsafe"
)

// fence is memory between two pages that nothing may touch. Guard cells show what
// was written outside of a slice; at a fence reading kills the test as well.
type fence struct {
	body  []byte
	atEnd bool // slices end where the memory does, else they begin with it
}

func newFence(t *testing.T, size int) *fence {
	t.Helper()
	page := os.Getpagesize()
	size = (size + page - 1) / page * page
	all, err := syscall.Mmap(-1, 0, size+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Munmap(all) })
	for _, forbidden := range [][]byte{all[:page], all[page+size:]} {
		if err := syscall.Mprotect(forbidden, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	return &fence{body: all[page:][:size]}
}

// fenced copies x to a fence.
func fenced[T any](f *fence, x []T) []T {
	if len(x) == 0 {
		return nil
	}
	size, from := len(x)*int(unsafe.Sizeof(x[0])), 0
	if f.atEnd {
		from = len(f.body) - size
	}
	moved := unsafe.Slice((*T)(unsafe.Pointer(&f.body[from:][:size][0])), len(x))
	copy(moved, x)
	return moved
}

// TestKernelsStayInside runs kernels on slices at fences, at their beginning and
// at their end.
func TestKernelsStayInside(t *testing.T) {
	fences := make([]*fence, 16)
	for i := range fences {
		fences[i] = newFence(t, 1<<18)
	}
	eachImplementation(t, func(t *testing.T) {
		for _, atEnd := range []bool{false, true} {
			for _, f := range fences {
				f.atEnd = atEnd
			}
			for n := 1; n < 35; n++ {
				for rows := 1; rows < 14; rows++ {
					fencedProducts(fences, rows, n)
				}
				for rows := 1; rows < 6; rows++ {
					fencedRows(fences, rows, n)
				}
			}
		}
	})
}

// tight cuts x behind the last of the rows of width elements that offsets point to.
func tight(x []float32, offsets []int32, width int) []float32 {
	return x[:int(largestOffsetGeneric(offsets))+width]
}

func fencedProducts(f []*fence, rows, n int) {
	for _, k := range []int{1, 6} {
		p := gatherCase(rows, 2, k, n, (rows+n)%3)
		p.A = fenced(f[0], tight(p.A, p.Offsets, k))
		p.B = fenced(f[1], p.B[:(p.Taps*k-1)*p.BStride+n])
		p.Dst = fenced(f[2], awkward(1, (rows-1)*p.DstStride+n))
		p.Offsets, p.Bias = fenced(f[3], p.Offsets), fenced(f[4], p.Bias)
		p.Gather()
	}
	for pieces := 1; pieces < 4; pieces++ {
		o := outerCase(pieces, rows, n, 6, n%3)
		o.A = fenced(f[0], tight(o.A, o.Offsets, o.extent()))
		o.Dst = fenced(f[1], awkward(1, (pieces*rows-1)*o.DstStride+n))
		o.Offsets, o.Bias = fenced(f[2], o.Offsets), fenced(f[3], o.Bias)
		b := o.B
		o.B = fenced(f[4], b[:5*o.BStride+n])
		o.Sum()
		for i, offset := range o.Offsets {
			o.Offsets[i] = max(offset, 0)
		}
		o.Sum()
		o.BOffsets = fenced(f[5], offsetsFor(6, n, rows))
		o.B = fenced(f[4], tight(b, o.BOffsets, n))
		o.Sum()
	}
	tr := Transposition{DstStride: rows + 1, SrcStride: n + 1, Blocks: 1, Rows: rows, Columns: n}
	tr.Dst, tr.Src = fenced(f[0], awkward(1, (n-1)*tr.DstStride+rows)), fenced(f[1], awkward(2, (rows-1)*tr.SrcStride+n))
	tr.Transpose()
}

// fencedRows runs what works on rows of channels, and element by element.
func fencedRows(f []*fence, rows, n int) {
	for _, taps := range []int{2, 9, 11, 25} {
		offsets := fenced(f[0], offsetsFor(rows*taps, n, rows))
		x := fenced(f[1], tight(awkward(2, 9*n), offsets, n))
		dst, w, bias := fenced(f[2], awkward(3, rows*n)), fenced(f[3], awkward(4, taps*n)), fenced(f[4], awkward(5, n))
		d := Depthwise{Dst: dst, A: x, Offsets: offsets, W: w, Bias: bias, Rows: rows, Taps: taps, Channels: n, Accumulate: n%2 == 0}
		d.Convolve()
		DepthwiseGradient(w, x, dst, offsets, rows, taps, n)
		index := fenced(f[5], make([]uint8, rows*n))
		MaxPool(dst, index, x, offsets, rows, taps, n)
		for i := range offsets {
			offsets[i] = max(offsets[i], 0)
		}
		MaxPoolGradient(x, index, dst, offsets, rows, taps, n)
		MaxPoolGradientApart(x, index, dst, offsets, rows, taps, n)
	}
	for _, c := range kernelCases {
		if rows > 1 && c.wide == 0 {
			continue
		}
		var x [][]float32
		for i := range f {
			x = append(x, fenced(f[i], awkward(uint64(i), c.size(i, n, rows))))
		}
		c.run(active, x, n, rows)
	}
	bytes, bits := fenced(f[0], make([]uint8, n)), fenced(f[1], make([]uint8, (n+7)/8))
	values := fenced(f[2], awkward(1, n))
	FromBytes(values, bytes)
	Mask(values, values, bits, 2)
}
