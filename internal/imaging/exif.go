package imaging

import (
	"bytes"
	"encoding/binary"
)

const pngMagic = "\x89PNG\r\n\x1a\n"

// pngIsGrey reads the colour type of a PNG file: 0 is grey, 4 grey with alpha
// (ISO/IEC 15948, 11.2.2). The decoder's result does not tell, since it holds
// grey with alpha as colour.
func pngIsGrey(data []byte) bool {
	const colourType = len(pngMagic) + 8 + 9
	return len(data) > colourType && (data[colourType] == 0 || data[colourType] == 4)
}

// pngExif returns the contents of the first eXIf chunk, a TIFF block.
func pngExif(data []byte) []byte {
	rest := data[len(pngMagic):]
	for len(rest) >= 12 {
		size := uint64(binary.BigEndian.Uint32(rest))
		if size > uint64(len(rest)-12) {
			return nil
		}
		if string(rest[4:8]) == "eXIf" {
			return rest[8 : 8+size]
		}
		rest = rest[12+size:]
	}
	return nil
}

// jpegExif returns the TIFF block of the first APP1 segment that is EXIF.
func jpegExif(data []byte) []byte {
	const (
		app1      = 0xe1
		startScan = 0xda
		signature = "Exif\x00\x00"
	)
	rest := data[2:] // after SOI
	for len(rest) >= 4 && rest[0] == 0xff {
		marker := rest[1]
		if marker == 0xff { // a fill byte
			rest = rest[1:]
			continue
		}
		size := int(binary.BigEndian.Uint16(rest[2:])) // with its own two bytes
		if marker == startScan || size < 2 || len(rest) < 2+size {
			return nil
		}
		payload := rest[4 : 2+size]
		if marker == app1 && bytes.HasPrefix(payload, []byte(signature)) {
			return payload[len(signature):]
		}
		rest = rest[2+size:]
	}
	return nil
}

// orientation reads the Orientation tag (1 to 8) of the first directory of a
// TIFF block. It is 1, upright, when the block has none or is malformed.
func orientation(tiff []byte) int {
	const (
		tag       = 0x0112
		typeShort = 3
	)
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(tiff, []byte("II*\x00")):
		order = binary.LittleEndian
	case bytes.HasPrefix(tiff, []byte("MM\x00*")):
		order = binary.BigEndian
	}
	if order == nil || len(tiff) < 8 {
		return 1
	}
	for _, entry := range directory(tiff, order) {
		if order.Uint16(entry) != tag {
			continue
		}
		value := int(order.Uint16(entry[8:]))
		if order.Uint16(entry[2:]) != typeShort || order.Uint32(entry[4:]) != 1 || value < 1 || value > 8 {
			return 1
		}
		return value
	}
	return 1
}

// directory splits the first directory into its entries of 12 bytes; one that
// does not fit in the block has none.
func directory(tiff []byte, order binary.ByteOrder) [][]byte {
	const entrySize = 12
	start := uint64(order.Uint32(tiff[4:]))
	if start+2 > uint64(len(tiff)) {
		return nil
	}
	count := int(order.Uint16(tiff[start:]))
	body := tiff[start+2:]
	if len(body) < count*entrySize {
		return nil
	}
	entries := make([][]byte, count)
	for i := range entries {
		entries[i] = body[i*entrySize : (i+1)*entrySize]
	}
	return entries
}

// upright turns and mirrors a stored image so that it is seen as EXIF's
// orientation says.
func upright(img Image, orientation int) Image {
	if orientation == 1 {
		return img
	}
	transpose := orientation >= 5
	mirrorX := orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8
	mirrorY := orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7
	out := img.Black(img.Width, img.Height)
	if transpose {
		out.Width, out.Height = img.Height, img.Width
	}
	for y := range out.Height {
		row := out.Row(y)
		for x := range out.Width {
			sx, sy := x, y
			if transpose {
				sx, sy = y, x
			}
			if mirrorX {
				sx = img.Width - 1 - sx
			}
			if mirrorY {
				sy = img.Height - 1 - sy
			}
			copy(row[x*img.Channels:(x+1)*img.Channels], img.Row(sy)[sx*img.Channels:])
		}
	}
	return out
}
