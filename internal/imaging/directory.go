package imaging

import (
	"bytes"
	"encoding/binary"
)

// directory is the first directory of a TIFF file, or of the TIFF block that EXIF is (TIFF
// 6.0, section 2).
type directory struct {
	data    []byte // the whole file
	order   binary.ByteOrder
	entries []entry
	damaged []uint16 // tags of fields that are left out
}

// entry is a field of a directory.
type entry struct {
	tag, kind uint16
	count     uint32
	value     []byte // its count values, as they are stored
	order     binary.ByteOrder
}

const tagOrientation = 0x0112

// kindSizes are the bytes of a value by its kind.
var kindSizes = [...]uint64{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}

// readDirectory reads the directory as far as it is well formed. Fields of unknown kinds, and
// those whose values lie outside, are left out and named; of several with one tag the first
// counts.
func readDirectory(data []byte) directory {
	d := directory{data: data}
	switch {
	case begins(data, "II*\x00"), begins(data, "II\x00*"):
		d.order = binary.LittleEndian
	case begins(data, "MM\x00*"), begins(data, "MM*\x00"):
		d.order = binary.BigEndian
	}
	if d.order == nil || len(data) < 8 {
		return d
	}
	start := uint64(d.order.Uint32(data[4:]))
	if start+2 > uint64(len(data)) {
		return d
	}
	const size = 12
	count := int(d.order.Uint16(data[start:]))
	var seen [1 << 16 / 64]uint64 // a bit for each tag
	for rest := data[start+2:]; len(rest) >= size && count > 0; rest, count = rest[size:], count-1 {
		e, ok := d.read(rest[:size])
		if !ok {
			d.damaged = append(d.damaged, e.tag)
			continue
		}
		if word, bit := e.tag/64, uint64(1)<<(e.tag%64); seen[word]&bit == 0 {
			seen[word] |= bit
			d.entries = append(d.entries, e)
		}
	}
	return d
}

// read reads a field of twelve bytes.
func (d directory) read(b []byte) (entry, bool) {
	e := entry{d.order.Uint16(b), d.order.Uint16(b[2:]), d.order.Uint32(b[4:]), b[8:], d.order}
	if int(e.kind) >= len(kindSizes) || kindSizes[e.kind] == 0 || e.count == 0 {
		return e, false
	}
	size := uint64(e.count) * kindSizes[e.kind]
	if size > 4 {
		at := uint64(d.order.Uint32(b[8:]))
		if at+size > uint64(len(d.data)) {
			return e, false
		}
		e.value = d.data[at:]
	}
	e.value = e.value[:size]
	return e, true
}

// entry finds the field of a tag.
func (d directory) entry(tag uint16) (entry, bool) {
	for _, e := range d.entries {
		if e.tag == tag {
			return e, true
		}
	}
	return entry{}, false
}

// value is what the field of a tag holds, as bytes; nil where there is none.
func (d directory) value(tag uint16) []byte {
	e, _ := d.entry(tag)
	return e.value
}

// numbers are the whole numbers that the field of a tag holds, and otherwise those given.
func (d directory) numbers(tag uint16, otherwise ...int) []int {
	e, has := d.entry(tag)
	const most = 1 << 22
	if !has || e.count > most || e.kind != 1 && e.kind != 3 && e.kind != 4 && e.kind != 13 {
		return otherwise
	}
	numbers := make([]int, e.count)
	for i := range numbers {
		numbers[i] = e.at(i)
	}
	return numbers
}

// number is the first whole number that the field of a tag holds, or the one given.
func (d directory) number(tag uint16, otherwise int) int {
	if e, has := d.entry(tag); has && (e.kind == 3 || e.kind == 4) {
		return e.at(0)
	}
	return otherwise
}

// number is the first value of a field of whole numbers, -1 of others. Bytes are none, as in
// Pillow.
func (e entry) number() int {
	switch e.kind {
	case 3, 4, 6, 8, 9, 13:
		return e.at(0)
	}
	return -1
}

// at is the value i of a field of whole numbers.
func (e entry) at(i int) int {
	switch e.kind {
	case 1:
		return int(e.value[i])
	case 6:
		return int(int8(e.value[i]))
	case 3:
		return int(e.order.Uint16(e.value[2*i:]))
	case 8:
		return int(int16(e.order.Uint16(e.value[2*i:])))
	case 9:
		return int(int32(e.order.Uint32(e.value[4*i:])))
	}
	return int(e.order.Uint32(e.value[4*i:]))
}

// trim cuts the zeros at the end of text.
func trim(text []byte) []byte { return bytes.TrimRight(text, "\x00") }
