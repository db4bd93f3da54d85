package dataset

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset/digits"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

func openDigits(t *testing.T, options string, mode Mode) Dataset {
	t.Helper()
	o, err := config.ParseOptions(options)
	if err != nil {
		t.Fatal(err)
	}
	source, err := newDigits(o)
	if err = errors.Join(err, o.Err()); err != nil {
		t.Fatal(err)
	}
	d, err := source.Open(t.Context(), "no such folder", mode)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The digest is part of the reproducibility contract: it is the same on every
// machine.
func TestDigitsHaveOneDigestInBothModes(t *testing.T) {
	const want = "8dfe1b04210e9b107fac849756ab66a02acd2c12331d875169f78998d92a6dc6"
	ram := openDigits(t, "count=150,test-count=50", ModeRAM)
	sameContent(t, ram, openDigits(t, "count=150,test-count=50", ModeDisk))
	if ram.Digest() != want {
		t.Errorf("digest %s, want %s", ram.Digest(), want)
	}
}

func TestDigitsAreDescribed(t *testing.T) {
	d := openDigits(t, "count=25,test-count=10", ModeRAM)
	if d.Len() != 35 || len(d.Classes()) != 10 {
		t.Fatalf("%d examples of %d classes, want 35 of 10", d.Len(), len(d.Classes()))
	}
	tests := map[int]Info{
		0:  {Label: 0},
		17: {Label: 7},
		24: {Label: 4},
		25: {Label: 0, Part: PartTest},
		34: {Label: 9, Part: PartTest},
	}
	for i, want := range tests {
		if got := d.Info(i); got != want || d.Source(i) != fmt.Sprintf("digits/%d", i) {
			t.Errorf("example %d is %+v from %s, want %+v", i, got, d.Source(i), want)
		}
	}
}

func TestDigitsOfAnotherSeedDiffer(t *testing.T) {
	seen := map[string]string{}
	for _, options := range []string{"count=20", "count=20,seed=2", "count=21", "count=20,test-count=100"} {
		digest := openDigits(t, options, ModeDisk).Digest()
		if other, twice := seen[digest]; twice {
			t.Errorf("options %q and %q give the same digest", options, other)
		}
		seen[digest] = options
	}
}

func TestDigitsTestPartDoesNotDependOnCount(t *testing.T) {
	few := openDigits(t, "count=20,test-count=30", ModeRAM)
	many := openDigits(t, "count=95,test-count=30", ModeRAM)
	for i := range 30 {
		a, errA := few.Image(20 + i)
		b, errB := many.Image(95 + i)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if string(a.Pix) != string(b.Pix) || few.Info(20+i).Label != many.Info(95+i).Label {
			t.Fatalf("test digit %d changes with the number of training digits", i)
		}
	}
}

func TestDigitsSplit(t *testing.T) {
	d := openDigits(t, "count=400,test-count=100", ModeDisk)
	s, err := MakeSplit(d, 1, DefaultRatios, false)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Train) != 300 || len(s.Validation) != 100 || len(s.Test) != 100 {
		t.Errorf("parts of %d, %d and %d, want 300, 100 and 100", len(s.Train), len(s.Validation), len(s.Test))
	}
	if s.Test[0] != 400 {
		t.Errorf("the test part begins at %d, want the official one at 400", s.Test[0])
	}
}

func TestDigitsOptionsAreChecked(t *testing.T) {
	tests := []struct{ options, want string }{
		{"count=0", "count=0: want 20 to 1e+07"},
		{"count=-5", "count=-5: want 20 to 1e+07"},
		{"count=many", "count=many: want a whole number"},
		{"test-count=9", "test-count=9: want 10 to 1e+07"},
		{"test-count=99999999", "test-count=99999999: want 10 to 1e+07"},
		{"seed=-1", "seed=-1: want 0 to"},
		{"cuont=50", `unknown option "cuont"`},
	}
	for _, test := range tests {
		o, err := config.ParseOptions(test.options)
		if err != nil {
			t.Fatal(err)
		}
		_, err = newDigits(o)
		wantError(t, errors.Join(err, o.Err()), test.want)
	}
}

func TestDigitsStopWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	source, err := newDigits(config.NewOptions(nil))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := source.Open(ctx, "", ModeRAM); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
}

// Among 4,000 drawn digits the nearest one names most of MNIST's real digits.
// That is a floor under how much the drawn ones look like handwriting; a trained
// network does far better.
func TestDigitsResembleHandwriting(t *testing.T) {
	dir := testData(t)
	const known, asked = 4000, 300
	source, _, err := MakeDataset("mnist", "download=false")
	if err != nil {
		t.Fatal(err)
	}
	written, err := source.Open(t.Context(), dir, ModeDisk)
	if err != nil {
		t.Fatal(err)
	}
	drawn := openDigits(t, "count=4000", ModeRAM)
	right := 0
	for i := range asked {
		i += written.Len() - 10000
		img, err := written.Image(i)
		if err != nil {
			t.Fatal(err)
		}
		if nearestLabel(t, drawn, known, img) == written.Info(i).Label {
			right++
		}
	}

	if right < asked*75/100 {
		t.Errorf("the nearest drawn digit names %d of %d real ones, want 75 %%", right, asked)
	}
}

// nearestLabel is the label of the example among the first n whose pixels are
// nearest to those of img.
func nearestLabel(t *testing.T, d Dataset, n int, img imaging.Image) int {
	t.Helper()
	label, least := 0, digits.Size*digits.Size<<16
	for i := range n {
		other, err := d.Image(i)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0
		for j, v := range img.Pix {
			difference := int(v) - int(other.Pix[j])
			sum += difference * difference
		}
		if sum < least {
			label, least = d.Info(i).Label, sum
		}
	}
	return label
}
