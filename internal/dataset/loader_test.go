package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/augment"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

func mustParse(t testing.TB, list string) *augment.Pipeline {
	t.Helper()
	p, err := augment.Parse(list)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func sequence(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// collect copies all batches.
func collect(t testing.TB, l *Loader, order []int, epoch uint32, first, batchSize int) []Batch {
	t.Helper()
	var all []Batch
	for batch, err := range l.Batches(t.Context(), order, epoch, first, batchSize) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, Batch{
			N: batch.N, Position: batch.Position, Images: slices.Clone(batch.Images),
			Indexes: slices.Clone(batch.Indexes), Targets: slices.Clone(batch.Targets), Weights: slices.Clone(batch.Weights),
		})
	}
	return all
}

func TestLoaderGivesTheExamplesInOrder(t *testing.T) {
	d := newTestSet(t, letters(3), infosOf(25, 3))
	order := Shuffled(sequence(25), 1, 0)[:23]
	l := &Loader{Dataset: d, Encoder: OneHot(3), Rule: imaging.Rule{Width: 6, Height: 5, Channels: 3, Mode: imaging.Stretch}}
	var images, want []byte
	var sizes, indexes []int
	var targets []float32
	for _, batch := range collect(t, l, order, 0, 0, 10) {
		if batch.Position != len(indexes) {
			t.Errorf("batch at %d after %d examples", batch.Position, len(indexes))
		}
		images, targets, sizes = append(images, batch.Images...), append(targets, batch.Targets...), append(sizes, batch.N)
		indexes = append(indexes, batch.Indexes...)
	}
	for at, i := range order {
		for _, v := range testImage(6, 5, 1, i).Pix {
			want = append(want, v, v, v)
		}
		target := []float32{0, 0, 0}
		target[i%3] = 1
		if !slices.Equal(targets[3*at:3*at+3], target) {
			t.Errorf("target %d is %v, want %v", at, targets[3*at:3*at+3], target)
		}
	}
	if !bytes.Equal(images, want) {
		t.Error("images are not those of the dataset in the order given")
	}
	if cmp.Diff([]int{10, 10, 3}, sizes) != "" || cmp.Diff(order, indexes) != "" {
		t.Errorf("batches of %v with the indexes %v", sizes, indexes)
	}
}

const allAugmentations = "shift:pixels=1,rotate:degrees=20,brightness,erase,noise,mixup:alpha=0.4"

// TestLoaderIsReproducible: the bytes do not depend on the number of workers,
// on where pixels are kept, or on where an epoch was interrupted.
func TestLoaderIsReproducible(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	for i := range 45 {
		paths = append(paths, filepath.Join(letters(3)[i%3], string(rune('A'+i))+".png"))
	}
	writeImages(t, dir, paths...)
	inRAM := mustOpenFolder(t, dir, "")
	onDisk, err := openFolder(t, dir, "", ModeDisk)
	if err != nil {
		t.Fatal(err)
	}
	order := Shuffled(sequence(45), 1, 2)
	loader := func(d Dataset, workers int) *Loader {
		rule := imaging.Rule{Width: 8, Height: 7, Channels: 3, Mode: imaging.Letterbox}
		return &Loader{Dataset: d, Rule: rule, Encoder: OneHot(3), Augment: mustParse(t, allAugmentations), Seed: 5, Workers: workers}
	}
	want := collect(t, loader(inRAM, 1), order, 2, 0, 8)
	for _, workers := range []int{2, 3, 5, 16} {
		for _, d := range []Dataset{inRAM, onDisk} {
			if diff := cmp.Diff(want, collect(t, loader(d, workers), order, 2, 0, 8)); diff != "" {
				t.Fatalf("%d workers give other batches (-1 worker +%d):\n%s", workers, workers, diff)
			}
		}
	}
	for number := range want {
		if diff := cmp.Diff(want[number:], collect(t, loader(onDisk, 2), order, 2, 8*number, 8)); diff != "" {
			t.Fatalf("an epoch continued at batch %d is another:\n%s", number, diff)
		}
	}
	if cmp.Diff(want, collect(t, loader(inRAM, 2), order, 3, 0, 8)) == "" {
		t.Error("augmentation does not depend on the epoch")
	}
}

func TestLoaderMixesWithinTheBatch(t *testing.T) {
	classes := make([]string, 64) // one for each example, so that targets say who was mixed
	for i := range classes {
		classes[i] = fmt.Sprint("c", i)
	}
	d := newTestSet(t, classes, infosOf(64, 64))
	l := &Loader{
		Dataset: d, Rule: imaging.Rule{Width: 6, Height: 5, Channels: 1, Mode: imaging.Stretch},
		Encoder: OneHot(64), Augment: mustParse(t, "mixup:alpha=1"), Workers: 2,
	}
	shares := map[float32]bool{}
	for _, batch := range collect(t, l, sequence(64), 0, 0, 21) {
		for at, i := range batch.Indexes {
			target := batch.Targets[at*64 : (at+1)*64]
			partner := slices.IndexFunc(batch.Indexes, func(other int) bool { return other != i && target[other] > 0 })
			if partner < 0 {
				if target[i] != 1 && batch.N > 1 {
					t.Errorf("example %d is mixed with none of its batch: %v", i, target)
				}
				partner = at
			}
			if sum := target[i] + target[batch.Indexes[partner]]; partner != at && sum != 1 {
				t.Errorf("shares of example %d make %v, want 1", i, sum)
			}
			share := int((1 - target[i]) * 256)
			shares[target[i]] = true
			own, other := testImage(6, 5, 1, i).Pix, testImage(6, 5, 1, batch.Indexes[partner]).Pix
			for p, v := range batch.Images[at*30 : (at+1)*30] {
				if want := (int(own[p])*(256-share) + int(other[p])*share + 128) >> 8; int(v) != want {
					t.Fatalf("pixel %d of example %d is %d, want %d (share %d of example %d)", p, at, v, want, share, partner)
				}
			}
		}
	}
	if len(shares) < 30 {
		t.Errorf("only %d different shares among 64", len(shares))
	}
}

// TestLoaderGivesWeights: all of a batch, where any of the order has one, wherever the order
// is continued.
func TestLoaderGivesWeights(t *testing.T) {
	infos := infosOf(8, 2)
	infos[1].Weight, infos[3].Weight = Weight{true, 0.5}, Weight{true, 3}
	d := newTestSet(t, letters(2), infos)
	l := &Loader{Dataset: d, Rule: imaging.Rule{Width: 6, Height: 5, Channels: 1, Mode: imaging.Stretch}, Encoder: OneHot(2)}
	weights := func(order []int, first int) [][]float32 {
		var all [][]float32
		for _, batch := range collect(t, l, order, 0, first, 3) {
			all = append(all, batch.Weights)
		}
		return all
	}
	if diff := cmp.Diff([][]float32{{1, 3, 1}, {0.5, 1, 1}, {1, 1}}, weights([]int{0, 3, 2, 1, 4, 5, 6, 7}, 0)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([][]float32{{1, 1}}, weights([]int{0, 3, 2, 1, 4, 5, 6, 7}, 6)); diff != "" {
		t.Errorf("continued: %s", diff)
	}
	if diff := cmp.Diff([][]float32{nil}, weights([]int{0, 2}, 0)); diff != "" {
		t.Errorf("without: %s", diff)
	}
	l.Augment = mustParse(t, "mixup:alpha=1")
	for _, batch := range collect(t, l, sequence(8), 0, 0, 8) {
		mixed := 0
		for at, weight := range batch.Weights {
			if weight < 0.5 || weight > 3 {
				t.Errorf("weight %d is %v", at, weight)
			}
			if weight != infos[at].Weight.Of() {
				mixed++
			}
		}
		if mixed == 0 {
			t.Error("no weight is mixed")
		}
	}
}

func TestLoaderNamesTheFirstBadImage(t *testing.T) {
	dir := t.TempDir()
	writeImages(t, dir, "a/1.png", "a/2.png", "a/3.png", "b/4.png", "b/5.png", "b/6.png")
	d, err := openFolder(t, dir, "", ModeDisk)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a/2.png", "b/5.png"} {
		if err := os.Truncate(filepath.Join(dir, name), 40); err != nil {
			t.Fatal(err)
		}
	}
	for _, workers := range []int{1, 2, 5} {
		l := &Loader{Dataset: d, Rule: imaging.Rule{Width: 4, Height: 4, Channels: 3, Mode: imaging.Crop}, Workers: workers}
		batches := 0
		for batch, err := range l.Batches(t.Context(), []int{0, 2, 3, 4, 5, 1}, 0, 0, 3) {
			if err == nil {
				batches += batch.N
				continue
			}
			if batch != nil {
				t.Error("a batch beside an error")
			}
			wantError(t, err, "example 4 (b/5.png)", "truncated PNG")
		}
		if batches != 3 {
			t.Errorf("%d examples before the error, want 3", batches)
		}
	}
}

func TestLoaderRefusesBadArguments(t *testing.T) {
	d := newTestSet(t, letters(2), infosOf(4, 2))
	rule := imaging.Rule{Width: 6, Height: 5, Channels: 1, Mode: imaging.Stretch}
	cases := []struct {
		rule             imaging.Rule
		order            []int
		first, batchSize int
		part             string
	}{
		{rule, sequence(4), 0, 0, "batch size 0: want at least 1"},
		{rule, sequence(4), 5, 2, "position 5 in an epoch of 4 examples"},
		{rule, sequence(4), -1, 2, "position -1"},
		{rule, []int{0, 4}, 0, 2, "index 4 at position 1: the dataset has 4 examples"},
		{imaging.Rule{}, sequence(4), 0, 2, "0x0"},
	}
	for _, c := range cases {
		calls := 0
		l := &Loader{Dataset: d, Rule: c.rule}
		for batch, err := range l.Batches(t.Context(), c.order, 0, c.first, c.batchSize) {
			calls++
			wantError(t, err, c.part)
			if batch != nil {
				t.Error("a batch beside an error")
			}
		}
		if calls != 1 {
			t.Errorf("%d results, want one error", calls)
		}
	}
	l := &Loader{Dataset: d, Rule: rule}
	for range l.Batches(t.Context(), sequence(4), 0, 4, 2) {
		t.Error("a batch at the end of the order")
	}
}

// TestLoaderLeavesNothingBehind: a loop that is left early or cancelled leaves
// no goroutines (synctest fails where some are left).
func TestLoaderLeavesNothingBehind(t *testing.T) {
	d := newTestSet(t, letters(2), infosOf(100, 2))
	slow := mapped{d, func(img imaging.Image, _ int) (imaging.Image, error) {
		time.Sleep(time.Second)
		return img, nil
	}}
	l := &Loader{Dataset: slow, Rule: imaging.Rule{Width: 6, Height: 5, Channels: 1, Mode: imaging.Stretch}, Workers: 8}
	t.Run("left early", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			for range l.Batches(t.Context(), sequence(100), 0, 0, 7) {
				break
			}
		})
	})
	t.Run("cancelled", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var last error
			results := 0
			for _, err := range l.Batches(ctx, sequence(100), 0, 0, 7) {
				last = err
				if results++; results == 2 {
					cancel()
				}
			}
			if !errors.Is(last, context.Canceled) || results != 3 {
				t.Errorf("%v after %d results, want the context's error as the third", last, results)
			}
		})
	})
	t.Run("cancelled before", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for _, err := range l.Batches(ctx, sequence(100), 0, 0, 7) {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want the context's", err)
			}
		}
	})
}

// TestLoaderAllocatesLittle: what is allocated does not grow with the number of
// examples.
func TestLoaderAllocatesLittle(t *testing.T) {
	if testing.Short() {
		t.Skip("under the race detector, which short tests run under, a sync.Pool forgets at random")
	}
	black := &packed{size: 6 * 5}
	if _, err := black.writer().Write(make([]uint8, 64*black.size)); err != nil {
		t.Fatal(err)
	}
	unpacked, err := newSet(t.Context(), letters(2), infosOf(64, 2), noGrouping, func(i int, buffer []uint8) (imaging.Image, error) {
		return imaging.Image{Width: 6, Height: 5, Channels: 1, Pix: black.image(i, buffer)}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []Dataset{unpacked, heldInMemory(t, newTestSet(t, letters(2), infosOf(64, 2)))} {
		l := &Loader{
			Dataset: d, Rule: imaging.Rule{Width: 6, Height: 5, Channels: 1, Mode: imaging.Stretch},
			Encoder: OneHot(2), Augment: mustParse(t, "shift:pixels=1,mixup"), Workers: 1,
		}
		allocations := func(n int) float64 {
			order := make([]int, n)
			return testing.AllocsPerRun(5, func() {
				for _, err := range l.Batches(t.Context(), order, 0, 0, 64) {
					if err != nil {
						t.Fatal(err)
					}
				}
			})
		}
		if few, many := allocations(640), allocations(6400); many > few+10 {
			t.Errorf("%v allocations for 640 examples, %v for 6400", few, many)
		}
	}
}

func BenchmarkLoader(b *testing.B) {
	d, err := newSet(b.Context(), letters(2), infosOf(4096, 2), noGrouping, func(i int, _ []uint8) (imaging.Image, error) {
		return testImage(28, 28, 1, i), nil
	})
	if err != nil {
		b.Fatal(err)
	}
	kept := heldInMemory(b, d)
	for name, list := range map[string]string{"plain": "", "shift": "shift:pixels=2", "mixup": "mixup"} {
		b.Run(name, func(b *testing.B) {
			l := &Loader{
				Dataset: kept, Rule: imaging.Rule{Width: 28, Height: 28, Channels: 1, Mode: imaging.Stretch},
				Augment: mustParse(b, list), Workers: 1,
			}
			order := sequence(kept.Len())
			b.ReportAllocs()
			for b.Loop() {
				for _, err := range l.Batches(b.Context(), order, 0, 0, 128) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.N*kept.Len())/b.Elapsed().Seconds(), "images/s")
		})
	}
}

// TestLoaderVariesEachOccurrence has an order with examples several times: the first has
// the same bytes as in an order without, the others have bytes of their own, wherever an
// epoch was interrupted.
func TestLoaderVariesEachOccurrence(t *testing.T) {
	d := newTestSet(t, letters(3), infosOf(9, 3))
	l := &Loader{Dataset: d, Rule: imaging.Rule{Width: 6, Height: 5, Channels: 1, Mode: imaging.Stretch}, Augment: mustParse(t, "noise"), Apart: true}
	order := []int{4, 7, 4, 4, 2, 7}
	images := func(first int, order ...int) (all [][]uint8) {
		for _, batch := range collect(t, l, order, 1, first, 2) {
			for at := range batch.N {
				all = append(all, batch.Images[at*30:(at+1)*30])
			}
		}
		return all
	}
	found := images(0, order...)
	for a := range order {
		for b := range a {
			if bytes.Equal(found[a], found[b]) {
				t.Errorf("places %d and %d have the same bytes", a, b)
			}
		}
	}
	if diff := cmp.Diff(found[4:], images(4, order...)); diff != "" {
		t.Errorf("what comes later depends on where the epoch was interrupted (-whole +rest):\n%s", diff)
	}
	l.Apart = false
	once := images(0, order...)
	for at, same := range []bool{true, true, false, false, true, false} {
		if bytes.Equal(found[at], once[at]) != same {
			t.Errorf("place %d: equal to what version 2 gives is %t, want %t", at, !same, same)
		}
	}
}
