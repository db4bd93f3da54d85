package jpeg

// Config is what the header of a file says.
type Config struct {
	Width, Height int // in pixels
	// Channels is 1 for grey, 3 for colour, and 4 for CMYK.
	Channels int
	// Progressive says that the file holds the coefficients of the whole picture in
	// several scans. All of them are in memory while it is decoded.
	Progressive bool
}

// Picture is a decoded file.
type Picture struct {
	Width, Height int
	Channels      int // 1: grey; 3: red, green, blue; 4: cyan, magenta, yellow, black, as they are stored
	// Pix holds Height rows of Width pixels of Channels samples, without gaps:
	// [Height,Width,Channels]. CMYK samples are not inverted. Adobe's programs, and with
	// them nearly all, store 255 for no ink.
	Pix []uint8
}

// DecodeConfig reads the header of a file, as far as the frame header. An error is a
// *DamagedError or an *UnsupportedError.
func DecodeConfig(data []byte) (Config, error) {
	d := decoder{data: data}
	if err := d.start(); err != nil {
		return Config{}, err
	}
	for !d.framed {
		marker, err := d.nextMarker()
		if err != nil {
			return Config{}, err
		}
		if marker == markerSOS {
			return Config{}, damaged("it has a scan before its frame header")
		}
		if marker == markerEOI {
			return Config{}, damaged("it holds no picture")
		}
		if err := d.segment(marker); err != nil {
			return Config{}, err
		}
	}
	return Config{Width: d.width, Height: d.height, Channels: len(d.components), Progressive: d.progressive}, nil
}

// Decode decodes a whole file. Data behind the end of the picture is ignored. An error is
// a *DamagedError or an *UnsupportedError. The memory that it needs is that of the planes
// and of the result, and for files of several scans twice the planes for coefficients:
// see [DecodeConfig] to bound it.
func Decode(data []byte) (*Picture, error) {
	d := decoder{data: data}
	if err := d.start(); err != nil {
		return nil, err
	}
	for {
		marker, err := d.nextMarker()
		switch {
		case err != nil:
			return nil, err
		case marker == markerEOI:
			return d.picture()
		case marker == markerSOS:
			err = d.scan()
		default:
			err = d.segment(marker)
		}
		if err != nil {
			return nil, err
		}
	}
}

// picture makes the pixels when all scans are read.
func (d *decoder) picture() (*Picture, error) {
	if !d.framed {
		return nil, damaged("it holds no picture")
	}
	if err := d.checkComplete(); err != nil {
		return nil, err
	}
	space, err := d.colorSpace()
	if err != nil {
		return nil, err
	}
	if d.buffered {
		for i := range d.components {
			d.components[i].transform()
		}
	}
	p := d.render(space)
	for i := range d.components {
		d.components[i].release()
	}
	return p, nil
}
