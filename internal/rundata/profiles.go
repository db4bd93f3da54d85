package rundata

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/dataset"
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
