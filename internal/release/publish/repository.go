package publish

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/triton"
)

const modelFile = exporter.ONNXFile

// Options say how a model repository is changed.
type Options struct {
	Repository       string // the folder
	Staging          string // folder to build in; empty: a hidden one beside the repository
	ReplaceInterface bool   // even if classes, inputs or outputs are others
	Keep             int    // versions published by this program that stay, the new one included; 0: all
}

// Published is a version of a model in a repository.
type Published struct {
	Model   string
	Version int64
	CopyOf  int64 // the version that a rollback made again
	Already bool  // it was published before
	Removed []int64
	Notes   []string // what whoever runs the server should know
}

// Text says what was done.
func (p *Published) Text() string {
	var b strings.Builder
	switch {
	case p.Already:
		fmt.Fprintf(&b, "%s: version %d is this package already\n", p.Model, p.Version)
	case p.CopyOf != 0:
		fmt.Fprintf(&b, "%s: version %d is version %d again\n", p.Model, p.Version, p.CopyOf)
	default:
		fmt.Fprintf(&b, "%s: published as version %d\n", p.Model, p.Version)
	}
	for _, version := range p.Removed {
		fmt.Fprintf(&b, "removed version %d\n", version)
	}
	for _, text := range p.Notes {
		fmt.Fprintf(&b, "note: %s\n", text)
	}
	return b.String()
}

// change is one change of a model in a repository.
type change struct {
	Options
	model   string
	place   string // the model's folder in the repository
	dir     string // the one that will take its place
	version int64  // the next
	all     []*note
	was     string // look of place; empty: there is no model of the name yet
	fresh   bool   // there is none
	done    *Published
}

// ToRepository publishes the model of a package, which somebody has verified, as the next
// version. The error wraps rundir.ErrRefused where it would break clients.
func ToRepository(ctx context.Context, source *rundir.Source, record *rundir.Record, o Options) (*Published, error) {
	files, err := modelFiles(source, record.Name)
	if err != nil {
		return nil, err
	}
	n := &note{Schema: noteSchema, Package: record.Name + "-" + record.ReleaseVersion, Decision: record.Decision}
	if err := n.listed(source, files); err != nil {
		return nil, source.Named(err)
	}
	return o.change(ctx, record.Name, func(c *change) error {
		if last := c.last(); last != nil && last.PackageSHA256 == n.PackageSHA256 {
			c.done.Already, c.done.Version = true, last.Version
			return nil
		}
		return c.add(n, files)
	})
}

// Rollback publishes the version before the newest one once more, as the next version, so that
// numbers never stand for something else. Rolled back again, it goes one version further.
func Rollback(ctx context.Context, model string, o Options) (*Published, error) {
	return o.change(ctx, model, func(c *change) error {
		if c.fresh {
			return config.Usagef("there is no model %s in %s", model, o.Repository)
		}
		if c.last() == nil {
			return config.Usagef("%s: the newest version is not one that was published by this program, or was changed since: roll back by hand", c.place)
		}
		previous := before(c.all)
		if previous == nil {
			return config.Usagef("%s: there is no version before the one that is served, which was published by this program", c.place)
		}
		n, files := *previous, map[string]string{}
		n.CopyOf, c.done.CopyOf = previous.Version, previous.Version
		for name := range previous.Files {
			files[name] = filepath.Join(versionDir(c.place, previous.Version), name)
		}
		c.ReplaceInterface, c.Keep = true, 0 // it was served before
		return c.add(&n, files)
	})
}

// modelFiles finds the files of a package's model, by their names in a version's folder.
func modelFiles(source *rundir.Source, model string) (map[string]string, error) {
	dir := source.File(exporter.RepositoryDir + "/" + model)
	if !fileio.Exists(dir) {
		return nil, config.Usagef("%s has no model for Triton: package it with triton among the --exporters", source.Path)
	}
	files := map[string]string{modelFile: filepath.Join(dir, "1", modelFile)}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.Type().IsRegular() {
			files[e.Name()] = filepath.Join(dir, e.Name())
		}
	}
	return files, nil
}

// change changes a model by do, in one step.
func (o Options) change(ctx context.Context, model string, do func(*change) error) (_ *Published, err error) {
	if model != filepath.Base(model) || !filepath.IsLocal(model) || model == "." {
		return nil, config.Usagef("%q is not the name of a model", model)
	}
	repository, err := filepath.EvalSymlinks(o.Repository)
	if err != nil {
		return nil, config.Usagef("the model repository: %w", err)
	}
	if repository, err = filepath.Abs(repository); err != nil {
		return nil, err
	}
	if err := checkRepository(repository); err != nil {
		return nil, err
	}
	s, err := o.open(ctx, repository)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	c := &change{Options: o, model: model, place: filepath.Join(repository, model), done: &Published{Model: model}}
	if err := c.begin(s); err != nil {
		return nil, err
	}
	if err := do(c); err != nil || c.done.Already {
		return c.done, err
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return c.done, s.swap(model, c.was)
}

// checkRepository refuses what is no model repository, or must not change.
func checkRepository(repository string) error {
	if info, err := os.Stat(repository); err != nil || !info.IsDir() {
		return config.Usagef("%s is not a folder: want a model repository", repository)
	}
	if fileio.Exists(filepath.Join(repository, "config.pbtxt")) {
		return config.Usagef("%s is the folder of a model, since it has config.pbtxt: give the folder above it, which has the models", repository)
	}
	const levels = 3 // RUN/package/NAME/model-repository
	for dir := repository; ; dir = filepath.Dir(dir) {
		if fileio.Exists(filepath.Join(dir, rundir.RecordFile)) {
			return config.Usagef("%s is in the package or run %s, which would then not be as it was made: give a folder elsewhere", repository, dir)
		}
		if dir == filepath.Dir(dir) || strings.Count(strings.TrimPrefix(repository, dir), string(filepath.Separator)) == levels {
			return nil
		}
	}
}

// begin looks at the model as it is, and makes the folder that will take its place.
func (c *change) begin(s *staging) (err error) {
	if c.was, err = look(c.place); err != nil {
		return err
	}
	if c.fresh = c.was == ""; c.fresh {
		c.version = 1
	} else {
		if info, err := os.Lstat(c.place); err != nil || !info.IsDir() {
			return config.Usagef("%s is not a folder: a model that is a link is changed where it leads to", c.place)
		}
		if c.all, err = published(c.place); err != nil {
			return err
		}
		if c.version, err = triton.NextVersion(c.place); err != nil {
			return err
		}
	}
	c.dir, err = s.begin(c.model)
	return err
}

// last is the newest version, if it is ours.
func (c *change) last() *note {
	if len(c.all) == 0 || c.all[0].Version != c.version-1 {
		return nil
	}
	return c.all[0]
}

// add adds a version to the new folder and checks that the model can take the old one's place.
func (c *change) add(n *note, files map[string]string) error {
	n.Version, c.done.Version = c.version, c.version
	if err := c.checkEdited(); err != nil {
		return err
	}
	if err := n.write(c.dir, files); err != nil {
		return err
	}
	next, err := triton.ReadInterface(c.dir)
	if err != nil {
		return fmt.Errorf("%w: as version %d: %w", rundir.ErrRefused, c.version, err)
	}
	if !c.fresh && !c.ReplaceInterface {
		if err := c.compare(next); err != nil {
			return err
		}
	}
	return c.removeOlder(n)
}

// checkEdited refuses to lose what somebody wrote into the configuration or the labels.
func (c *change) checkEdited() error {
	last := c.last()
	switch {
	case c.fresh:
		return nil
	case last == nil:
		c.done.Notes = append(c.done.Notes, "the configuration was not one of ours, and is now the package's")
		return nil
	}
	name, err := edited(c.place, last)
	if err != nil || name == "" {
		return err
	}
	if c.ReplaceInterface {
		c.done.Notes = append(c.done.Notes, name+" was changed since version "+strconv.FormatInt(last.Version, 10)+", and is now the package's")
		return nil
	}
	return fmt.Errorf("%w: %s was changed since version %d was published, and would be lost: give the changes to the exporter (--exporters triton:...) and use --replace-interface", rundir.ErrRefused, filepath.Join(c.place, name), last.Version)
}

// compare refuses what would break clients.
func (c *change) compare(next *triton.Interface) error {
	was, err := triton.ReadInterface(c.place)
	if err != nil {
		return fmt.Errorf("%w: whether clients can use the new version as they use the old one is not known, since that cannot be read: %w; --replace-interface publishes without comparing", rundir.ErrRefused, err)
	}
	if differences := was.Differences(next); len(differences) > 0 {
		return fmt.Errorf("%w: clients of %s would break: %s; --replace-interface publishes it all the same", rundir.ErrRefused, c.model, strings.Join(differences, "; "))
	}
	return nil
}

// removeOlder leaves as many versions as are to be kept, and all that are not ours.
func (c *change) removeOlder(n *note) error {
	if c.Keep == 0 {
		return nil
	}
	for _, old := range slices.Backward(c.all[min(len(c.all), c.Keep-1):]) {
		if err := os.RemoveAll(versionDir(c.dir, old.Version)); err != nil {
			return fmt.Errorf("removing version %d before version %d comes: %w", old.Version, n.Version, err)
		}
		c.done.Removed = append(c.done.Removed, old.Version)
	}
	return nil
}
