package imaging

import (
	"bytes"
	"encoding/binary"
	"iter"

	"github.com/blocktrain/blocktrain/internal/imaging/jpeg"
)

// parseJPEG reads the header of a JPEG file.
func parseJPEG(data []byte) (file, error) {
	c, err := jpeg.DecodeConfig(data)
	if err != nil {
		return file{}, err
	}
	memory := 2 * c.Channels
	if c.Progressive {
		memory += 2 * c.Channels
	}
	return file{
		width: c.Width, height: c.Height, memory: memory,
		decode:   func(Decoder) (samples, error) { return decodeJPEG(data) },
		metadata: func() metadata { return jpegMetadata(data) },
	}, nil
}

// decodeJPEG decodes a JPEG file as libjpeg-turbo does. Grey and colour samples are taken
// as they are.
func decodeJPEG(data []byte) (samples, error) {
	p, err := jpeg.Decode(data)
	if err != nil {
		return samples{}, err
	}
	img := Image{Width: p.Width, Height: p.Height, Channels: p.Channels, Pix: p.Pix}
	if p.Channels == 4 {
		img.Channels, img.Pix = 3, invertedCMYK(p.Pix)
	}
	return samples{img, 1}, nil
}

// invertedCMYK makes RGB of CMYK samples in which 255 is no ink, as Adobe's programs store
// them: round(c*k/255) for red, and so on. It overwrites pix.
func invertedCMYK(pix []uint8) []uint8 {
	for i, j := 0, 0; j < len(pix); i, j = i+3, j+4 {
		c, m, y, k := pix[j], pix[j+1], pix[j+2], pix[j+3]
		pix[i], pix[i+1], pix[i+2] = compose8(c, k), compose8(m, k), compose8(y, k)
	}
	return pix[:len(pix)/4*3]
}

// jpegSegments yields the markers and contents of the segments before the first scan.
func jpegSegments(data []byte) iter.Seq2[byte, []byte] {
	return func(yield func(byte, []byte) bool) {
		const startScan = 0xda
		rest := data[2:] // after SOI
		for len(rest) >= 4 && rest[0] == 0xff {
			marker := rest[1]
			if marker == 0xff { // a fill byte
				rest = rest[1:]
				continue
			}
			size := int(binary.BigEndian.Uint16(rest[2:])) // with its own two bytes
			if marker == startScan || size < 2 || len(rest) < 2+size || !yield(marker, rest[4:2+size]) {
				return
			}
			rest = rest[2+size:]
		}
	}
}

// jpegMetadata collects the segments APP1 with EXIF, which continue each other, APP1 with
// XMP, and APP2 with a part of a profile.
func jpegMetadata(data []byte) metadata {
	const xmpSignature, iccSignature = "http://ns.adobe.com/xap/1.0/\x00", "ICC_PROFILE\x00"
	var m metadata
	var blocks [][]byte   // of EXIF
	var parts [256][]byte // of the profile, by their numbers
	for marker, content := range jpegSegments(data) {
		exif, isExif := bytes.CutPrefix(content, []byte(exifSignature))
		xmp, isXMP := bytes.CutPrefix(content, []byte(xmpSignature))
		icc, isICC := bytes.CutPrefix(content, []byte(iccSignature))
		switch {
		case marker == 0xe1 && isExif:
			blocks = append(blocks, exif)
		case marker == 0xe1 && isXMP:
			m.xmp = xmp
		case marker == 0xe2 && isICC && len(icc) > 2:
			parts[icc[0]] = icc[2:]
		}
	}
	m.exif, m.profile = bytes.Join(blocks, nil), bytes.Join(parts[:], nil)
	return m
}
