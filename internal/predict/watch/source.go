package watch

import (
	"context"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/listing"
	"github.com/blocktrain/blocktrain/internal/postprocess"
	"github.com/blocktrain/blocktrain/internal/predict"
	"github.com/blocktrain/blocktrain/internal/video"
)

// Source is a video.
type Source struct {
	Name   string // as lines have it
	open   func(ctx context.Context, o video.Options) (*video.Reader, error)
	ffmpeg bool // it is decoded by ffmpeg
}

// stdinName is what messages call standard input.
const stdinName = "the standard input"

// Sources finds the videos among the inputs of a predictor. There are none where all inputs are
// images; both together are a mistake.
//
// Videos are: files with the name of a video, or any with --stream or --raw; network addresses;
// cameras; standard input with --stream or --raw; and for a model of clips folders of numbered
// frames and the videos and such folders below a folder. For other models a folder is one of
// images, unless it holds videos alone.
func Sources(p *predict.Predictor, r Request) ([]Source, error) {
	s := &sorting{Request: r, stdin: p.Request().Stdin, clips: postprocess.Clips(p.Record()) != nil}
	for _, input := range p.Request().Inputs {
		if err := s.add(input); err != nil {
			return nil, err
		}
	}
	if len(s.videos) > 0 && s.image != "" {
		return nil, config.Usagef("%s is a video, and %s is not: predict on videos and on images in two calls", s.videos[0].Name, s.image)
	}
	if err := s.once(); err != nil {
		return nil, err
	}
	return s.videos, nil
}

// sorting sorts inputs into videos and images.
type sorting struct {
	Request
	stdin  io.Reader
	clips  bool // the model was trained on clips
	videos []Source
	image  string // the first input of images
}

// once refuses standard input given twice.
func (s *sorting) once() error {
	isStdin := func(v Source) bool { return v.Name == "-" }
	if at := slices.IndexFunc(s.videos, isStdin); at >= 0 && slices.ContainsFunc(s.videos[at+1:], isStdin) {
		return config.Usagef("- is given twice: there is one standard input")
	}
	return nil
}

func (s *sorting) add(input string) error {
	if video.IsAddress(input) {
		s.videos = append(s.videos, Source{video.Redacted(input), func(ctx context.Context, o video.Options) (*video.Reader, error) {
			return video.OpenNetwork(ctx, input, o)
		}, true})
		return nil
	}
	if input == "-" {
		s.addStdin()
		return nil
	}
	info, err := os.Stat(input)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return s.addFolder(input)
	case info.Mode()&os.ModeCharDevice != 0 && strings.HasPrefix(filepath.Base(input), "video"):
		s.videos = append(s.videos, Source{input, func(ctx context.Context, o video.Options) (*video.Reader, error) {
			return video.OpenDevice(ctx, input, o)
		}, true})
	case s.Raw != nil && info.Mode().IsRegular():
		s.videos = append(s.videos, Source{input, s.openRaw(input), false})
	case s.Stream || isVideoName(input):
		s.videos = append(s.videos, fileSource(input))
	default:
		s.addImages(input)
	}
	return nil
}

// isVideoName says whether a file is opened as a video. Playlists are, to be refused as such.
func isVideoName(name string) bool {
	return listing.IsVideoName(name) || slices.Contains([]string{".m3u", ".m3u8", ".mpd", ".asx", ".pls", ".sdp", ".ffconcat"}, strings.ToLower(path.Ext(name)))
}

func fileSource(path string) Source {
	return Source{path, func(ctx context.Context, o video.Options) (*video.Reader, error) { return video.Open(ctx, path, o) }, true}
}

func (s *sorting) addImages(input string) {
	if s.image == "" {
		s.image = input
	}
}

func (s *sorting) addStdin() {
	switch {
	case s.Raw != nil:
		s.videos = append(s.videos, Source{"-", func(ctx context.Context, o video.Options) (*video.Reader, error) {
			return video.OpenRaw(ctx, stdinName, s.stdin, *s.Raw, o)
		}, false})
	case s.Stream:
		s.videos = append(s.videos, Source{"-", func(ctx context.Context, o video.Options) (*video.Reader, error) {
			return video.OpenStream(ctx, stdinName, s.stdin, o)
		}, true})
	default:
		s.addImages("-")
	}
}

// openRaw reads a file of frames without headers.
func (s *sorting) openRaw(path string) func(context.Context, video.Options) (*video.Reader, error) {
	return func(ctx context.Context, o video.Options) (*video.Reader, error) {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		r, err := video.OpenRaw(ctx, path, f, *s.Raw, o)
		if err != nil {
			_ = f.Close() // it was read
		}
		return r, err
	}
}

// addFolder finds the clips in a folder and below it.
func (s *sorting) addFolder(root string) error {
	tree, err := listing.Read(root)
	if err != nil {
		return err
	}
	if !s.clips && tree.HasImages() {
		s.addImages(root)
		return nil
	}
	var found []Source
	unnumbered := walkClips(tree.Folder, root, &found)
	switch {
	case len(found) == 0:
		s.addImages(root)
	case unnumbered != nil:
		return unnumbered
	}
	s.videos = append(s.videos, found...)
	return nil
}

// walkClips lists the videos and folders of frames in a folder and below it, and returns what is
// wrong with a folder of images that is no clip.
func walkClips(f *listing.Folder, at string, found *[]Source) (unnumbered error) {
	for _, name := range f.Videos {
		*found = append(*found, fileSource(filepath.Join(at, name)))
	}
	if len(f.Images) > 0 {
		if _, err := clips.FrameNames(at, f.Images); err != nil {
			unnumbered = err
		} else {
			source := fileSource(at)
			source.ffmpeg = false
			*found = append(*found, source)
		}
	}
	for _, folder := range f.Folders {
		if err := walkClips(folder, filepath.Join(at, folder.Name), found); unnumbered == nil {
			unnumbered = err
		}
	}
	return unnumbered
}
