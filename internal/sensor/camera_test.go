package sensor

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// levels is a thermal camera of 8 bits without noise, which tests change.
func levels() *Profile {
	zero := Single(0)
	response := Single(1)
	return &Profile{
		Schema: Schema, Modality: Thermal, FrameRateHz: 30, BitDepth: 8, Range: [2]int{0, 255}, ResponseDNPerK: &response,
		Noise3D: &Noise3D{zero, zero, zero, zero, zero, zero, zero}, AGC: AGC{FixedAGC, zero, Single(255)},
	}
}

// counter is a visible camera of 16 bits without noise but that of photons.
func counter(gain float64) *Profile {
	value := func(v float64) *Value { return &Value{Low: v, High: v} }
	return &Profile{
		Schema: Schema, Modality: Visible, FrameRateHz: 30, BitDepth: 16, Range: [2]int{0, 65535},
		GainDNPerE: value(gain), FullWellE: value(100_000_000), ReadNoiseE: value(0), DSNUE: value(0), PRNUPercent: value(0),
		BlackLevelDN: value(0), AGC: AGC{FixedAGC, Single(0), Single(65535)},
	}
}

func load(t testing.TB, name string) *Profile {
	t.Helper()
	p, err := Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// scene is an image with slopes, edges and texture.
func scene(width, height, channels, frames int) imaging.Image {
	img := imaging.New(width, height, channels)
	img.Frames = frames
	r := rand.New(rand.NewPCG(uint64(width), uint64(channels)))
	for i := range img.Pix {
		x, y := i/channels%width, i/channels/width
		v := 60 + x + y/2 + r.IntN(20)
		if (x/9+y/7)%2 == 0 {
			v = 230 - v/2
		}
		img.Pix[i] = uint8(min(max(v, 0), 255))
	}
	return img
}

func flat(width, height int, v uint8) imaging.Image {
	img := imaging.New(width, height, 1)
	for i := range img.Pix {
		img.Pix[i] = v
	}
	return img
}

func show(t testing.TB, c *Camera, src imaging.Image, v View) imaging.Image {
	t.Helper()
	img, err := c.Image(nil, src, v)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestIdealChangesNothing(t *testing.T) {
	p := load(t, "ideal")
	for _, severity := range []float64{0, 1, 3, 5} {
		for _, src := range []imaging.Image{scene(33, 17, 1, 1), scene(20, 30, 3, 1), scene(9, 9, 3, 3)} {
			if img := show(t, p.Camera(1, 2, severity), src, View{}); !slices.Equal(img.Pix, src.Pix) || !img.SameShape(src) {
				t.Errorf("severity %v, %dx%dx%d: the image is changed", severity, src.Width, src.Height, src.Channels)
			}
		}
	}
}

// stack is [frames,height,width] of what a camera shows of one grey frame, less its level.
func stack(t *testing.T, c *Camera, src imaging.Image, frames int) [][]float64 {
	var all [][]float64
	for frame := range frames {
		img := show(t, c, src, View{Frames: []int{frame}})
		one := make([]float64, len(img.Pix))
		for i, v := range img.Pix {
			one[i] = float64(v) - float64(src.Pix[i])
		}
		all = append(all, one)
	}
	return all
}

func deviation(values []float64) float64 {
	sum, square := 0.0, 0.0
	for _, v := range values {
		sum, square = sum+v, square+v*v
	}
	n := float64(len(values))
	return math.Sqrt(square/n - sum/n*sum/n)
}

// means averages a stack over what key gives one number for.
func means(all [][]float64, width int, key func(t, y, x int) int) []float64 {
	sums, counts := map[int]float64{}, map[int]float64{}
	for t, frame := range all {
		for i, v := range frame {
			k := key(t, i/width, i%width)
			sums[k] += v
			counts[k]++
		}
	}
	var out []float64
	for k := range sums {
		out = append(out, sums[k]/counts[k])
	}
	return out
}

// TestNoise3D draws one component at a time, and finds it again where it is and nowhere else.
func TestNoise3D(t *testing.T) {
	const width, height, frames, sigma = 64, 48, 64, 8.0
	src := flat(width, height, 128)
	keys := map[string]func(t, y, x int) int{
		"tvh": func(t, y, x int) int { return (t*height+y)*width + x },
		"vh":  func(_, y, x int) int { return y*width + x },
		"v":   func(_, y, _ int) int { return y },
		"h":   func(_, _, x int) int { return x },
		"tv":  func(t, y, _ int) int { return t*height + y },
		"th":  func(t, _, x int) int { return t*width + x },
		"t":   func(t, _, _ int) int { return t },
	}
	for name, key := range keys {
		p := levels()
		for _, component := range p.Noise3D.components() {
			if component.key == name {
				*component.value = Single(sigma)
			}
		}
		for _, severity := range []float64{0, 1.5, 3} {
			all := stack(t, p.Camera(7, 3, severity), src, frames)
			got, want := means(all, width, key), sigma*severity/3
			tolerance := 0.05 + 2.5*want/math.Sqrt(2*float64(len(got)))
			if d := deviation(got); math.Abs(d-want) > tolerance {
				t.Errorf("%s at severity %v: deviation %.3f, want %.3f", name, severity, d, want)
			}
			// What is left when the component is taken away.
			for k, frame := range all {
				for i := range frame {
					frame[i] -= all[k][i]
				}
			}
		}
		if whole := stack(t, p.Camera(7, 3, 3), src, 1)[0]; deviation(whole) > 0 && name == "t" {
			t.Errorf("t: a frame varies by %.3f", deviation(whole))
		}
	}
}

// TestPhotonTransfer finds the gain as the slope of the variance over the mean.
func TestPhotonTransfer(t *testing.T) {
	const gain = 4
	p := counter(gain)
	c := p.Camera(1, 1, AsGiven)
	for _, level := range []uint16{1000, 8000, 30000} {
		src := imaging.Image{Width: 256, Height: 256, Channels: 1, Wide: make([]uint16, 256*256)}
		for i := range src.Wide {
			src.Wide[i] = level
		}
		// 8 bits of what is shown are too few; the AGC spreads the surroundings of the level.
		near := *c
		near.low, near.high = int(level)-2000, int(level)+2000
		img := show(t, &near, src, View{})
		var values []float64
		sum := 0.0
		for _, v := range img.Pix {
			values = append(values, float64(v)*4000/255)
			sum += values[len(values)-1]
		}
		mean, variance := sum/float64(len(values))+float64(near.low), math.Pow(deviation(values), 2)
		if want := gain * float64(level); math.Abs(variance/want-1) > 0.03 || math.Abs(mean-float64(level)) > 5 {
			t.Errorf("level %d: mean %.1f, variance %.0f, want %.0f", level, mean, variance, want)
		}
	}
}

func TestVisibleNoise(t *testing.T) {
	src := imaging.Image{Width: 300, Height: 300, Channels: 1, Wide: make([]uint16, 300*300)}
	for i := range src.Wide {
		src.Wide[i] = 30000
	}
	const tiny = 0.01 // DN for an electron: shot noise of 17 DN at 30000
	for name, test := range map[string]struct {
		set  func(p *Profile)
		want float64
	}{
		"shot":  {func(*Profile) {}, 17.3},
		"read":  {func(p *Profile) { *p.ReadNoiseE = Single(30000) }, 300},
		"prnu":  {func(p *Profile) { *p.PRNUPercent = Single(1) }, 300},
		"dsnu":  {func(p *Profile) { *p.DSNUE = Single(30000) }, 300},
		"black": {func(p *Profile) { *p.PRNUPercent, *p.BlackLevelDN = Single(2), Single(15000) }, 300},
	} {
		p := counter(tiny)
		test.set(p)
		c := p.Camera(5, 9, AsGiven)
		c.low, c.high = 28000, 32000
		var values []float64
		for _, v := range show(t, c, src, View{}).Pix {
			values = append(values, float64(v)*4000/255)
		}
		if d := deviation(values); math.Abs(d/math.Hypot(test.want, 17.3)-1) > 0.05 && name != "shot" || name == "shot" && math.Abs(d-17.3) > 1 {
			t.Errorf("%s: deviation %.1f DN, want %.1f", name, d, test.want)
		}
	}
	p := counter(tiny)
	*p.FullWellE = Single(1_000_000) // 10,000 DN
	if img := show(t, p.Camera(5, 9, AsGiven), src, View{}); slices.Min(img.Pix) != 39 || slices.Max(img.Pix) != 39 {
		t.Errorf("full well: values from %d to %d, want 39", slices.Min(img.Pix), slices.Max(img.Pix))
	}
}

func TestDefects(t *testing.T) {
	p := levels()
	p.DefectPPM = Single(10_000)
	c := p.Camera(3, 4, AsGiven)
	src := flat(500, 400, 100)
	img := show(t, c, src, View{Frames: []int{0}})
	black, white := 0, 0
	for _, v := range img.Pix {
		switch v {
		case 0:
			black++
		case 255:
			white++
		case 100:
		default:
			t.Fatalf("value %d", v)
		}
	}
	if want := 1000.0; math.Abs(float64(black)-want) > 120 || math.Abs(float64(white)-want) > 120 {
		t.Errorf("%d black and %d white pixels, want about %.0f each", black, white, want)
	}
	if later := show(t, c, src, View{Frames: []int{77}}); !slices.Equal(later.Pix, img.Pix) {
		t.Error("defects move from frame to frame")
	}
	if other := show(t, p.Camera(3, 5, AsGiven), src, View{}); slices.Equal(other.Pix, img.Pix) {
		t.Error("another clip has the same defects")
	}
}

// TestWindow compares parts of frames with what is cut out of the frame behind the camera.
func TestWindow(t *testing.T) {
	base := mustParse(t, thermalText)
	base.Width, base.Height = 80, 64
	moving := mustParse(t, thermalText)
	moving.Width, moving.Height, moving.MotionPx = 0, 0, Single(3)
	packed := mustParse(t, thermalText)
	packed.Width, packed.Height, packed.JPEGQuality = 160, 128, &Value{Low: 30, High: 40}
	for name, p := range map[string]*Profile{"reduced": base, "moving": moving, "jpeg": packed} {
		for _, frames := range []int{1, 3} {
			whole := scene(160, 128, frames, frames)
			numbers := []int{5, 9, 13}[:frames]
			c := p.Camera(11, 12, 4)
			want := show(t, c, whole, View{Frames: numbers})
			for _, at := range [][2]int{{0, 0}, {33, 21}, {34, 20}, {51, 40}} {
				part, err := whole.Crop(at[0], at[1], 101, 83)
				if err != nil {
					t.Fatal(err)
				}
				v := View{Frames: numbers, X: at[0], Y: at[1], Width: 160, Height: 128}
				got := show(t, c, part, v)
				x, y := p.axes(part, v)
				compareParts(t, fmt.Sprintf("%s, %d frames, at %v", name, frames, at), got, want, x, y, c.Margin())
			}
		}
	}
}

// compareParts compares got with the same part of whole, less a margin where the part has
// an edge that the whole does not have.
func compareParts(t *testing.T, name string, got, whole imaging.Image, x, y axis, margin int) {
	t.Helper()
	compared, different := 0, 0
	inside := func(at, count, first, whole int) bool {
		return (first == 0 || at >= margin) && (first+count == whole || at < count-margin)
	}
	for row := range got.Height {
		for column := range got.Width {
			if !inside(column, got.Width, x.first, whole.Width) || !inside(row, got.Height, y.first, whole.Height) {
				continue
			}
			for c := range got.Channels {
				compared++
				if got.Row(row)[column*got.Channels+c] != whole.Row(row + y.first)[(column+x.first)*got.Channels+c] {
					different++
				}
			}
		}
	}
	if compared < 50 || different > 0 {
		t.Errorf("%s: %d of %d values differ from those of the frame", name, different, compared)
	}
}

// TestSizes checks the reduction of still images.
func TestSizes(t *testing.T) {
	p := levels()
	p.Width, p.Height = 320, 256
	for _, test := range [][4]int{{640, 512, 320, 256}, {640, 480, 320, 240}, {480, 640, 192, 256}, {100, 50, 100, 50}, {321, 10, 320, 10}, {10000, 1, 320, 1}} {
		if w, h := p.Size(test[0], test[1]); w != test[2] || h != test[3] {
			t.Errorf("%dx%d becomes %dx%d, want %dx%d", test[0], test[1], w, h, test[2], test[3])
		}
	}
	img := show(t, p.Camera(1, 1, 0), scene(640, 480, 1, 1), View{})
	if img.Width != 320 || img.Height != 240 {
		t.Errorf("%dx%d", img.Width, img.Height)
	}
	if !p.Smaller(100, 50) || p.Smaller(320, 10) || p.Smaller(640, 512) {
		t.Error("which images are smaller than the sensor")
	}
	// A reduction of a slope is one.
	slope := imaging.New(400, 300, 1)
	for i := range slope.Pix {
		slope.Pix[i] = uint8(i % 400 / 2)
	}
	p.Width, p.Height = 200, 150
	for x, v := range show(t, p.Camera(1, 1, 0), slope, View{}).Row(7) {
		if math.Abs(float64(v)-float64(x)) > 1 {
			t.Fatalf("column %d has %d", x, v)
		}
	}
}

func TestAGC(t *testing.T) {
	src := imaging.Image{Width: 100, Height: 100, Channels: 1, Wide: make([]uint16, 10_000)}
	for i := range src.Wide {
		src.Wide[i] = uint16(7000 + i%1000)
	}
	p := mustParse(t, thermalText)
	p.AGC = AGC{LinearAGC, Single(10), Single(90)}
	c := p.Camera(1, 1, 0)
	img := show(t, c, src, View{})
	if img.Pix[100] != 0 || img.Pix[899] != 255 || img.Pix[101] == 0 && img.Pix[104] == 0 || math.Abs(float64(img.Pix[500])-128) > 1 {
		t.Errorf("%d %d %d %d", img.Pix[100], img.Pix[104], img.Pix[500], img.Pix[899])
	}
	for i := range src.Wide {
		src.Wide[i] = 16383
	}
	show(t, c, src, View{}) // one level alone
	p = mustParse(t, thermalText)
	if c := p.Camera(1, 1, 0); c.low != 7000 || c.high != 9250 {
		t.Errorf("limits at severity 0: %d and %d, want the middle of their ranges", c.low, c.high)
	}
	if c := p.Camera(1, 1, 3); c.high < 9000 || c.high > 9500 {
		t.Errorf("upper limit %d, want one of the range", c.high)
	}
}

func TestJPEGQuality(t *testing.T) {
	p := levels()
	p.JPEGQuality = &Value{Low: 60, High: 60}
	for severity, want := range map[float64]int{0: 0, 1.5: 80, 3: 60, 5: 33} {
		if got := p.Camera(1, 1, severity).quality; got != want {
			t.Errorf("severity %v: quality %d, want %d", severity, got, want)
		}
	}
	*p.JPEGQuality = Single(1)
	if got := p.Camera(1, 1, 5).quality; got != 1 {
		t.Errorf("quality %d, want 1", got)
	}
	if src := scene(40, 30, 1, 1); slices.Equal(show(t, p.Camera(1, 1, 3), src, View{}).Pix, src.Pix) {
		t.Error("quality 1 changes nothing")
	}
}

// TestCameraDraws checks that draws stay in their ranges and do not depend on severity.
func TestCameraDraws(t *testing.T) {
	p := levels()
	p.Noise3D.TVH, p.PSFSigmaPx = Between(4, 8), Between(1, 2)
	seen := map[int64]bool{}
	for clip := range uint32(200) {
		c, twice := p.Camera(1, clip, 1.5), p.Camera(1, clip, 3)
		if twice.sigma.tvh < 4<<dnBits-1 || twice.sigma.tvh > 8<<dnBits || twice.psf < 1<<pxBits-1 || twice.psf > 2<<pxBits {
			t.Fatalf("%+v", twice.sigma)
		}
		if d := twice.sigma.tvh - 2*c.sigma.tvh; d < -1 || d > 2 {
			t.Fatalf("half the severity: %d, want half of %d", c.sigma.tvh, twice.sigma.tvh)
		}
		seen[twice.sigma.tvh] = true
	}
	if len(seen) < 150 {
		t.Errorf("%d different numbers in 200 clips", len(seen))
	}
}

func TestRefusals(t *testing.T) {
	p := levels()
	p.Width, p.Height = 320, 256
	for _, test := range []struct {
		err  error
		want string
	}{
		{p.CheckData(true, false), "modality: the profile is that of a thermal camera, and the data is in colour"},
		{p.CheckData(false, true), "bit_depth: the profile has 8, and the data has values of 16 bits"},
		{p.CheckClip(640, 480), "width and height: the profile has 320x256, and frames are 640x480"},
		{p.CheckClip(160, 128), "frames of 160x128 have less detail"},
		{p.CheckData(false, false), ""}, {p.CheckClip(320, 256), ""}, {p.CheckClip(640, 512), ""},
	} {
		if test.want == "" && test.err != nil || test.want != "" && (test.err == nil || !strings.Contains(test.err.Error(), test.want)) {
			t.Errorf("%v, want %s", test.err, test.want)
		}
	}
	if _, err := p.Camera(1, 1, 1).Image(nil, scene(10, 10, 3, 1), View{}); err == nil {
		t.Error("a thermal camera shows colours")
	}
	if err := load(t, "ideal").CheckClip(77, 5); err != nil {
		t.Error(err)
	}
}

// TestConcurrent checks that what is in memory from other images does not matter.
func TestConcurrent(t *testing.T) {
	profiles := []*Profile{load(t, "ir-320x256"), load(t, "rgb-vga-noisy"), mustParse(t, visibleText)}
	sources := []imaging.Image{scene(48, 48, 3, 3), scene(700, 40, 1, 1), scene(31, 57, 1, 1)}
	want := map[string]string{}
	key := func(p, s int) string { return fmt.Sprint(p, s) }
	digest := func(p, s int) string {
		img, err := profiles[p].Camera(1, uint32(s), 3).Image(make([]uint8, 10), sources[s], View{})
		if err != nil {
			t.Error(err)
		}
		return img.Digest()
	}
	for p := range profiles {
		for s := range sources {
			want[key(p, s)] = digest(p, s)
		}
	}
	var workers sync.WaitGroup
	for worker := range 4 {
		workers.Go(func() {
			for n := range 18 {
				p, s := (n+worker)%3, (n/3+worker)%3
				if got := digest(p, s); got != want[key(p, s)] {
					t.Errorf("profile %d, image %d: other pixels", p, s)
				}
			}
		})
	}
	workers.Wait()
}

// TestContract has the digests of what cameras show. They are part of the reproducibility
// contract, and never change.
func TestContract(t *testing.T) {
	for _, test := range []struct {
		name             string
		width, height    int
		channels, frames int
		severity         float64
		want             string
	}{
		{"ir-320x256", 48, 48, 3, 3, 3, "c905d370023b168f6cefb9aa273ffa060d3e88e0f7a4b1993e87cdfe56bec83d"},
		{"ir-320x256", 640, 512, 1, 1, 5, "df602168bd1d5947c2fe47f51fb7cde01d8067d717c80ffe47a71edc165148c3"},
		{"rgb-vga-noisy", 100, 70, 3, 1, 3, "338d6eada086b9d2d686794343dfbe1b311b0f2001995d86e6281a9f13d3d9ae"},
		{"rgb-vga-noisy", 801, 333, 1, 1, 1, "cf2f85b0348e7e33b9ae2f91e8fa2597f3a452db8c776dd80a8ea8b719e27e57"},
	} {
		c := load(t, test.name).Camera(42, 17, test.severity)
		v := View{Frames: []int{-4, 0, 4}[:test.frames]}
		if got := show(t, c, scene(test.width, test.height, test.channels, test.frames), v).Digest(); got != test.want {
			t.Errorf("%s %dx%dx%d: digest %s, want %s", test.name, test.width, test.height, test.channels, got, test.want)
		}
	}
}

// BenchmarkCrops is a batch of the crop network of examples/drone-ir: 128 images of 48x48
// pixels in three frames.
func BenchmarkCrops(b *testing.B) {
	for _, name := range []string{"ir-320x256", "rgb-vga-noisy"} {
		b.Run(name, func(b *testing.B) {
			p := load(b, name)
			src := scene(48, 48, 3, 3)
			buffer := make([]uint8, len(src.Pix))
			for b.Loop() {
				for clip := range uint32(128) {
					if _, err := p.Camera(1, clip, 3).Image(buffer, src, View{}); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
