// Package sensorfit measures the camera that made a folder of clips, says how far training data
// are from what it shows, and writes a profile of it. What is measured of one clip, and how, is
// in package measure.
package sensorfit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/listing"
	"github.com/blocktrain/blocktrain/internal/sensor/measure"
	"github.com/blocktrain/blocktrain/internal/video"
)

// source is a clip: a video file, or a folder of numbered frames.
type source struct {
	path   string
	frames []string // names, of a folder
	alone  bool     // no other video lies in its folder
}

// find lists the clips at a path: the one that it is, or those in a folder and below it.
func find(path string) ([]source, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, config.Usagef("%s does not exist: want a video, a folder of numbered frames, or a folder of such", path)
	case err != nil:
		return nil, err
	case !info.IsDir():
		return []source{{path: path, alone: true}}, nil
	}
	tree, err := listing.Read(path)
	if err != nil {
		return nil, err
	}
	var found []source
	if err := walk(tree.Folder, path, &found); err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, config.Usagef("%s has no videos and no folders of numbered frames: give a clip of the camera", path)
	}
	return found, nil
}

func walk(f *listing.Folder, at string, found *[]source) error {
	for _, name := range f.Videos {
		*found = append(*found, source{path: filepath.Join(at, name), alone: len(f.Videos) == 1})
	}
	if len(f.Images) > 0 {
		frames, err := clips.FrameNames(at, f.Images)
		if err != nil {
			return err
		}
		*found = append(*found, source{path: at, frames: frames, alone: true})
	}
	for _, folder := range f.Folders {
		if err := walk(folder, filepath.Join(at, folder.Name), found); err != nil {
			return err
		}
	}
	return nil
}

// chosen are so many of the clips, evenly taken from all; 0: all.
func chosen(all []source, most int) []source {
	if most == 0 || len(all) <= most {
		return all
	}
	some := make([]source, most)
	for i := range some {
		some[i] = all[i*len(all)/most]
	}
	return some
}

// measureClip measures a clip. A video that ends with damage, and frames that change their
// size, are measured up to there.
func measureClip(ctx context.Context, s source, o Options) (*measure.Report, error) {
	var warnings []string
	options := video.Options{Damage: video.Warn, Timing: video.Warn, Rotation: video.Warn, KeepDepth: true, FFmpeg: o.FFmpeg,
		Warn: func(message string, _ ...any) { warnings = append(warnings, message) }}
	if o.RateHz > 0 {
		options.Rate = video.Rational{Num: int64(float64(o.RateHz*1000) + 0.5), Den: 1000}
	}
	r, err := video.Open(ctx, s.path, options)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	report, err := measureFrames(r, s, o)
	if err != nil {
		return nil, err
	}
	for _, w := range warnings {
		report.Notes = append(report.Notes, strings.TrimPrefix(w, s.path+": "))
	}
	if d := r.Summary().Damage; d != "" {
		report.Notes = append(report.Notes, fmt.Sprintf("Only the first %d frames are measured.", report.Frames))
	}
	return report, nil
}

func measureFrames(r *video.Reader, s source, o Options) (*measure.Report, error) {
	info := r.Info()
	options := measure.Options{Name: s.path, RateHz: o.RateHz, Black: o.Black}
	if options.RateHz == 0 && info.Rate.Known() && info.Rate.Num > 0 {
		options.RateHz = info.Rate.Float()
	}
	meter := measure.NewMeter(options)
	var converter *video.Converter
	for {
		frame, err := r.Next()
		if errors.Is(err, io.EOF) {
			return meter.Report()
		}
		if err != nil {
			return nil, err
		}
		if converter == nil {
			output := video.Output{Colour: !info.Format.Colourless(frame.Data), Wide: info.Format.Depth() > 8}
			if converter, err = video.NewConverter(info.Format, output); err != nil {
				return nil, err
			}
		}
		img := converter.New()
		converter.Convert(img, frame.Data)
		if err := meter.Add(img); err != nil {
			return nil, err
		}
	}
}
