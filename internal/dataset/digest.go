package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"math"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// pixelHash identifies the pixels of an image: [imaging.Image.Sum].
type pixelHash [sha256.Size]byte

func hashPixels(img imaging.Image) pixelHash { return img.Sum() }

// digester hashes a sequence of values so that different sequences of the same
// form never give the same bytes.
type digester struct{ hash hash.Hash }

func newDigester() digester { return digester{sha256.New()} }

// number adds n, which must fit 32 bits.
func (d digester) number(n int) {
	var b [4]byte
	binary.LittleEndian.PutUint32(b[:], uint32(n))
	d.hash.Write(b[:])
}

func (d digester) text(s string) {
	d.number(len(s))
	d.hash.Write([]byte(s))
}

func (d digester) texts(list []string) {
	d.number(len(list))
	for _, s := range list {
		d.text(s)
	}
}

func (d digester) hex() string { return hex.EncodeToString(d.hash.Sum(nil)) }

// digestContent is the digest of a dataset from its content: a heading, the
// classes, and of each example label, part, group and pixel hash; then, if any example
// has one, the annotations, each behind its example's index, and in the same way the
// weights, and the places in clips; then, if there are any, the files that were left out.
func digestContent(classes []string, of examples, hashes []pixelHash, skipped ...SkippedFile) string {
	d := newDigester()
	d.text("blocktrain dataset 1")
	d.texts(classes)
	d.number(of.Len())
	for i := range of.Len() {
		info := of.Info(i)
		d.number(info.Label)
		d.number(int(info.Part))
		d.text(info.Group)
		d.hash.Write(hashes[i][:])
	}
	d.annotations(of)
	d.weights(of)
	d.places(of)
	d.skipped(skipped)
	return d.hex()
}

// skipped adds what is known of files that were left out, and nothing where there are
// none.
func (d digester) skipped(files []SkippedFile) {
	if len(files) == 0 {
		return
	}
	d.text("skipped")
	d.number(len(files))
	for _, f := range files {
		d.number(f.info.Label)
		d.number(int(f.info.Part))
		d.text(f.info.Group)
		d.text(f.SHA256)
	}
}

// annotations adds those of all examples that have one, and nothing where none has.
func (d digester) annotations(of examples) {
	begun := false
	for i := range of.Len() {
		annotation := of.Info(i).Annotation
		if annotation == nil {
			continue
		}
		if !begun {
			d.text("annotations")
			begun = true
		}
		d.number(i)
		d.text(string(annotation.AppendBinary(nil)))
	}
}

// weights adds those of all examples that are given one, and nothing where none is.
func (d digester) weights(of examples) {
	begun := false
	for i := range of.Len() {
		weight := of.Info(i).Weight
		if !weight.Given {
			continue
		}
		if !begun {
			d.text("weights")
			begun = true
		}
		d.number(i)
		d.number(int(math.Float32bits(weight.Value)))
	}
}

// digestDerived begins the digest of a dataset that is made from others: the
// operation and the digests of what it is applied to. The caller adds the
// operation's parameters.
func digestDerived(operation string, of ...Dataset) digester {
	d := newDigester()
	d.text("blocktrain dataset 1 " + operation)
	d.number(len(of))
	for _, member := range of {
		d.text(member.Digest())
	}
	return d
}
