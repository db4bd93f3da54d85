package watch

import (
	"context"
	"fmt"
	"image/color"
	"os"
	"path/filepath"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/predict/paint"
	"github.com/blocktrain/blocktrain/internal/video"
)

// draw is follow, and draws what is found into an MP4 file in a folder.
func (v *view) draw(ctx context.Context, f *feed, info video.Info, folder string) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	name := v.source
	if name == "-" {
		name = "stdin"
	}
	path := filepath.Join(folder, v.names.Of(name, ".mp4"))
	m := video.MP4{
		Width: max(paint.MinWidth, info.Format.Width), Height: info.Format.Height + paint.Strip + paint.Bar,
		Colour: true, Rate: info.Rate, FFmpeg: v.ffmpeg, Stall: v.Stall,
	}
	return video.WriteMP4(ctx, path, m, func(write func(imaging.Image) error) error {
		v.movie = &movie{write: write, bar: blank(m.Width)}
		return v.follow(ctx, f)
	})
}

// movie draws the frames of a video with what is said of them. Frames without a line have the
// text of the last line.
type movie struct {
	write func(imaging.Image) error
	last  *Line
	bar   []int // the smoothed labels of the last frames, the newest at the right
}

func blank(width int) []int {
	bar := make([]int, width)
	for x := range bar {
		bar[x] = -1
	}
	return bar
}

func (m *movie) add(s *sample, line *Line) error {
	if line != nil {
		m.last = line
	}
	class := -1
	if m.last != nil {
		class = m.last.smoothed
	}
	copy(m.bar, m.bar[1:])
	m.bar[len(m.bar)-1] = class
	canvas := paint.New(s.picture)
	if s.point != nil {
		of := color.RGBA{255, 255, 255, 255}
		if class >= 0 {
			of = paint.Colour(class)
		}
		canvas.Box(around(s.point.Box), of)
	}
	canvas.Text(m.text(s), color.RGBA{255, 255, 255, 255})
	canvas.Bar(m.bar)
	return m.write(canvas.Image())
}

// around is a box with room for what it shows.
func around(b clips.Box) clips.Box { return clips.Box{X: b.X - 2, Y: b.Y - 2, W: b.W + 4, H: b.H + 4} }

func (m *movie) text(s *sample) string {
	text := Seconds(s.elapsed).String() + " s"
	if m.last != nil {
		text = fmt.Sprintf("%s %.2f  %s", m.last.Smoothed, m.last.SmoothedProbability, text)
	}
	if s.point != nil {
		text += fmt.Sprintf("  score %.2f", s.point.Score)
	}
	return text
}
