package imaging

import (
	"bytes"
	"regexp"
)

// metadata are the parts of a file that say how to see its pixels; nil where it has none.
type metadata struct {
	exif    []byte // a TIFF block, behind "Exif\x00\x00" once, twice or not at all
	xmp     []byte // XML
	profile []byte // ICC
}

const exifSignature = "Exif\x00\x00"

// orientation is 1 to 8 as EXIF counts, where 1 is upright: that of the EXIF block, and
// where it has none, that of the XMP packet. Both are read as by Pillow's exif_transpose.
func (m metadata) orientation() int {
	block := bytes.TrimPrefix(bytes.TrimPrefix(m.exif, []byte(exifSignature)), []byte(exifSignature))
	if entry, has := readDirectory(block).entry(tagOrientation); has {
		return inRange(entry.number())
	}
	if found := xmpOrientation.FindSubmatch(m.xmp); found != nil {
		return inRange(int(found[1][0] - '0'))
	}
	return 1
}

var xmpOrientation = regexp.MustCompile(`tiff:Orientation(?:="|>)([0-9])`)

// inRange is 1 for an orientation that there is not.
func inRange(orientation int) int {
	if orientation < 1 || orientation > 8 {
		return 1
	}
	return orientation
}
