package digits

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"sync"
	"testing"

	"github.com/blocktrain/blocktrain/internal/imaging"
	"pgregory.net/rapid"
)

// The digest is part of the reproducibility contract: it is the same on every
// machine, and a change of it raises the contract's version.
func TestDigestOfTwoHundredDigits(t *testing.T) {
	const want = "5a3d7b46d76c049267c0675a5cc4554719c9bc50ec1a920562dd0abf2e6698b4"
	h := sha256.New()
	for i := range 200 {
		img, label := Draw(1, i)
		h.Write([]byte{uint8(label)})
		h.Write(img.Pix)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
}

func TestDrawingOrderDoesNotMatter(t *testing.T) {
	const n = 300
	var forward, scattered [n]imaging.Image
	for i := range n {
		forward[i], _ = Draw(5, i)
	}
	var group sync.WaitGroup
	for worker := range 3 {
		group.Go(func() {
			for i := n - 1 - worker; i >= 0; i -= 3 {
				scattered[i], _ = Draw(5, i)
			}
		})
	}
	group.Wait()
	for i := range n {
		if !bytes.Equal(forward[i].Pix, scattered[i].Pix) {
			t.Fatalf("digit %d differs when drawn out of order by several goroutines", i)
		}
	}
}

func TestNoTwoDigitsAreEqual(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(4) {
		for i := range 500 {
			img, _ := Draw(seed, i)
			if other, twice := seen[string(img.Pix)]; twice {
				t.Fatalf("digit %d of seed %d equals digit %d of another or the same seed", i, seed, other)
			}
			seen[string(img.Pix)] = i
		}
	}
}

func TestLabelsTakeTurns(t *testing.T) {
	for _, i := range []int{0, 9, 10, 123, math.MaxInt32} {
		if _, label := Draw(1, i); label != i%10 {
			t.Errorf("digit %d has label %d, want %d", i, label, i%10)
		}
	}
}

func TestEveryDigitIsInkedWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		index := rapid.IntRange(0, math.MaxInt).Draw(t, "index")
		img, _ := Draw(seed, index)
		if img.Width != Size || img.Height != Size || img.Channels != 1 || len(img.Pix) != Size*Size {
			t.Fatalf("shape [%d,%d,%d] with %d bytes", img.Height, img.Width, img.Channels, len(img.Pix))
		}
		checkInk(t, measure(img))
	})
}

func TestThousandsOfDigitsAreInkedWhole(t *testing.T) {
	for i := range 5000 {
		img, _ := Draw(3, i)
		checkInk(t, measure(img))
		if t.Failed() {
			t.Fatalf("digit %d", i)
		}
	}
}

type errorf interface {
	Errorf(format string, args ...any)
}

// checkInk checks that a digit is neither faint nor a blot, that it has about
// the customary size and place, and that nothing of it is cut off.
func checkInk(t errorf, m measures) {
	if m.ink < 15*255 || m.ink > 300*255 {
		t.Errorf("%d full pixels of ink, want 15 to 300", m.ink/255)
	}
	if m.brightest < 150 {
		t.Errorf("brightest pixel %d, want 150 or more", m.brightest)
	}
	if m.border != 0 {
		t.Errorf("%d grey levels of ink at the image's border, want none", m.border)
	}
	if m.side < 15 || m.side > 25 {
		t.Errorf("longer side %d pixels, want 15 to 25", m.side)
	}
	const middle, slack = Size / 2, 4
	if m.x < middle-slack || m.x > middle+slack || m.y < middle-slack || m.y > middle+slack {
		t.Errorf("centre of mass at (%d, %d), want about (%d, %d)", m.x, m.y, middle, middle)
	}
}

type measures struct{ ink, border, brightest, side, x, y int }

func measure(img imaging.Image) measures {
	var m measures
	low, high := [2]int{Size, Size}, [2]int{}
	for i, v := range img.Pix {
		at, level := [2]int{i % Size, i / Size}, int(v)
		m.ink += level
		m.x += at[0] * level
		m.y += at[1] * level
		m.brightest = max(m.brightest, level)
		for axis, c := range at {
			if c == 0 || c == Size-1 {
				m.border += level
			}
			if level > 60 {
				low[axis], high[axis] = min(low[axis], c), max(high[axis], c)
			}
		}
	}
	m.x /= max(m.ink, 1)
	m.y /= max(m.ink, 1)
	m.side = max(high[0]-low[0], high[1]-low[1]) + 1
	return m
}

// A digit looks most like digits of its own class: the nearest of 1,000 others
// mostly has its label.
func TestDigitsAreLegible(t *testing.T) {
	const known, asked = 1000, 300
	images := make([]imaging.Image, known+asked)
	for i := range images {
		images[i], _ = Draw(2, i)
	}
	right := 0
	for i := known; i < known+asked; i++ {
		if nearest(images[:known], images[i])%Classes == i%Classes {
			right++
		}
	}
	if right < asked*80/100 {
		t.Errorf("the nearest neighbour has the right label for %d of %d digits, want 80 %%", right, asked)
	}
}

func nearest(known []imaging.Image, img imaging.Image) int {
	best, least := 0, math.MaxInt
	for i, other := range known {
		sum := 0
		for j, v := range img.Pix {
			d := int(v) - int(other.Pix[j])
			sum += d * d
		}
		if sum < least {
			best, least = i, sum
		}
	}
	return best
}

func BenchmarkDraw(b *testing.B) {
	for i := 0; b.Loop(); i++ {
		Draw(1, i)
	}
}
