//go:build !purego

#include "textflag.h"

// One row of weights: its number in X10 takes part in the sums lo and hi.
#define ROW(at, lo, hi) \
	MOVSS  at(AX), X10     \
	SHUFPS $0, X10, X10    \
	MOVAPS X10, X11        \
	MULPS  X8, X10         \
	MULPS  X9, X11         \
	ADDPS  X10, lo         \
	ADDPS  X11, hi

// func sumGroup(weights, panel *float32, depth int, sums *[32]float32)
//
// It needs what every processor of this architecture has. A product and a sum are
// rounded each, in the order of depth, as the loop in Go does it.
TEXT ·sumGroup(SB), NOSPLIT, $0-32
	MOVQ  weights+0(FP), AX
	MOVQ  panel+8(FP), BX
	MOVQ  depth+16(FP), CX
	MOVQ  sums+24(FP), DX
	XORPS X0, X0
	XORPS X1, X1
	XORPS X2, X2
	XORPS X3, X3
	XORPS X4, X4
	XORPS X5, X5
	XORPS X6, X6
	XORPS X7, X7
	TESTQ CX, CX
	JLE   done

next:
	MOVUPS (BX), X8
	MOVUPS 16(BX), X9
	ROW(0, X0, X1)
	ROW(4, X2, X3)
	ROW(8, X4, X5)
	ROW(12, X6, X7)
	ADDQ   $16, AX
	ADDQ   $32, BX
	DECQ   CX
	JNZ    next

done:
	MOVUPS X0, (DX)
	MOVUPS X1, 16(DX)
	MOVUPS X2, 32(DX)
	MOVUPS X3, 48(DX)
	MOVUPS X4, 64(DX)
	MOVUPS X5, 80(DX)
	MOVUPS X6, 96(DX)
	MOVUPS X7, 112(DX)
	RET
