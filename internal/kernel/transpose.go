package kernel

// Transposition describes matrices of which rows become columns: weights for the
// gradient of a layer's input, or the pixels of each row of an image, whose channels
// are neighbours, on the way to planes of channels or back:
//
//	for b < Blocks, r < Rows, c < Columns:
//	    Dst[b*DstBlock + c*DstStride + r] = Src[b*SrcBlock + r*SrcStride + c]
type Transposition struct {
	Dst, Src             []float32
	DstStride, SrcStride int
	DstBlock, SrcBlock   int
	Blocks               int
	Rows, Columns        int
}

// transposeWidth is the number of rows and columns that the vector instructions
// need.
const transposeWidth = 4

// Transpose copies the matrices.
func (t *Transposition) Transpose() {
	switch {
	case t.Blocks == 0 || t.Rows == 0 || t.Columns == 0:
	case active.transpose == nil || t.Rows < transposeWidth || t.Columns < transposeWidth:
		t.transposeGeneric()
	default:
		_ = t.Dst[(t.Blocks-1)*t.DstBlock+(t.Columns-1)*t.DstStride:][:t.Rows]
		_ = t.Src[(t.Blocks-1)*t.SrcBlock+(t.Rows-1)*t.SrcStride:][:t.Columns]
		active.transpose(&t.Dst[0], &t.Src[0], t.DstStride, t.SrcStride, t.DstBlock, t.SrcBlock, t.Blocks, t.Rows, t.Columns)
	}
}

// transposeGeneric is the definition of Transpose.
func (t *Transposition) transposeGeneric() {
	for b := range t.Blocks {
		dst, src := t.Dst[b*t.DstBlock:], t.Src[b*t.SrcBlock:]
		for c := range t.Columns {
			column := dst[c*t.DstStride:][:t.Rows]
			if t.SrcStride == 1 {
				copy(column, src[c:])
				continue
			}
			for r := range column {
				column[r] = src[r*t.SrcStride+c]
			}
		}
	}
}
