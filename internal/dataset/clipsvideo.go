package dataset

import (
	"context"
	"slices"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/video"
)

// clipDecoder reads videos and folders of frames. It looks for ffmpeg if there are videos.
func (s *clipsSource) clipDecoder(ctx context.Context, f *foundClips) (clips.Decoder, error) {
	d := &clips.Video{Rate: s.rate, Wide: s.decoder.KeepDepth}
	if s.files.Contract == 0 || s.files.Contract >= 3 { // before, 16 bits were cut to 8
		d.Levelled = true
		if s.files.Sensor != nil && s.files.Sensor.BitDepth > 8 {
			d.Sensor = s.files.Sensor
		}
	}
	if !slices.ContainsFunc(f.list, func(c *foundClip) bool { return c.clip.Frames == nil }) {
		return d, nil
	}
	var err error
	d.FFmpeg, err = video.Find(ctx, "")
	return d, err
}
