package rundata

import (
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// sayScenes warns of parts whose clips show scenes that the training part shows too, in
// whatever dataset.
func (d *Data) sayScenes(env *rundir.Environment) {
	trained := dataset.ClipsOf(d.All, d.Split.Train)
	if len(trained) == 0 {
		return
	}
	for _, part := range []dataset.Part{dataset.PartValidation, dataset.PartTest} {
		clips := dataset.ClipsOf(d.All, d.Split.Indexes(part))
		if shared := dataset.SharedScenes(clips, trained); len(shared) > 0 {
			env.Log.Warn("clips show scenes that clips of the training part show, so that results on them look better than they are; the dataset option group=scene keeps those together that no official part holds",
				"part", part.String(), "clips", len(shared), "of", len(clips))
		}
	}
}
