package cli

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/progress"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// resolution is the way from sources to settings.
type resolution struct {
	command *command
	known   []string
	flags   config.Source
	environ []string
	stderr  io.Writer

	common   common
	settings settings.Settings
	ambient  []config.Source
	unknown  []string // variables of the environment that nothing answers to
	setAside []string // variables of the environment for what is taken from flags alone
}

func (r *resolution) resolve() (*call, error) {
	if err := r.readAmbient(); err != nil {
		return nil, err
	}
	o := config.NewOptions(nil)
	if r.command.own != nil {
		r.command.own(o)
	}
	r.settings.Declare(o)
	r.common.declare(o)
	sources, record, err := r.sources(o)
	if err != nil {
		return nil, err
	}
	origins, err := o.Resolve(sources...)
	if err != nil {
		return nil, err
	}
	r.settings.Origins = origins
	if err := r.check(o, record); err != nil {
		return nil, err
	}
	log := r.log()
	slog.SetDefault(log.Logger) // for packages that are handed no logger
	r.reportUnknown(log)
	env := &rundir.Environment{Log: log}
	if logging.IsTerminal(r.stderr) && !r.common.quiet {
		env.Progress = func() progress.Display { return newDisplay(r.stderr) }
	}
	return &call{settings: &r.settings, env: env, options: o.All(), origins: origins}, nil
}

// readAmbient reads the environment and the env files. Which env files there are
// besides .env and .env.local is said by a flag or by the environment.
func (r *resolution) readAmbient() error {
	o := config.NewOptions(nil)
	r.common.declare(o)
	key := config.Key(envFileOption)
	files := config.Source{}
	if text, given := r.flags[key]; given {
		files[key] = text
	} else if text, given := config.Environment(r.environ)[key]; given {
		files[key] = text
	}
	if _, err := o.Resolve(files); err != nil {
		return err
	}
	known := slices.DeleteFunc(slices.Clone(r.known), func(name string) bool { return name == envFileOption })
	ambient := config.Ambient{Environ: r.environ, Files: r.common.envFiles}
	var err error
	if r.ambient, r.unknown, err = ambient.Sources(known); err != nil {
		return err
	}
	if err := r.refuseConsent(r.ambient); err != nil {
		return err
	}
	if err := r.addRecipe(); err != nil {
		return err
	}
	r.ambient = append(r.ambient, actor(r.environ))
	return nil
}

// actor is the user whom a CI system names, who decides on a release unless somebody
// else is said to.
func actor(environ []string) config.Source {
	for _, name := range []string{"GITHUB_ACTOR", "GITLAB_USER_LOGIN"} {
		for _, variable := range environ {
			if value, is := strings.CutPrefix(variable, name+"="); is && value != "" {
				return config.Source{config.Key("decided-by"): {Value: value, Origin: "environment " + name}}
			}
		}
	}
	return nil
}

// refuseConsent refuses lines of files that take a decision which a person takes by
// a flag. Variables of the environment that would are set aside, to be told of.
func (r *resolution) refuseConsent(sources []config.Source) error {
	o := config.NewOptions(nil)
	r.settings.Declare(o)
	for _, option := range o.All() {
		key := config.Key(option.Name)
		for _, source := range sources {
			text, given := source[key]
			switch {
			case option.Class != config.Consent || !given:
			case strings.HasPrefix(text.Origin, "environment "):
				delete(source, key)
				if text.Value != "" {
					r.setAside = append(r.setAside, key)
				}
			default:
				return config.Usagef("%s: %s is taken from the flag --%s alone, since somebody decides it for one call: remove the line", text.Origin, key, option.Name)
			}
		}
	}
	return nil
}

// addRecipe puts the recipe, if one is chosen, below what was said for this call,
// which are flags, environment and named files, and above what is there for all
// calls: .env.local and .env.
func (r *resolution) addRecipe() error {
	name, _ := config.Lookup("recipe", append([]config.Source{r.flags}, r.ambient...)...)
	if name.Value == "" {
		return nil
	}
	recipe, err := settings.Recipe(name.Value)
	if err != nil {
		return err
	}
	r.ambient = slices.Insert(r.ambient, 1+len(r.common.envFiles), recipe)
	return nil
}

// sources puts the sources in order of precedence, with the record of the run that
// the command works on, where there is one.
func (r *resolution) sources(o *config.Options) ([]config.Source, *config.Record, error) {
	plain := append([]config.Source{r.flags}, r.ambient...)
	if r.command.recorded == nil {
		return plain, nil, nil
	}
	own := config.NewOptions(nil)
	r.command.own(own)
	if _, err := own.Resolve(plain...); err != nil {
		return nil, nil, err
	}
	switch {
	case *r.command.recorded == "" && r.command.needsRun:
		return nil, nil, config.Usagef("no run directory: want --run DIR")
	case *r.command.recorded == "":
		return plain, nil, nil
	}
	record, err := r.readRecord(*r.command.recorded)
	if err != nil {
		return nil, nil, err
	}
	if err := r.refuseConsent([]config.Source{record.All}); err != nil {
		return nil, nil, err
	}
	if r.command.otherData {
		r.forgetData(&record)
	}
	return record.Sources(o.All(), r.flags, r.ambient), &record, nil
}

// readRecord reads the configuration of the run that --run names.
func (r *resolution) readRecord(path string) (record config.Record, err error) {
	if r.command.recordedIn != nil {
		if path, err = r.command.recordedIn(path); err != nil {
			return record, err
		}
	}
	if err := rundir.CheckPath(path); err != nil {
		return record, err
	}
	if err := rundir.CheckSettings(path); err != nil {
		return record, err
	}
	return config.ReadRecord(rundir.SettingsPath(path), r.known)
}

// forgetData leaves out of a record what it says of its datasets alone, if a flag
// names others.
func (r *resolution) forgetData(record *config.Record) {
	key := config.Key("dataset")
	given, named := r.flags[key]
	if !named || given.Value == record.All[key].Value {
		return
	}
	var names []string
	for entry := range strings.SplitSeq(given.Value, ",") {
		name, _ := dataset.CutName(entry)
		names = append(names, name)
	}
	for _, source := range []config.Source{record.All, record.Flags} {
		keepEntries(source, config.Key("dataset-options"), func(entry string) bool { // NAME:key=value
			name, _, prefixed := strings.Cut(entry, ":")
			return prefixed && slices.Contains(names, name)
		})
		keepEntries(source, config.Key("data-dir"), func(entry string) bool { // NAME=DIR
			name, _, prefixed := strings.Cut(entry, "=")
			return !prefixed || slices.Contains(names, name)
		})
	}
}

// keepEntries leaves in a list only what keep is true for.
func keepEntries(source config.Source, key string, keep func(entry string) bool) {
	text, given := source[key]
	if !given {
		return
	}
	entries := slices.DeleteFunc(config.SplitWords(text.Value), func(entry string) bool { return !keep(entry) })
	if len(entries) == 0 {
		delete(source, key)
		return
	}
	text.Value = config.JoinWords(entries)
	source[key] = text
}

// check looks at the settings together, if the command has any to do with them.
func (r *resolution) check(o *config.Options, record *config.Record) error {
	if r.command.settings == nil {
		return nil
	}
	if r.ownOption("data-dir") { // about the data of a record, not of the settings
		r.settings.DataDirs = nil
	}
	var errs []error
	if record != nil && !r.command.otherData {
		errs = append(errs, r.checkIdentity(o, record))
	}
	return errors.Join(append(errs, r.settings.Check())...)
}

// ownOption says whether the command has an option of that name of its own.
func (r *resolution) ownOption(name string) bool {
	if r.command.own == nil {
		return false
	}
	own := config.View()
	r.command.own(own)
	return own.Lookup(name) != nil
}

// checkIdentity refuses flags that would give a run another identity than the one
// it was started with. What differs in no more than the digits of numbers is left to the
// digests of the identities, which know how many of them count.
func (r *resolution) checkIdentity(o *config.Options, record *config.Record) error {
	var errs []error
	for _, option := range o.All() {
		recorded, known := record.All[config.Key(option.Name)]
		if option.Class != config.Identity || r.settings.Origins[option.Name] != config.OriginFlag || !known || config.SameInFloat32(recorded.Value, option.Value()) {
			continue
		}
		if then, err := strconv.Atoi(recorded.Value); err == nil && option.Name == "epochs" {
			errs = append(errs, otherEpochs(*r.command.recorded, then, r.settings.Epochs))
			continue
		}
		errs = append(errs, fmt.Errorf("--%s %s: the run was started with %q, and what may affect its result cannot change; start a new run", option.Name, option.Value(), recorded.Value))
	}
	if err := errors.Join(errs...); err != nil {
		return &config.UsageError{Err: err}
	}
	return nil
}

func (r *resolution) log() *logging.Log {
	var level slog.Level
	if err := level.UnmarshalText([]byte(strings.ToUpper(r.common.logLevel))); err != nil {
		level = slog.LevelInfo // not reached: the option takes only names of levels
	}
	return logging.New(r.stderr, level, r.common.quiet)
}

// testData is a variable of the program's tests.
const testData = config.Prefix + "TEST_DATA"

// reportUnknown tells of environment variables that look like settings and are
// none. They are no error, for they may be meant for another version.
func (r *resolution) reportUnknown(log *logging.Log) {
	for _, key := range r.setAside {
		log.Warn("the variable is not looked at: somebody decides this for one call, by a flag", "variable", key)
	}
	for _, key := range r.unknown {
		near := config.NearestKeys(key, r.known)
		switch {
		case key == testData || key == config.Key(envFileOption):
		case len(near) > 0:
			log.Warn("unknown variable in the environment", "variable", key, "similar", strings.Join(near, ","))
		default:
			log.Debug("unknown variable in the environment", "variable", key)
		}
	}
}
