package rundata

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/listing"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// sayProfiles names the files whose colours are meant by another profile than sRGB.
func sayProfiles(env *rundir.Environment, s *settings.Settings, members []dataset.Dataset) {
	for i, member := range members {
		files := dataset.ProfiledFiles(member)
		if len(files) == 0 {
			continue
		}
		counts := map[string]int{}
		var names []string
		for _, f := range files {
			counts[f.Profile]++
			names = append(names, f.File)
		}
		var profiles []string
		for _, name := range slices.Sorted(maps.Keys(counts)) {
			profiles = append(profiles, fmt.Sprintf("%s (%d)", name, counts[name]))
		}
		attributes := []any{"dataset", s.DatasetNames()[i], "files", len(files), "of", member.Len(), "profiles", listing.Some(profiles),
			"names", strings.Join(names[:min(len(names), listing.MostNamed)], ", ")}
		if len(names) > listing.MostNamed {
			attributes = append(attributes, "list", listing.WriteList("profiles", names))
		}
		env.Log.Warn("images have colour profiles other than sRGB, which are not applied: clients must not apply them either, or convert the images to sRGB", attributes...)
	}
}

// lookedAt is how many files of a dataset are looked at for what is not used of them.
const lookedAt = 16

// sayLooks names files whose transparency is dropped, with what is hidden below it shown, and
// those whose 16 bits are cut to the upper 8.
func sayLooks(ctx context.Context, env *rundir.Environment, s *settings.Settings, members []dataset.Dataset) {
	dropped, cut := imaging.Alpha(s.Alpha) == imaging.AlphaDrop, s.Levels == "" && s.Sensor == ""
	if !dropped && !cut {
		return
	}
	for i, member := range members {
		l := dataset.Look(ctx, member, lookedAt)
		some := func(names []string) []any {
			return []any{"dataset", s.DatasetNames()[i], "files", fmt.Sprintf("%d of %d that were looked at", len(names), l.Files), "names", listing.Some(names)}
		}
		if dropped && len(l.Transparent) > 0 {
			env.Log.Warn("images are transparent in places, and the colours that are hidden there are used: --alpha white or black shows them on a ground of that colour instead", some(l.Transparent)...)
		}
		if cut && len(l.Deep) > 0 {
			env.Log.Warn("images have 16 bits, of which the upper 8 are used, so that those of a camera with fewer bits are dark: --levels LOW,HIGH says which values become black and white",
				append(some(l.Deep), "values", fmt.Sprintf("%d to %d", l.Low, l.High))...)
		}
	}
}
