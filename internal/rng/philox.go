package rng

//go:generate go -C ../kernel/_asm run . -family philox -out ../../rng/philox_amd64.s -stubs ../../rng/philox_stubs_amd64.go -pkg rng
//go:generate go -C ../kernel/_asm run ./neon -family philox -out ../../rng/philox_arm64.s -stubs ../../rng/philox_stubs_arm64.go -pkg rng

// Keep fills bits with one bit for each element of a vector: bit i%8 of
// bits[i/8] is set when the 16 random bits of element i, half word i%8 of the
// block at index i/8, are at least threshold. So an element is dropped with
// probability threshold/65536.
func (k Key) Keep(bits []uint8, item, epoch, lane uint32, threshold uint16) {
	done := 0
	if groups := len(bits) / active.width; groups > 0 {
		both := uint32(threshold)<<16 | uint32(threshold)
		active.keep(&bits[0], groups, item, epoch, lane, k.k0, k.k1, both)
		done = groups * active.width
	}
	k.keepGeneric(bits, done, item, epoch, lane, threshold)
}

// keepGeneric is Keep from a byte on.
func (k Key) keepGeneric(bits []uint8, first int, item, epoch, lane uint32, threshold uint16) {
	for i := first; i < len(bits); i++ {
		var keep uint8
		for w, word := range k.Block(uint32(i), item, epoch, lane) {
			if uint16(word) >= threshold {
				keep |= 1 << (2 * w)
			}
			if uint16(word>>16) >= threshold {
				keep |= 2 << (2 * w)
			}
		}
		bits[i] = keep
	}
}

// Blocks fills words with the blocks at the indexes from first on, four words each. After
// the index 2^32-1 comes 0. The number of words must be a multiple of four.
func (k Key) Blocks(words []uint32, first, item, epoch, lane uint32) {
	done := 0
	if groups := len(words) / 4 / active.width; groups > 0 {
		active.blocks(&words[0], groups, first, item, epoch, lane, k.k0, k.k1)
		done = groups * active.width
	}
	k.blocksGeneric(words[4*done:], first+uint32(done), item, epoch, lane)
}

// Together is how many blocks the widest vector instructions compute at a time. A number of
// blocks that is a multiple of it leaves none to be computed one by one.
const Together = 16

// blocksGeneric is Blocks.
func (k Key) blocksGeneric(words []uint32, first, item, epoch, lane uint32) {
	for i := 0; i < len(words); i += 4 {
		block := k.Block(first+uint32(i/4), item, epoch, lane)
		copy(words[i:i+4], block[:])
	}
}

// implementation is a way to compute Keep and Blocks in vector instructions, for groups of
// width bytes or blocks.
type implementation struct {
	name   string
	width  int
	keep   func(bits *uint8, groups int, item, epoch, lane, k0, k1, threshold uint32)
	blocks func(words *uint32, groups int, first, item, epoch, lane, k0, k1 uint32)
}

// generic leaves everything to keepGeneric and blocksGeneric.
var generic = implementation{name: "generic", width: 1 << 62}

var active = available()[0]

// available lists the implementations that this processor can run, the fastest
// first.
func available() []implementation { return append(accelerated(), generic) }
