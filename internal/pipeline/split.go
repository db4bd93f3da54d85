package pipeline

import (
	"context"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundata"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// Division is a split list that was written.
type Division struct {
	*dataset.Split
	Data dataset.Dataset // that it divides
}

// Split makes the split list of the settings' datasets and writes it to path.
// An existing file is an error: a split is made once.
func Split(ctx context.Context, env *rundir.Environment, s *settings.Settings, path string) (*Division, error) {
	if fileio.Exists(path) {
		return nil, config.Usagef("%s exists: a split is made once; remove it or name another file", path)
	}
	if err := fileio.CheckOutput(path); err != nil {
		return nil, config.Usage(err)
	}
	m, err := s.MakeModules()
	if err != nil {
		return nil, config.Usage(err)
	}
	unsized := *s
	unsized.ImageSize = "1" // the parts depend on no size, and images of many sizes have none in common
	d, err := rundata.OpenDivided(ctx, env, &unsized, m)
	if err != nil {
		return nil, err
	}
	return &Division{d.Split, d.All}, dataset.WriteSplit(path, d.Split)
}
