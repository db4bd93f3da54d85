package video

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// MP4 says what a file of WriteMP4 is like.
type MP4 struct {
	Width, Height int  // of the frames; odd ones get a black row or column more
	Colour        bool // frames have 3 channels, otherwise 1
	Rate          Rational
	FFmpeg        *FFmpeg       // nil: looked for by [Find]
	Stall         time.Duration // longest wait for the encoder; 0 is a minute
}

// encoders are those that are taken, the first that ffmpeg has, with what asks them for a good
// picture. The last is a part of ffmpeg itself.
var encoders = []struct {
	name      string
	arguments []string
}{
	{"libx264", []string{"-preset", "veryfast", "-crf", "18"}},
	{"libopenh264", []string{"-b:v", "8M"}},
	{"mpeg4", []string{"-qscale:v", "2"}},
}

// encoder are the arguments that choose an encoder.
func (f *FFmpeg) encoder(ctx context.Context) []string {
	listed, _ := command(ctx, f.Path, "-hide_banner", "-encoders").Output() // nothing: the first is asked for, and missed
	for _, e := range encoders {
		if strings.Contains(string(listed), " "+e.name+" ") {
			return append([]string{"-c:v", e.name}, e.arguments...)
		}
	}
	return append([]string{"-c:v", encoders[0].name}, encoders[0].arguments...)
}

// WriteMP4 writes a video for people to look at: H.264 where ffmpeg has an encoder of it, or else
// MPEG-4. frames is called once and gives the frames, of 8 bits, to write in order. The file appears when all is written and flushed: on
// any error, such as a full disk, path keeps what it held before.
func WriteMP4(ctx context.Context, path string, m MP4, frames func(write func(imaging.Image) error) error) error {
	if m.Width < 1 || m.Height < 1 || m.Width > MaxSide || m.Height > MaxSide {
		return failf(path, TooLarge, "frames of %dx%d pixels, want 1 to %d a side", m.Width, m.Height, MaxSide)
	}
	if m.FFmpeg == nil {
		var err error
		if m.FFmpeg, err = Find(ctx, ""); err != nil {
			return err
		}
	}
	return fileio.WriteAtomicBy(path, func(temporary string) error { return m.encode(ctx, temporary, frames) })
}

// arguments are those of the encoder. One thread, so that the bytes are the same on any
// machine with this version of ffmpeg.
func (m MP4) arguments(file string, encoder []string) []string {
	pixels := "gray"
	if m.Colour {
		pixels = "rgb24"
	}
	rate := m.Rate
	if !rate.Known() || rate.Num <= 0 {
		rate = defaultRate
	}
	args := []string{"-nostdin", "-nostats", "-hide_banner", "-loglevel", "repeat+level+info", "-protocol_whitelist", "pipe",
		"-f", "rawvideo", "-pixel_format", pixels, "-video_size", fmt.Sprintf("%dx%d", m.Width, m.Height),
		"-framerate", fmt.Sprintf("%d/%d", rate.Num, rate.Den), "-i", "pipe:0",
		"-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2,scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"}
	return append(append(args, encoder...), "-threads", "1",
		"-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
		"-flags", "+bitexact", "-fflags", "+bitexact", "-f", "mp4", "-y", "file:"+file)
}

// encode runs ffmpeg for a file, whose name messages leave to the caller.
func (m MP4) encode(ctx context.Context, file string, frames func(func(imaging.Image) error) error) error {
	in, out, err := os.Pipe()
	if err != nil {
		return err
	}
	p, err := m.FFmpeg.start(ctx, in, func(s string) string { return strings.ReplaceAll(s, "file:"+file, "the file") }, m.arguments(file, m.FFmpeg.encoder(ctx)))
	_ = in.Close() // ffmpeg has its own: when it ends, writing fails
	if err != nil {
		return errors.Join(err, out.Close())
	}
	stall := Options{Stall: m.Stall}.stall()
	n := 0
	var unwritten error
	err = frames(func(img imaging.Image) error {
		if err := m.check(img); err != nil {
			return err
		}
		unwritten = p.within(stall, fmt.Errorf("the encoder took no frame for %s", stall), func() error {
			_, err := out.Write(img.Pix)
			return err
		})
		if unwritten == nil {
			n++
		}
		return unwritten
	})
	if err != nil && unwritten == nil { // of the caller
		_ = out.Close()
		p.kill()
		return err
	}
	return p.encoded(stall, out, n, errors.Join(err, unwritten))
}

func (m MP4) check(img imaging.Image) error {
	channels := 1
	if m.Colour {
		channels = 3
	}
	if img.Width != m.Width || img.Height != m.Height || img.Channels != channels || len(img.Pix) != m.Width*m.Height*channels {
		return fmt.Errorf("a frame of %dx%d pixels and %d channels, want %dx%d, %d channels and 8 bits", img.Width, img.Height, img.Channels, m.Width, m.Height, channels)
	}
	return nil
}

// encoded waits for the end of the encoder. What it complains of is an error, whatever its exit
// code: it may be 0 where the end of the file could not be written.
func (p *process) encoded(stall time.Duration, out io.Closer, frames int, failed error) error {
	err := p.within(stall, fmt.Errorf("the encoder did not end within %s", stall), func() error {
		closed := out.Close()
		_, _ = io.Copy(io.Discard, p.stdout)
		<-p.messages
		if cause := context.Cause(p.ctx); cause != nil {
			_ = p.finish() // it was killed
			return cause
		}
		return errors.Join(closed, p.finish())
	})
	messages, _ := p.monitor.complaints()
	all := strings.Join(messages, "; ")
	switch {
	case strings.Contains(all, "No space left"):
		return fmt.Errorf("the disk is full: make room (ffmpeg says %q)", messages[0])
	case strings.Contains(all, "Unknown encoder"):
		return errors.New("this ffmpeg has no encoder of H.264 or MPEG-4: install one that has it, on Debian and Ubuntu with apt-get install ffmpeg")
	case len(messages) > 0:
		return fmt.Errorf("ffmpeg says %q", all)
	case err != nil:
		return err
	case failed != nil:
		return failed
	case frames == 0:
		return errors.New("there are no frames to write")
	}
	return nil
}
