package video

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// x264 are arguments that make small H.264 videos with a key frame every ten frames.
var x264 = []string{"-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "10"}

// goBack makes a video of ten frames with a time stamp that is too early.
func (s *studio) goBack(name string) {
	s.t.Helper()
	s.film("straight.mkv", 64, 48, 10, "-c:v", "mjpeg")
	s.run("-i", "straight.mkv", "-c", "copy", "-bsf:v", "setts=pts='PTS-eq(N,5)*100':dts=DTS-400", name)
}

// TestBadVideos reads what is wrong in some way. Each message names the file and says what to do.
func TestBadVideos(t *testing.T) {
	s := newStudio(t)
	whole := s.read(s.film("whole.mp4", 64, 48, 40, append(x264, "-movflags", "+faststart")...))
	stream := s.read(s.film("whole.ts", 64, 48, 40, x264...))
	bare := s.read(s.film("whole.h264", 64, 48, 40, x264...))
	small := s.read(s.film("small.h264", 32, 32, 10, x264...))
	indexLast := s.read(s.film("last.mp4", 64, 48, 40, x264...))
	spoilt := bytes.Clone(stream)
	for i := 188*20 + 50; i < len(spoilt); i += 188 * 6 {
		for j := range 60 {
			spoilt[i+j] ^= 0x5a
		}
	}
	s.run(append(picture(64, 48, 5), "-f", "lavfi", "-i", "sine=d=0.2", "-map", "1", "-c:a", "aac", "sound.mp4")...)
	s.run(append(append(picture(64, 48, 5), picture(32, 32, 5)...), "-map", "0", "-map", "1", "-c:v", "ffv1", "two.mkv")...)
	s.run("-i", "whole.mp4", "-metadata:s:v", "rotate=90", "-c", "copy", "turned.mp4")
	s.film("varies.mkv", 64, 48, 10, "-vf", "setpts='(N+gte(N,5)*N)/25/TB'", "-vsync", "0", "-c:v", "ffv1")
	s.goBack("back.mkv")
	s.film("none.mp4", 64, 48, 0, "-c:v", "libx264", "-frames:v", "0")
	s.film("none.mkv", 64, 48, 0, "-c:v", "ffv1", "-frames:v", "0")
	for _, c := range []struct {
		name string
		data []byte // written first; nil: the file is there, or not
		kind Kind
		want string
	}{
		{"absent.mp4", nil, NotFound, "no such file"},
		{"empty.mp4", []byte{}, Empty, "empty: get it anew"},
		{"text.mp4", []byte(strings.Repeat("nothing of a video\n", 100)), Damaged, "get it anew"},
		{"cut.mp4", whole[:len(whole)*2/3], Damaged, "cut short"},
		{"noindex.mp4", indexLast[:len(indexLast)/2], Damaged, "no index (moov)"},
		{"spoilt.ts", spoilt, Damaged, "ffmpeg says"},
		{"sound.mp4", nil, Empty, "no video stream"},
		{"none.mkv", nil, Empty, "has no frames"},
		{"none.mp4", nil, Empty, ""},
		{"two.mkv", nil, Ambiguous, "2 video streams"},
		{"turned.mp4", nil, Rotated, "turned by"},
		{"varies.mkv", nil, Variable, "steps are from 0.0400 to"},
		{"back.mkv", nil, Backwards, "write new time stamps"},
		{"sizes.h264", append(bare, small...), Changed, "has 32x32 pixels and those before 64x48"},
		{"huge.y4m", []byte("YUV4MPEG2 W60000 H60000 F25:1 C420\nFRAME\n"), TooLarge, "60000x60000"},
		{"list.m3u8", []byte("#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:1,\nwhole.ts\n#EXT-X-ENDLIST\n"), Playlist, "is a playlist"},
		{"list.mp4", []byte("ffconcat version 1.0\nfile whole.ts\n"), Playlist, "is a playlist"},
		{"list.mpd", []byte(`<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>`), Playlist, "is a playlist"},
		{"a.sdp", []byte("v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n"), Unsupported, "names other files"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.data != nil {
				s.write(c.name, c.data)
			}
			r, err := Open(t.Context(), s.path(c.name), Options{FFmpeg: s.ffmpeg})
			if err == nil {
				_, err = readAll(r)
			}
			switch {
			case err == nil:
				t.Fatal("it is read")
			case c.kind != "" && !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want):
				t.Errorf("the error is %v, want %q and %q", err, c.kind, c.want)
			case !strings.HasPrefix(err.Error(), s.path(c.name)+": "):
				t.Errorf("the error does not begin with the name: %v", err)
			}
			t.Log(err)
		})
	}
}

// TestFlawsAsWarnings reads the same kinds of files where flaws are only told.
func TestFlawsAsWarnings(t *testing.T) {
	s := newStudio(t)
	whole := s.read(s.film("whole.mp4", 64, 48, 40, append(x264, "-movflags", "+faststart")...))
	bare := s.read(s.film("whole.h264", 64, 48, 40, x264...))
	small := s.read(s.film("small.h264", 32, 32, 10, x264...))
	s.goBack("back.mkv")
	s.run(append(append(picture(64, 48, 5), picture(32, 32, 7)...), "-map", "0", "-map", "1", "-c:v", "ffv1", "two.mkv")...)
	s.run("-i", "whole.mp4", "-metadata:s:v", "rotate=90", "-c", "copy", "turned.mp4")
	s.film("varies.mkv", 64, 48, 10, "-vf", "setpts='(N+gte(N,5)*N)/25/TB'", "-vsync", "0", "-c:v", "ffv1")
	s.write("cut.mp4", whole[:len(whole)*2/3])
	s.write("sizes.h264", append(bare, small...))
	for _, c := range []struct {
		name        string
		least, most int // frames
		damage      string
		warning     string
	}{
		{"cut.mp4", 15, 39, "cut short", ""},
		{"sizes.h264", 30, 40, "has 32x32 pixels", ""},
		{"two.mkv", 5, 5, "", "the first is taken"},
		{"turned.mp4", 40, 40, "", "as they are stored"},
		{"varies.mkv", 10, 10, "", "the frame rate varies"},
		{"back.mkv", 10, 10, "", "s and the one before at"},
	} {
		told := 0
		r, err := Open(t.Context(), s.path(c.name), Options{FFmpeg: s.ffmpeg, Damage: Warn, Timing: Warn, Rotation: Warn, Streams: Warn,
			Digest: true, Warn: func(string, ...any) { told++ }})
		if err != nil {
			t.Error(err)
			continue
		}
		if f := r.Info().Format; f.Width != 64 || f.Height != 48 {
			t.Errorf("%s: %s", c.name, f)
		}
		summary, err := readAll(r)
		switch {
		case err != nil:
			t.Error(err)
		case summary.Frames < c.least || summary.Frames > c.most || summary.Digest == "":
			t.Errorf("%s: %d frames, want %d to %d; digest %q", c.name, summary.Frames, c.least, c.most, summary.Digest)
		case c.damage == "" && summary.Damage != "" || !strings.Contains(summary.Damage, c.damage):
			t.Errorf("%s: damage is %q, want %q", c.name, summary.Damage, c.damage)
		case !strings.Contains(strings.Join(summary.Warnings, "\n"), c.warning) || told == 0:
			t.Errorf("%s: warnings are %q, want %q; %d were told", c.name, summary.Warnings, c.warning, told)
		}
	}
}

// TestStreamIsChosen takes the second of two streams.
func TestStreamIsChosen(t *testing.T) {
	s := newStudio(t)
	s.run(append(append(picture(64, 48, 5), picture(32, 32, 5)...), "-map", "0", "-map", "1", "-c:v:0", "ffv1", "-c:v:1", "mpeg4", "two.mkv")...)
	info, err := Probe(t.Context(), s.path("two.mkv"), Options{FFmpeg: s.ffmpeg, Stream: 2})
	if err != nil || info.Format.Width != 32 || info.Codec != "mpeg4" || info.VideoStreams != 2 {
		t.Errorf("%+v, %v", info, err)
	}
	if _, err := Probe(t.Context(), s.path("two.mkv"), Options{FFmpeg: s.ffmpeg, Stream: 3}); !errors.Is(err, Empty) {
		t.Errorf("the error is %v", err)
	}
}

// TestLimitOnPixels has ffmpeg refuse what is larger than the limit.
func TestLimitOnPixels(t *testing.T) {
	s := newStudio(t)
	for _, args := range [][]string{{"a.mkv", "-c:v", "ffv1"}, append([]string{"a.mp4"}, x264...)} {
		path := s.film(args[0], 64, 48, 3, args[1:]...)
		if _, err := Probe(t.Context(), path, Options{FFmpeg: s.ffmpeg, MaxPixels: 64*48 - 1}); !errors.Is(err, TooLarge) {
			t.Errorf("the error is %v", err)
		}
		if _, err := Probe(t.Context(), path, Options{FFmpeg: s.ffmpeg, MaxPixels: 64 * 48}); err != nil {
			t.Error(err)
		}
	}
}

// TestPlaylistReadsNothing proves that a playlist is kept out by ffmpeg's lists alone, in
// case its first bytes are not known.
func TestPlaylistReadsNothing(t *testing.T) {
	s := newStudio(t)
	s.film("secret.ts", 64, 48, 10, x264...)
	for name, text := range map[string]string{
		"a.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:1,\n" + s.path("secret.ts") + "\n#EXT-X-ENDLIST\n",
		"a.txt":  "ffconcat version 1.0\nfile secret.ts\n",
	} {
		// The playlist works where nothing forbids it, so that the test can fail.
		if out, err := exec.Command(s.ffmpeg.Path, "-v", "error", "-nostdin", "-i", s.write(name, []byte(text)), "-f", "null", "-").CombinedOutput(); err != nil {
			t.Fatalf("%v %s", err, out)
		}
		r, err := OpenStream(t.Context(), name, strings.NewReader(text), Options{FFmpeg: s.ffmpeg})
		if err == nil {
			r.Close()
			t.Errorf("%s is read", name)
			continue
		}
		if !errors.Is(err, Unsupported) && !errors.Is(err, Playlist) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPipeOfFileWithIndexAtEnd says what to do.
func TestPipeOfFileWithIndexAtEnd(t *testing.T) {
	s := newStudio(t)
	data := s.read(s.film("last.mp4", 64, 48, 100, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "1"))
	_, err := OpenStream(t.Context(), "-", io.MultiReader(bytes.NewReader(data)), Options{FFmpeg: s.ffmpeg})
	if err == nil || !strings.Contains(err.Error(), "faststart") {
		t.Errorf("the error is %v", err)
	}
}

// TestInterruptedProgram interrupts the question for ffmpeg's version: ffmpeg, which is killed
// then, is not said to be broken.
func TestInterruptedProgram(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f := testFFmpeg(t)
	if _, err := Find(ctx, f.Path); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
}

func TestMissingProgram(t *testing.T) {
	_, err := Find(t.Context(), "no-such-ffmpeg")
	if !errors.Is(err, Missing) || !strings.Contains(err.Error(), "apt-get install ffmpeg") {
		t.Errorf("the error is %v", err)
	}
	for output, want := range map[string]string{
		"ffmpeg version 4.3.6-0+deb11u1 Copyright": "want 4.4 or newer",
		"hello": "is not ffmpeg",
	} {
		if _, err := newFFmpeg("ffmpeg", output); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v", output, err)
		}
	}
	for output, want := range map[string]string{
		"ffmpeg version 4.4.2-0ubuntu0.22.04.1 Copyright": "-vsync",
		"ffmpeg version 5.0 Copyright":                    "-vsync",
		"ffmpeg version 5.1.9-0+deb12u1 Copyright":        "-fps_mode",
		"ffmpeg version n7.1 Copyright":                   "-fps_mode",
		"ffmpeg version N-118193-gabc Copyright":          "-fps_mode",
	} {
		if f, err := newFFmpeg("ffmpeg", output); err != nil || f.passthrough[0] != want {
			t.Errorf("%s: %+v, %v", output, f, err)
		}
	}
}

// writePNG writes a small picture, of 16 bits if deep, in colour if colour.
func (s *studio) writePNG(name string, width int, deep, colour bool) {
	s.t.Helper()
	r := image.Rect(0, 0, width, 8)
	var m interface {
		image.Image
		Set(x, y int, c color.Color)
	} = image.NewGray(r)
	switch {
	case deep && colour:
		m = image.NewNRGBA64(r)
	case deep:
		m = image.NewGray16(r)
	case colour:
		m = image.NewNRGBA(r)
	}
	for y := range 8 {
		for x := range width {
			m.Set(x, y, color.NRGBA64{uint16(x * 5000), uint16(y*7001 + len(name)), uint16(x * y * 900), 65535})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		s.t.Fatal(err)
	}
	s.write(name, b.Bytes())
}

// TestFolders reads folders of frames, without ffmpeg.
func TestFolders(t *testing.T) {
	grey := func(names ...string) func(s *studio) {
		return func(s *studio) {
			for _, n := range names {
				s.writePNG(n, 9, false, false)
			}
		}
	}
	for _, c := range []struct {
		name string
		make func(s *studio)
		kind Kind
		want string // of the error, or the format
	}{
		{"grey", grey("f_008.png", "f_009.png", "f_010.png"), "", "gray 9x8 full"},
		{"numbers without zeros", grey("9.png", "10.png", "11.png"), "", "gray 9x8 full"},
		{"other files", func(s *studio) { grey("a1.png", "a2.png")(s); s.write("label.json", nil); s.write(".a3.png", nil) }, "", "gray 9x8 full"},
		{"gap", grey("f1.png", "f2.png", "f5.png"), Unnumbered, "2 numbers are missing between f2.png and f5.png"},
		{"twice", grey("f1.png", "f01.png"), Unnumbered, "f01.png and f1.png have one number"},
		{"two clips", grey("a1.png", "b2.png"), Unnumbered, "named in two ways"},
		{"no number", grey("a1.png", "thumb.png"), Unnumbered, "thumb.png has no number"},
		{"number too large", grey("a99999999999999999999.png"), Unnumbered, "too large"},
		{"no frames", func(*studio) {}, Empty, "has no frames"},
		{"sizes", func(s *studio) { grey("a1.png")(s); s.writePNG("a2.png", 12, false, false) }, Changed, "a2.png is 12x8 gray and a1.png is 9x8 gray"},
		{"kinds", func(s *studio) { grey("a1.png")(s); s.writePNG("a2.png", 9, false, true) }, Changed, "a2.png is 9x8 rgb24"},
		{"damaged", func(s *studio) { grey("a1.png")(s); s.write("a2.png", []byte("x")) }, Damaged, "frame 1 cannot be read"},
		{"deep", func(s *studio) { s.writePNG("a1.png", 9, true, false); s.writePNG("a2.png", 9, true, false) }, "", "gray16le 9x8 full"},
		{"deep colour", func(s *studio) { s.writePNG("a1.png", 9, true, true) }, "", "rgb48le 9x8 full"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &studio{t: t, dir: t.TempDir()}
			c.make(s)
			r, err := Open(t.Context(), s.dir, Options{KeepDepth: true, Rate: Rational{30, 1}, Digest: true})
			if err == nil {
				info := r.Info()
				_, err = readAll(r)
				if err == nil && (c.kind != "" || info.Format.String() != c.want) {
					t.Errorf("it is read as %s", info.Format)
				}
			}
			if err != nil && (c.kind == "" || !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("the error is %v, want %q", err, c.want)
			}
		})
	}
}

// TestFolderIsItsImages compares frames with the images of package imaging.
func TestFolderIsItsImages(t *testing.T) {
	for _, deep := range []bool{false, true} {
		for _, colour := range []bool{false, true} {
			s := &studio{t: t, dir: t.TempDir()}
			s.writePNG("x_1.png", 11, deep, colour)
			s.writePNG("x_22.png", 11, deep, colour)
			if err := os.Rename(s.path("x_22.png"), s.path("x_2.png")); err != nil {
				t.Fatal(err)
			}
			r, err := Open(t.Context(), s.dir, Options{KeepDepth: true, Rate: Rational{10, 1}})
			info, _, data, times := whole(t, r, err)
			if strings.Join(times, " ") != "0.000000 0.100000" {
				t.Errorf("times are %s", times)
			}
			for i, name := range []string{"x_1.png", "x_2.png"} {
				want, err := imaging.Decoder{KeepDepth: deep}.DecodeFile(s.path(name))
				if err != nil {
					t.Fatal(err)
				}
				c, err := NewConverter(info.Format, Output{Colour: colour, Wide: deep})
				if err != nil {
					t.Fatal(err)
				}
				got := c.New()
				c.Convert(got, data[i*info.Format.Bytes():])
				if got.Digest() != want.Digest() {
					t.Errorf("deep %v, colour %v: %s has other pixels", deep, colour, name)
				}
			}
		}
	}
}
