package dataset

import (
	"testing"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// TestMadeUp checks that the images are such as the rule makes, so that it changes nothing
// more, and that all else is of the dataset.
func TestMadeUp(t *testing.T) {
	drawn, err := (&digitsSource{count: 100, testCount: 10}).Open(t.Context(), "", ModeRAM)
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range []imaging.Rule{
		{Width: 9, Height: 7, Channels: 3, Mode: imaging.Letterbox},
		{Width: 5, Height: 5, Channels: 1, Mode: imaging.Stretch, Levels: &imaging.Levels{Low: 10, High: 1000}},
		imaging.InputRule(6, 6, 4),
		{Width: 4000, Height: 4000, Channels: 3, Mode: imaging.Crop},
	} {
		made := MadeUp(drawn, rule)
		if made.Len() != drawn.Len() || made.Info(77) != drawn.Info(77) {
			t.Errorf("%+v: another dataset", rule)
		}
		if distinct := len(made.(*madeUp).images); distinct > 1 && distinct*rule.Width*rule.Height*rule.Channels > madeUpBytes {
			t.Errorf("%+v: %d images are kept", rule, distinct)
		}
		for _, i := range []int{0, 1, 109} {
			img, err := made.Image(i)
			if err != nil {
				t.Fatal(err)
			}
			same, err := rule.Apply(img)
			if err != nil || len(same.Pix) == 0 || &same.Pix[0] != &img.Pix[0] {
				t.Errorf("%+v: image %d of %dx%dx%d is made into another one, error %v", rule, i, img.Width, img.Height, img.Channels, err)
			}
		}
	}
}
