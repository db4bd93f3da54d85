package dataset

import (
	"bytes"
	"fmt"
	"image"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/clips/clipstest"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// drawnClip describes a clip of frames of 40x32 pixels: a backdrop that depends on scene,
// and a bright target that moves.
type drawnClip struct {
	path   string
	scene  int
	frames int
	empty  []int // frames without a target
	none   bool  // no frame has one
	shift  int   // of the target
}

func (c drawnClip) box(frame int) clips.Box {
	return clips.Box{X: 2 + frame%24 + c.shift, Y: 10, W: 4, H: 3}
}

func (c drawnClip) image(frame int) imaging.Image {
	img := imaging.New(40, 32, 1)
	for y := range 32 {
		for x := range 40 {
			img.Pix[y*40+x] = uint8(60 + (x*x*(c.scene%5+1)+y*y*(c.scene%7+1)+x*y*c.scene)%90)
		}
	}
	if c.none || slices.Contains(c.empty, frame) {
		return img
	}
	b := c.box(frame)
	for y := b.Y; y < b.Y+b.H; y++ {
		for x := b.X; x < b.X+b.W; x++ {
			img.Pix[y*40+x] = 250
		}
	}
	return img
}

// writeClips writes clips as folders of frames, each with label.json.
func writeClips(t *testing.T, dir string, list ...drawnClip) {
	t.Helper()
	for _, c := range list {
		boxes := make([]clips.Box, c.frames)
		for frame := range boxes {
			if !c.none && !slices.Contains(c.empty, frame) {
				boxes[frame] = c.box(frame)
			}
		}
		clipstest.Write(t, filepath.Join(dir, filepath.FromSlash(c.path)), c.frames, func(frame int) image.Image { return c.image(frame).ToImage() }, boxes)
	}
}

func openClips(t *testing.T, dir, options string, mode Mode) (Dataset, error) {
	t.Helper()
	source, _, err := MakeDataset("clips", options)
	if err != nil {
		return nil, err
	}
	return source.(Filed).WithFiles(FileOptions{Cache: CacheOptions{Dir: filepath.Join(t.TempDir(), "cache"), Limit: 1 << 30}}).Open(t.Context(), dir, mode)
}

func mustOpenClips(t *testing.T, dir, options string) Dataset {
	t.Helper()
	d, err := openClips(t, dir, options, ModeRAM)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// logOf collects what is logged until the end of a test.
func logOf(t *testing.T) *bytes.Buffer {
	t.Helper()
	var text bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&text, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return &text
}

// sourcesOf lists the examples of d as "source class group part".
func sourcesOf(d Dataset) []string {
	var list []string
	for i := range d.Len() {
		info := d.Info(i)
		list = append(list, fmt.Sprintf("%s %s %s %s", d.Source(i), d.Classes()[info.Label], info.Group, info.Part))
	}
	return list
}

func TestClipsOfClasses(t *testing.T) {
	dir := t.TempDir()
	writeClips(t, dir, drawnClip{path: "bird/b", scene: 1, frames: 14}, drawnClip{path: "bird/a/x", scene: 2, frames: 8, empty: []int{3}}, drawnClip{path: "drone/c", scene: 3, frames: 4, shift: 9},
		drawnClip{path: "drone/d", scene: 4, frames: 14, none: true})
	log := logOf(t)
	d := mustOpenClips(t, dir, "margin=2,minimum=6")
	want := []string{"bird/b#3 bird bird/b none", "bird/b#9 bird bird/b none", "drone/c#3 drone drone/c none"}
	if diff := cmp.Diff(want, sourcesOf(d)); diff != "" {
		t.Errorf("examples (-want +got):\n%s", diff)
	}
	if text := log.String(); !strings.Contains(text, "no box at all") || !strings.Contains(text, "drone/d") || strings.Contains(text, "drone/c") {
		t.Errorf("the clip without a box is not named: %s", text)
	}
	if unused := Unused(d); len(unused) != 2 || unused[0].Source != "bird/a/x" || unused[1].Source != "drone/d" || !unused[1].Unlabelled {
		t.Errorf("%d clips without examples", len(unused))
	}
	p := d.Info(1).Place
	if p.Frame != 9 || p.Time != 300*time.Millisecond || p.Box != (clips.Box{X: 11, Y: 10, W: 4, H: 3}) || p.Area != (clips.Box{X: 9, Y: 7, W: 8, H: 8}) || !p.Target || p.Clip.Source != "bird/b" || p.Clip.Frames != 14 {
		t.Errorf("place %+v of the clip %+v", p, p.Clip)
	}
	if offsets, err := FrameOffsets(d); err != nil || !slices.Equal(offsets, []int{-4, 0, 4}) {
		t.Errorf("frames at %v, %v", offsets, err)
	}
	img, err := d.Image(1)
	if err != nil || img.Width != 8 || img.Channels != 3 || img.FrameCount() != 3 {
		t.Fatal(img, err)
	}
	clip := drawnClip{scene: 1, frames: 14}
	for n, at := range []int{5, 9, 13} { // 4 before and 4 after
		frame, err := clip.image(at).Crop(9, 7, 8, 8)
		if err != nil || !bytes.Equal(img.Frame(n).Pix, frame.Pix) {
			t.Errorf("picture %d is not that of frame %d", n, at)
		}
	}
	disk, err := openClips(t, dir, "margin=2,minimum=6", ModeDisk)
	if err != nil {
		t.Fatal(err)
	}
	if disk.Digest() != d.Digest() {
		t.Error("the digest differs between the modes")
	}
	if other := mustOpenClips(t, dir, "margin=2,minimum=6,group=scene"); other.Len() != d.Len() {
		t.Errorf("%d examples grouped by scene", other.Len())
	}
	if other := mustOpenClips(t, dir, "margin=2,minimum=6,rate=25"); other.Digest() == d.Digest() {
		t.Error("times are not in the digest")
	}
}

func TestClipsLayouts(t *testing.T) {
	dir := t.TempDir()
	writeClips(t, dir, drawnClip{path: "train/a", scene: 1, frames: 8}, drawnClip{path: "train/b", scene: 2, frames: 8}, drawnClip{path: "test/c", scene: 3, frames: 8})
	d := mustOpenClips(t, dir, "class=drone,minimum=6,frames=0")
	want := []string{
		"test/c#3 drone test/c test", "test/c#3:background background test/c test",
		"train/a#3 drone train/a train", "train/a#3:background background train/a train",
		"train/b#3 drone train/b train", "train/b#3:background background train/b train",
	}
	if diff := cmp.Diff(want, sourcesOf(d)); diff != "" || !slices.Equal(d.Classes(), []string{"drone", "background"}) {
		t.Errorf("flat, with parts (-want +got):\n%s", diff)
	}
	if offsets, err := FrameOffsets(d); err != nil || offsets != nil {
		t.Errorf("a single frame is at %v", offsets)
	}
	d = mustOpenClips(t, filepath.Join(dir, "train"), "class=drone,background=off")
	if d.Len() != 2 || d.Info(0).Part != PartNone || len(d.Classes()) != 1 {
		t.Errorf("flat: %q", sourcesOf(d))
	}
	dir = t.TempDir()
	for _, part := range []string{"train", "val", "test"} {
		for i, class := range []string{"bird", "drone"} {
			writeClips(t, dir, drawnClip{path: part + "/" + class + "/x", scene: len(part)*10 + i, frames: 8})
		}
	}
	d = mustOpenClips(t, dir, "")
	if got := len(Official(d, PartTest)) + len(Official(d, PartValidation)); d.Len() != 6 || got != 4 {
		t.Errorf("parts and classes: %q", sourcesOf(d))
	}
}

func TestClipsRefused(t *testing.T) {
	one := drawnClip{path: "bird/a", scene: 1, frames: 8}
	cases := []struct {
		name, options string
		list          []drawnClip
		more          map[string]string // files
		want          []string
	}{
		{"no clips", "", nil, map[string]string{"bird/x.txt": ""}, []string{"has no clips"}},
		{"a class without clips", "", []drawnClip{one}, map[string]string{"drone/x.txt": ""}, []string{`no clip of class "drone"`, "remove the folder"}},
		{"frames in the class folder", "", []drawnClip{{path: "bird", frames: 3}}, nil, []string{"images lie directly in the folder, such as 000.png"}},
		{"a video in no class folder", "", []drawnClip{one}, map[string]string{"x.mp4": ""}, []string{"1 clips lie in no class folder, such as x.mp4", "class=NAME"}},
		{"no labels", "", []drawnClip{one}, map[string]string{"drone/x.mp4": "", "bird/x.mp4": ""}, []string{"2 of 3 clips have no file of labels", "bird/x.mp4", "crop=frame"}},
		{"labels of MATLAB", "", []drawnClip{one}, map[string]string{"drone/x.mp4": "", "drone/x_LABELS.mat": ""}, []string{"x_LABELS.mat", "write x.json"}},
		{"an empty video", "", []drawnClip{one}, map[string]string{"drone/x.mp4": "", "drone/x.json": `{"exist":[1],"gt_rect":[[1,1,2,2]]}`}, []string{"x.mp4", "empty"}},
		{"gaps", "", []drawnClip{one}, map[string]string{"bird/a/100.png": ""}, []string{"100.png", "missing"}},
		{"labels of another clip", "labels=refuse", []drawnClip{one}, map[string]string{"bird/a/label.json": `{"exist":[1],"gt_rect":[[1,1,2,2]]}`}, []string{"1 entries for 8 frames", "labels=refuse"}},
		{"a box outside", "", []drawnClip{one}, map[string]string{"bird/a/label.json": `{"exist":[1,1,1],"gt_rect":[[1,1,2,2],[1,1,2,2],[50,1,2,2]]}`}, []string{"entry 2", "outside"}},
		{"corners", "", []drawnClip{one}, map[string]string{"bird/a/label.json": `{"exist":[1,1],"gt_rect":[[20,20,24,24],[20,20,24,24]]}`}, []string{"label.json", "--order xyxy"}},
		{"a damaged frame", "", []drawnClip{one}, map[string]string{"bird/a/001.png": "no image"}, []string{"001.png"}},
		{"the same clip in two parts", "", []drawnClip{{path: "train/bird/a", scene: 1, frames: 8}, {path: "test/bird/b", scene: 1, frames: 8}}, nil, []string{"test/bird/b and train/bird/a have the same frames", "remove one"}},
		{"the same clip in two classes", "", []drawnClip{one, {path: "drone/b", scene: 1, frames: 8}}, nil, []string{"have the same frames, in two classes"}},
		{"background where no frame is empty", "class=bird,crop=frame", []drawnClip{one}, nil, []string{"no frame is marked empty", "background=off"}},
		{"no room for background", "class=bird,minimum=200", []drawnClip{one}, nil, []string{"no place beside a target has room"}},
		{"a class called background", "background=on", []drawnClip{one, {path: "background/b", scene: 2, frames: 8}}, nil, []string{"class folder called background"}},
		{"background for a class", "class=background", nil, nil, []string{"class=background"}},
		{"offsets", "frames=-4/4", nil, nil, []string{"want 0, the frame"}},
		{"offsets twice", "frames=0/4/4", nil, nil, []string{"want different whole numbers"}},
		{"margin", "margin=2.555", nil, nil, []string{"want a multiple of 0.01"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			logOf(t)
			dir := t.TempDir()
			writeClips(t, dir, c.list...)
			for name, text := range c.more {
				writeFile(t, filepath.Join(dir, filepath.FromSlash(name)), []byte(text))
			}
			_, err := openClips(t, dir, c.options, ModeRAM)
			wantError(t, err, c.want...)
		})
	}
}

func TestClipsScenes(t *testing.T) {
	dir := t.TempDir()
	writeClips(t, dir,
		drawnClip{path: "train/bird/a", scene: 1, frames: 31}, drawnClip{path: "train/bird/b", scene: 1, frames: 31, shift: 5}, drawnClip{path: "train/drone/c", scene: 2, frames: 31}, drawnClip{path: "train/drone/e", scene: 9, frames: 31},
		drawnClip{path: "test/bird/d", scene: 1, frames: 31, shift: 8}, drawnClip{path: "test/drone/f", scene: 30, frames: 31})
	log := logOf(t)
	d := mustOpenClips(t, dir, "group=scene,scene-threshold=0.9,stride=30")
	var got []string
	for i := range d.Len() {
		got = append(got, d.Info(i).Group+" of "+d.Info(i).Place.Clip.Scene)
	}
	want := []string{
		"test/bird/d in test of test/bird/d", "test/drone/f in test of test/drone/f", "test/bird/d of test/bird/d", "test/bird/d of test/bird/d",
		"train/drone/c of train/drone/c", "train/drone/e of train/drone/e",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	for _, part := range []string{"one scene holds over a third of the clips", "test/bird/d - train/bird/a", "show scenes of the training part", "these=test/bird/d"} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("the log lacks %q:\n%s", part, log)
		}
	}
	split, err := MakeSplit(d, 1, Ratios{60, 20, 20}, true)
	if err != nil {
		t.Fatal(err)
	}
	seen := SharedScenes(ClipsOf(d, split.Test), ClipsOf(d, append(slices.Clone(split.Train), split.Validation...)))
	if len(seen) != 1 || len(ClipsOf(d, split.Test)) != 2 {
		t.Errorf("%d of %d clips of the test part are of a scene that was seen", len(seen), len(ClipsOf(d, split.Test)))
	}
}

// TestClipsBackground checks that every class gives as much background, and that a split is
// balanced by the classes of clips.
func TestClipsBackground(t *testing.T) {
	dir := t.TempDir()
	var list []drawnClip
	for i := range 8 {
		list = append(list, drawnClip{path: fmt.Sprintf("bird/%d", i), scene: 3 * i, frames: 20, empty: []int{3, 4, 15}, shift: i}, drawnClip{path: fmt.Sprintf("drone/%d", i), scene: 50 + 3*i, frames: 26, shift: i})
	}
	writeClips(t, dir, list...)
	d := mustOpenClips(t, dir, "background=on,minimum=8,margin=1,stride=3")
	perClass, targets, empty := map[int]int{}, 0, 0
	for i := range d.Len() {
		info := d.Info(i)
		if info.Place.Target {
			targets++
			continue
		}
		perClass[info.Place.Stratum]++
		clip := list[slices.IndexFunc(list, func(c drawnClip) bool { return c.path == info.Place.Clip.Source })]
		if slices.Contains(clip.empty, info.Place.Frame) {
			empty++
		} else if info.Place.Area.Overlaps(clip.box(info.Place.Frame)) {
			t.Errorf("%s shows the target", d.Source(i))
		}
	}
	if want := targets / 4; perClass[0] != want || perClass[1] != want || empty == 0 {
		t.Errorf("background of %v, want %d of each class; %d of empty frames", perClass, want, empty)
	}
	split, err := MakeSplit(d, 1, Ratios{50, 25, 25}, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range Parts() {
		classes := map[string]int{}
		for _, clip := range ClipsOf(d, split.Indexes(part)) {
			classes[clip.Class]++
		}
		if classes["bird"] != classes["drone"] || len(classes) != 2 {
			t.Errorf("%s part: %v clips", part, classes)
		}
	}
}

func TestClipsJoined(t *testing.T) {
	first, second, images := t.TempDir(), t.TempDir(), t.TempDir()
	writeClips(t, first, drawnClip{path: "bird/a", scene: 1, frames: 8}, drawnClip{path: "drone/b", scene: 2, frames: 8})
	writeClips(t, second, drawnClip{path: "c", scene: 3, frames: 8}, drawnClip{path: "d", scene: 4, frames: 8})
	writeImages(t, images, "drone/1.png", "other/2.png")
	a, b, folder := mustOpenClips(t, first, ""), mustOpenClips(t, second, "class=drone,minimum=6"), mustOpenFolder(t, images, "")
	joined, err := Concat(a, b)
	if err != nil {
		t.Fatal(err)
	}
	if offsets, err := FrameOffsets(joined); err != nil || len(offsets) != 3 {
		t.Error(offsets, err)
	}
	for i := range joined.Len() {
		if info := joined.Info(i); joined.Classes()[info.Place.Stratum] != info.Place.Clip.Class {
			t.Errorf("%s is of the stratum %s", joined.Source(i), joined.Classes()[info.Place.Stratum])
		}
	}
	if _, err = Concat(a, folder); err != nil {
		t.Fatal(err)
	}
	mixed, _ := Concat(a, folder)
	_, err = FrameOffsets(mixed)
	wantError(t, err, "frames at")
	if mixed, err = Concat(mustOpenClips(t, first, "frames=0"), folder); err != nil {
		t.Fatal(err)
	}
	if _, err := FrameOffsets(mixed); err != nil || len(Clips(mixed)) != 2 {
		t.Error(err)
	}
}

// TestClipsOfVideos checks the same frames as a video, and that a second opening does not
// decode them again.
func TestClipsOfVideos(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip(err)
	}
	dir, videos := t.TempDir(), t.TempDir()
	writeClips(t, dir, drawnClip{path: "bird/a", scene: 1, frames: 20}, drawnClip{path: "drone/b", scene: 2, frames: 20})
	for _, name := range []string{"bird/a", "drone/b"} {
		video := filepath.Join(videos, filepath.FromSlash(name)+".mkv")
		if err := os.MkdirAll(filepath.Dir(video), 0o777); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("ffmpeg", "-v", "error", "-framerate", "30", "-i", filepath.Join(dir, filepath.FromSlash(name), "%03d.png"), "-c:v", "ffv1", "-pix_fmt", "gray", video).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if err := fileio.Copy(strings.TrimSuffix(video, ".mkv")+".json", filepath.Join(dir, filepath.FromSlash(name), "label.json")); err != nil {
			t.Fatal(err)
		}
	}
	folders := mustOpenClips(t, dir, "")
	source, _, err := MakeDataset("clips", "")
	if err != nil {
		t.Fatal(err)
	}
	cache := t.TempDir()
	source = source.(Filed).WithFiles(FileOptions{Cache: CacheOptions{Dir: cache, Limit: 1 << 30}})
	var digest string
	for range 2 {
		d, err := source.Open(t.Context(), videos, ModeDisk)
		if err != nil {
			t.Fatal(err)
		}
		if digest == "" {
			digest = d.Digest()
			if files, err := os.ReadDir(cache); len(files) != 2 || err != nil {
				t.Fatalf("%d files in the cache, %v", len(files), err)
			}
		}
		for i := range d.Len() {
			a, errA := d.Image(i)
			b, errB := folders.Image(i)
			if errA != nil || errB != nil || a.Sum() != b.Sum() || d.Info(i).Place.Time.Round(time.Millisecond) != folders.Info(i).Place.Time.Round(time.Millisecond) {
				t.Errorf("%s: the video and the folder differ: %v %v", d.Source(i), errA, errB)
			}
		}
		if d.Digest() != digest || !strings.Contains(Clips(d)[0].Decoder, "ffmpeg") {
			t.Error("the second opening gives other data")
		}
	}
}

// TestClipsOfInfrared reads some of the real clips: one whose spare entry is the first, one
// with too few, one without any box.
func TestClipsOfInfrared(t *testing.T) {
	data := filepath.Join(testData(t), "drone-ir", "train")
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"bird/IR_BIRD_001", "bird/IR_BIRD_027", "drone/IR_DRONE_143", "drone/IR_DRONE_104"} {
		for _, ending := range []string{".mp4", ".json"} {
			to := filepath.Join(dir, filepath.FromSlash(name+ending))
			if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(filepath.Join(data, filepath.FromSlash(name+ending)), to); err != nil {
				t.Fatal(err)
			}
		}
	}
	log := logOf(t)
	d := mustOpenClips(t, dir, "stride=1,frames=0")
	counts := map[string]int{}
	for i := range d.Len() {
		p := d.Info(i).Place
		if counts[p.Clip.Source]++; p.Clip.Source == "bird/IR_BIRD_001.mp4" && p.Frame == 0 && p.Box == (clips.Box{}) {
			t.Error("the first frame has no box")
		}
	}
	if counts["bird/IR_BIRD_027.mp4"] > 85 || counts["drone/IR_DRONE_143.mp4"] != 0 || counts["bird/IR_BIRD_001.mp4"] == 0 {
		t.Errorf("examples %v", counts)
	}
	for _, part := range []string{"IR_BIRD_027.json has 85 entries for 319 frames", "IR_DRONE_104.json has 360 entries for 311 frames", "drone/IR_DRONE_143.mp4"} {
		if !strings.Contains(log.String(), part) {
			t.Errorf("the log lacks %q:\n%s", part, log)
		}
	}
}

// ffmpeg makes a video of a test pattern.
func ffmpeg(t *testing.T, path string, arguments ...string) {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	all := append([]string{"-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=30:duration=1"}, arguments...)
	if out, err := exec.Command("ffmpeg", append(all, path)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// TestClipsOfOtherVideos checks colours, deep samples, and videos that cannot be read whole.
func TestClipsOfOtherVideos(t *testing.T) {
	dir := t.TempDir()
	text := `{"exist":[` + strings.Repeat("1,", 29) + `1],"gt_rect":[` + strings.Repeat("[20,10,8,8],", 29) + `[20,10,8,8]]}`
	colour, grey := filepath.Join(dir, "bird", "colour.mkv"), filepath.Join(dir, "drone", "grey.mkv")
	ffmpeg(t, colour, "-c:v", "ffv1", "-pix_fmt", "yuv422p10le")
	ffmpeg(t, grey, "-c:v", "ffv1", "-vf", "hue=s=0", "-pix_fmt", "yuv420p")
	for _, video := range []string{colour, grey} {
		writeFile(t, strings.TrimSuffix(video, ".mkv")+".json", []byte(text))
	}
	d := mustOpenClips(t, dir, "")
	for i := range d.Len() {
		want := 3
		if strings.Contains(d.Source(i), "colour") {
			want = 9
		}
		if img, err := d.Image(i); err != nil || img.Channels != want || img.Wide != nil || img.FrameCount() != 3 {
			t.Errorf("%s has %d channels, %v, want %d", d.Source(i), img.Channels, err, want)
		}
	}
	whole, err := os.ReadFile(grey)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"cut short": whole[:len(whole)/2], "no video": []byte("words"), "a playlist": []byte("#EXTM3U\n#EXTINF:1,\n" + colour + "\n")} {
		writeFile(t, grey, content)
		_, err := openClips(t, dir, "", ModeRAM)
		t.Log(name, err)
		wantError(t, err, "1 of 2 clips cannot be read", grey)
	}
}

// TestSceneIsOneGroup has a scene in two official parts: in a fold, which has clips of both, it
// is one group, and where clips are the groups it is two.
func TestSceneIsOneGroup(t *testing.T) {
	dir := t.TempDir()
	writeClips(t, dir, drawnClip{path: "train/bird/a", scene: 1, frames: 31}, drawnClip{path: "train/drone/b", scene: 2, frames: 31},
		drawnClip{path: "val/bird/c", scene: 1, frames: 31, shift: 5}, drawnClip{path: "val/drone/d", scene: 4, frames: 31})
	for group, want := range map[string][]int{"scene": {0, 1, 0, 2}, "clip": {0, 1, 2, 3}} {
		d := mustOpenClips(t, dir, "stride=31,margin=2,minimum=6,group="+group)
		if d.Len() != 4 {
			t.Fatalf("%d examples", d.Len())
		}
		if diff := cmp.Diff(want, GroupNumbers(d, []int{0, 1, 2, 3})); diff != "" {
			t.Errorf("group=%s (-want +got):\n%s", group, diff)
		}
	}
}
