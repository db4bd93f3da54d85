package dataset

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// clipDecoder reads videos and folders of frames.
func (s *clipsSource) clipDecoder() clips.Decoder {
	return eitherDecoder{clips.Folders{Images: s.decoder, Rate: s.rate}, pipeDecoder{}}
}

// eitherDecoder decodes folders by one decoder and files by another.
type eitherDecoder struct{ folders, files clips.Decoder }

// Frames implements [clips.Decoder].
func (d eitherDecoder) Frames(ctx context.Context, c clips.Clip) iter.Seq2[clips.Frame, error] {
	if c.Frames != nil {
		return d.folders.Frames(ctx, c)
	}
	return d.files.Frames(ctx, c)
}

// Name implements [clips.Decoder].
func (d eitherDecoder) Name() string { return d.folders.Name() + "\n" + d.files.Name() }

// pipeDecoder decodes the luma of videos by ffmpeg.
type pipeDecoder struct{}

func (pipeDecoder) Name() string { return "pipe" }

func (pipeDecoder) Frames(ctx context.Context, c clips.Clip) iter.Seq2[clips.Frame, error] {
	return func(yield func(clips.Frame, error) bool) {
		fail := func(err error) { yield(clips.Frame{}, fmt.Errorf("%s: %w", c.Path, err)) }
		probe, err := exec.CommandContext(ctx, "ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height", "-of", "csv=p=0", "file:"+c.Path).Output()
		if err != nil {
			fail(err)
			return
		}
		w, h, _ := strings.Cut(strings.TrimSpace(string(probe)), ",")
		width, _ := strconv.Atoi(w)
		height, _ := strconv.Atoi(h)
		cmd := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-nostdin", "-threads", "1", "-noautorotate", "-i", "file:"+c.Path, "-vf", "extractplanes=y", "-fps_mode", "passthrough", "-f", "rawvideo", "-")
		out, err := cmd.StdoutPipe()
		if err != nil {
			fail(err)
			return
		}
		if err := cmd.Start(); err != nil {
			fail(err)
			return
		}
		in := bufio.NewReaderSize(out, 1<<20)
		var table [256]uint8
		for v := range table {
			table[v] = uint8(min(max((2*255*(v-16)+219)/(2*219), 0), 255))
		}
		for n := 0; ; n++ {
			img := imaging.New(width, height, 1)
			if _, err := io.ReadFull(in, img.Pix); err != nil {
				break
			}
			for i, v := range img.Pix {
				img.Pix[i] = table[v]
			}
			if !yield(clips.Frame{Time: time.Duration(n) * time.Second / 30, Image: img}, nil) {
				break
			}
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}
