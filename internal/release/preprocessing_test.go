package release

import (
	"testing"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// TestWriteProcessing writes the rule for images for records that name the decoder
// of this program. Packages of others stay as they were.
func TestWriteProcessing(t *testing.T) {
	rule := imaging.Rule{Width: 8, Height: 8, Channels: 3, Mode: imaging.Stretch, Filter: imaging.PillowBilinear, Alpha: imaging.AlphaDrop}
	for decoder, want := range map[string]int{"": 0, "blocktrain-0": 0, imaging.DecoderRules: 4 + 10 + 10} {
		folder := t.TempDir()
		if err := WriteProcessing(&rundir.Record{Identity: rundir.Identity{Decoder: decoder, Input: rule}}, folder); err != nil {
			t.Fatal(err)
		}
		if names, err := fileio.FilesBelow(folder); err != nil || len(names) != want {
			t.Errorf("decoder %q: %d files, want %d: %v, %v", decoder, len(names), want, names, err)
		}
	}
}
