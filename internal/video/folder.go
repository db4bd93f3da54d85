package video

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// A folder is a video whose frames are image files.
type folder struct {
	ctx     context.Context
	path    string
	files   []numbered
	decoder imaging.Decoder
	options Options
	known   Info
	frames  int
}

// A numbered file is a frame: its name is prefix, number and ending.
type numbered struct {
	name   string
	number int
}

var numberPattern = regexp.MustCompile(`^(.*?)(\d+)(\.[^.]+)$`)

// openFolder opens a folder of numbered frames: the images in it, by the last number in their
// names. Other files and folders in it are not looked at.
func openFolder(ctx context.Context, path string, o Options) (*Reader, error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	s := &folder{ctx: ctx, path: path, options: o, decoder: imaging.Decoder{KeepDepth: o.KeepDepth}}
	prefix := ""
	for _, e := range entries {
		if name := e.Name(); imaging.IsFileName(name) && !strings.HasPrefix(name, ".") && !e.IsDir() {
			f, before, err := number(path, name)
			if err != nil {
				return nil, err
			}
			if len(s.files) > 0 && before != prefix {
				return nil, failf(path, Unnumbered, "frames are named in two ways, as %s and %s: keep the frames of one clip in one folder", s.files[0].name, name)
			}
			s.files, prefix = append(s.files, f), before
		}
	}
	if len(s.files) == 0 {
		return nil, failf(path, Empty, "the folder has no frames: give a video, or a folder of images in %s that are numbered as in frame_0001.png", imaging.Formats)
	}
	slices.SortFunc(s.files, func(a, b numbered) int { return a.number - b.number })
	if err := s.gaps(); err != nil {
		return nil, err
	}
	s.known = Info{Name: path, Container: "folder", Rate: o.Rate, VideoStreams: 1, Tagged: true,
		Codec: strings.ToLower(strings.TrimPrefix(filepath.Ext(s.files[0].name), "."))}
	return newReader(s, o)
}

// number takes the number out of the name of a frame.
func number(folder, name string) (f numbered, prefix string, err error) {
	found := numberPattern.FindStringSubmatch(name)
	if found == nil {
		return f, "", failf(folder, Unnumbered, "%s has no number at the end of its name: number the frames, as in frame_0001.png, and keep other images elsewhere", name)
	}
	n, err := strconv.Atoi(found[2])
	if err != nil {
		return f, "", failf(folder, Unnumbered, "the number of %s is too large: number the frames from 1 on", name)
	}
	return numbered{name, n}, found[1], nil
}

// gaps refuses numbers that are missing or come twice.
func (s *folder) gaps() error {
	for i, f := range s.files[1:] {
		before := s.files[i]
		switch {
		case f.number == before.number:
			return failf(s.path, Unnumbered, "%s and %s have one number: remove one of them", before.name, f.name)
		case f.number != before.number+1:
			return failf(s.path, Unnumbered, "%d numbers are missing between %s and %s: add the frames, or make two clips of the folder", f.number-before.number-1, before.name, f.name)
		}
	}
	return nil
}

func (s *folder) info() Info { return s.known }

func (s *folder) close() {}

// next implements source.
func (s *folder) next(buf []byte) (stamped, error) {
	if err := s.ctx.Err(); err != nil {
		return stamped{}, context.Cause(s.ctx)
	}
	if s.frames == len(s.files) {
		return stamped{}, io.EOF
	}
	f := s.files[s.frames]
	path := filepath.Join(s.path, f.name)
	m, err := s.decoder.DecodeFile(path)
	if err != nil {
		return stamped{}, failf(s.path, Damaged, "frame %d cannot be read: %v", s.frames, err)
	}
	defer m.Release()
	if err := s.check(f.name, m); err != nil {
		return stamped{}, err
	}
	s.frames++
	data := grown(buf, s.known.Format.Bytes())
	pack(data, m)
	return stamped{data: data}, nil
}

// check compares the format of an image with that of the first.
func (s *folder) check(name string, m imaging.Image) error {
	format := Format{Pixels: "gray", Width: m.Width, Height: m.Height, Range: Full}
	switch {
	case m.Wide != nil && m.Channels == 3:
		format.Pixels = "rgb48le"
	case m.Wide != nil:
		format.Pixels = "gray16le"
	case m.Channels == 3:
		format.Pixels = "rgb24"
	}
	if s.options.Range != "" {
		format.Range = s.options.Range
	}
	if s.frames == 0 {
		s.known.Format = format
		return s.options.checkSize(s.path, m.Width, m.Height)
	}
	if format != s.known.Format {
		return failf(s.path, Changed, "%s is %s and %s is %s: bring all frames to one size and kind", name, shape(format), s.files[0].name, shape(s.known.Format))
	}
	return nil
}

func shape(f Format) string { return fmt.Sprintf("%dx%d %s", f.Width, f.Height, f.Pixels) }

// pack writes the pixels of an image as a frame.
func pack(data []byte, m imaging.Image) {
	if m.Wide == nil {
		copy(data, m.Pix)
		return
	}
	for i, v := range m.Wide {
		binary.LittleEndian.PutUint16(data[2*i:], v)
	}
}
