package rundata

import (
	"context"

	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// Look opens the datasets that the settings name and divides them, by their split list if
// there is one, for those who look at the data and train nothing: nothing is brought to the
// size of an input.
func Look(ctx context.Context, env *rundir.Environment, s *settings.Settings) (*Data, error) {
	listed := s.SplitFile != ""
	d, err := openMembers(ctx, env, s, How{Recorded: listed})
	if err != nil {
		return nil, err
	}
	if d.Split, err = takeSplit(d.All, s, s.SplitFile); err != nil {
		return nil, err
	}
	env.Log.Info("data split", "train", len(d.Split.Train), "validation", len(d.Split.Validation), "test", len(d.Split.Test), "sha256", d.Split.Digest())
	d.sayOfficial(env, s, listed)
	d.sayGroups(env)
	return d, nil
}

// LookAgain opens the data of a recorded run, undivided, where the record says that it is, or
// a flag.
func LookAgain(ctx context.Context, env *rundir.Environment, s *settings.Settings, dir string) (*Data, error) {
	_, record, err := rundir.LookInto(dir)
	if err != nil {
		return nil, err
	}
	s.TakePaths(record, dir)
	s.Contract = record.Identity.ContractVersion
	return openMembers(ctx, env, s, How{Recorded: true})
}
