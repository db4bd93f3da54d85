package settings

import (
	"runtime"
	"strings"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/pretrained/catalogue"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/notes"
)

// TakePaths makes the settings of an existing run, in the directory at path, fit the
// folder that this command was given in. What a flag names is named from there.
func (s *Settings) TakePaths(then *rundir.Record, path string) {
	if s.Origins["data-dir"] != config.OriginFlag {
		s.DataDirs = then.DirsFromHere(path, s.DataDirs)
	}
	if s.Origins["init-from"] != config.OriginFlag && !isCatalogued(s.InitFrom) {
		s.InitFrom = then.RecordedPath(path, s.InitFrom)
	}
}

// isCatalogued says whether what --init-from gives is a name of the catalogue of weights.
func isCatalogued(word string) bool {
	_, err := catalogue.Get(word)
	return err == nil
}

// Rename gives the record the name and version of flags, and what they say of the
// model. Without them the model keeps what it has, be it of an earlier call. Records of
// schema 1 have no place for some of it, which is an error where a flag gives it.
func (s *Settings) Rename(record *rundir.Record) (changed bool, err error) {
	if err := s.checkPlace(record); err != nil {
		return false, err
	}
	about := s.About()
	for _, given := range []struct {
		flag, value string
		to          *string
	}{
		{"name", s.ReleaseName(), &record.Name},
		{"release-version", s.ReleaseVersion, &record.ReleaseVersion},
		{"license", about.License, &record.License},
		{"contact", about.Contact, &record.Contact},
		{"intended-use", about.IntendedUse, &record.IntendedUse},
	} {
		if s.Origins[given.flag] == config.OriginFlag && *given.to != given.value {
			*given.to, changed = given.value, true
		}
	}
	return changed, nil
}

// checkPlace refuses flags whose values the record has no keys for.
func (s *Settings) checkPlace(record *rundir.Record) error {
	if record.Schema > 1 {
		return nil
	}
	for _, flag := range []string{"decided-by", "license", "contact", "intended-use", MissingClass, "min-test-examples", MinClassTestExamples} {
		if s.Origins[flag] == config.OriginFlag {
			return config.Usagef("--%s: the run was made by an older version of the program, whose %s (schema %d) has no place for it: leave the flag out, or train anew",
				flag, rundir.RecordFile, record.Schema)
		}
	}
	return nil
}

// About is what the settings say of the released model.
func (s *Settings) About() notes.About {
	return notes.About{License: strings.TrimSpace(s.License), Contact: strings.TrimSpace(s.Contact), IntendedUse: strings.TrimSpace(s.IntendedUse)}
}

// Execution describes this process, on the machine of that name, for run.json.
func (s *Settings) Execution(machine string) rundir.Execution {
	return rundir.Execution{
		Program: buildinfo.Program(), Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH,
		Machine: machine, SIMD: kernel.Implementations()[0], Workers: s.WorkerCount(), Settings: s.Values(config.Execution),
	}
}

// WorkerCount is the number of goroutines that compute.
func (s *Settings) WorkerCount() int {
	if s.Workers > 0 {
		return s.Workers
	}
	return runtime.GOMAXPROCS(0)
}
