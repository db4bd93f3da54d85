package kernel

// Product describes a block of a matrix product whose left side is gathered row
// by row. One call covers a convolution of one image, its gradient with respect
// to its input, or a fully connected layer:
//
//	for m < Rows, n < N:
//	    acc = Dst[m,n] if Accumulate, else Bias[n], else 0 without Bias
//	    for t < Taps, k < K:
//	        acc = fma(A[Offsets[m*Taps+t]+k], B[t*K+k, n], acc)
//	    Dst[m,n] = acc
//
// A negative offset stands for a row of zeros, which takes part in the chain.
type Product struct {
	Dst        []float32 // [Rows,DstStride]
	DstStride  int
	A          []float32
	Offsets    []int32   // [Rows,Taps], in elements of A
	B          []float32 // [Taps*K,BStride]
	BStride    int
	Bias       []float32 // [N] or nil
	Rows       int
	Taps, K, N int
	Accumulate bool
	Next       Next // what to fetch meanwhile
}

// Gather computes the product.
func (p *Product) Gather() {
	switch {
	case p.Rows == 0 || p.N == 0:
	case p.Taps*p.K == 0 || active.gather.whole == nil:
		p.gatherGeneric()
	default:
		p.gatherTiles(&active.gather)
	}
}

// gatherGeneric is the definition of Gather.
func (p *Product) gatherGeneric() {
	for m := range p.Rows {
		dst := p.Dst[m*p.DstStride:][:p.N]
		start(dst, p.Bias, p.Accumulate)
		for t, offset := range p.Offsets[m*p.Taps:][:p.Taps] {
			for k := range p.K {
				a := float32(0)
				if offset >= 0 {
					a = p.A[int(offset)+k]
				}
				axpyGeneric(dst, p.B[(t*p.K+k)*p.BStride:][:p.N], a)
			}
		}
	}
}

// Outer describes a sum of outer products of gathered rows: the gradient of one
// tap of a convolution's weights over the pixels of an image, of a fully connected
// layer's weights over the examples of a batch, or a convolution of an image whose
// channels lie apart:
//
//	for p < Pieces, m < M, n < N:
//	    acc = Dst[p*M+m,n] if Accumulate, else Bias[p*M+m], else 0 without Bias
//	    for k < len(Offsets):
//	        acc = fma(A[Offsets[k]+p*PieceStride+m], B[BOffsets[k]+n], acc)
//	    Dst[p*M+m,n] = acc
//
// Without BOffsets, rows of B are BStride apart. A negative offset stands for zeros,
// which take part in the chain.
type Outer struct {
	Dst         []float32 // [Pieces*M,DstStride]
	DstStride   int
	A           []float32
	Offsets     []int32 // one for each k, in elements of A
	PieceStride int     // in elements of A
	B           []float32
	BOffsets    []int32   // one for each k, in elements of B, or nil
	BStride     int       // in elements of B
	Bias        []float32 // [Pieces*M] or nil
	Pieces      int       // 0 for one
	M, N        int
	Accumulate  bool
	Next        Next // what to fetch meanwhile, of a product in one piece
}

// Sum computes the sum of outer products.
func (o *Outer) Sum() {
	switch {
	case o.M == 0 || o.N == 0:
	case len(o.Offsets) == 0 || active.outer.whole == nil:
		o.sumGeneric()
	default:
		o.sumTiles(&active.outer)
	}
}

// pieces is the number of pieces.
func (o *Outer) pieces() int { return max(o.Pieces, 1) }

// extent is the number of elements of A from the first of a step to its last.
func (o *Outer) extent() int { return (o.pieces()-1)*o.PieceStride + o.M }

// sumGeneric is the definition of Sum.
func (o *Outer) sumGeneric() {
	for row := range o.pieces() * o.M {
		dst := o.Dst[row*o.DstStride:][:o.N]
		switch {
		case o.Accumulate:
		case o.Bias != nil:
			fill(dst, o.Bias[row])
		default:
			clear(dst)
		}
		at := row/o.M*o.PieceStride + row%o.M
		for k, offset := range o.Offsets {
			b := k * o.BStride
			if o.BOffsets != nil {
				b = int(o.BOffsets[k])
			}
			axpyGeneric(dst, gathered(o.B, b, o.N), gathered(o.A, int(offset), o.extent())[at])
		}
	}
}

// gathered returns the n elements of x at an offset, zeros if it is negative.
func gathered(x []float32, offset, n int) []float32 {
	if offset < 0 {
		return zeroRow(n)
	}
	return x[offset:][:n]
}

// fill sets all of x to a value.
func fill(x []float32, value float32) {
	for i := range x {
		x[i] = value
	}
}

// start gives a chain of accumulators its first values.
func start(dst, bias []float32, accumulate bool) {
	switch {
	case accumulate:
	case bias != nil:
		copy(dst, bias[:len(dst)])
	default:
		clear(dst)
	}
}
