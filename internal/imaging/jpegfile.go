package imaging

import (
	"image"

	"github.com/blocktrain/blocktrain/internal/imaging/jpeg"
)

// configJPEG reads the size of a JPEG file.
func configJPEG(data []byte) (image.Config, error) {
	c, err := jpeg.DecodeConfig(data)
	return image.Config{Width: c.Width, Height: c.Height}, err
}

// decodeJPEG decodes a JPEG file as libjpeg-turbo does. Grey and colour samples are taken
// as they are.
func decodeJPEG(data []byte, _ bool) (samples, error) {
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
