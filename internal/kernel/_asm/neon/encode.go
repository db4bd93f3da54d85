package main

// encoding is the word of an instruction whose registers are all 0.
type encoding uint32

// The instructions that Go's assembler lacks.
const (
	fmlaLane encoding = 0x4f801000 // fmla v0.4s, v0.4s, v0.s[0]
	ldrQ     encoding = 0x3ce06800 // ldr q0, [x0, x0]
	strQ     encoding = 0x3ca06800 // str q0, [x0, x0]
)

// operation is an encoding of which the name and the arrangement of lanes are
// all that objdump says beside the registers.
type operation struct {
	encoding
	name, arrangement string
}

var (
	floatAdd     = operation{0x4e20d400, "fadd", "4s"}
	floatAtLeast = operation{0x6e20e400, "fcmge", "4s"}
	floatEqual   = operation{0x4e20e400, "fcmeq", "4s"}
	andNot       = operation{0x4e601c00, "bic", "16b"}
)

// word returns the word for result d and operands n and m; those of a load or
// store are the register, the base and the index.
func (e encoding) word(d, n, m int) uint32 {
	return uint32(e) | uint32(m)<<16 | uint32(n)<<5 | uint32(d)
}

// laneBits is what lane of the last operand adds to a word.
func laneBits(lane int) uint32 { return uint32(lane&1)<<21 | uint32(lane>>1)<<11 }
