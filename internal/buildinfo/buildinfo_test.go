package buildinfo

import (
	"runtime"
	"runtime/debug"
	"testing"
)

func TestGet(t *testing.T) {
	info := Get()
	if info.Version == "" || info.Go != runtime.Version() || info.Platform != runtime.GOOS+"/"+runtime.GOARCH {
		t.Errorf("got %+v", info)
	}
}

func TestRead(t *testing.T) {
	build := &debug.BuildInfo{
		Main:     debug.Module{Version: "v1.2.3"},
		Settings: []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}},
	}
	var info Info
	info.read(build)
	if want := (Info{Version: "v1.2.3", Commit: "abc", Modified: true}); info != want {
		t.Errorf("got %+v, want %+v", info, want)
	}
	if got := info.program(); got != "blocktrain v1.2.3 abc with changes" {
		t.Errorf("the program is %q", got)
	}
	info = Info{Version: "2.0.0"}
	info.read(&debug.BuildInfo{Main: debug.Module{Version: "(devel)"}})
	if info.Version != "2.0.0" {
		t.Errorf("got %+v", info)
	}
}
