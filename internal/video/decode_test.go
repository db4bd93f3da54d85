package video

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A studio makes videos for tests, in a folder of its own.
type studio struct {
	t      testing.TB
	dir    string
	ffmpeg *FFmpeg
}

func newStudio(t testing.TB) *studio {
	t.Helper()
	return &studio{t, t.TempDir(), testFFmpeg(t)}
}

func (s *studio) path(name string) string { return filepath.Join(s.dir, name) }

// run runs ffmpeg in the folder.
func (s *studio) run(args ...string) {
	s.t.Helper()
	cmd := exec.Command(s.ffmpeg.Path, append([]string{"-v", "error", "-nostdin", "-y"}, args...)...)
	cmd.Dir = s.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("ffmpeg %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// picture is the input of a test picture that moves.
func picture(width, height, frames int) []string {
	return []string{"-f", "lavfi", "-i", fmt.Sprintf("testsrc2=s=128x96:r=25:d=%g,scale=%d:%d,setsar=1", float64(frames)/25, width, height)}
}

// film makes a video and returns its path.
func (s *studio) film(name string, width, height, frames int, args ...string) string {
	s.t.Helper()
	s.run(append(append(picture(width, height, frames), args...), "-threads", "1", name)...)
	return s.path(name)
}

func (s *studio) write(name string, data []byte) string {
	s.t.Helper()
	if err := os.WriteFile(s.path(name), data, 0o600); err != nil {
		s.t.Fatal(err)
	}
	return s.path(name)
}

func (s *studio) read(path string) []byte {
	s.t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	return data
}

// planes are the frames of a file as ffmpeg itself writes them.
func (s *studio) planes(path string) []byte {
	s.t.Helper()
	out, err := exec.Command(s.ffmpeg.Path, "-v", "error", "-nostdin", "-noautorotate", "-i", path, "-vsync", "0", "-f", "rawvideo", "-").Output()
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// whole reads a video and returns what is known of it, its frames and its times.
func whole(t testing.TB, r *Reader, err error) (Info, Summary, []byte, []string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var data []byte
	var times []string
	for {
		f, err := r.Next()
		if err == io.EOF {
			return r.Info(), r.Summary(), data, times
		}
		if err != nil {
			t.Fatal(err)
		}
		if f.Index != len(times) {
			t.Errorf("frame %d comes after %d frames", f.Index, len(times))
		}
		data = append(data, f.Data...)
		times = append(times, f.Time.Decimal(6))
	}
}

// TestPlanesAreThoseOfTheFile decodes formats of all kinds, of odd sizes too.
func TestPlanesAreThoseOfTheFile(t *testing.T) {
	s := newStudio(t)
	for _, c := range []struct {
		name          string
		width, height int
		args          string
		format        string
		tagged        bool
	}{
		{"untagged.mp4", 66, 50, "-c:v libx264 -pix_fmt yuv420p", "yuv420p 66x50 limited bt601", false},
		{"odd.mkv", 65, 49, "-c:v ffv1 -pix_fmt yuv420p", "yuv420p 65x49 limited bt601", false},
		{"full.mkv", 65, 49, "-c:v ffv1 -pix_fmt yuv422p -color_range pc -colorspace bt709", "yuv422p 65x49 full bt709", true},
		{"jpeg.avi", 65, 49, "-c:v mjpeg -pix_fmt yuvj444p", "yuv444p 65x49 full bt601", true},
		{"tv.mkv", 64, 48, "-c:v ffv1 -pix_fmt yuv444p10le -color_range tv -colorspace bt2020nc", "yuv444p10le 64x48 limited bt2020", true},
		{"deep.mkv", 64, 48, "-c:v ffv1 -pix_fmt yuv420p16le", "yuv420p16le 64x48 limited bt601", false},
		{"h10.mp4", 64, 48, "-c:v libx264 -pix_fmt yuv422p10le", "yuv422p10le 64x48 limited bt601", false},
		{"grey.mkv", 65, 49, "-c:v ffv1 -pix_fmt gray", "gray 65x49 full", true},
		{"grey10.mkv", 65, 49, "-c:v ffv1 -pix_fmt gray10le", "gray10le 65x49 full", true},
		{"grey12.mkv", 65, 49, "-c:v ffv1 -pix_fmt gray12le", "gray12le 65x49 full", true},
		{"grey16.mkv", 65, 49, "-c:v ffv1 -pix_fmt gray16le", "gray16le 65x49 full", true},
		{"grey.mp4", 64, 48, "-c:v libx264 -pix_fmt gray", "yuv420p 64x48 full bt601", false},
		{"rgb.mkv", 65, 49, "-c:v png -pix_fmt rgb24", "rgb24 65x49 full", true},
		{"rgb48.mkv", 65, 49, "-c:v png -pix_fmt rgb48be", "rgb48be 65x49 full", true},
		{"planar.mkv", 65, 49, "-c:v ffv1 -pix_fmt gbrp10le", "gbrp10le 65x49 full", true},
		{"palette.mkv", 65, 49, "-c:v png -pix_fmt pal8", "pal8 65x49 full", true},
		{"camera.avi", 65, 49, "-c:v rawvideo -pix_fmt yuyv422", "yuyv422 65x49 limited bt601", false},
		{"nv12.nut", 65, 49, "-c:v rawvideo -pix_fmt nv12", "nv12 65x49 limited bt601", false},
		{"a.gif", 65, 49, "", "bgra 65x49 full", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := s.film(c.name, c.width, c.height, 5, strings.Fields(c.args)...)
			r, err := Open(t.Context(), path, Options{FFmpeg: s.ffmpeg, Digest: true})
			info, summary, data, _ := whole(t, r, err)
			if info.Format.String() != c.format {
				t.Errorf("the format is %s, want %s", info.Format, c.format)
			}
			if info.Tagged != c.tagged {
				t.Errorf("tagged is %v", info.Tagged)
			}
			if info.Format.Grey() != strings.HasPrefix(c.format, "gray") {
				t.Errorf("grey is %v", info.Format.Grey())
			}
			if want := s.planes(path); !bytes.Equal(data, want) {
				t.Errorf("the planes, %d bytes, are not those of ffmpeg, %d bytes", len(data), len(want))
			}
			if len(data) != summary.Frames*info.Format.Bytes() || summary.Frames != 5 {
				t.Errorf("%d frames of %d bytes", summary.Frames, info.Format.Bytes())
			}
			sum := sha256.Sum256(append([]byte("blocktrain planes 1\n"+c.format+"\n"), data...))
			if want := hex.EncodeToString(sum[:]); summary.Digest != want {
				t.Errorf("the digest is %s, want %s", summary.Digest, want)
			}
			if info.Program != s.ffmpeg.Version || info.Rate != (Rational{25, 1}) {
				t.Errorf("ffmpeg %s, rate %s", info.Program, info.Rate)
			}
		})
	}
}

// TestGreyIsThatOfFFmpeg compares grey where ffmpeg's conversion is exact: full range is copied.
func TestGreyIsThatOfFFmpeg(t *testing.T) {
	s := newStudio(t)
	for name, args := range map[string]string{
		"g.mkv": "-c:v ffv1 -pix_fmt gray",
		"j.mkv": "-c:v ffv1 -pix_fmt yuv444p -color_range pc",
		"k.mkv": "-c:v ffv1 -pix_fmt yuv420p -color_range pc",
		"w.mkv": "-c:v ffv1 -pix_fmt gray16le",
	} {
		path := s.film(name, 65, 49, 2, strings.Fields(args)...)
		wide := name == "w.mkv"
		want := s.luma(path, wide)
		r, err := Open(t.Context(), path, Options{FFmpeg: s.ffmpeg})
		info, _, data, _ := whole(t, r, err)
		c, err := NewConverter(info.Format, Output{Wide: wide})
		if err != nil {
			t.Fatal(err)
		}
		img := c.New()
		for i := range 2 {
			c.Convert(img, data[i*info.Format.Bytes():])
			for at := range 65 * 49 {
				w := 0
				if wide {
					w = int(want[2*(i*65*49+at)]) | int(want[2*(i*65*49+at)+1])<<8
				} else {
					w = int(want[i*65*49+at])
				}
				if value(img, at) != w {
					t.Fatalf("%s: value %d of frame %d is %d, want %d", name, at, i, value(img, at), w)
				}
			}
		}
	}
}

func (s *studio) luma(path string, wide bool) []byte {
	s.t.Helper()
	filter := "extractplanes=y"
	if wide {
		filter = "null"
	}
	out, err := exec.Command(s.ffmpeg.Path, "-v", "error", "-nostdin", "-i", path, "-vf", filter, "-f", "rawvideo", "-").Output()
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// TestColoursAreNearFFmpegs compares with ffmpeg's most accurate conversion, which rounds
// its coefficients to 1/8192 and so is one off here and there.
func TestColoursAreNearFFmpegs(t *testing.T) {
	s := newStudio(t)
	path := s.film("c.mkv", 65, 49, 2, "-c:v", "ffv1", "-pix_fmt", "yuv444p")
	want, err := exec.Command(s.ffmpeg.Path, "-v", "error", "-nostdin", "-i", path, "-sws_flags", "accurate_rnd+full_chroma_int+bitexact", "-pix_fmt", "rgb24", "-f", "rawvideo", "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	r, err := Open(t.Context(), path, Options{FFmpeg: s.ffmpeg})
	info, _, data, _ := whole(t, r, err)
	c, err := NewConverter(info.Format, Output{Colour: true})
	if err != nil {
		t.Fatal(err)
	}
	img := c.New()
	differ := 0
	for i := range 2 {
		c.Convert(img, data[i*info.Format.Bytes():])
		for at, v := range img.Pix {
			w := int(want[i*len(img.Pix)+at])
			if d := max(int(v)-w, w-int(v)); d > 1 {
				t.Fatalf("value %d of frame %d is %d, want %d", at, i, v, w)
			} else if d == 1 {
				differ++
			}
		}
	}
	t.Logf("%d of %d values differ by one", differ, len(want))
}

// TestFileAndPipe reads the same video as a file and through a pipe.
func TestFileAndPipe(t *testing.T) {
	s := newStudio(t)
	for name, args := range map[string]string{
		"a.mkv": "-c:v libx264 -pix_fmt yuv420p",
		"a.mp4": "-c:v libx264 -pix_fmt yuv420p -movflags +faststart",
		"a.ts":  "-c:v libx264 -pix_fmt yuv420p",
		"a.avi": "-c:v mpeg4",
		"a.nut": "-c:v mpeg2video",
	} {
		path := s.film(name, 64, 48, 20, strings.Fields(args)...)
		o := Options{FFmpeg: s.ffmpeg, Digest: true}
		r, err := Open(t.Context(), path, o)
		fileInfo, file, _, fileTimes := whole(t, r, err)
		// Not *os.File, so that the bytes come in pieces from a goroutine.
		r, err = OpenStream(t.Context(), "standard input", io.MultiReader(bytes.NewReader(s.read(path))), o)
		pipeInfo, pipe, _, pipeTimes := whole(t, r, err)
		fileInfo.Name = pipeInfo.Name
		if fileInfo != pipeInfo || file.Digest != pipe.Digest || file.Frames != 20 || pipe.Frames != 20 {
			t.Errorf("%s: a file gives\n%+v %+v\nand a pipe\n%+v %+v", name, fileInfo, file, pipeInfo, pipe)
		}
		if a, b := strings.Join(fileTimes, " "), strings.Join(pipeTimes, " "); a != b {
			t.Errorf("%s: times of a file are\n%s\nand of a pipe\n%s", name, a, b)
		}
		again, err := Open(t.Context(), path, Options{FFmpeg: s.ffmpeg, Digest: true, Threads: 3})
		if _, second, _, _ := whole(t, again, err); second.Digest != file.Digest {
			t.Errorf("%s: three threads give another digest", name)
		}
	}
}

// TestTimesAreThoseOfTheStream compares time stamps with those that ffprobe lists.
func TestTimesAreThoseOfTheStream(t *testing.T) {
	s := newStudio(t)
	probe, err := exec.LookPath("ffprobe")
	if err != nil {
		t.Skip("ffprobe is not installed")
	}
	late := s.film("late.ts", 64, 48, 12, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-output_ts_offset", "100.5")
	film := s.film("film.mkv", 64, 48, 12, "-vf", "setpts=N*1001/24000/TB", "-r", "24000/1001", "-c:v", "libx264", "-pix_fmt", "yuv420p")
	for _, path := range []string{late, film} {
		out, err := exec.Command(probe, "-v", "error", "-show_entries", "frame=best_effort_timestamp_time", "-of", "csv=p=0", path).Output()
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, line := range strings.Fields(string(out)) {
			want = append(want, strings.TrimRight(line, ","))
		}
		r, err := Open(t.Context(), path, Options{FFmpeg: s.ffmpeg})
		_, _, _, times := whole(t, r, err)
		if len(times) != 12 || strings.Join(times, " ") != strings.Join(want, " ") {
			t.Errorf("times are\n%s\nwant\n%s", times, want)
		}
	}
	if r, err := Open(t.Context(), late, Options{FFmpeg: s.ffmpeg}); err != nil {
		t.Fatal(err)
	} else {
		f, _ := r.Next()
		g, _ := r.Next()
		if f.Elapsed.Num != 0 || g.Elapsed.Decimal(3) != "0.040" {
			t.Errorf("the second frame is %s s after the first, at %s", g.Elapsed.Decimal(3), f.Elapsed)
		}
		r.Close()
		if _, err := r.Next(); err == nil {
			t.Error("a closed video gives frames")
		}
	}
}

// TestNamesAreNames opens names that ffmpeg would take for something else.
func TestNamesAreNames(t *testing.T) {
	s := newStudio(t)
	data := s.read(s.film("a.mkv", 64, 48, 3, "-c:v", "ffv1"))
	t.Chdir(s.dir)
	for _, name := range []string{"-i.mkv", "concat:a.mkv|b.mkv", "clip%03d.mkv", "pipe:0", "a'b [c].mkv", "no ending"} {
		s.write(name, data)
		r, err := Open(t.Context(), name, Options{FFmpeg: s.ffmpeg})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if summary, err := readAll(r); err != nil || summary.Frames != 3 {
			t.Errorf("%s: %d frames, %v", name, summary.Frames, err)
		}
	}
}

func TestProbe(t *testing.T) {
	s := newStudio(t)
	info, err := Probe(t.Context(), s.film("a.mp4", 64, 48, 30, "-c:v", "libx264", "-pix_fmt", "yuv420p"), Options{FFmpeg: s.ffmpeg})
	if err != nil || info.Codec != "h264" || info.VideoStreams != 1 || !strings.HasPrefix(info.Container, "mov,mp4") || info.TimeBase != (Rational{1, 12800}) {
		t.Errorf("%+v, %v", info, err)
	}
}

// TestStalls has a stream that stops: it ends with an error, and so does ffmpeg.
func TestStalls(t *testing.T) {
	s := newStudio(t)
	data := s.read(s.film("a.ts", 64, 48, 100, "-c:v", "mpeg2video"))
	in, out := io.Pipe()
	defer out.Close()
	go func() { _, _ = out.Write(data[:len(data)/2]) }()
	begun := time.Now()
	var warned []string
	r, err := OpenStream(t.Context(), "camera", in, Options{FFmpeg: s.ffmpeg, Stall: time.Second, Damage: Warn,
		Warn: func(m string, _ ...any) { warned = append(warned, m) }})
	if err == nil {
		var summary Summary
		summary, err = readAll(r)
		if err == nil {
			err = errors.New(summary.Damage)
		}
	}
	if err == nil || !strings.Contains(err.Error(), "camera: gave no frame for 1s") {
		t.Errorf("the error is %v", err)
	}
	if time.Since(begun) > 20*time.Second {
		t.Error("it took", time.Since(begun))
	}
}

// TestCancelled ends a reading from outside.
func TestCancelled(t *testing.T) {
	s := newStudio(t)
	in, out := io.Pipe()
	defer out.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	time.AfterFunc(200*time.Millisecond, func() { cancel(enough) })
	if _, err := OpenStream(ctx, "camera", in, Options{FFmpeg: s.ffmpeg}); !errors.Is(err, enough) {
		t.Errorf("the error is %v", err)
	}
}
