package video

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDecimal(t *testing.T) {
	for _, c := range []struct {
		r      Rational
		places int
		want   string
	}{
		{Rational{1, 3}, 3, "0.333"}, {Rational{2, 3}, 3, "0.667"}, {Rational{-1, 8}, 2, "-0.13"}, {Rational{1, 8}, 2, "0.13"},
		{Rational{199, 200}, 2, "1.00"}, {Rational{7, 2}, 0, "4"}, {Rational{-1, 1000}, 2, "0.00"}, {Rational{5, 1}, 2, "5.00"},
		{Rational{1<<62 + 1, 1 << 62}, 3, "1.000"}, {Rational{}, 3, ""}, {Rational{999999, 1000}, 1, "1000.0"},
	} {
		if got := c.r.Decimal(c.places); got != c.want {
			t.Errorf("%s to %d places is %s, want %s", c.r, c.places, got, c.want)
		}
	}
}

// TestClock finds what is wrong with time stamps, and nothing where rounding makes them vary.
func TestClock(t *testing.T) {
	known := func(base, rate Rational) Info {
		return Info{Name: "x", Format: Format{Pixels: "gray", Width: 1, Height: 1, Range: Full}, TimeBase: base, Rate: rate}
	}
	ms, quarter := Rational{1, 1000}, Rational{1, 25}
	for name, c := range map[string]struct {
		base, rate Rational
		pts        []int64
		kind       Kind
	}{
		"rounded":         {ms, Rational{30, 1}, []int64{0, 33, 67, 100, 133}, ""},
		"rounded, 240":    {ms, Rational{240, 1}, []int64{0, 4, 8, 13, 17, 21}, ""},
		"jitter":          {Rational{1, 90000}, Rational{30, 1}, []int64{0, 3000, 6050, 9020}, ""},
		"a frame lacking": {quarter, Rational{25, 1}, []int64{0, 1, 2, 4}, Variable},
		"varies":          {ms, Rational{30, 1}, []int64{0, 33, 66, 110}, Variable},
		"repeats":         {ms, Rational{30, 1}, []int64{0, 33, 33}, Backwards},
		"backwards":       {ms, Rational{30, 1}, []int64{100, 133, 120}, Backwards},
		"negative":        {ms, Rational{30, 1}, []int64{-66, -33, 0}, ""},
	} {
		r, err := newReader(&fake{known(c.base, c.rate), c.pts, io.EOF}, Options{})
		for err == nil {
			_, err = r.Next()
		}
		if c.kind == "" && err != io.EOF || c.kind != "" && !errors.Is(err, c.kind) {
			t.Errorf("%s: the error is %v, want %q", name, err, c.kind)
		}
	}
}

// TestRaw reads streams without headers.
func TestRaw(t *testing.T) {
	format := Format{Pixels: "gray16le", Width: 5, Height: 3}
	data := bytes.Repeat([]byte{1, 2, 3}, 40) // four frames of 30 bytes
	what := Raw{Format: format, Rate: Rational{50, 1}}
	r, err := OpenRaw(t.Context(), "-", bytes.NewReader(data), what, Options{Digest: true})
	info, summary, got, times := whole(t, r, err)
	if info.Format.String() != "gray16le 5x3 full" || summary.Frames != 4 || !bytes.Equal(got, data) || cmp.Diff([]string{"0.000000", "0.020000", "0.040000", "0.060000"}, times) != "" {
		t.Errorf("%s, %+v, %s", info.Format, summary, times)
	}
	yuv := Raw{Format: Format{Pixels: "yuv420p", Width: 2, Height: 2}}
	r, err = OpenRaw(t.Context(), "-", bytes.NewReader(make([]byte, 12)), yuv, Options{Range: Full})
	if info, _, _, _ := whole(t, r, err); info.Format.String() != "yuv420p 2x2 full bt601" {
		t.Errorf("%s", info.Format)
	}
	stuck, hold := io.Pipe()
	defer hold.Close()
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		from   io.Reader
		format Format
		kind   Kind
		want   string
	}{
		"empty":   {strings.NewReader(""), format, Empty, "has no frames"},
		"cut":     {bytes.NewReader(data[:70]), format, Damaged, "10 bytes of frame 2, want 30"},
		"stalled": {stuck, format, Stalled, "no frame for 50ms"},
		"unknown": {nil, Format{Pixels: "gray7", Width: 1, Height: 1}, Unsupported, "gray7"},
		"large":   {nil, Format{Pixels: "gray", Width: 65535, Height: 65535}, TooLarge, "65535x65535"},
		"broken":  {io.MultiReader(bytes.NewReader(data[:30]), &failing{broken}), format, Damaged, "broken"},
	} {
		r, err := OpenRaw(t.Context(), "-", c.from, Raw{Format: c.format}, Options{Stall: 50 * time.Millisecond})
		if err == nil {
			_, err = readAll(r)
		}
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "-: ") {
			t.Errorf("%s: the error is %v, want %q", name, err, c.want)
		}
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }
