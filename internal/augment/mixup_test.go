package augment

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

func TestMixup(t *testing.T) {
	for list, want := range map[string]string{"flip": "", "flip,mixup": "mixup", "cutmix,flip": "cutmix"} {
		if got := parse(t, list).Mixer(); got != want {
			t.Errorf("%s mixes by %q, want %q", list, got, want)
		}
	}
	if share := parse(t, "flip").MixShare(stream(0)); share != 0 {
		t.Errorf("no mixup: share %d", share)
	}
}

// TestMixShares pins the shares on every machine.
func TestMixShares(t *testing.T) {
	want := map[string][]int{
		"0.01": {256, 0, 256, 256, 0, 144, 256, 256},
		"0.2":  {255, 0, 226, 256, 94, 129, 38, 28},
		"1":    {194, 48, 123, 245, 190, 233, 106, 17},
		"4":    {158, 175, 156, 122, 204, 156, 122, 122},
	}
	for alpha, shares := range want {
		p := parse(t, "mixup:alpha="+alpha)
		var got []int
		for item := range 8 {
			got = append(got, p.MixShare(stream(item)))
		}
		if !slices.Equal(got, shares) {
			t.Errorf("alpha %s: shares %s, want %v", alpha, fmt.Sprint(got), shares)
		}
	}
}

// A Beta(a, a) number has mean 1/2 and variance 1/(4(2a+1)).
func TestMixShareMoments(t *testing.T) {
	for _, alpha := range []float64{0.05, 0.2, 1, 3} {
		p := parse(t, fmt.Sprintf("mixup:alpha=%v", alpha))
		const n = 20000
		var sum, squares float64
		for item := range n {
			share := p.MixShare(stream(item))
			if share < 0 || share > WholeShare {
				t.Fatalf("share %d", share)
			}
			v := float64(share)/WholeShare - 0.5
			sum += v
			squares += v * v
		}
		if mean := sum / n; mean < -0.012 || mean > 0.012 {
			t.Errorf("alpha %v: mean %v, want 0.5", alpha, 0.5+mean)
		}
		want := 1 / (4 * (2*alpha + 1))
		if got := squares / n; got < 0.97*want || got > 1.03*want {
			t.Errorf("alpha %v: variance %v, want %v", alpha, got, want)
		}
	}
}

func TestMix(t *testing.T) {
	a, b := grey(3, 0, 255, 10), grey(3, 255, 0, 11)
	tests := []struct {
		share int
		want  []uint8
	}{
		{0, []uint8{0, 255, 10}},
		{WholeShare, []uint8{255, 0, 11}},
		{128, []uint8{128, 128, 11}}, // halves go up
		{64, []uint8{64, 191, 10}},
	}
	for _, test := range tests {
		dst := imaging.New(3, 1, 1)
		Mix(dst, a, b, test.share)
		if diff := cmp.Diff(test.want, dst.Pix); diff != "" {
			t.Errorf("share %d: -want +got:\n%s", test.share, diff)
		}
	}
	Mix(a, a, b, 128)
	if diff := cmp.Diff([]uint8{128, 128, 11}, a.Pix); diff != "" {
		t.Errorf("in place: -want +got:\n%s", diff)
	}
}

func TestMixOfDifferentShapesPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	Mix(imaging.New(2, 2, 1), imaging.New(2, 2, 1), imaging.New(1, 4, 1), 1)
}
