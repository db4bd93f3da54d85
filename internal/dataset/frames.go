package dataset

import (
	"fmt"
	"io"
	"os"

	"github.com/blocktrain/blocktrain/internal/fileio"
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

// interleaved returns three planes, [3,H,W], as [H,W,3].
func interleaved(planes []uint8) []uint8 {
	pixels, n := make([]uint8, 0, len(planes)), len(planes)/3
	for i := range n {
		pixels = append(pixels, planes[i], planes[n+i], planes[2*n+i])
	}
	return pixels
}

// readFrames reads an IDX file of images. In disk mode it keeps the file open
// and no pixels; a gzipped file, which cannot be read from the middle, is
// unpacked to a temporary file first.
func readFrames(path string, mode Mode) (*frames, error) {
	var f *frames
	err := withIDX(path, magicImages, func(r *idxReader) error {
		h := r.header
		f = &frames{
			name: path, count: h.count, height: h.height, width: h.width, channels: 1,
			stride: int64(h.height) * int64(h.width),
		}
		if mode == ModeDisk {
			return f.keepOnDisk(r)
		}
		f.kept = &packed{size: f.size()}
		return r.copyTo(f.kept)
	})
	return f, err
}

func (f *frames) keepOnDisk(r *idxReader) error {
	if r.packed {
		spool, err := temporary(r.copyTo)
		f.file = spool
		return err
	}
	if err := r.copyTo(io.Discard); err != nil {
		return err
	}
	file, err := fileio.OpenRegular(f.name)
	f.file, f.offset = file, r.header.length()
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
