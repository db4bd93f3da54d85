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

// The sums of a row with its bias.
#define STORE(at, lo, hi) \
	MOVSS  at(R8), X10     \
	SHUFPS $0, X10, X10    \
	ADDPS  X10, lo         \
	ADDPS  X10, hi         \
	MOVUPS lo, (R10)       \
	MOVUPS hi, 16(R10)

// func sumGroupSSE(weights, panel *float32, depth int, bias *[4]float32, to *float32, apart int)
//
// It needs what every processor of this architecture has, and takes half of the panel at a time.
TEXT ·sumGroupSSE(SB), NOSPLIT, $0-48
	MOVQ panel+8(FP), SI
	MOVQ bias+24(FP), R8
	MOVQ to+32(FP), DX
	MOVQ apart+40(FP), R9
	SHLQ $2, R9
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
	MOVQ   DX, R10
	STORE(0, X0, X1)
	ADDQ   R9, R10
	STORE(4, X2, X3)
	ADDQ   R9, R10
	STORE(8, X4, X5)
	ADDQ   R9, R10
	STORE(12, X6, X7)
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

#define STORE_AVX2(at, lo, hi) \
	VBROADCASTSS at(R8), Y10      \
	VADDPS       Y10, lo, lo      \
	VADDPS       Y10, hi, hi      \
	VMOVUPS      lo, (DX)         \
	VMOVUPS      hi, 32(DX)

// func sumGroupAVX2(weights, panel *float32, depth int, bias *[4]float32, to *float32, apart int)
TEXT ·sumGroupAVX2(SB), NOSPLIT, $0-48
	MOVQ   weights+0(FP), AX
	MOVQ   panel+8(FP), BX
	MOVQ   depth+16(FP), CX
	MOVQ   bias+24(FP), R8
	MOVQ   to+32(FP), DX
	MOVQ   apart+40(FP), R9
	SHLQ   $2, R9
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
	STORE_AVX2(0, Y0, Y1)
	ADDQ    R9, DX
	STORE_AVX2(4, Y2, Y3)
	ADDQ    R9, DX
	STORE_AVX2(8, Y4, Y5)
	ADDQ    R9, DX
	STORE_AVX2(12, Y6, Y7)
	VZEROUPPER
	RET

// func sumGroupAVX512(weights, panel *float32, depth int, bias *[4]float32, to *float32, apart int)
TEXT ·sumGroupAVX512(SB), NOSPLIT, $0-48
	MOVQ   weights+0(FP), AX
	MOVQ   panel+8(FP), BX
	MOVQ   depth+16(FP), CX
	MOVQ   bias+24(FP), R8
	MOVQ   to+32(FP), DX
	MOVQ   apart+40(FP), R9
	SHLQ   $2, R9
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
	VADDPS.BCST (R8), Z0, Z0
	VADDPS.BCST 4(R8), Z1, Z1
	VADDPS.BCST 8(R8), Z2, Z2
	VADDPS.BCST 12(R8), Z3, Z3
	VMOVUPS     Z0, (DX)
	ADDQ        R9, DX
	VMOVUPS     Z1, (DX)
	ADDQ        R9, DX
	VMOVUPS     Z2, (DX)
	ADDQ        R9, DX
	VMOVUPS     Z3, (DX)
	VZEROUPPER
	RET

// The sum of 16 places in registers: a weight and 64 bytes of pixels, at their distance from
// the first, for each step.

// func sumPlacesSSE(weights *float32, distances *int, taps int, pixels *float32, bias float32, to *[16]float32)
TEXT ·sumPlacesSSE(SB), NOSPLIT, $0-48
	MOVQ  weights+0(FP), AX
	MOVQ  distances+8(FP), BX
	MOVQ  taps+16(FP), CX
	MOVQ  pixels+24(FP), SI
	MOVQ  to+40(FP), DX
	XORPS X0, X0
	XORPS X1, X1
	XORPS X2, X2
	XORPS X3, X3

next:
	MOVSS  (AX), X8
	SHUFPS $0, X8, X8
	MOVQ   (BX), DI
	MOVUPS (SI)(DI*4), X4
	MOVUPS 16(SI)(DI*4), X5
	MOVUPS 32(SI)(DI*4), X6
	MOVUPS 48(SI)(DI*4), X7
	MULPS  X8, X4
	MULPS  X8, X5
	MULPS  X8, X6
	MULPS  X8, X7
	ADDPS  X4, X0
	ADDPS  X5, X1
	ADDPS  X6, X2
	ADDPS  X7, X3
	ADDQ   $4, AX
	ADDQ   $8, BX
	DECQ   CX
	JNZ    next
	MOVSS  bias+32(FP), X8
	SHUFPS $0, X8, X8
	ADDPS  X8, X0
	ADDPS  X8, X1
	ADDPS  X8, X2
	ADDPS  X8, X3
	MOVUPS X0, (DX)
	MOVUPS X1, 16(DX)
	MOVUPS X2, 32(DX)
	MOVUPS X3, 48(DX)
	RET

// func sumPlacesAVX2(weights *float32, distances *int, taps int, pixels *float32, bias float32, to *[16]float32)
TEXT ·sumPlacesAVX2(SB), NOSPLIT, $0-48
	MOVQ   weights+0(FP), AX
	MOVQ   distances+8(FP), BX
	MOVQ   taps+16(FP), CX
	MOVQ   pixels+24(FP), SI
	MOVQ   to+40(FP), DX
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1

next:
	VBROADCASTSS (AX), Y8
	MOVQ         (BX), DI
	VMULPS       (SI)(DI*4), Y8, Y4
	VMULPS       32(SI)(DI*4), Y8, Y5
	VADDPS       Y4, Y0, Y0
	VADDPS       Y5, Y1, Y1
	ADDQ         $4, AX
	ADDQ         $8, BX
	DECQ         CX
	JNZ          next
	VBROADCASTSS bias+32(FP), Y8
	VADDPS       Y8, Y0, Y0
	VADDPS       Y8, Y1, Y1
	VMOVUPS      Y0, (DX)
	VMOVUPS      Y1, 32(DX)
	VZEROUPPER
	RET

// func sumPlacesAVX512(weights *float32, distances *int, taps int, pixels *float32, bias float32, to *[16]float32)
TEXT ·sumPlacesAVX512(SB), NOSPLIT, $0-48
	MOVQ   weights+0(FP), AX
	MOVQ   distances+8(FP), BX
	MOVQ   taps+16(FP), CX
	MOVQ   pixels+24(FP), SI
	MOVQ   to+40(FP), DX
	VXORPS X0, X0, X0

next:
	VBROADCASTSS (AX), Z8
	MOVQ         (BX), DI
	VMULPS       (SI)(DI*4), Z8, Z4
	VADDPS       Z4, Z0, Z0
	ADDQ         $4, AX
	ADDQ         $8, BX
	DECQ         CX
	JNZ          next
	VBROADCASTSS bias+32(FP), Z8
	VADDPS       Z8, Z0, Z0
	VMOVUPS      Z0, (DX)
	VZEROUPPER
	RET

// func clipAVX2(out, in *float32, eights int, low, high float32)
//
// Where one of two numbers is a NaN, or both are zeros, VMAXPS and VMINPS give the first operand
// that is written here, which is the value.
TEXT ·clipAVX2(SB), NOSPLIT, $0-32
	MOVQ         out+0(FP), DX
	MOVQ         in+8(FP), SI
	MOVQ         eights+16(FP), CX
	VBROADCASTSS low+24(FP), Y1
	VBROADCASTSS high+28(FP), Y2

next:
	VMOVUPS (SI), Y0
	VMAXPS  Y0, Y1, Y0
	VMINPS  Y0, Y2, Y0
	VMOVUPS Y0, (DX)
	ADDQ    $32, SI
	ADDQ    $32, DX
	DECQ    CX
	JNZ     next
	VZEROUPPER
	RET

// func scaleAVX2(out, in *float32, eights int, factor, offset float64)
TEXT ·scaleAVX2(SB), NOSPLIT, $0-40
	MOVQ         out+0(FP), DX
	MOVQ         in+8(FP), SI
	MOVQ         eights+16(FP), CX
	VBROADCASTSD factor+24(FP), Y2
	VBROADCASTSD offset+32(FP), Y3

next:
	VCVTPS2PD  (SI), Y0
	VCVTPS2PD  16(SI), Y1
	VMULPD     Y2, Y0, Y0
	VMULPD     Y2, Y1, Y1
	VADDPD     Y3, Y0, Y0
	VADDPD     Y3, Y1, Y1
	VCVTPD2PSY Y0, X0
	VCVTPD2PSY Y1, X1
	VMOVUPS    X0, (DX)
	VMOVUPS    X1, 16(DX)
	ADDQ       $32, SI
	ADDQ       $32, DX
	DECQ       CX
	JNZ        next
	VZEROUPPER
	RET

// One row of weights of each of two groups: their numbers take part in the sums a and b.
#define ROWS_AVX512(at, a, b) \
	VMULPS.BCST at(AX), Z16, Z17 \
	VMULPS.BCST at(R11), Z16, Z18 \
	VADDPS      Z17, a, a         \
	VADDPS      Z18, b, b

#define STORE_AVX512(at, sums) \
	VADDPS.BCST at(R8), sums, sums \
	VMOVUPS     sums, (DX)         \
	ADDQ        R9, DX

// func sumGroupsAVX512(weights, panel *float32, depth int, bias *[4]float32, to *float32, apart int)
//
// It computes two groups, whose weights and biases lie one behind the other: with eight sums
// under way, none has to wait for the one before.
TEXT ·sumGroupsAVX512(SB), NOSPLIT, $0-48
	MOVQ   weights+0(FP), AX
	MOVQ   panel+8(FP), BX
	MOVQ   depth+16(FP), CX
	MOVQ   bias+24(FP), R8
	MOVQ   to+32(FP), DX
	MOVQ   apart+40(FP), R9
	SHLQ   $2, R9
	MOVQ   CX, R11
	SHLQ   $4, R11
	ADDQ   AX, R11
	VXORPS X0, X0, X0
	VXORPS X1, X1, X1
	VXORPS X2, X2, X2
	VXORPS X3, X3, X3
	VXORPS X4, X4, X4
	VXORPS X5, X5, X5
	VXORPS X6, X6, X6
	VXORPS X7, X7, X7

next:
	VMOVUPS (BX), Z16
	ROWS_AVX512(0, Z0, Z4)
	ROWS_AVX512(4, Z1, Z5)
	ROWS_AVX512(8, Z2, Z6)
	ROWS_AVX512(12, Z3, Z7)
	ADDQ    $16, AX
	ADDQ    $16, R11
	ADDQ    $64, BX
	DECQ    CX
	JNZ     next
	STORE_AVX512(0, Z0)
	STORE_AVX512(4, Z1)
	STORE_AVX512(8, Z2)
	STORE_AVX512(12, Z3)
	STORE_AVX512(16, Z4)
	STORE_AVX512(20, Z5)
	STORE_AVX512(24, Z6)
	STORE_AVX512(28, Z7)
	VZEROUPPER
	RET

// func sumManyPlacesAVX512(weights *float32, distances *int, taps int, pixels *float32, bias float32, to *[64]float32)
TEXT ·sumManyPlacesAVX512(SB), NOSPLIT, $0-48
	MOVQ   weights+0(FP), AX
	MOVQ   distances+8(FP), BX
	MOVQ   taps+16(FP), CX
	MOVQ   pixels+24(FP), SI
	MOVQ   to+40(FP), DX
	VXORPS X0, X0, X0
	VXORPS X1, X1, X1
	VXORPS X2, X2, X2
	VXORPS X3, X3, X3

next:
	VBROADCASTSS (AX), Z8
	MOVQ         (BX), DI
	VMULPS       (SI)(DI*4), Z8, Z4
	VMULPS       64(SI)(DI*4), Z8, Z5
	VMULPS       128(SI)(DI*4), Z8, Z6
	VMULPS       192(SI)(DI*4), Z8, Z7
	VADDPS       Z4, Z0, Z0
	VADDPS       Z5, Z1, Z1
	VADDPS       Z6, Z2, Z2
	VADDPS       Z7, Z3, Z3
	ADDQ         $4, AX
	ADDQ         $8, BX
	DECQ         CX
	JNZ          next
	VBROADCASTSS bias+32(FP), Z8
	VADDPS       Z8, Z0, Z0
	VADDPS       Z8, Z1, Z1
	VADDPS       Z8, Z2, Z2
	VADDPS       Z8, Z3, Z3
	VMOVUPS      Z0, (DX)
	VMOVUPS      Z1, 64(DX)
	VMOVUPS      Z2, 128(DX)
	VMOVUPS      Z3, 192(DX)
	VZEROUPPER
	RET
