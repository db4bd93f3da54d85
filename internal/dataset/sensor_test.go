package dataset

import (
	"bytes"
	"image"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/clips/clipstest"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/sensor"
)

// thermal is a camera of 40x32 pixels with noise of every kind.
func thermal(t *testing.T, changes ...string) *sensor.Profile {
	t.Helper()
	text := `{"schema": 1, "source": "made up", "modality": "thermal", "width": 40, "height": 32, "frame_rate_hz": 30, "bit_depth": 8,
		"range": [0, 255], "psf_sigma_px": [0.4, 0.8], "motion_px": 0, "response_dn_per_k": 10,
		"noise3d_dn": {"tvh": [4, 8], "vh": 3, "v": 1, "h": 2, "tv": 1, "th": 1, "t": 1}, "defect_ppm": 1000,
		"agc": {"mode": "fixed", "low": 0, "high": 255}}`
	p, err := sensor.Parse([]byte(strings.NewReplacer(changes...).Replace(text)))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var flying = []drawnClip{
	{path: "train/bird/a", scene: 1, frames: 25}, {path: "train/drone/b", scene: 2, frames: 25},
	{path: "train/bird/c", scene: 3, frames: 25}, {path: "train/drone/d", scene: 4, frames: 25},
}

// imagesOf are the pixels of an epoch.
func imagesOf(t *testing.T, l *Loader, order []int, epoch uint32, first int) []byte {
	t.Helper()
	var all []byte
	for _, batch := range collect(t, l, order, epoch, first, 4) {
		all = append(all, batch.Images...)
	}
	return all
}

// TestSensorInTraining checks that what a sensor shows depends on epoch, example and clip alone.
func TestSensorInTraining(t *testing.T) {
	dir := t.TempDir()
	writeClips(t, dir, flying...)
	rule := imaging.Rule{Width: 12, Height: 12, Channels: 3, Mode: imaging.Stretch, Frames: []int{-4, 0, 4}}
	open := func(mode Mode) Dataset {
		d, err := openClips(t, dir, "frames=-4/0/4,margin=2,minimum=16,stride=3", mode)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := open(ModeRAM)
	s := &Sensor{Profile: thermal(t), Seed: 5}
	if _, err := s.Check(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	order := Shuffled(sequence(d.Len()), 3, 0)
	loader := func(d Dataset, workers int) *Loader {
		return &Loader{Dataset: d, Rule: rule, Sensor: s, Workers: workers}
	}
	want := imagesOf(t, loader(d, 1), order, 2, 0)
	if got := imagesOf(t, loader(d, 4), order, 2, 0); !bytes.Equal(got, want) {
		t.Error("the number of workers changes images")
	}
	if got := imagesOf(t, loader(open(ModeDisk), 2), order, 2, 0); !bytes.Equal(got, want) {
		t.Error("images on disk are others than in memory")
	}
	fitted, err := Fit(t.Context(), open(ModeRAM), 1<<30, Form{Rule: rule}, Form{Native: true, Of: order})
	if err != nil {
		t.Fatal(err)
	}
	if got := imagesOf(t, loader(fitted[1], 2), order, 2, 0); !bytes.Equal(got, want) {
		t.Error("images that are kept are others")
	}
	one := rule.Width * rule.Height * rule.Channels
	if got := imagesOf(t, loader(d, 2), order, 2, 8); !bytes.Equal(got, want[8*one:]) {
		t.Error("an epoch that is continued has other images")
	}
	if got := imagesOf(t, loader(d, 2), order, 3, 0); bytes.Equal(got[:one], want[:one]) {
		t.Error("the next epoch has the same image")
	}
	plain := imagesOf(t, &Loader{Dataset: d, Rule: rule}, order, 2, 0)
	if bytes.Equal(plain, want) {
		t.Error("the sensor changes nothing")
	}
	for range 20 { // images on disk are larger than their places in a batch
		if got := imagesOf(t, &Loader{Dataset: open(ModeDisk), Rule: rule, Workers: 8}, order, 2, 0); !bytes.Equal(got, plain) {
			t.Fatal("images on disk are others, without a sensor")
		}
	}
	ideal, err := sensor.Load("ideal")
	if err != nil {
		t.Fatal(err)
	}
	s = &Sensor{Profile: ideal}
	if got := imagesOf(t, loader(d, 2), order, 2, 0); !bytes.Equal(got, plain) {
		t.Error("the ideal sensor changes images")
	}
}

// TestSensorThrough checks that examples of one frame have the noise and patterns of that frame.
func TestSensorThrough(t *testing.T) {
	dir := t.TempDir()
	writeClips(t, dir, flying...)
	whole := mustOpenClips(t, dir, "crop=frame,stride=3")
	parts := mustOpenClips(t, dir, "margin=2,minimum=16,stride=3")
	p := thermal(t, "[0.4, 0.8]", "0")
	s := &Sensor{Profile: p, Seed: 9}
	seenWhole, seenParts := s.Through(whole, 3), s.Through(parts, 3)
	compared := 0
	for i := range parts.Len() {
		place := parts.Info(i).Place
		at := -1
		for k := range whole.Len() {
			if other := whole.Info(k).Place; other.Clip.Digest == place.Clip.Digest && other.Frame == place.Frame {
				at = k
			}
		}
		part, err := seenParts.Image(i)
		if err != nil {
			t.Fatal(err)
		}
		if at < 0 || place.Area.X < 0 || place.Area.Y < 0 || place.Area.X+place.Area.W > 40 || place.Area.Y+place.Area.H > 32 {
			continue
		}
		frame, err := seenWhole.Image(at)
		if err != nil {
			t.Fatal(err)
		}
		want, err := frame.Crop(place.Area.X, place.Area.Y, place.Area.W, place.Area.H)
		if err != nil {
			t.Fatal(err)
		}
		if compared++; !slices.Equal(part.Pix, want.Pix) {
			t.Fatalf("%s: a part of the frame is seen otherwise than the frame", parts.Source(i))
		}
	}
	if compared < 10 {
		t.Errorf("%d examples were compared", compared)
	}
	if seenParts.Digest() != parts.Digest() || seenParts.Len() != parts.Len() {
		t.Error("the data is another one")
	}
}

// TestSensorReduces checks that images come out as large as their shape says.
func TestSensorReduces(t *testing.T) {
	dir := t.TempDir()
	writeClips(t, dir, flying...)
	d := mustOpenClips(t, dir, "margin=2,minimum=15,stride=3")
	s := &Sensor{Profile: thermal(t, "40", "20", "32", "16"), Seed: 9}
	if _, err := s.Check(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	through := s.Through(d, 3)
	for i := range d.Len() {
		img, err := through.Image(i)
		if err != nil {
			t.Fatal(err)
		}
		own, err := detail(through).shape(i)
		if err != nil || shapeOf(img) != own || img.Width > 8 || img.Width < 7 {
			t.Fatalf("%s: %dx%d, the shape is %v (%v)", d.Source(i), img.Width, img.Height, own, err)
		}
	}
}

// TestSensorRefuses names what does not fit.
func TestSensorRefuses(t *testing.T) {
	dir := t.TempDir()
	writeClips(t, dir, flying...)
	colour := &Made{Dataset: newTestSet(t, letters(3), infosOf(6, 3)), Images: map[int]imaging.Image{}}
	for i := range colour.Len() {
		colour.Images[i] = testImage(6, 5, 3, i)
	}
	for _, test := range []struct {
		d       Dataset
		profile *sensor.Profile
		want    string
	}{
		{mustOpenClips(t, dir, "stride=5"), thermal(t), ""},
		{mustOpenClips(t, dir, "stride=5"), thermal(t, "40", "80"), "width and height: the profile has 80x32, and frames are 40x32"},
		{mustOpenClips(t, dir, "stride=5,level=median"), thermal(t), "level=median"},
		{mustOpenClips(t, dir, "stride=5"), thermal(t, `"fixed", "low": 0, "high": 255`, `"linear", "low": 0, "high": 100`), "agc.mode: linear finds its limits in whole frames"},
		{mustOpenClips(t, dir, "stride=5,crop=frame"), thermal(t, `"fixed", "low": 0, "high": 255`, `"linear", "low": 0, "high": 100`), ""},
		{colour, thermal(t), "modality"},
	} {
		_, err := (&Sensor{Profile: test.profile}).Check(t.Context(), test.d)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%v, want %q", err, test.want)
		}
	}
	grey := &Sensor{Profile: thermal(t), Grey: true}
	if _, err := grey.Check(t.Context(), colour); err != nil {
		t.Error(err)
	}
	img, err := grey.Through(colour, 3).Image(2)
	if own, _ := detail(grey.Through(colour, 3)).shape(2); err != nil || img.Channels != 1 || shapeOf(img) != own {
		t.Errorf("%dx%dx%d, the shape is %v (%v)", img.Width, img.Height, img.Channels, own, err)
	}
	stills := &Sensor{Profile: thermal(t, "thermal", "visible", `"response_dn_per_k": 10,`, "", `"noise3d_dn": {"tvh": [4, 8], "vh": 3, "v": 1, "h": 2, "tv": 1, "th": 1, "t": 1}`,
		`"gain_dn_per_e": 1, "full_well_e": 1000, "read_noise_e": 1, "dsnu_e": 1, "prnu_percent": 1, "black_level_dn": 0`)}
	if smaller, err := stills.Check(t.Context(), colour); err != nil || smaller != colour.Len() {
		t.Errorf("%d images are smaller than the sensor (%v), want %d", smaller, err, colour.Len())
	}
}

// TestDeepClips refuses frames of 16 bits unless it is known which levels are black and white.
func TestDeepClips(t *testing.T) {
	dir := t.TempDir()
	for _, c := range flying {
		boxes := make([]clips.Box, c.frames)
		for frame := range boxes {
			boxes[frame] = c.box(frame)
		}
		clipstest.Write(t, filepath.Join(dir, filepath.FromSlash(c.path)), c.frames, func(frame int) image.Image {
			img := c.image(frame)
			for _, v := range img.Pix {
				img.Wide = append(img.Wide, 7000+4*uint16(v))
			}
			img.Pix = nil
			return img.ToImage()
		}, boxes)
	}
	open := func(files FileOptions, wide bool) (Dataset, error) {
		source, _, err := MakeDataset("clips", "stride=5")
		if err != nil {
			t.Fatal(err)
		}
		source = source.(Filed).WithFiles(files)
		return source.(Decoding).WithDecoder(imaging.Decoder{KeepDepth: wide}).Open(t.Context(), dir, ModeRAM)
	}
	if _, err := open(FileOptions{}, false); err == nil || !strings.Contains(err.Error(), "values of 16 bits, and nothing says which of them are black and white: give --levels LOW,HIGH") ||
		!regexp.MustCompile(`first \d+ frames lie in 7\d\d\d to \d{4}: --levels 7\d\d\d,\d{4}`).MatchString(err.Error()) {
		t.Errorf("%v", err)
	}
	if _, err := open(FileOptions{Contract: 2}, false); err != nil {
		t.Errorf("by the rules of before: %v", err)
	}
	d, err := open(FileOptions{}, true)
	if err != nil {
		t.Fatal(err)
	}
	p := thermal(t, `"bit_depth": 8`, `"bit_depth": 14`, "[0, 255]", "[7000, 8020]", `"low": 0, "high": 255`, `"low": 7000, "high": 8020`)
	s := &Sensor{Profile: p, Seed: 1}
	if _, err := s.Check(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	img, err := s.Through(d, 0).Image(3)
	if err != nil || img.Wide != nil || !img.Levelled || slices.Max(img.Pix) < 240 {
		t.Errorf("%dx%dx%d, largest value %d (%v)", img.Width, img.Height, img.Channels, slices.Max(img.Pix), err)
	}
	if _, err := (&Sensor{Profile: thermal(t)}).Check(t.Context(), d); err == nil || !strings.Contains(err.Error(), "bit_depth") {
		t.Errorf("%v", err)
	}
	checkShown(t, p, open)
}

// checkShown has a profile bring frames of 16 bits, which are 7000 and four times the value of 8, to
// these.
func checkShown(t *testing.T, p *sensor.Profile, open func(FileOptions, bool) (Dataset, error)) {
	t.Helper()
	d, err := open(FileOptions{Sensor: p}, false)
	if err != nil {
		t.Fatal(err)
	}
	deep, err := open(FileOptions{}, true)
	if err != nil {
		t.Fatal(err)
	}
	by := &Sensor{Profile: p, Seed: 1}
	if _, err := by.Check(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	for i := range d.Len() {
		img, err := d.Image(i)
		wide, errWide := deep.Image(i)
		if err != nil || errWide != nil || img.Wide != nil || len(img.Pix) != len(wide.Wide) || !d.Info(i).Place.Clip.Shown {
			t.Fatalf("example %d: %+v, %v, %v", i, d.Info(i).Place.Clip.Summary, err, errWide)
		}
		for at, v := range wide.Wide { // 0 beyond the edges of the frame
			if want := (max(int(v), 7000) - 7000) / 4; int(img.Pix[at]) != want {
				t.Fatalf("example %d: DN %d became %d, want %d", i, v, img.Pix[at], want)
			}
		}
		if seen, err := by.Through(d, 0).Image(i); err != nil || !slices.Equal(seen.Pix, img.Pix) {
			t.Fatalf("example %d at severity 0 is not as it is (%v)", i, err)
		}
	}
	linear := *p
	linear.AGC = sensor.AGC{Mode: sensor.LinearAGC, Low: sensor.Single(1), High: sensor.Single(99)}
	if d, err = open(FileOptions{Sensor: &linear}, false); err != nil {
		t.Fatal(err)
	}
	if _, err := (&Sensor{Profile: &linear}).Check(t.Context(), d); err == nil || !strings.Contains(err.Error(), "agc.mode: linear finds its limits in whole frames, and the examples are parts of them") {
		t.Errorf("crops and a linear AGC: %v", err)
	}
	few := *p
	few.BitDepth, few.Range = 12, [2]int{0, 4095}
	few.AGC.Low, few.AGC.High = sensor.Single(0), sensor.Single(4095)
	if _, err := open(FileOptions{Sensor: &few}, false); err == nil || !strings.Contains(err.Error(), "bit_depth: the sensor profile has 12, and the image has the value 7") {
		t.Errorf("a profile of 12 bits: %v", err)
	}
	few.BitDepth, few.Range, few.AGC.High = 8, [2]int{0, 255}, sensor.Single(255)
	if _, err := open(FileOptions{Sensor: &few}, false); err == nil || !strings.Contains(err.Error(), "give --levels LOW,HIGH, or --sensor") {
		t.Errorf("a profile of 8 bits: %v", err)
	}
}
