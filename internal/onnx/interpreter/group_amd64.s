//go:build !purego

#include "textflag.h"

// A product and a sum are rounded each, in the order of depth, as the loop in Go does it. The
// panel has 64 bytes for each step of depth.

// One row of weights: its number in X10 takes part in the sums lo and hi.
#define ROW(at, lo, hi) \
	MOVSS  at(AX), X10     \
	SHUFPS $0, X10, X10    \
	MOVAPS X10, X11        \
	MULPS  X8, X10         \
	MULPS  X9, X11         \
	ADDPS  X10, lo         \
	ADDPS  X11, hi

// func sumGroupSSE(weights, panel *float32, depth int, sums *[64]float32)
//
// It needs what every processor of this architecture has, and takes half of the panel at a time.
TEXT ·sumGroupSSE(SB), NOSPLIT, $0-32
	MOVQ panel+8(FP), SI
	MOVQ sums+24(FP), DX
	MOVQ $2, DI

half:
	MOVQ  weights+0(FP), AX
	MOVQ  SI, BX
	MOVQ  depth+16(FP), CX
	XORPS X0, X0
	XORPS X1, X1
	XORPS X2, X2
	XORPS X3, X3
	XORPS X4, X4
	XORPS X5, X5
	XORPS X6, X6
	XORPS X7, X7

next:
	MOVUPS (BX), X8
	MOVUPS 16(BX), X9
	ROW(0, X0, X1)
	ROW(4, X2, X3)
	ROW(8, X4, X5)
	ROW(12, X6, X7)
	ADDQ   $16, AX
	ADDQ   $64, BX
	DECQ   CX
	JNZ    next
	MOVUPS X0, (DX)
	MOVUPS X1, 16(DX)
	MOVUPS X2, 64(DX)
	MOVUPS X3, 80(DX)
	MOVUPS X4, 128(DX)
	MOVUPS X5, 144(DX)
	MOVUPS X6, 192(DX)
	MOVUPS X7, 208(DX)
	ADDQ   $32, SI
	ADDQ   $32, DX
	DECQ   DI
	JNZ    half
	RET

// The same row for 16 sums in two registers.
#define ROW_AVX2(at, lo, hi) \
	VBROADCASTSS at(AX), Y10      \
	VMULPS       Y8, Y10, Y11     \
	VMULPS       Y9, Y10, Y10     \
	VADDPS       Y11, lo, lo      \
	VADDPS       Y10, hi, hi

// func sumGroupAVX2(weights, panel *float32, depth int, sums *[64]float32)
TEXT ·sumGroupAVX2(SB), NOSPLIT, $0-32
	MOVQ   weights+0(FP), AX
	MOVQ   panel+8(FP), BX
	MOVQ   depth+16(FP), CX
	MOVQ   sums+24(FP), DX
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7

next:
	VMOVUPS (BX), Y8
	VMOVUPS 32(BX), Y9
	ROW_AVX2(0, Y0, Y1)
	ROW_AVX2(4, Y2, Y3)
	ROW_AVX2(8, Y4, Y5)
	ROW_AVX2(12, Y6, Y7)
	ADDQ    $16, AX
	ADDQ    $64, BX
	DECQ    CX
	JNZ     next
	VMOVUPS Y0, (DX)
	VMOVUPS Y1, 32(DX)
	VMOVUPS Y2, 64(DX)
	VMOVUPS Y3, 96(DX)
	VMOVUPS Y4, 128(DX)
	VMOVUPS Y5, 160(DX)
	VMOVUPS Y6, 192(DX)
	VMOVUPS Y7, 224(DX)
	VZEROUPPER
	RET

// func sumGroupAVX512(weights, panel *float32, depth int, sums *[64]float32)
TEXT ·sumGroupAVX512(SB), NOSPLIT, $0-32
	MOVQ   weights+0(FP), AX
	MOVQ   panel+8(FP), BX
	MOVQ   depth+16(FP), CX
	MOVQ   sums+24(FP), DX
	VXORPS X0, X0, X0
	VXORPS X1, X1, X1
	VXORPS X2, X2, X2
	VXORPS X3, X3, X3

next:
	VMOVUPS     (BX), Z8
	VMULPS.BCST (AX), Z8, Z9
	VMULPS.BCST 4(AX), Z8, Z10
	VMULPS.BCST 8(AX), Z8, Z11
	VMULPS.BCST 12(AX), Z8, Z12
	VADDPS      Z9, Z0, Z0
	VADDPS      Z10, Z1, Z1
	VADDPS      Z11, Z2, Z2
	VADDPS      Z12, Z3, Z3
	ADDQ        $16, AX
	ADDQ        $64, BX
	DECQ        CX
	JNZ         next
	VMOVUPS     Z0, (DX)
	VMOVUPS     Z1, 64(DX)
	VMOVUPS     Z2, 128(DX)
	VMOVUPS     Z3, 192(DX)
	VZEROUPPER
	RET
