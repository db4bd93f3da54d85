package imaging

import (
	"bytes"
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
	if !bytes.HasPrefix(head, []byte(pngMagic)) {
		if f, err := sniff(head); err == nil {
			return "a " + f.name + " file"
		}
		return "a file that is no PNG, JPEG or GIF"
	}
	const depth = len(pngMagic) + 8 + 8
	switch {
	case len(head) > depth && head[depth] == 16 && !keepDepth:
		return "a PNG file of 16 bits"
	case pngMetadata(head).orientation() != 1: // which other fields may give now
		return "a PNG file with an orientation"
	}
	return ""
}
