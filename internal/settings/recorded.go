package settings

import (
	"fmt"
	"slices"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// ReadRecorded reads the settings in the run.env of a run, with their origins as far as
// it has them: a value was given as a flag, or not.
func ReadRecorded(path string) (*Settings, error) {
	s, o := &Settings{}, config.NewOptions(nil)
	s.Declare(o)
	var known []string
	for _, option := range o.All() {
		known = append(known, option.Name)
	}
	record, err := config.ReadRecord(path, known)
	if err != nil {
		return nil, err
	}
	s.Origins, err = o.Resolve(record.All)
	for name := range s.Origins {
		if _, given := config.Lookup(name, record.Flags); given {
			s.Origins[name] = config.OriginFlag
		}
	}
	return s, err
}

// IdentityLike is the identity that the settings give where the data and initial weights
// are those of the given identity, of a record of the given schema, whose contract they follow.
func (s *Settings) IdentityLike(i *rundir.Identity, schema int) (*rundir.Identity, error) {
	s.Contract = i.ContractVersion
	m, err := s.MakeModules()
	if err != nil {
		return nil, err
	}
	made := *i
	s.Describe(&made, m, schema)
	if len(m.SourceNotes) != len(i.Datasets) {
		return nil, fmt.Errorf("they name %s, the record has %d", config.Counted(len(m.SourceNotes), "dataset"), len(i.Datasets))
	}
	made.Datasets = slices.Clone(i.Datasets)
	for at, note := range m.SourceNotes {
		made.Datasets[at].ModuleNote, made.Datasets[at].As = note, s.OwnName(at)
	}
	if s.SplitFile == "" {
		made.Split.Seed = uint64(s.SplitSeed)
		if ratios(i) != "" { // which a list that was made by hand may not have
			made.Split.Ratio = i.UsedRatio(s.Ratios(), schema)
		}
	}
	frames := i.Input.FrameCount()
	made.Input = s.InputRule(imaging.Image{Width: i.Input.Width, Height: i.Input.Height, Channels: i.Input.Channels / frames}, i.Input.Frames)
	made.TestInput = nil
	if s.TestImageSize != "" {
		if rule := s.TestRule(made.Input); !sameRule(rule, made.Input) {
			made.TestInput = &rule
		}
	}
	return &made, nil
}

func sameRule(a, b imaging.Rule) bool { return a.Width == b.Width && a.Height == b.Height }

// Named lists the names of the settings of a class, in the order of declaration.
func Named(class config.Class) []string {
	var names []string
	for _, v := range new(Settings).Values(class) {
		names = append(names, v.Name)
	}
	return names
}
