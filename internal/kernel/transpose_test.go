package kernel

import (
	"fmt"
	"testing"
)

// TestTranspose compares with the loop of the doc comment, at all small sizes.
func TestTranspose(t *testing.T) {
	eachImplementation(t, func(t *testing.T) {
		for rows := range 14 {
			for columns := range 14 {
				for blocks := range 3 {
					checkTranspose(t, blocks, rows, columns)
				}
			}
		}
	})
}

func checkTranspose(t *testing.T, blocks, rows, columns int) {
	t.Helper()
	tr := Transposition{
		DstStride: rows + 1, SrcStride: columns + 2, DstBlock: columns*(rows+1) + 3, SrcBlock: rows*(columns+2) + 1,
		Blocks: blocks, Rows: rows, Columns: columns,
	}
	dst := newGuarded(randoms(blocks*tr.DstBlock, 1))
	tr.Dst, tr.Src = dst.body, randoms(blocks*tr.SrcBlock, 2)
	want := append([]float32(nil), dst.body...)
	for b := range blocks {
		for r := range rows {
			for c := range columns {
				want[b*tr.DstBlock+c*tr.DstStride+r] = tr.Src[b*tr.SrcBlock+r*tr.SrcStride+c]
			}
		}
	}
	tr.Transpose()
	name := fmt.Sprintf("blocks %d rows %d columns %d", blocks, rows, columns)
	sameBits(t, name, tr.Dst, want)
	dst.check(t, name)
}
