package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	pixel "image/color"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/clips/clipstest"
	"github.com/blocktrain/blocktrain/internal/postprocess"
)

// noise is a number from 0 to 9 that depends on its arguments alone.
func noise(a, b, c int) int {
	h := uint32(a)*2654435761 ^ uint32(b)*2246822519 ^ uint32(c)*3266489917
	h ^= h >> 15
	h *= 2246822519
	h ^= h >> 13
	return int(h % 10)
}

// blob is the box of the target of a drawn clip in a frame: class 0 flies along a line, class 1
// up and down.
func blob(class, clip, frame int) image.Rectangle {
	x, y := 10+frame+clip, 20+clip
	if class == 1 {
		x, y = 30+clip, 10+frame
	}
	return image.Rect(x, y, x+5+3*class, y+4)
}

// drawFrame draws a frame of 96x80 pixels: a bright target over noise.
func drawFrame(class, clip, frame int) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, 96, 80))
	for at := range img.Pix {
		img.Pix[at] = uint8(70 + noise(at, clip, class) + noise(at, clip, frame)/3)
	}
	target := blob(class, clip, frame)
	for y := target.Min.Y; y < target.Max.Y; y++ {
		for x := target.Min.X; x < target.Max.X; x++ {
			img.SetGray(x, y, pixel.Gray{uint8(200 - 40*class)})
		}
	}
	return img
}

// drawClip writes a clip as a folder of frames, with its labels.
func drawClip(t *testing.T, dir string, class, clip, frames int) {
	t.Helper()
	boxes := make([]clips.Box, frames)
	for frame := range boxes {
		b := blob(class, clip, frame)
		boxes[frame] = clips.Box{X: b.Min.X, Y: b.Min.Y, W: b.Dx(), H: b.Dy()}
	}
	clipstest.Write(t, dir, frames, func(frame int) image.Image { return drawFrame(class, clip, frame) }, boxes)
}

func writeText(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// clipsModel trains a small model on drawn clips and returns its run directory, in the present
// folder.
func clipsModel(t *testing.T, name, options string) string {
	t.Helper()
	drawClips(t, 31)
	succeed(t, "train", "--dataset", "clips", "--data-dir", "clips", "--dataset-options", options, "--model", "mlp", "--epochs", "3",
		"--image-size", "16", "--batch-size", "8", "--decision-folds", "2", "--quiet", "--output-dir", name)
	return name
}

// ffmpegOf has ffmpeg at hand, or skips the test.
func ffmpegOf(t *testing.T) func(args ...string) {
	t.Helper()
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("ffmpeg is not installed: videos are not predicted on here")
	}
	return func(args ...string) {
		t.Helper()
		cmd := exec.Command(path, append([]string{"-nostdin", "-v", "error", "-y"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("ffmpeg %q: %v: %s", args, err, out)
		}
	}
}

// watched runs predict and returns its exit code, lines and messages.
func watched(t *testing.T, stdin string, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = Run(t.Context(), append([]string{"predict"}, args...), strings.NewReader(stdin), &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

// line is what the tests look at of a line.
type line struct {
	Kind, Source, Label, Error string
	Frame, Frames, Lines       int
	Time                       float64 `json:"time_s"`
	Box                        []int
	Score                      *float64
	Top                        []any
	Smoothed                   string `json:"smoothed_label"`
	Damage                     string
	Every                      string
	Lag                        *int
	DecidedBy                  string `json:"decided_by"`
	Shares                     map[string]float64
	Ranges                     []struct{ Label string }
}

// linesOf are the lines of predict, with what a type has of them.
func linesOf[T any](t *testing.T, text string) []T {
	t.Helper()
	var list []T
	for one := range strings.Lines(text) {
		var l T
		if err := json.Unmarshal([]byte(one), &l); err != nil {
			t.Fatalf("%q: %v", one, err)
		}
		list = append(list, l)
	}
	return list
}

// sourceless is text without the sources of its lines.
func sourceless(t *testing.T, text, source string) string {
	t.Helper()
	mark := fmt.Sprintf(`"source":%q`, source)
	if !strings.Contains(text, mark) {
		t.Fatalf("no line is of %s: %.300s", source, text)
	}
	return strings.ReplaceAll(text, mark, `"source":""`)
}

// TestPredictFrames predicts on a folder of frames, with any number of workers, and on the same
// frames without headers.
func TestPredictFrames(t *testing.T) {
	t.Chdir(t.TempDir())
	run := clipsModel(t, "run", "margin=2,minimum=16,stride=3")
	drawClip(t, "new/a", 1, 3, 60)
	code, first, errs := watched(t, "", "--run", run, "new/a", "--workers", "1", "--summary", "summary.json")
	if code != ExitDone {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	lines := linesOf[line](t, first)
	if len(lines) != 61 {
		t.Fatalf("%d lines, want 60 and a summary", len(lines))
	}
	near := 0
	for i, l := range lines[:60] {
		if l.Kind != "frame" || l.Frame != i || len(l.Box) != 4 || l.Score == nil || l.Smoothed == "" || len(l.Top) != 2 {
			t.Fatalf("line %d: %+v", i, l)
		}
		want := blob(1, 3, i)
		if centre := image.Pt(l.Box[0]+l.Box[2]/2, l.Box[1]+l.Box[3]/2); centre.In(want.Inset(-3)) {
			near++
		}
	}
	if near < 50 {
		t.Errorf("the target was found in %d of 60 frames", near)
	}
	if at := lines[30].Time; at != 1 {
		t.Errorf("frame 30 at %v s, want 1: folders have 30 frames a second", at)
	}
	s := lines[60]
	if s.Kind != "summary" || s.Frames != 60 || s.Lines != 60 || s.Lag == nil || *s.Lag != 64 || s.Every != "1" || s.DecidedBy != postprocess.ByNetwork || s.Shares["along"]+s.Shares["updown"] != 1 || len(s.Ranges) == 0 {
		t.Errorf("summary %+v", s)
	}
	var summary struct {
		Schema int
		Clips  []line
	}
	if text, err := os.ReadFile("summary.json"); err != nil || json.Unmarshal(text, &summary) != nil || len(summary.Clips) != 1 || summary.Clips[0].Label != s.Label {
		t.Errorf("summary file: %v %+v", err, summary)
	}
	if _, again, _ := watched(t, "", "--run", run, "new/a", "--workers", "3"); again != first {
		t.Error("lines depend on the number of workers:\n" + cmp.Diff(first, again))
	}
	var raw bytes.Buffer
	for frame := range 60 {
		raw.Write(drawFrame(1, 3, frame).Pix)
	}
	if _, piped, errs := watched(t, raw.String(), "--run", run, "--raw", "96x80:gray8:30", "-"); sourceless(t, piped, "-") != sourceless(t, first, "new/a") {
		t.Errorf("raw frames have other lines than the folder: %s%s", errs, cmp.Diff(first, piped))
	}
	writeText(t, "frames.bin", raw.String())
	if _, file, errs := watched(t, "", "--run", run, "--raw", "96x80:gray8:30", "frames.bin"); sourceless(t, file, "frames.bin") != sourceless(t, first, "new/a") {
		t.Errorf("a raw file has other lines than the folder: %s", errs)
	}
	testEvery(t, run, lines)
	testRawCut(t, run, raw.String())
	testKeptInputs(t, run)
	testForgedFeatures(t, run)
}

// testEvery wants those of all lines that were asked for. Smoothed labels have fewer lines to go by.
func testEvery(t *testing.T, run string, all []line) {
	t.Helper()
	decision := all[len(all)-1].Label
	for every, step := range map[string]int{"7": 7, "0.5s": 15} {
		code, out, errs := watched(t, "", "--run", run, "new/a", "--every", every)
		lines := linesOf[line](t, out)
		if want := (60+step-1)/step + 1; code != ExitDone || len(lines) != want {
			t.Fatalf("--every %s: exit code %d, %d lines, want %d: %s", every, code, len(lines), want, errs)
		}
		if s := lines[len(lines)-1]; s.Label != decision || s.Every != every && s.Every != "500ms" {
			t.Errorf("--every %s: summary %+v, want the decision %s", every, s, decision)
		}
		for k, l := range lines[:len(lines)-1] {
			want := all[k*step]
			want.Smoothed = l.Smoothed
			if diff := cmp.Diff(want, l); diff != "" {
				t.Errorf("--every %s: %s", every, diff)
			}
		}
	}
	if code, _, errs := watched(t, "", "--run", run, "new/a", "--every", "0"); code != ExitUsage || !strings.Contains(errs, "--every") {
		t.Errorf("--every 0: exit code %d: %s", code, errs)
	}
}

// testRawCut wants lines for what is whole of a stream that ends within a frame.
func testRawCut(t *testing.T, run, raw string) {
	t.Helper()
	code, out, errs := watched(t, raw[:len(raw)-100], "--run", run, "--raw", "96x80:gray8:30", "--output", "cut.jsonl", "-")
	text, err := os.ReadFile("cut.jsonl")
	if code != ExitFailed || out != "" || err != nil {
		t.Fatalf("exit code %d, %v, on standard output %q: %s", code, err, out, errs)
	}
	lines := linesOf[line](t, string(text))
	if s := lines[len(lines)-1]; len(lines) != 60 || s.Frames != 59 || !strings.Contains(s.Damage, "frame 59") || !strings.Contains(errs, "not every video could be read to its end") {
		t.Errorf("%d lines, the last %+v: %s", len(lines), s, errs)
	}
}

// TestPredictVideos wants the same lines for a file, its stream and its frames, pictures that can
// be decoded, and for videos that are damaged what could be read.
func TestPredictVideos(t *testing.T) {
	ffmpeg := ffmpegOf(t)
	t.Chdir(t.TempDir())
	run := clipsModel(t, "run", "margin=2,minimum=16,stride=3,level=median,background-window=16")
	drawClip(t, "new/a", 0, 2, 60)
	ffmpeg("-framerate", "30", "-i", "new/a/%03d.png", "-c:v", "ffv1", "-pix_fmt", "gray", "a.mkv")
	code, file, errs := watched(t, "", "--run", run, "a.mkv", "--annotate", "drawn")
	if code != ExitDone {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	if !strings.Contains(errs, "frames_per_second=") || !strings.Contains(errs, "latency_ms=") {
		t.Errorf("the log does not say how fast it was: %s", errs)
	}
	ffmpeg("-i", "drawn/a-predicted.mp4", "-f", "null", "-")
	_, folder, _ := watched(t, "", "--run", run, "new/a")
	if sourceless(t, folder, "new/a") != sourceless(t, file, "a.mkv") {
		t.Error("a folder of frames has other lines than a video of them:\n" + cmp.Diff(sourceless(t, file, "a.mkv"), sourceless(t, folder, "new/a")))
	}
	video, err := os.ReadFile("a.mkv")
	if err != nil {
		t.Fatal(err)
	}
	if _, stream, errs := watched(t, string(video), "--run", run, "--stream", "-"); sourceless(t, stream, "-") != sourceless(t, file, "a.mkv") {
		t.Errorf("a stream has other lines than its file: %s%s", errs, cmp.Diff(file, stream))
	}
	testNetwork(t, run, file)
	testBadVideos(t, run, ffmpeg, string(video))
	testVideoForms(t, run)
}

func testVideoForms(t *testing.T, run string) {
	t.Helper()
	code, out, errs := watched(t, "", "--run", run, "--format", "csv", "--top", "1", "--every", "20", "a.*")
	want := "source,frame,time_s,track,x,y,width,height,score,label,index,probability,smoothed_label,smoothed_probability,error\na.mkv,0,0.000,0,"
	if code != ExitDone || !strings.HasPrefix(out, want) || strings.Count(out, "\n") != 4 {
		t.Errorf("CSV: exit code %d: %s%s", code, out, errs)
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"a.mkv", "new/a/000.png"}, "two calls"},
		{[]string{"new/a/000.png", "--summary", "s.json"}, "for videos"},
		{[]string{"new/a/000.png", "--every", "5"}, "--every"},
		{[]string{"b.*"}, "pattern"},
		{[]string{"--annotate", "drawn", "a.mkv"}, "holds files already"},
		{[]string{"--raw", "96:gray8:30", "a.mkv"}, "WIDTHxHEIGHT:FORMAT:RATE"},
		{[]string{"--lag", "2", "a.mkv"}, "lag 2"},
	} {
		if code, out, errs := watched(t, "", append([]string{"--run", run}, test.args...)...); code != ExitUsage || out != "" || !strings.Contains(errs, test.want) {
			t.Errorf("%q: exit code %d, want %d and %q: %s%s", test.args, code, ExitUsage, test.want, out, errs)
		}
	}
}

// testNetwork sends the video over TCP, and wants the lines of the file.
func testNetwork(t *testing.T, run, file string) {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip("no port can be opened here:", err)
	}
	address := "tcp://" + free.Addr().String()
	_ = free.Close()
	sender := exec.Command("ffmpeg", "-nostdin", "-v", "error", "-i", "a.mkv", "-c", "copy", "-f", "matroska", address+"?listen=1")
	if err := sender.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sender.Wait() }() // its exit code says nothing of what was received
	code, out, errs := watched(t, "", "--run", run, "--retries", "20", address)
	if code != ExitDone || sourceless(t, out, address) != sourceless(t, file, "a.mkv") {
		_ = sender.Process.Kill()
		t.Errorf("exit code %d: over TCP there are other lines than of the file: %s%s", code, errs, cmp.Diff(file, out))
	}
	code, out, errs = watched(t, "", "--run", run, "--retries", "0", strings.Replace(address, "//", "//user:secret@", 1))
	if code != ExitFailed || !strings.Contains(out, "refuses the connection") || strings.Contains(out+errs, "secret") {
		t.Errorf("nobody sends: exit code %d: %s%s", code, out, errs)
	}
}

// testBadVideos wants a message that names the file, and exit code 1.
func testBadVideos(t *testing.T, run string, ffmpeg func(...string), video string) {
	t.Helper()
	writeText(t, "empty.mp4", "")
	writeText(t, "list.m3u8", "#EXTM3U\n/etc/passwd\n")
	writeText(t, "list.mp4", "#EXTM3U\n/etc/passwd\n")
	writeText(t, "noise.mp4", strings.Repeat("no video at all", 99))
	ffmpeg("-i", "a.mkv", "-i", "a.mkv", "-map", "0:v", "-map", "1:v", "-c", "copy", "two.mkv")
	ffmpeg("-i", "a.mkv", "-c:v", "libx264", "-bf", "0", "plain.mp4")
	ffmpeg("-i", "plain.mp4", "-c", "copy", "-metadata:s:v:0", "rotate=90", "turned.mp4")
	for name, want := range map[string]string{
		"empty.mp4": "the file is empty", "list.m3u8": "playlist", "list.mp4": "playlist", "noise.mp4": "noise.mp4", "two.mkv": "2 video streams", "turned.mp4": "degrees",
	} {
		code, out, errs := watched(t, "", "--run", run, name, "--every", "30", "a.mkv")
		lines := linesOf[line](t, out)
		if code != ExitFailed || len(lines) != 4 || lines[0].Kind != "error" || lines[0].Source != name || !strings.Contains(lines[0].Error, want) || !strings.Contains(errs, want) {
			t.Errorf("%s: exit code %d, want %q: %s%s", name, code, want, out, errs)
		}
	}
	writeText(t, "short.mkv", video[:2*len(video)/3])
	ffmpeg("-i", "a.mkv", "-vf", "setpts=N*N/30/TB", "-fps_mode", "passthrough", "-c:v", "ffv1", "varies.mkv")
	for name, want := range map[string]int{"short.mkv": ExitFailed, "varies.mkv": ExitDone} {
		code, out, errs := watched(t, "", "--run", run, name)
		lines := linesOf[line](t, out)
		s := lines[len(lines)-1]
		if code != want || s.Frames < 20 || s.Frames != len(lines)-1 || (s.Damage != "") != (want == ExitFailed) || !strings.Contains(errs, "WARN") || !strings.Contains(errs, name) {
			t.Errorf("%s: exit code %d, want %d, summary %+v: %s", name, code, want, s, errs)
		}
	}
}

// TestPredictWholeFrames classifies whole frames where a model was trained on them, or on images.
func TestPredictWholeFrames(t *testing.T) {
	ffmpeg := ffmpegOf(t)
	t.Chdir(t.TempDir())
	run := clipsModel(t, "run", "crop=frame,stride=3")
	ffmpeg("-framerate", "30", "-i", "clips/along/3/%03d.png", "-c:v", "ffv1", "-pix_fmt", "gray", "a.mkv")
	digits := packaged(t)
	for name, model := range map[string]string{"clips": run, "digits": digits} {
		code, out, errs := watched(t, "", "--run", model, "a.mkv")
		lines := linesOf[line](t, out)
		if code != ExitDone || len(lines) != 32 || lines[0].Box != nil || lines[0].Label == "" || lines[31].Lag != nil {
			t.Errorf("%s: exit code %d, %d lines, the last %+v: %s", name, code, len(lines), lines[len(lines)-1], errs)
		}
		if code, _, errs = watched(t, "", "--run", model, "--lag", "3", "a.mkv"); code != ExitUsage || !strings.Contains(errs, "leave --lag out") {
			t.Errorf("%s: --lag: exit code %d: %s", name, code, errs)
		}
	}
	_, whole, _ := watched(t, "", "--run", run, "--every", "10", "a.mkv")
	_, folder, _ := watched(t, "", "--run", run, "--every", "10", "clips/along/3")
	if sourceless(t, whole, "a.mkv") != sourceless(t, folder, "clips/along/3") {
		t.Error("a folder of frames has other lines than a video of them:\n" + cmp.Diff(whole, folder))
	}
	code, out, errs := watched(t, "", "--run", digits, "clips/along/3", "--top", "2", "--annotate", "pictures")
	if lines := linesOf[line](t, out); code != ExitDone || len(lines) != 31 || lines[0].Kind != "" || len(lines[0].Top) != 2 {
		t.Errorf("for a model of images a folder is one of images: exit code %d: %.500s%s", code, out, errs)
	}
	if made, err := filepath.Glob("pictures/*-predicted.png"); err != nil || len(made) != 31 {
		t.Errorf("%d pictures, want 31: %v", len(made), err)
	}
}
