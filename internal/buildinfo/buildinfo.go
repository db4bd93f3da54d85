// Package buildinfo says which program this is.
package buildinfo

import (
	"errors"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
)

// version is set when a release is built:
// -ldflags "-X github.com/blocktrain/blocktrain/internal/buildinfo.version=1.2.3".
var version string

// commit is set, too, when a release is built, from a clean work tree. The go command's own
// stamp has the tags that the work tree happens to know, so that the bytes of the program
// would depend on them.
var commit string

// Info describes the running program.
type Info struct {
	Version  string  // "1.2.3", or "development"
	Commit   string  // of the source, "" where nobody knows it
	Changes  Changes // whether the source differed from the commit; "" without one
	Go       string  // "go1.26.8"
	Platform string  // "linux/amd64"
}

// Changes says whether the source of a program differed from its commit.
type Changes string

// What is known of changes.
const (
	Unchanged      Changes = "none"
	Changed        Changes = "some"
	ChangesUnknown Changes = "unknown" // of programs that go run has compiled
)

// The words of a program's name, in the records of what it made.
const (
	withoutCommit      = " without commit"
	withChanges        = " with changes"
	withUnknownChanges = " with unknown changes"
)

// Program names the program as records of what it made do: "blocktrain 1.2.3", and
// after it the commit and whether the source differed from that, or "without commit".
func Program() string { return Get().program() }

func (i Info) program() string {
	name := "blocktrain " + i.Version
	if i.Commit == "" {
		return name + withoutCommit
	}
	name += " " + i.Commit
	switch i.Changes {
	case Changed:
		name += withChanges
	case ChangesUnknown:
		name += withUnknownChanges
	}
	return name
}

// WithoutCommit says of the name of a program that it says so. Older programs left it out.
func WithoutCommit(program string) bool { return strings.HasSuffix(program, withoutCommit) }

// commitInName finds the commit in the name of a program.
var commitInName = regexp.MustCompile(`^blocktrain \S+ (?:[0-9a-f]{40}|[0-9a-f]{64})(?: |$)`)

// CheckCommit refuses a program, by its name in a record, whose source is not known to be
// that of a commit.
func CheckCommit(program string) error {
	switch {
	case !commitInName.MatchString(program):
		return errors.New("has no commit")
	case strings.HasSuffix(program, withUnknownChanges):
		return errors.New("has a commit, but whether its source was changed is not known")
	case strings.HasSuffix(program, withChanges):
		return errors.New("was built from a source that differs from its commit")
	}
	return nil
}

// Get reads what the build recorded and, of a program that go run has compiled, which
// commit its source has. That is looked up once: the source may change later.
var Get = sync.OnceValue(func() Info {
	info := Info{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	build, ok := debug.ReadBuildInfo()
	if ok {
		info.read(build)
	}
	if info.Version == "" {
		info.Version = "development"
	}
	info.set(commit)
	if info.Commit == "" {
		info.readSource()
	}
	return info
})

// set takes the commit that a build was told, unless the go command has noted one.
func (i *Info) set(commit string) {
	if i.Commit == "" && commit != "" {
		i.Commit, i.Changes = commit, Unchanged
	}
}

func (i *Info) read(build *debug.BuildInfo) {
	// A build by "go install module@version" has the version without our help.
	if i.Version == "" && build.Main.Version != "(devel)" {
		i.Version = build.Main.Version
	}
	modified := ""
	for _, setting := range build.Settings {
		switch setting.Key {
		case "vcs.revision":
			i.Commit = setting.Value
		case "vcs.modified":
			modified = setting.Value
		}
	}
	switch {
	case i.Commit == "":
	case modified == "true":
		i.Changes = Changed
	case modified == "false":
		i.Changes = Unchanged
	default:
		i.Changes = ChangesUnknown
	}
}
