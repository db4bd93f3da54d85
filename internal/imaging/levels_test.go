package imaging

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"image"
	"image/color"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestLevelsAreExact compares with the formula in rational numbers.
func TestLevelsAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		low := rapid.IntRange(0, 65534).Draw(t, "low")
		l := Levels{low, rapid.IntRange(low+1, 65535).Draw(t, "high")}
		v := rapid.IntRange(0, 65535).Draw(t, "v")
		exact := big.NewRat(int64(v-l.Low)*255, int64(l.High-l.Low))
		exact.Add(exact, big.NewRat(1, 2))
		whole := new(big.Int).Div(exact.Num(), exact.Denom()).Int64() // down, for positive denominators
		if want := uint8(min(max(whole, 0), 255)); l.value(v) != want {
			t.Fatalf("levels %v: %d becomes %d, want %d", l, v, l.value(v), want)
		}
	})
}

// TestWholeRangeIsWhatDecodingDoes: the levels 0 and 65535 give the 8 bits that files
// of 16 have without them, and leave 8 bits as they are.
func TestWholeRangeIsWhatDecodingDoes(t *testing.T) {
	l := Levels{0, 65535}
	for v := range 65536 {
		if want := uint8((v + 128) / 257); l.value(v) != want {
			t.Fatalf("%d becomes %d, want %d", v, l.value(v), want)
		}
	}
	narrow := imageOf(16, 16, 1, make([]uint8, 256))
	for i := range narrow.Pix {
		narrow.Pix[i] = uint8(i)
	}
	if got := l.apply(narrow); !slices.Equal(got.Pix, narrow.Pix) {
		t.Errorf("8 bits became %v", got.Pix)
	}
}

func TestLevelsInARule(t *testing.T) {
	rule := ruleOf(2, 1, 1, Stretch)
	wide := Image{Width: 2, Height: 1, Channels: 1, Wide: []uint16{150, 400}}
	if _, err := rule.Apply(wide); err == nil || !strings.Contains(err.Error(), "--levels LOW,HIGH") {
		t.Errorf("without levels: error %v", err)
	}
	if rule.Decoder().KeepDepth {
		t.Error("16 bits are read for a rule that does not take them")
	}
	rule.Levels = &Levels{100, 200}
	if !rule.Decoder().KeepDepth {
		t.Error("16 bits are lost before the levels see them")
	}
	got, err := rule.Apply(wide)
	if err != nil || !slices.Equal(got.Pix, []uint8{128, 255}) || got.Wide != nil {
		t.Errorf("%+v, %v, want 128 and 255", got, err)
	}
	again, err := rule.Apply(got)
	if err != nil || !slices.Equal(again.Pix, got.Pix) {
		t.Errorf("applied twice: %v, %v", again.Pix, err)
	}
	if narrow, err := rule.Apply(imageOf(2, 1, 1, []uint8{0, 1})); err != nil || !slices.Equal(narrow.Pix, []uint8{0, 255}) {
		t.Errorf("8 bits with levels: %v, %v, want 0 and 255", narrow.Pix, err)
	}
	b, err := json.Marshal(rule)
	if want := `{"width":2,"height":1,"channels":1,"mode":"stretch","levels":{"low":100,"high":200}}`; err != nil || string(b) != want {
		t.Errorf("%s, %v", b, err)
	}
	rule.Levels = &Levels{7, 7}
	if got, want := errorText(rule.Validate()), "levels 7,7: want LOW,HIGH with 0 <= LOW < HIGH <= 65535"; got != want {
		t.Errorf("error %q, want %q", got, want)
	}
}

func TestParseLevels(t *testing.T) {
	for text, want := range map[string]string{
		"0,65535": "", " 12 , 4095": "",
		"12": `levels "12": want two whole numbers as in 0,4095`, "a,9": `levels "a,9": want two whole numbers as in 0,4095`,
		"1,2,3": `levels "1,2,3": want two whole numbers as in 0,4095`,
		"-1,9":  "levels -1,9: want LOW,HIGH with 0 <= LOW < HIGH <= 65535",
		"0,0":   "levels 0,0: want LOW,HIGH with 0 <= LOW < HIGH <= 65535", "9,65536": "levels 9,65536: want LOW,HIGH with 0 <= LOW < HIGH <= 65535",
	} {
		l, err := ParseLevels(text)
		if errorText(err) != want {
			t.Errorf("%q: %v, error %v, want %q", text, l, err, want)
		}
	}
}

func TestDecodeKeepsDepth(t *testing.T) {
	four := image.Rect(0, 0, 4, 1)
	turned := withPNGExif(encodePNG(t, set(image.NewGray16(image.Rect(0, 0, 2, 1)), color.Gray16{1}, color.Gray16{0x102})), exif(binary.BigEndian, 3))
	tests := []struct {
		name string
		file []byte
		want Image
	}{
		{
			"grey",
			encodePNG(t, set(image.NewGray16(four), color.Gray16{128}, color.Gray16{129}, color.Gray16{0xfeff}, color.Gray16{0xffff})),
			Image{Width: 4, Height: 1, Channels: 1, Wide: []uint16{128, 129, 0xfeff, 0xffff}},
		},
		{
			"colour", rawPNG(t, 1, 1, 16, 2, []byte{0, 0, 128, 1, 129, 0xff, 0xff}),
			Image{Width: 1, Height: 1, Channels: 3, Wide: []uint16{128, 385, 0xffff}},
		},
		{
			"colour with alpha", rawPNG(t, 1, 1, 16, 6, []byte{0, 0xff, 0xff, 0x80, 0, 0, 0, 0x80, 0}),
			Image{Width: 1, Height: 1, Channels: 3, Wide: []uint16{0xffff, 0x8000, 0}},
		},
		{
			"grey with alpha", rawPNG(t, 1, 1, 16, 4, []byte{0, 0xff, 0xfe, 0xff, 0xff}),
			Image{Width: 1, Height: 1, Channels: 1, Wide: []uint16{0xfffe}},
		},
		{"turned upside down", turned, Image{Width: 2, Height: 1, Channels: 1, Wide: []uint16{0x102, 1}}},
		{"8 bits", encodePNG(t, set(image.NewGray(image.Rect(0, 0, 2, 1)), color.Gray{7}, color.Gray{255})), imageOf(2, 1, 1, []uint8{7, 255})},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Decoder{KeepDepth: true}.Decode(bytes.NewReader(test.file))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			var b bytes.Buffer
			if err := got.WritePNG(&b); err != nil {
				t.Fatal(err)
			}
			again, err := Decoder{KeepDepth: true}.Decode(&b)
			if diff := cmp.Diff(got, again); diff != "" || err != nil {
				t.Errorf("written and read again: -want +got:\n%s%v", diff, err)
			}
		})
	}
}
