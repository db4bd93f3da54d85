package cli

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
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/listing"
	"github.com/blocktrain/blocktrain/internal/sensor"
	"github.com/blocktrain/blocktrain/internal/video"
)

func sensorCommand() *command {
	return &command{
		use: "sensor", short: "measure a camera, and show images as it sees them", group: groupData,
		long: `A model is trained on one camera's images and used on another's. These
commands measure a camera, and show what it would have seen.

A sensor profile is a JSON file that says what a camera does to an image: its
size, blur, noise, fixed patterns, defects, and how it brings values to 8 bits.
The program has some: ` + strings.Join(sensor.Names(), ", ") + `.`,
		example: `  blocktrain sensor fit recordings --output camera.json
  blocktrain sensor apply --sensor ir-320x256 clip.mp4 --output seen.mp4`,
		children: []*command{sensorFitCommand(), sensorApplyCommand()},
	}
}

// applying is what 'sensor apply' is asked for.
type applying struct {
	profile, output string
	severity        float64
	seed            int
}

func sensorApplyCommand() *command {
	var a applying
	return &command{
		use: "apply IMAGE|CLIP", short: "write what a camera would have seen", group: groupData,
		long: `Shows an image, a video or a folder of numbered frames through the camera of a
profile, and writes it for people to look at: an image as PNG, a clip as MP4, or
as a folder of PNG files if --output does not end in .mp4. Both have their name
when they are whole; what a killed command left is removed by the next one with
the same --output. Values of 16 bits are taken as they are, as the levels of the
camera's converter; those that it cannot have are refused. Training and
evaluation do the same to their images without such files.

--severity multiplies noise, blur, patterns and defects: 3 is the profile as
given, and 0 leaves size and rounding alone.`,
		example: `  blocktrain sensor apply --sensor rgb-vga-noisy photo.jpg --output seen.png
  blocktrain sensor apply --sensor camera.json clip.mp4 --output frames`,
		own: func(o *config.Options) {
			o.String(&a.profile, "sensor", "", "sensor profile: "+strings.Join(sensor.Names(), ", ")+", or a file with a dot or separator in its name")
			o.String(&a.output, "output", "", "file or folder to write; it must not exist")
			o.Float64(&a.severity, "severity", sensor.AsGiven, "0 to 5: how strong noise, blur, patterns and defects are", config.Between(0, sensor.MaxSeverity))
			o.Int(&a.seed, "sensor-seed", 0, "which camera of the profile: another number draws other patterns and noise", config.Between(0, 1<<31-1))
		},
		args: func(args []string) error {
			if len(args) != 1 {
				return config.Usagef("want one image, video or folder of frames, got %d arguments", len(args))
			}
			return nil
		},
		run: func(ctx context.Context, c *call) error {
			if a.profile == "" || a.output == "" {
				return config.Usagef("want --sensor, a profile such as %s, and --output, the file or folder to write", sensor.Names()[1])
			}
			if fileio.Exists(a.output) {
				return config.Usagef("%s exists already: remove it, or give another one by --output", a.output)
			}
			p, err := sensor.Load(a.profile)
			if err != nil {
				return config.Usage(err)
			}
			return a.apply(ctx, c, p, c.args[0])
		},
	}
}

// apply writes what a camera of the profile sees of a file or folder.
func (a *applying) apply(ctx context.Context, c *call, p *sensor.Profile, path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return config.Usagef("%s does not exist: want an image, a video or a folder of frames", path)
	case err != nil:
		return err
	}
	ofClip := info.IsDir() || !imaging.IsFileName(path)
	switch ending := strings.ToLower(filepath.Ext(a.output)); {
	case !ofClip && ending != ".png":
		return config.Usagef("--output %s: an image is written as PNG: want a name that ends in .png", a.output)
	case ofClip && ending != ".mp4" && (imaging.IsFileName(a.output) || listing.IsVideoName(a.output)):
		return config.Usagef("--output %s: a clip is written as MP4 or as a folder of PNG files: want a name that ends in .mp4, or that of a folder", a.output)
	}
	name := filepath.Base(a.output)
	if err := fileio.RemoveLeftoversOf(filepath.Dir(a.output), func(of string) bool { return of == name }); err != nil {
		return err
	}
	camera := p.Camera(uint64(a.seed), 0, a.severity)
	if ofClip {
		return a.clip(ctx, p, camera, clips.Clip{Path: path})
	}
	img, err := imaging.Decoder{KeepDepth: true}.DecodeFile(path)
	if err != nil {
		return err
	}
	defer img.Release()
	if p.Smaller(img.Width, img.Height) {
		c.env.Log.Warn("the sensor sees more detail than the image has, which keeps its size", "image", fmt.Sprintf("%dx%d", img.Width, img.Height), "sensor", fmt.Sprintf("%dx%d", p.Width, p.Height))
	}
	seen, err := shower{p, camera}.image(img, sensor.View{})
	if err != nil {
		return config.Usagef("%s: %w", path, err)
	}
	return fileio.WriteAtomic(a.output, seen.WritePNG)
}

// clip shows all frames of a clip.
func (a *applying) clip(ctx context.Context, p *sensor.Profile, camera *sensor.Camera, clip clips.Clip) error {
	known, err := video.Probe(ctx, clip.Path, video.Options{KeepDepth: true})
	if err != nil {
		return err
	}
	size := known.Format
	if err := p.CheckClip(size.Width, size.Height); err != nil {
		return config.Usagef("%s: %w", clip.Path, err)
	}
	decoder := &clips.Video{Rate: 30, Wide: size.Deep()}
	if size.Deep() {
		if decoder.AsStored, err = p.AsStored(size.Depth()); err != nil {
			return config.Usagef("%s: %w", clip.Path, err)
		}
	}
	if known.Container != "folder" {
		if decoder.FFmpeg, err = video.Find(ctx, ""); err != nil {
			return err
		}
	}
	each := func(colour bool, write func(imaging.Image) error) error {
		return seenFrames(ctx, decoder, clip, colour, shower{p, camera}, write)
	}
	// Grey unless a frame is not.
	colour := false
	if err := each(false, func(imaging.Image) error { return nil }); errors.Is(err, clips.ErrColour) {
		colour = true
	} else if err != nil {
		return err
	}
	if !strings.EqualFold(filepath.Ext(a.output), ".mp4") {
		return a.folder(func(write func(imaging.Image) error) error { return each(colour, write) })
	}
	width, height := p.Size(size.Width, size.Height)
	m := video.MP4{Width: width, Height: height, Colour: colour, Rate: known.Rate, FFmpeg: decoder.FFmpeg}
	return video.WriteMP4(ctx, a.output, m, func(write func(imaging.Image) error) error { return each(colour, write) })
}

// shower shows images through a camera of a profile.
type shower struct {
	profile *sensor.Profile
	camera  *sensor.Camera
}

// image is what the camera shows. Values that its converter does not have are refused, which would
// come out white.
func (s shower) image(img imaging.Image, v sensor.View) (imaging.Image, error) {
	if err := s.profile.CheckValues(img); err != nil {
		return imaging.Image{}, err
	}
	return s.camera.Image(nil, img, v)
}

// seenFrames gives the frames of a clip as a camera sees them.
func seenFrames(ctx context.Context, decoder clips.Decoder, clip clips.Clip, colour bool, by shower, write func(imaging.Image) error) error {
	var end clips.Ending
	number := 0
	for frame, err := range decoder.Frames(ctx, clip, colour, &end) {
		if err != nil {
			return err
		}
		seen, err := by.image(frame.Image, sensor.View{Frames: []int{number}})
		if err != nil {
			return config.Usagef("%s: %w", clip.Path, err)
		}
		if err := write(seen); err != nil {
			return err
		}
		number++
	}
	return ctx.Err()
}

// folder writes frames as numbered files into a new folder, which has its name when it is whole.
func (a *applying) folder(frames func(write func(imaging.Image) error) error) error {
	return fileio.NewDir(a.output, func(dir string) error {
		number := 0
		return frames(func(img imaging.Image) error {
			path := filepath.Join(dir, fmt.Sprintf("frame_%05d.png", number))
			number++
			return fileio.WriteAtomic(path, func(w io.Writer) error { return img.WritePNG(w) })
		})
	})
}
