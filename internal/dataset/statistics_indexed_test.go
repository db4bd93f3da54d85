package dataset

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/index"
)

// TestStatisticsIndexed: statistics are looked up where all that they depend on is as before,
// and what was looked up wrongly is found before anything rests on it.
func TestStatisticsIndexed(t *testing.T) {
	x := newIndexTest(t)
	d := x.want(t, "first", 0)
	rule := imaging.Rule{Width: 4, Height: 4, Channels: 3, Mode: imaging.Stretch}
	o := IndexOptions{Dir: x.cache}
	list := []int{0, 1, 2, 3}
	measure := func(what string, d Dataset, list []int, rule imaging.Rule, o IndexOptions, looked bool) *KnownStatistics {
		t.Helper()
		found, known, err := MeasureIndexed(t.Context(), d, list, rule, o)
		if err != nil || (known != nil) != looked {
			t.Fatalf("%s: looked up %v, want %v, error %v", what, known != nil, looked, err)
		}
		if want, err := Measure(t.Context(), d, list, rule); !looked && (err != nil || !cmp.Equal(want, found)) {
			t.Errorf("%s: got %+v, want %+v", what, found, want)
		}
		return known
	}
	measure("first", d, list, rule, o, false)
	known := measure("again", d, list, rule, o, true)
	if err := known.Confirm(t.Context()); err != nil {
		t.Error(err)
	}
	measure("no index", d, list, rule, IndexOptions{}, false)
	measure("rebuilt", d, list, rule, IndexOptions{Dir: x.cache, Rebuild: true}, false)
	measure("other images", d, list[1:], rule, o, false)
	wider := rule
	wider.Width = 5
	measure("other rule", d, list, wider, o, false)
	writeImages(t, x.dir, "dog/9.png")
	measure("other data", x.want(t, "one more", 6), list, rule, o, false)

	key, _ := statisticsKey(d, list, rule, o)
	if err := index.Keep(x.cache, key, momentsBytes([]moments{{1, 2, 5}, {1, 2, 5}, {1, 2, 5}})); err != nil {
		t.Fatal(err)
	}
	wantError(t, measure("forged", d, list, rule, o, true).Confirm(t.Context()), "are not those of the images", "--index rebuild")
	for what, value := range map[string][]moments{"of too few channels": {{1, 2, 5}}, "of no image": make([]moments, 3)} {
		if err := index.Keep(x.cache, key, momentsBytes(value)); err != nil {
			t.Fatal(err)
		}
		measure(what, d, list, rule, o, false)
	}
	files, err := filepath.Glob(filepath.Join(x.cache, "*-kept.index"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, damage := range []func(b []byte) []byte{
		func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		func(b []byte) []byte { return b[:len(b)-1] },
		func([]byte) []byte { return nil },
	} {
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, damage(b), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		measure("damaged", d, list, rule, o, false)
	}
}
