package report

import (
	"slices"
	"testing"

	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// TestLeftOutWords checks what is said of damaged files, and that nothing is where there are
// none, as in every record of schema 1.
func TestLeftOutWords(t *testing.T) {
	note := func(name string, files ...string) rundir.DatasetNote {
		d := rundir.DatasetNote{ModuleNote: rundir.ModuleNote{Name: name}}
		for _, f := range files {
			d.Skipped = append(d.Skipped, rundir.SkippedNote{File: f})
		}
		return d
	}
	record := &rundir.Record{}
	record.Identity.Datasets = []rundir.DatasetNote{note("folder", "cat/1.png"), note("mnist"), note("list", "a", "b", "c", "d", "e")}
	want := []string{
		"Of data (folder), 1 damaged file was left out, as --on-corrupt skip asks for: cat/1.png. run.json lists them with their digests",
		"Of data (list), 5 damaged files were left out, as --on-corrupt skip asks for: a, b, c and 2 more. run.json lists them with their digests",
	}
	if got := leftOutWords(record); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestResizeText checks that the report says in words what the rule does.
func TestResizeText(t *testing.T) {
	for _, test := range []struct {
		rule imaging.Rule
		want string
	}{
		{imaging.Rule{Width: 28, Height: 20, Channels: 1, Mode: imaging.Stretch}, "stretched to 28x20, colour turned to grey"},
		{imaging.Rule{Width: 8, Height: 8, Channels: 3, Mode: imaging.Letterbox}, "fitted whole into 8x8 with black bars, grey shown as colour"},
		{imaging.Rule{Width: 8, Height: 6, Channels: 1, Mode: imaging.Crop}, "cut to the largest centred part of the shape of 8x6 and brought to that size, colour turned to grey"},
		{imaging.Rule{Width: 8, Height: 6, Channels: 1, Mode: imaging.Stretch, Filter: imaging.PillowBilinear, Alpha: imaging.AlphaDrop},
			"stretched to 8x6 with the filter pillow-bilinear, colour turned to grey, transparency dropped"},
		{imaging.Rule{Width: 8, Height: 8, Channels: 3, Mode: imaging.Crop, Filter: imaging.Triangle, CropFraction: 8750, Alpha: imaging.AlphaWhite},
			"resized with the filter triangle until the shorter side is 1/0.875 of the input's, and cut to the middle 8x8, grey shown as colour, transparency shown over white"},
	} {
		if got := resizeText(test.rule); got != test.want {
			t.Errorf("%+v: %q, want %q", test.rule, got, test.want)
		}
	}
}
