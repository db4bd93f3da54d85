package pickle

import "fmt"

// The instructions that the machine knows, by their bytes.
const (
	opBinInt      = 0x4a
	opBinInt1     = 0x4b
	opBinInt2     = 0x4d
	opLong1       = 0x8a
	opString      = 0x54
	opShortString = 0x55
	opNone        = 0x4e
	opTrue        = 0x88
	opFalse       = 0x89
	opShortText   = 0x8c
	opText        = 0x58
	opLongText    = 0x8d
	opBinFloat    = 0x47
	opEmptyList   = 0x5d
	opAppend      = 0x61
	opAppends     = 0x65
	opEmptyTuple  = 0x29
	opTuple       = 0x74
	opTuple1      = 0x85
	opTuple2      = 0x86
	opTuple3      = 0x87
	opEmptyDict   = 0x7d
	opSetItem     = 0x73
	opSetItems    = 0x75
	opMark        = 0x28
	opBinGet      = 0x68
	opLongBinGet  = 0x6a
	opBinPut      = 0x71
	opLongBinPut  = 0x72
	opMemoize     = 0x94
	opGlobal      = 0x63
	opStackGlobal = 0x93
	opReduce      = 0x52
	opBuild       = 0x62
	opProto       = 0x80
	opStop        = 0x2e
	opFrame       = 0x95
	opBinPersID   = 0x51
)

// opcodes are the names of all instructions, for errors.
var opcodes = map[byte]string{
	0x49: "INT",
	0x4a: "BININT",
	0x4b: "BININT1",
	0x4d: "BININT2",
	0x4c: "LONG",
	0x8a: "LONG1",
	0x8b: "LONG4",
	0x53: "STRING",
	0x54: "BINSTRING",
	0x55: "SHORT_BINSTRING",
	0x42: "BINBYTES",
	0x43: "SHORT_BINBYTES",
	0x8e: "BINBYTES8",
	0x96: "BYTEARRAY8",
	0x97: "NEXT_BUFFER",
	0x98: "READONLY_BUFFER",
	0x4e: "NONE",
	0x88: "NEWTRUE",
	0x89: "NEWFALSE",
	0x56: "UNICODE",
	0x8c: "SHORT_BINUNICODE",
	0x58: "BINUNICODE",
	0x8d: "BINUNICODE8",
	0x46: "FLOAT",
	0x47: "BINFLOAT",
	0x5d: "EMPTY_LIST",
	0x61: "APPEND",
	0x65: "APPENDS",
	0x6c: "LIST",
	0x29: "EMPTY_TUPLE",
	0x74: "TUPLE",
	0x85: "TUPLE1",
	0x86: "TUPLE2",
	0x87: "TUPLE3",
	0x7d: "EMPTY_DICT",
	0x64: "DICT",
	0x73: "SETITEM",
	0x75: "SETITEMS",
	0x8f: "EMPTY_SET",
	0x90: "ADDITEMS",
	0x91: "FROZENSET",
	0x30: "POP",
	0x32: "DUP",
	0x28: "MARK",
	0x31: "POP_MARK",
	0x67: "GET",
	0x68: "BINGET",
	0x6a: "LONG_BINGET",
	0x70: "PUT",
	0x71: "BINPUT",
	0x72: "LONG_BINPUT",
	0x94: "MEMOIZE",
	0x82: "EXT1",
	0x83: "EXT2",
	0x84: "EXT4",
	0x63: "GLOBAL",
	0x93: "STACK_GLOBAL",
	0x52: "REDUCE",
	0x62: "BUILD",
	0x69: "INST",
	0x6f: "OBJ",
	0x81: "NEWOBJ",
	0x92: "NEWOBJ_EX",
	0x80: "PROTO",
	0x2e: "STOP",
	0x95: "FRAME",
	0x50: "PERSID",
	0x51: "BINPERSID",
}

func nameOf(op byte) string {
	if name, known := opcodes[op]; known {
		return "instruction " + name
	}
	return fmt.Sprintf("unknown instruction 0x%02x", op)
}
