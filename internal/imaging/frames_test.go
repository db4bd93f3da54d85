package imaging

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// stack puts frames of one shape together as the channels of one image.
func stack(frames ...Image) Image {
	m := frames[0].Black(frames[0].Width, frames[0].Height)
	m.Frames, m.Channels, m.Pix = len(frames), 0, nil
	for i := range m.Width * m.Height {
		for _, f := range frames {
			m.Pix = append(m.Pix, f.Pix[i*f.Channels:(i+1)*f.Channels]...)
		}
	}
	for _, f := range frames {
		m.Channels += f.Channels
	}
	return m
}

// TestRuleTreatsFramesAlike: what a rule makes of several frames is what it makes of
// each of them alone.
func TestRuleTreatsFramesAlike(t *testing.T) {
	for _, frames := range []int{2, 3, 5, 9, 16} {
		for _, channels := range []int{1, 3} {
			if channels*frames > MaxChannels {
				continue
			}
			var single []Image
			for n := range frames {
				img := gradient(23, 17, channels)
				for i := range img.Pix {
					img.Pix[i] += uint8(n * i)
				}
				single = append(single, img)
			}
			for _, mode := range Modes() {
				for _, each := range []int{1, 3} {
					if each*frames <= MaxChannels {
						checkFrames(t, single, ruleOf(11, 14, each, mode))
						checkFrames(t, single, ruleOf(30, 17, each, mode))
					}
				}
			}
		}
	}
}

func checkFrames(t *testing.T, single []Image, rule Rule) {
	t.Helper()
	var want []Image
	for _, img := range single {
		one, err := rule.Apply(img)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, one)
	}
	rule.Channels *= len(single)
	for n := range single {
		rule.Frames = append(rule.Frames, 4*n)
	}
	got, err := rule.Apply(stack(single...))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(stack(want...), got); diff != "" {
		t.Errorf("%d frames by %v: -want +got:\n%s", len(single), rule, diff)
	}
	for n := range single {
		if diff := cmp.Diff(want[n], got.Frame(n)); diff != "" {
			t.Errorf("frame %d: -want +got:\n%s", n, diff)
		}
	}
}

func TestChannelsHaveAMeaning(t *testing.T) {
	offsets := func(n int) []int {
		list := make([]int, n)
		for i := range list {
			list[i] = i
		}
		return list
	}
	tests := []struct {
		channels, frames int
		colour           bool
		format           string
		want             string // the error; "" for none
	}{
		{1, 0, false, "Gray8", ""},
		{1, 1, false, "Gray8", ""},
		{3, 0, true, "Rgb8", ""},
		{3, 3, false, "", ""},
		{9, 3, true, "", ""},
		{9, 9, false, "", ""},
		{15, 5, true, "", ""},
		{16, 16, false, "", ""},
		{5, 3, false, "", "5 channels for 3 frames: want 3 (grey) or 9 (colour)"},
		{3, 2, false, "", "3 channels for 2 frames: want 2 (grey) or 6 (colour)"},
		{9, 0, false, "", "9 channels: want 1 (grey) or 3 (colour)"},
		{7, 6, false, "", "7 channels for 6 frames: want 6 (grey)"},
		{18, 6, true, "", "18 channels for 6 frames: want 6 (grey), and never more than 16"},
		{17, 0, false, "", "17 channels for 1 frame: want 1 (grey) or 3 (colour), and never more than 16"},
		{17, 17, false, "", "17 frames: want at most 16, which is the limit of channels"},
	}
	for _, test := range tests {
		rule := Rule{Width: 4, Height: 4, Channels: test.channels, Mode: Stretch, Frames: offsets(test.frames)}
		if got := errorText(rule.Validate()); got != test.want {
			t.Errorf("%d channels, %d frames: error %q, want %q", test.channels, test.frames, got, test.want)
		}
		if test.want == "" && (rule.Colour() != test.colour || rule.PixelFormat() != test.format) {
			t.Errorf("%d channels, %d frames: colour %v, format %q", test.channels, test.frames, rule.Colour(), rule.PixelFormat())
		}
		img := New(4, 4, test.channels)
		img.Frames = test.frames
		if got := errorText(img.check()); got != test.want {
			t.Errorf("an image of %d channels, %d frames: error %q, want %q", test.channels, test.frames, got, test.want)
		}
	}
}

func TestRuleRefusesOtherFrames(t *testing.T) {
	rule := Rule{Width: 4, Height: 4, Channels: 3, Mode: Stretch, Frames: []int{-4, 0, 4}}
	_, err := rule.Apply(New(4, 4, 3))
	if want := "frames in the image: 1, want 3, as many as the input has: of one frame alone, give the video or the folder of frames that it is from"; errorText(err) != want {
		t.Errorf("error %v, want %q", err, want)
	}
	rule.Frames = []int{-4, 0, -4}
	if want := "frames at -4,0,-4: the offset -4 is given twice"; errorText(rule.Validate()) != want {
		t.Errorf("error %v, want %q", rule.Validate(), want)
	}
}

func TestChannelText(t *testing.T) {
	for want, rule := range map[string]Rule{
		"grey": {Channels: 1}, "colour": {Channels: 3}, "grey, 3 frames at -4,0,4": {Channels: 3, Frames: []int{-4, 0, 4}},
		"colour, 2 frames at -1,0": {Channels: 6, Frames: []int{-1, 0}},
	} {
		if got := rule.ChannelText(); got != want {
			t.Errorf("%+v: %q, want %q", rule, got, want)
		}
	}
}

func TestPicture(t *testing.T) {
	var frames []Image
	for n := range 3 {
		frames = append(frames, imageOf(2, 1, 1, []uint8{uint8(n), uint8(10 * n)}))
	}
	img := stack(frames...)
	tests := []struct {
		offsets []int
		want    int
	}{
		{[]int{-8, -4, 0}, 2},
		{[]int{0, 4, 8}, 0},
		{[]int{-2, -1, 1}, 1},
		{nil, 1},
	}
	for _, test := range tests {
		if diff := cmp.Diff(frames[test.want], Rule{Frames: test.offsets}.Picture(img)); diff != "" {
			t.Errorf("offsets %v: -want +got:\n%s", test.offsets, diff)
		}
	}
	if diff := cmp.Diff(frames[1].ToImage(), img.ToImage()); diff != "" {
		t.Errorf("as an image of the standard library: -want +got:\n%s", diff)
	}
}

// TestDigestTellsFramesAndDepthApart: the same values in another meaning are another
// image.
func TestDigestTellsFramesAndDepthApart(t *testing.T) {
	colour := imageOf(1, 1, 3, []uint8{1, 2, 3})
	grey := colour
	grey.Frames = 3
	wide := Image{Width: 1, Height: 1, Channels: 3, Wide: []uint16{1, 2, 3}}
	wideGrey := wide
	wideGrey.Frames = 3
	seen := map[string]bool{}
	for _, m := range []Image{colour, grey, wide, wideGrey} {
		if seen[m.Digest()] {
			t.Errorf("%+v has the digest of another", m)
		}
		seen[m.Digest()] = true
	}
	colour.Frames = 1
	if !seen[colour.Digest()] {
		t.Error("one frame has another digest than a single picture")
	}
}
