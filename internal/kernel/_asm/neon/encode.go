package main

// encoding is the word of an instruction whose registers are all 0.
type encoding uint32

// The instructions that Go's assembler lacks.
const (
	fmlaLane encoding = 0x4f801000 // fmla v0.4s, v0.4s, v0.s[0]
	ldrQ     encoding = 0x3ce06800 // ldr q0, [x0, x0]
	strQ     encoding = 0x3ca06800 // str q0, [x0, x0]
	sshrOne  encoding = 0x4f3f0400 // sshr v0.4s, v0.4s, #1
)

// operation is an encoding with the arrangements of lanes that its result and its
// operands have.
type operation struct {
	encoding
	name, result, operands string
}

var (
	floatAdd      = operation{0x4e20d400, "fadd", "4s", "4s"}
	floatSubtract = operation{0x4ea0d400, "fsub", "4s", "4s"}
	floatMultiply = operation{0x6e20dc00, "fmul", "4s", "4s"}
	floatDivide   = operation{0x6e20fc00, "fdiv", "4s", "4s"}
	floatEqual    = operation{0x4e20e400, "fcmeq", "4s", "4s"}
	floatNotLess  = operation{0x6e20e400, "fcmge", "4s", "4s"}
	floatGreater  = operation{0x6ea0e400, "fcmgt", "4s", "4s"}
	doubleFMA     = operation{0x4e60cc00, "fmla", "2d", "2d"}

	integerMost     = operation{0x4ea06400, "smax", "4s", "4s"}
	halfWordNotLess = operation{0x6e603c00, "cmhs", "8h", "8h"}
	lowProducts     = operation{0x2ea0c000, "umull", "2d", "2s"}
	highProducts    = operation{0x6ea0c000, "umull2", "2d", "4s"}
	andNot          = operation{0x4e601c00, "bic", "16b", "16b"}
	orNot           = operation{0x4ee01c00, "orn", "16b", "16b"}

	// With one operand.
	floatMagnitude = operation{0x4ea0f800, "fabs", "4s", "4s"}
	floatNegate    = operation{0x6ea0f800, "fneg", "4s", "4s"}
	floatRoot      = operation{0x6ea1f800, "fsqrt", "4s", "4s"}
	floatOfNatural = operation{0x6e21d800, "ucvtf", "4s", "4s"}
	lowToDouble    = operation{0x0e617800, "fcvtl", "2d", "2s"}
	highToDouble   = operation{0x4e617800, "fcvtl2", "2d", "4s"}
)

// Operations on numbers of 16 and 8 bits.
var (
	halfWordMultiply    = operation{0x4e609c00, "mul", "8h", "8h"}
	halfWordMultiplyAdd = operation{0x4e609400, "mla", "8h", "8h"}
)

// Operations on the lower half of a register and on the upper. Of the narrowing ones, the
// result is the half.
var (
	halfWordProducts      = halves(0x0f40a000, "smull", "4s", "4h", "8h")
	halfWordProductsAdded = halves(0x0f402000, "smlal", "4s", "4h", "8h")
	byteProductsAdded     = halves(0x2e208000, "umlal", "8h", "8b", "16b")
	addBytes              = halves(0x2e201000, "uaddw", "8h", "8b", "16b") // its first operand is as the result
	widenShifted          = halves(0x0f00a400, "sshll", "4s", "4h", "8h")
	widenBytes            = halves(0x2f00a400, "ushll", "8h", "8b", "16b")
	narrowWords           = narrowing(0x0f009400, "sqshrn", "4h", "8h", "4s")
	narrowWordsRounded    = narrowing(0x0f008c00, "rshrn", "4h", "8h", "4s")
	narrowHalfWords       = narrowing(0x0f009400, "sqshrn", "8b", "16b", "8h")
	narrowNumbers         = narrowing(0x0f008400, "shrn", "8b", "16b", "8h")
	narrowRounded         = narrowing(0x0f008c00, "rshrn", "8b", "16b", "8h")
	narrowNatural         = narrowing(0x2e212800, "sqxtun", "8b", "16b", "8h")
)

// upper is the bit of a word that says that it takes the upper half.
const upper = 1 << 30

// halves are an operation on half of its operands.
func halves(e encoding, name, result, low, high string) [2]operation {
	return [2]operation{{e, name, result, low}, {e | upper, name + "2", result, high}}
}

// narrowing are an operation that makes half of its result.
func narrowing(e encoding, name, low, high, operands string) [2]operation {
	return [2]operation{{e, name, low, operands}, {e | upper, name + "2", high, operands}}
}

// word returns the word for result d and operands n and m; those of a load or
// store are the register, the base and the index.
func (e encoding) word(d, n, m int) uint32 {
	return uint32(e) | uint32(m)<<16 | uint32(n)<<5 | uint32(d)
}

// laneBits is what lane of the last operand adds to a word.
func laneBits(lane int) uint32 { return uint32(lane&1)<<21 | uint32(lane>>1)<<11 }
