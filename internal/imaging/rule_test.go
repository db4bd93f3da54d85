package imaging

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func imageOf(width, height, channels int, pix []uint8) Image {
	return Image{Width: width, Height: height, Channels: channels, Pix: pix}
}

func ruleOf(width, height, channels int, mode string) Rule {
	return Rule{Width: width, Height: height, Channels: channels, Mode: mode}
}

// gradient is an image in which neighbours, channels and rows all differ.
func gradient(width, height, channels int) Image {
	img := New(width, height, channels)
	for i := range img.Pix {
		img.Pix[i] = uint8(i*i/3 + 11*i)
	}
	return img
}

// TestRuleDigests pins the pixels of every mode on every machine.
func TestRuleDigests(t *testing.T) {
	tests := []struct {
		src  Image
		rule Rule
		want string
	}{
		{gradient(23, 17, 3), ruleOf(28, 28, 1, Stretch), "9d826e4bb146c4c6"},
		{gradient(23, 17, 3), ruleOf(28, 28, 3, Letterbox), "02c92ddcdb6077df"},
		{gradient(23, 17, 1), ruleOf(9, 31, 3, Crop), "5b68d9b03b26a97f"},
		{gradient(97, 64, 3), ruleOf(13, 11, 3, Stretch), "c63552566268236d"},
		{gradient(97, 64, 1), ruleOf(32, 32, 1, Letterbox), "43f5d0e5f236c227"},
		{gradient(97, 64, 3), ruleOf(32, 32, 1, Crop), "852bae19dd957d5e"},
	}
	for _, test := range tests {
		got, err := test.rule.Apply(test.src)
		if err != nil {
			t.Fatal(err)
		}
		if got.Digest()[:16] != test.want {
			t.Errorf("%dx%dx%d by %v: %s, want %s", test.src.Width, test.src.Height, test.src.Channels, test.rule, got.Digest()[:16], test.want)
		}
	}
}

func TestResampleByHand(t *testing.T) {
	tests := []struct {
		name string
		src  Image
		rule Rule
		want []uint8
	}{
		{"enlarging interpolates", imageOf(2, 1, 1, []uint8{0, 100}), ruleOf(4, 1, 1, Stretch), []uint8{0, 25, 75, 100}},
		{"shrinking averages", imageOf(4, 1, 1, []uint8{0, 100, 100, 0}), ruleOf(1, 1, 1, Stretch), []uint8{58}}, // weights 5 7 7 5
		{"halves go up", imageOf(2, 1, 1, []uint8{0, 1}), ruleOf(1, 1, 1, Stretch), []uint8{1}},
		{"colour to grey", imageOf(1, 1, 3, []uint8{255, 0, 0}), ruleOf(1, 1, 1, Stretch), []uint8{76}},
		{"grey to colour", imageOf(1, 1, 1, []uint8{9}), ruleOf(1, 1, 3, Crop), []uint8{9, 9, 9}},
		{"letterbox", imageOf(2, 1, 1, []uint8{5, 5}), ruleOf(2, 3, 1, Letterbox), []uint8{0, 0, 5, 5, 0, 0}},
		{"crop", imageOf(3, 1, 1, []uint8{1, 2, 3}), ruleOf(1, 1, 1, Crop), []uint8{2}},
	}
	for _, test := range tests {
		got, err := test.rule.Apply(test.src)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, got.Pix); diff != "" {
			t.Errorf("%s: -want +got:\n%s", test.name, diff)
		}
	}
}

// plainLine resamples one line word for word as Rule's documentation says.
func plainLine(p []int, N int) []int {
	n := len(p)
	M := 2 * max(n, N)
	q := make([]int, N)
	for k := range q {
		T, sum := 0, 0
		for i := range p {
			t := max(0, M-abs((2*i+1)*N-(2*k+1)*n))
			T += t
			sum += t * p[i]
		}
		q[k] = (sum + T/2) / T
	}
	return q
}

func TestResampleIsAsDocumented(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := drawImage(t, 1, 3)
		width, height := rapid.IntRange(1, 40).Draw(t, "W"), rapid.IntRange(1, 40).Draw(t, "H")
		got, err := ruleOf(width, height, src.Channels, Stretch).Apply(src)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(plainResample(src, width, height), got); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
	})
}

// plainResample resamples channel by channel, all rows first.
func plainResample(src Image, width, height int) Image {
	out := New(width, height, src.Channels)
	for c := range src.Channels {
		rows := make([][]int, src.Height)
		for y := range rows {
			row := make([]int, src.Width)
			for x := range row {
				row[x] = int(src.Row(y)[x*src.Channels+c])
			}
			rows[y] = plainLine(row, width)
		}
		for x := range width {
			column := make([]int, src.Height)
			for y := range column {
				column[y] = rows[y][x]
			}
			for y, v := range plainLine(column, height) {
				out.Row(y)[x*src.Channels+c] = uint8(v)
			}
		}
	}
	return out
}

func drawImage(t *rapid.T, channels ...int) Image {
	img := New(rapid.IntRange(1, 40).Draw(t, "w"), rapid.IntRange(1, 40).Draw(t, "h"), rapid.SampledFrom(channels).Draw(t, "c"))
	seed := rapid.Uint32().Draw(t, "pixels")
	for i := range img.Pix {
		seed = seed*1664525 + 1013904223
		img.Pix[i] = uint8(seed >> 24)
	}
	return img
}

func drawRule(t *rapid.T) Rule {
	rule := Rule{
		Width:    rapid.IntRange(1, 50).Draw(t, "W"),
		Height:   rapid.IntRange(1, 50).Draw(t, "H"),
		Channels: rapid.SampledFrom([]int{1, 3}).Draw(t, "C"),
		Mode:     rapid.SampledFrom(Modes()).Draw(t, "mode"),
		Filter:   Filter(rapid.SampledFrom(append(Filters(), "")).Draw(t, "filter")),
	}
	if rule.Mode == Crop {
		rule.CropFraction = Fraction(rapid.SampledFrom([]int{0, 2500, 8750, 9999}).Draw(t, "fraction"))
	}
	return rule
}

func TestConstantStaysConstant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src, rule := drawImage(t, 1, 3), drawRule(t)
		level := rapid.Uint8().Draw(t, "level")
		for i := range src.Pix {
			src.Pix[i] = level
		}
		got, err := rule.Apply(src)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got.Pix {
			if v != level && (rule.Mode != Letterbox || v != 0) {
				t.Fatalf("byte %d is %d, want %d", i, v, level)
			}
		}
	})
}

func TestRuleKeepsWhatFitsAndNeverWritesToIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src, rule := drawImage(t, 1, 3), drawRule(t)
		before := src.Digest()
		got, err := rule.Apply(src)
		if err != nil {
			t.Fatal(err)
		}
		if src.Digest() != before {
			t.Fatal("the argument was changed")
		}
		if got.Width != rule.Width || got.Height != rule.Height || got.Channels != rule.Channels || got.check() != nil {
			t.Fatalf("shape %dx%dx%d by %v", got.Width, got.Height, got.Channels, rule)
		}
		again, err := rule.Apply(got)
		if err != nil || &again.Pix[0] != &got.Pix[0] {
			t.Fatal("an image that fits was not returned as it is")
		}
	})
}

func TestLetterboxKeepsTheAspectRatio(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src, rule := drawImage(t, 1), drawRule(t)
		rule.Mode, rule.Channels, rule.CropFraction, rule.Filter = Letterbox, 1, 0, Triangle
		for i := range src.Pix {
			src.Pix[i] = 255
		}
		got, err := rule.Apply(src)
		if err != nil {
			t.Fatal(err)
		}
		width, height := whiteBox(got)
		if width != rule.Width && height != rule.Height {
			t.Fatalf("%dx%d touches neither side of %dx%d", width, height, rule.Width, rule.Height)
		}
		// height/width and the source's ratio differ by less than a pixel, or
		// a side is the one pixel it must have.
		off := abs(width*src.Height - height*src.Width)
		if off > max(src.Width, src.Height) && width > 1 && height > 1 {
			t.Fatalf("%dx%d became %dx%d", src.Width, src.Height, width, height)
		}
	})
}

// whiteBox is the size of the white rectangle in an otherwise black grey image.
func whiteBox(img Image) (width, height int) {
	for y := range img.Height {
		if n := bytes.Count(img.Row(y), []byte{255}); n > 0 {
			width = n
			height++
		}
	}
	return width, height
}

func TestRuleValidate(t *testing.T) {
	tests := []struct {
		rule Rule
		want string // "" accepts
	}{
		{ruleOf(28, 28, 1, Stretch), ""},
		{ruleOf(4096, 1, 3, Crop), ""},
		{ruleOf(0, 28, 1, Stretch), "input size 0x28: want 1 to 4096 pixels a side"},
		{ruleOf(28, 4097, 1, Stretch), "input size 28x4097: want 1 to 4096 pixels a side"},
		{ruleOf(28, 28, 2, Stretch), "2 channels: want 1 (grey) or 3 (colour)"},
		{Rule{Width: 28, Height: 28, Channels: 1, Mode: Crop, Filter: PillowBicubic, CropFraction: 8750, Alpha: AlphaWhite}, ""},
		{Rule{Width: 28, Height: 28, Channels: 1, Mode: Stretch, Filter: "lanczos"}, `resize filter "lanczos": want one of pillow-bilinear, pillow-bicubic, triangle`},
		{Rule{Width: 28, Height: 28, Channels: 1, Mode: Stretch, Alpha: "red"}, `alpha "red": want one of drop, black, white`},
		{Rule{Width: 28, Height: 28, Channels: 1, Mode: Stretch, CropFraction: 8750}, "crop fraction 0.875 with resize mode stretch: want it with crop alone"},
		{Rule{Width: 28, Height: 28, Channels: 1, Mode: Crop, CropFraction: 2499}, "fraction 2499/10000: want at least 0.25, and less than 1"},
		{ruleOf(28, 28, 1, "fit"), `resize mode "fit": want one of stretch, letterbox, crop`},
	}
	for _, test := range tests {
		err := test.rule.Validate()
		if got := errorText(err); got != test.want {
			t.Errorf("%v: error %q, want %q", test.rule, got, test.want)
		}
		if _, applied := test.rule.Apply(gradient(3, 3, 1)); (applied != nil) != (err != nil) {
			t.Errorf("%v: Apply gives %v, Validate %v", test.rule, applied, err)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestApplyRefusesImpossibleImages(t *testing.T) {
	rule := ruleOf(4, 4, 1, Stretch)
	for _, img := range []Image{{}, imageOf(2, 2, 1, make([]uint8, 3)), imageOf(2, 2, 2, make([]uint8, 8)), imageOf(-1, -1, 1, make([]uint8, 1))} {
		if _, err := rule.Apply(img); err == nil {
			t.Errorf("%v was accepted", img)
		}
	}
}

func TestExtremeShapes(t *testing.T) {
	for _, src := range []Image{New(65535, 1, 1), New(1, 65535, 1), New(1, 1, 3)} {
		for _, mode := range Modes() {
			if _, err := ruleOf(64, 48, 3, mode).Apply(src); err != nil {
				t.Errorf("%dx%d %s: %v", src.Width, src.Height, mode, err)
			}
		}
		for _, filter := range Filters() {
			rule := Rule{Width: 64, Height: 48, Channels: 3, Mode: Crop, Filter: Filter(filter), CropFraction: leastFraction}
			if _, err := rule.Apply(src); err != nil {
				t.Errorf("%dx%d %s: %v", src.Width, src.Height, filter, err)
			}
		}
	}
}

func TestRuleJSON(t *testing.T) {
	b, err := json.Marshal(ruleOf(28, 32, 1, Letterbox))
	if want := `{"width":28,"height":32,"channels":1,"mode":"letterbox"}`; err != nil || string(b) != want {
		t.Errorf("%s, %v, want %s", b, err, want)
	}
}

func TestRuleOfVersion3JSON(t *testing.T) {
	rule := Rule{Width: 28, Height: 32, Channels: 1, Mode: Crop, Filter: PillowBilinear, CropFraction: 8750, Alpha: AlphaDrop}
	b, err := json.Marshal(rule)
	if want := `{"width":28,"height":32,"channels":1,"mode":"crop","filter":"pillow-bilinear","crop_fraction":"0.875","alpha":"drop"}`; err != nil || string(b) != want {
		t.Errorf("%s, %v, want %s", b, err, want)
	}
	var read Rule
	if err := json.Unmarshal(b, &read); err != nil || !cmp.Equal(read, rule) {
		t.Errorf("%+v, %v, want %+v", read, err, rule)
	}
	for _, text := range []string{`"1"`, `"0.8750"`, `"0.87501"`, `"0.2"`, `0.875`} {
		if err := json.Unmarshal([]byte(`{"crop_fraction":`+text+`}`), &read); err == nil {
			t.Errorf("crop fraction %s was read", text)
		}
	}
}

// TestCropFraction compares with the whole image, resized and then cut.
func TestCropFraction(t *testing.T) {
	for _, test := range []struct{ w, h, width, height, aroundWidth, aroundHeight int }{
		{400, 533, 224, 224, 256, 341}, {533, 400, 224, 224, 341, 256}, {32, 32, 28, 28, 32, 32},
		{28, 28, 28, 28, 32, 32}, {100, 30, 20, 10, 37, 11}, {30, 100, 20, 10, 23, 77},
	} {
		for _, filter := range Filters() {
			src := gradient(test.w, test.h, 3)
			rule := Rule{Width: test.width, Height: test.height, Channels: 3, Mode: Crop, Filter: Filter(filter), CropFraction: 8750}
			got, err := rule.Apply(src)
			if err != nil {
				t.Fatal(err)
			}
			stretched, err := Rule{Width: test.aroundWidth, Height: test.aroundHeight, Channels: 3, Mode: Stretch, Filter: Filter(filter)}.Apply(src)
			if err != nil {
				t.Fatal(err)
			}
			want := cut(stretched, test.width, test.height, (test.aroundWidth-test.width)/2, (test.aroundHeight-test.height)/2)
			if !bytes.Equal(got.Pix, want.Pix) {
				t.Errorf("%dx%d to %dx%d by %s is not the middle of %dx%d", test.w, test.h, test.width, test.height, filter, test.aroundWidth, test.aroundHeight)
			}
			if again, err := rule.Apply(got); err != nil || !bytes.Equal(again.Pix, got.Pix) {
				t.Errorf("%dx%d: what the rule made is cropped again (%v)", test.w, test.h, err)
			}
		}
	}
}

func TestDigestCoversTheShape(t *testing.T) {
	a, b := New(2, 3, 1), New(3, 2, 1)
	if a.Digest() == b.Digest() || strings.ToLower(a.Digest()) != a.Digest() || len(a.Digest()) != 64 {
		t.Errorf("digests %s and %s", a.Digest(), b.Digest())
	}
}

func BenchmarkRule(b *testing.B) {
	rule := ruleOf(224, 224, 3, Stretch)
	src := gradient(640, 480, 3)
	for b.Loop() {
		if _, err := rule.Apply(src); err != nil {
			b.Fatal(err)
		}
	}
}
