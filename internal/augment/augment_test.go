package augment

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// pattern is an image in which neighbours, channels and rows all differ.
func pattern(width, height, channels int) imaging.Image {
	m := imaging.New(width, height, channels)
	for i := range m.Pix {
		m.Pix[i] = uint8(i*i/5 + 7*i)
	}
	return m
}

func parse(t testing.TB, list string) *Pipeline {
	t.Helper()
	p, err := Parse(list)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// apply returns img varied.
func apply(p *Pipeline, img imaging.Image, s *rng.Stream) imaging.Image {
	img.Pix = slices.Clone(img.Pix)
	p.Apply(img, s)
	return img
}

func stream(item int) *rng.Stream {
	return rng.NewKey(7, rng.TestPurpose).Stream(uint32(item), 3, 0)
}

// TestDigests pins the pixels of every transform on every machine: the digest
// is over a grey and a colour image, each varied at three addresses.
func TestDigests(t *testing.T) {
	tests := []struct{ list, want string }{
		{"blur", "5f82c26cf3d7f794"},
		{"blur:min=1.5:max=4:p=0.7", "0561ed6d5312be1e"},
		{"brightness", "e4ab2ad9bb48f1d4"},
		{"color-jitter", "5fcb19f17cdf4e16"},
		{"color-jitter:brightness=0:contrast=0:saturation=0.9:hue=0.5:p=0.7", "8dfbf3667d8ffd89"},
		{"contrast:amount=0.7", "6a21ef737bf8d63e"},
		{"crop", "0f77c1ad47a5f927"},
		{"crop:pad=6:mode=edge", "72f4a7acf2c93c6a"},
		{"crop:pad=9:mode=reflect", "9bdb8ab5c8cee0ba"},
		{"elastic:alpha=20:sigma=3", "59dc9c62beea3cdc"},
		{"elastic:alpha=60:sigma=6.5:fill=128", "3b4d283b83b8c96e"},
		{"elastic:alpha=60:sigma=6.5:edge=replicate", "52e34888bad3f486"},
		{"erase:p=1", "f73cffb9ffa11738"},
		{"erase:p=1:max=0.6:noise=true", "bb062a0179729c5e"},
		{"flip", "5fca9409457df61d"},
		{"flip:direction=vertical", "2d1b1a9439196dd3"},
		{"level-shift", "faa2a5f5c7c2a546"},
		{"level-shift:levels=200", "967b3918e1548ea4"},
		{"noise", "53bfeea3527a0956"},
		{"noise:p=0.5:sigma=50", "2325a03c100a83ad"},
		{"rotate", "d57a558d6b4b1881"},
		{"rotate:degrees=180:fill=90", "17d88b653adfc230"},
		{"rotate:degrees=180:edge=replicate", "aacac99791c7e25c"},
		{"scale:min=0.3:max=0.8:edge=replicate", "dde9110a06c7120a"},
		{"scale:min=0.5:max=2", "510cfa773aec21dd"},
		{"shear:degrees=25", "e67c19f9a2da1fd4"},
		{"trivial-augment", "f5805460e1bca0d3"},
		{"trivial-augment:translate=5:fill=100,trivial-augment,trivial-augment,trivial-augment", "3715fadec23b12dc"},
		{"shear:degrees=25:edge=replicate", "9e726c6e34d90069"},
		{"shift:pixels=3:edge=replicate", "3fe4e5f8103e4a28"},
		{"shift:pixels=3:fill=200", "ffb3087a95be1224"},
		{"shift,rotate,scale,shear,elastic,flip,crop,erase,brightness,contrast,noise,mixup", "0d8a6a48eecaa19f"},
	}
	for _, test := range tests {
		p := parse(t, test.list)
		all := imaging.New(0, 0, 0)
		for item := range 3 {
			all.Pix = append(all.Pix, apply(p, pattern(14, 12, 1), stream(item)).Pix...)
			all.Pix = append(all.Pix, apply(p, pattern(9, 15, 3), stream(item)).Pix...)
		}
		if got := all.Digest()[:16]; got != test.want {
			t.Errorf("%s: digest %s, want %s", test.list, got, test.want)
		}
	}
}

func TestNoStrengthIsIdentity(t *testing.T) {
	img := pattern(11, 8, 3)
	for _, list := range []string{
		"", "none", " none ", "shift:pixels=0", "rotate:degrees=0", "scale:min=1:max=1", "shear:degrees=0",
		"elastic:alpha=0", "flip:p=0", "crop:pad=0", "erase:min=0:max=0:p=1", "brightness:amount=0",
		"contrast:amount=0", "color-jitter:brightness=0:contrast=0:saturation=0:hue=0", "cutmix", "random-resized-crop", "noise:sigma=0", "blur:min=0:max=0", "level-shift:levels=0", "mixup", "rotate:p=0,noise:p=0:sigma=50",
	} {
		p := parse(t, list)
		for item := range 4 {
			if got := apply(p, img, stream(item)); !slices.Equal(got.Pix, img.Pix) {
				t.Errorf("%q at address %d gives another image", list, item)
			}
		}
	}
}

// everything is a list in which each transform acts strongly.
const everything = "shift:pixels=3,rotate:degrees=40,scale:min=0.6:max=1.5,shear:degrees=20,elastic,flip," +
	"crop:mode=reflect,erase:noise=true,brightness,contrast,color-jitter,trivial-augment,noise:sigma=20,level-shift,blur:max=3"

func TestApplyIsAFunctionOfTheAddress(t *testing.T) {
	img := pattern(16, 13, 3)
	lists := strings.Split(everything, ",")
	for _, list := range append(lists, everything) {
		p := parse(t, list)
		seen := map[string]bool{}
		for item := range 20 {
			got := apply(p, img, stream(item))
			if !got.SameShape(img) || len(got.Pix) != len(img.Pix) {
				t.Fatalf("%s: shape %dx%dx%d", list, got.Width, got.Height, got.Channels)
			}
			again := apply(parse(t, list), img, stream(item))
			if diff := cmp.Diff(got, again); diff != "" {
				t.Fatalf("%s: the same address gives other pixels: %s", list, diff)
			}
			seen[got.Digest()] = true
		}
		if len(seen) < 2 {
			t.Errorf("%s: 20 addresses give one image", list)
		}
	}
}

// An image does not depend on what is done to others at the same time.
func TestApplyFromSeveralGoroutines(t *testing.T) {
	p := parse(t, everything)
	shapes := []imaging.Image{pattern(16, 13, 3), pattern(28, 28, 1)}
	const n = 64
	var digests [2][n]string
	for round := range digests {
		results := make([]imaging.Image, n)
		var group sync.WaitGroup
		for worker := range 4 {
			group.Go(func() {
				for i := worker; i < n; i += 4 {
					results[i] = apply(p, shapes[i%2], stream(i))
				}
			})
		}
		group.Wait()
		for i, m := range results {
			digests[round][i] = m.Digest()
		}
	}
	for i := range n {
		alone := apply(parse(t, everything), shapes[i%2], stream(i)).Digest()
		if digests[0][i] != alone || digests[1][i] != alone {
			t.Errorf("example %d depends on who else uses the pipeline", i)
		}
	}
}

func TestProbability(t *testing.T) {
	p := parse(t, "flip:p=0.25")
	img := pattern(5, 5, 1)
	acted := 0
	for item := range 4000 {
		if got := apply(p, img, stream(item)); !slices.Equal(got.Pix, img.Pix) {
			acted++
		}
	}
	if acted < 900 || acted > 1100 {
		t.Errorf("acted on %d of 4000 images, want about 1000", acted)
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct{ list, want string }{
		{"shfit", `unknown augmentation "shfit": did you mean shift?`},
		{"rotate,elastik", `unknown augmentation "elastik": did you mean elastic? (valid: blur, brightness, color-jitter, contrast, crop,`},
		{"rotate:degree=5", `augmentation rotate: unknown option "degree": did you mean degrees? (valid: degrees, edge, fill, p)`},
		{"rotate:degrees", `augmentation rotate: option "degrees": want key=value`},
		{"rotate:degrees=181", "augmentation rotate: degrees=181: want 0 to 180"},
		{"rotate:degrees=ten", "augmentation rotate: degrees=ten: want a finite number"},
		{"rotate:degrees=1:degrees=2", `augmentation rotate: option "degrees" is given twice`},
		{"shift:pixels=-1", "augmentation shift: pixels=-1: want 0 to 4096"},
		{"shift:fill=256", "augmentation shift: fill=256: want 0 to 255"},
		{"shift:p=1.5", "augmentation shift: p=1.5: want 0 to 1"},
		{"scale:min=1.2", "augmentation scale: min=1.2 is above max=1.1"},
		{"scale:min=0", "augmentation scale: min=0: want 0.1 to 10"},
		{"erase:min=0.5:max=0.4", "augmentation erase: min=0.5 is above max=0.4"},
		{"crop:mode=wrap", "augmentation crop: mode=wrap: want one of constant, edge, reflect"},
		{"flip:direction=left", "augmentation flip: direction=left: want one of horizontal, vertical"},
		{"elastic:sigma=0", "augmentation elastic: sigma=0: want 0.5 to 32"},
		{"mixup:alpha=0", "augmentation mixup: alpha=0: want 0.01 to 4"},
		{"mixup,mixup", "augmentation mixup: given twice"},
		{"cutmix,cutmix", "augmentation cutmix: given twice"},
		{"mixup,flip,cutmix", "augmentations mixup and cutmix both mix pairs of images: want one of them"},
		{"cutmix:alpha=9", "augmentation cutmix: alpha=9: want 0.01 to 4"},
		{"color-jitter:hue=0.6", "augmentation color-jitter: hue=0.6: want 0 to 0.5"},
		{"trivial-augment:translate=-1", "augmentation trivial-augment: translate=-1: want 0 to 4096"},
		{"random-resized-crop,random-resized-crop", "augmentation random-resized-crop: given twice"},
		{"flip,random-resized-crop", "augmentation random-resized-crop: want it first in the list, since it acts on the image before it has the size of the input"},
		{"random-resized-crop:min=0.5:max=0.4", "augmentation random-resized-crop: min=0.5 is above max=0.4"},
		{"random-resized-crop:ratio=0.9", "augmentation random-resized-crop: ratio=0.9: want 1 to 10"},
		{"shift,,flip", "augmentation list: an entry is empty, want name:key=value:key=value,name"},
		{"none,shift", `unknown augmentation "none"`},
	}
	for _, test := range tests {
		_, err := Parse(test.list)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.list, err, test.want)
		}
	}
	_, err := Parse("shfit,flop")
	if err == nil || strings.Count(err.Error(), "unknown augmentation") != 2 {
		t.Errorf("two mistakes: %v", err)
	}
}

func TestResolved(t *testing.T) {
	tests := []struct{ list, want string }{
		{"", "none"},
		{"none", "none"},
		{"flip", "flip:direction=horizontal:p=0.5"},
		{" rotate:degrees=15 , mixup", "rotate:degrees=15:fill=0:p=1,mixup:alpha=0.2"},
		{"erase:noise=1:p=.10", "erase:fill=0:max=0.2:min=0.02:noise=true:p=0.1"},
	}
	for _, test := range tests {
		got := parse(t, test.list).Resolved()
		if got != test.want {
			t.Errorf("%q resolves to %s, want %s", test.list, got, test.want)
		}
		if again := parse(t, got).Resolved(); again != got {
			t.Errorf("%s resolves to %s", got, again)
		}
	}
}

func TestModules(t *testing.T) {
	var names []string
	for _, m := range Modules() {
		names = append(names, m.Name)
		if m.Doc == "" {
			t.Errorf("%s has no documentation", m.Name)
		}
		for _, o := range m.Options {
			if o.Doc == "" || o.Value() != o.Default {
				t.Errorf("%s:%s: documentation %q, value %s, default %s", m.Name, o.Name, o.Doc, o.Value(), o.Default)
			}
		}
		parse(t, m.Name)
	}
	want := "blur brightness color-jitter contrast crop cutmix elastic erase flip level-shift mixup noise random-resized-crop rotate scale shear shift trivial-augment"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("modules %s, want %s", got, want)
	}
}

// A pipeline must not remember the options of another one.
func TestDefaultsStayDefaults(t *testing.T) {
	parse(t, "flip:p=0.9:direction=vertical,shift:p=0.1")
	if got := parse(t, "flip,shift").Resolved(); got != "flip:direction=horizontal:p=0.5,shift:fill=0:p=1:pixels=2" {
		t.Error(got)
	}
}

func FuzzParse(f *testing.F) {
	for _, list := range []string{"", "none", everything, "mixup:alpha=0.4,flip:p=1e-3", "a:b=c", ",:=,"} {
		f.Add(list)
	}
	f.Fuzz(func(t *testing.T, list string) {
		p, err := Parse(list)
		if err != nil {
			return
		}
		again, err := Parse(p.Resolved())
		if err != nil || again.Resolved() != p.Resolved() {
			t.Errorf("%q resolves to %q, which resolves to %v, %v", list, p.Resolved(), again, err)
		}
	})
}

func BenchmarkApply(b *testing.B) {
	p := parse(b, "shift,rotate,elastic,noise")
	img := pattern(28, 28, 1)
	b.ReportAllocs()
	for b.Loop() {
		p.Apply(img, stream(1))
	}
}

// TestCheckSize wants moves by a side or more refused, by the shorter one.
func TestCheckSize(t *testing.T) {
	for _, test := range []struct {
		list          string
		width, height int
		want          string
	}{
		{"none", 1, 1, ""},
		{"rotate:degrees=180,scale,elastic,mixup", 1, 1, ""},
		{"shift:pixels=27,crop:pad=27", 28, 28, ""},
		{"shift:pixels=28", 28, 28, "augmentation shift: pixels=28 can leave nothing of images of 28x28 pixels: want less than 28"},
		{"trivial-augment", 33, 40, ""},
		{"trivial-augment", 32, 40, "augmentation trivial-augment: translate=32 can leave nothing of images of 32x40 pixels: want less than 32"},
		{"flip,mixup,crop:pad=8:mode=reflect:p=0.1", 320, 8, "augmentation crop: pad=8 can leave nothing of images of 320x8 pixels: want less than 8"},
	} {
		p, err := Parse(test.list)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.CheckSize(test.width, test.height); (err == nil) != (test.want == "") || err != nil && err.Error() != test.want {
			t.Errorf("%s, %dx%d: error %v, want %q", test.list, test.width, test.height, err, test.want)
		}
	}
}
