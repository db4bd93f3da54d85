// Package buildinfo says which program this is.
package buildinfo

import (
	"runtime"
	"runtime/debug"
)

// version is set when a release is built:
// -ldflags "-X github.com/blocktrain/blocktrain/internal/buildinfo.version=1.2.3".
var version string

// Info describes the running program.
type Info struct {
	Version  string // "1.2.3", or "development"
	Commit   string // of the source, "" where the build does not know it
	Modified bool   // whether the source differed from the commit
	Go       string // "go1.26.8"
	Platform string // "linux/amd64"
}

// Program names the program as records of what it made do: "blocktrain 1.2.3", and
// after it the commit where that is known.
func Program() string { return Get().program() }

func (i Info) program() string {
	name := "blocktrain " + i.Version
	if i.Commit != "" {
		name += " " + i.Commit
	}
	if i.Modified {
		name += " with changes"
	}
	return name
}

// Get reads what the build recorded.
func Get() Info {
	info := Info{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	build, ok := debug.ReadBuildInfo()
	if ok {
		info.read(build)
	}
	if info.Version == "" {
		info.Version = "development"
	}
	return info
}

func (i *Info) read(build *debug.BuildInfo) {
	// A build by "go install module@version" has the version without our help.
	if i.Version == "" && build.Main.Version != "(devel)" {
		i.Version = build.Main.Version
	}
	for _, setting := range build.Settings {
		switch setting.Key {
		case "vcs.revision":
			i.Commit = setting.Value
		case "vcs.modified":
			i.Modified = setting.Value == "true"
		}
	}
}
