package dataset

import (
	"fmt"
	"io"
	"os"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// frames are images of one size that lie one after the other, in memory or in
// a file.
type frames struct {
	name                    string // of the file, for errors
	count                   int
	height, width, channels int
	kept                    *packed     // the images, [height,width,channels] each, or nil
	file                    io.ReaderAt // when kept is nil; closed when it becomes unreachable
	offset, stride          int64       // in file: of the first image, and from image to image
	planar                  bool        // in file: [channels,height,width]
}

// image is a reader.
func (f *frames) image(i int, buffer []uint8) (imaging.Image, error) {
	img := imaging.Image{Width: f.width, Height: f.height, Channels: f.channels}
	if f.kept != nil {
		img.Pix = f.kept.image(i, buffer)
		return img, nil
	}
	img.Pix = room(buffer, f.size())
	if _, err := f.file.ReadAt(img.Pix, f.offset+int64(i)*f.stride); err != nil {
		return imaging.Image{}, fmt.Errorf("%s: image %d: %w", f.name, i, readError(err))
	}
	if f.planar {
		img.Pix = interleaved(img.Pix)
	}
	return img, nil
}

// size is the bytes of a frame.
func (f *frames) size() int { return f.height * f.width * f.channels }

// sizeText is the size of a frame as in messages.
func (f *frames) sizeText() string {
	if f.channels == 1 {
		return fmt.Sprintf("%dx%d", f.width, f.height)
	}
	return fmt.Sprintf("%dx%dx%d", f.width, f.height, f.channels)
}

// interleaved returns three planes, [3,H,W], as [H,W,3].
func interleaved(planes []uint8) []uint8 {
	pixels, n := make([]uint8, 0, len(planes)), len(planes)/3
	for i := range n {
		pixels = append(pixels, planes[i], planes[n+i], planes[2*n+i])
	}
	return pixels
}

// keepOnDisk keeps a file open and no pixels. What cannot be read from the middle, since
// it is packed or must be converted, is written to a temporary file first.
func (f *frames) keepOnDisk(c *converter) error {
	if !c.plain() || c.array.inPlace == nil {
		spool, err := temporary(c.copyTo)
		f.file = spool
		return err
	}
	if err := c.copyTo(io.Discard); err != nil { // which finds damage
		return err
	}
	file, offset, err := c.array.inPlace()
	f.file, f.offset = file, offset
	return err
}

// temporary writes a file that has no name, so that it is gone with the process.
func temporary(write func(w io.Writer) error) (*os.File, error) {
	f, err := os.CreateTemp("", "blocktrain-*")
	if err != nil {
		return nil, err
	}
	if err := write(f); err != nil {
		_ = f.Close()
		_ = os.Remove(f.Name())
		return nil, err
	}
	return f, os.Remove(f.Name())
}
