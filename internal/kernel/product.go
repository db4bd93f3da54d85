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

// Outer describes a sum of outer products whose left factors are gathered: the
// gradient of one tap of a convolution's weights over the pixels of an image,
// or of a fully connected layer's weights over the examples of a batch:
//
//	for m < M, n < N:
//	    acc = Dst[m,n] if Accumulate, else 0
//	    for k < len(Offsets):
//	        acc = fma(A[Offsets[k]+m], B[k,n], acc)
//	    Dst[m,n] = acc
//
// A negative offset stands for zeros, which take part in the chain.
type Outer struct {
	Dst        []float32 // [M,DstStride]
	DstStride  int
	A          []float32
	Offsets    []int32   // one for each k, in elements of A
	B          []float32 // [len(Offsets),BStride]
	BStride    int
	M, N       int
	Accumulate bool
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

// sumGeneric is the definition of Sum.
func (o *Outer) sumGeneric() {
	if !o.Accumulate {
		for m := range o.M {
			clear(o.Dst[m*o.DstStride:][:o.N])
		}
	}
	for k, offset := range o.Offsets {
		b := o.B[k*o.BStride:][:o.N]
		for m := range o.M {
			a := float32(0)
			if offset >= 0 {
				a = o.A[int(offset)+m]
			}
			axpyGeneric(o.Dst[m*o.DstStride:][:o.N], b, a)
		}
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
