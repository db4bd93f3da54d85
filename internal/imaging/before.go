package imaging

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
)

// headBytes is how much of a file is looked at: what comes before the pixels of a PNG file
// is hardly ever longer.
const headBytes = 1 << 20

// DecodedOtherwise says, in a few words, why the decoder may give the file at path other
// pixels than it did under version 2 of the reproducibility contract; "" where the rules for
// such a file are the same. keepDepth is that of the [Decoder].
func DecodedOtherwise(path string, keepDepth bool) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	head := make([]byte, headBytes)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", err
	}
	return decodedOtherwise(head[:n], keepDepth), nil
}

func decodedOtherwise(head []byte, keepDepth bool) string {
	switch {
	case bytes.HasPrefix(head, []byte(pngMagic)):
		return pngOtherwise(head, keepDepth)
	case bytes.HasPrefix(head, []byte("\xff\xd8\xff")):
		return "a JPEG file"
	case bytes.HasPrefix(head, []byte("GIF8")):
		return "a GIF file"
	}
	return "a file that is neither PNG, JPEG nor GIF"
}

// pngOtherwise looks at depth and colour type in the header of a PNG file, and for a tRNS
// chunk (ISO/IEC 15948, 11.2.2 and 11.3.2).
func pngOtherwise(head []byte, keepDepth bool) string {
	const depth, colourType = len(pngMagic) + 8 + 8, len(pngMagic) + 8 + 9
	switch {
	case len(head) <= colourType:
		return ""
	case head[colourType] == 4 || head[colourType] == 6:
		return "a PNG file with alpha"
	case head[depth] == 16 && !keepDepth:
		return "a PNG file of 16 bits"
	}
	for rest := head[len(pngMagic):]; len(rest) >= 12; {
		switch string(rest[4:8]) {
		case "tRNS":
			return "a PNG file with transparency"
		case "IDAT":
			return ""
		}
		rest = rest[min(12+uint64(binary.BigEndian.Uint32(rest)), uint64(len(rest))):]
	}
	return ""
}
