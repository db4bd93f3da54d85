package buildinfo

import (
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
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
	if want := (Info{Version: "v1.2.3", Commit: "abc", Changes: Changed}); info != want {
		t.Errorf("got %+v, want %+v", info, want)
	}
	info = Info{Version: "2.0.0"}
	info.read(&debug.BuildInfo{Main: debug.Module{Version: "(devel)"}})
	if info.Version != "2.0.0" {
		t.Errorf("got %+v", info)
	}
}

const aCommit, another = "0123456789abcdef0123456789abcdef01234567", "fedcba9876543210fedcba9876543210fedcba98"

// TestProgram checks the names of programs, and which of them --require-commit takes.
func TestProgram(t *testing.T) {
	for _, test := range []struct {
		info    Info
		name    string
		refused string
	}{
		{Info{Version: "1.2.3", Commit: aCommit, Changes: Unchanged}, "blocktrain 1.2.3 " + aCommit, ""},
		{Info{Version: "1.2.3", Commit: aCommit, Changes: Changed}, "blocktrain 1.2.3 " + aCommit + " with changes", "differs"},
		{Info{Version: "1.2.3", Commit: aCommit, Changes: ChangesUnknown}, "blocktrain 1.2.3 " + aCommit + " with unknown changes", "not known"},
		{Info{Version: "development"}, "blocktrain development without commit", "no commit"},
	} {
		name := test.info.program()
		err := CheckCommit(name)
		if name != test.name || (err == nil) != (test.refused == "") || err != nil && !strings.Contains(err.Error(), test.refused) {
			t.Errorf("%+v is called %q, error %v; want %q, %q", test.info, name, err, test.name, test.refused)
		}
		if WithoutCommit(name) != (test.info.Commit == "") {
			t.Errorf("%q: without commit is %t", name, WithoutCommit(name))
		}
	}
	if CheckCommit("blocktrain development") == nil { // as older programs without commit had it
		t.Error("a program without commit is taken")
	}
}

// TestIsTemporary lists where programs lie that were compiled for one call, and others,
// which may be older than HEAD.
func TestIsTemporary(t *testing.T) {
	digest := "7c66f7f5ad98913eda3ce7e4477534f0aae2041bc5b17ab7e9c38ba9614b373b"
	for path, want := range map[string]bool{
		"/tmp/go-build123/b001/exe/blocktrain":            true,
		"/tmp/go-build123/b001/buildinfo.test":            true,
		"/home/ada/cache/7c/" + digest + "-d/blocktrain":  true,
		"/home/ada/cache/7d/" + digest + "-d/blocktrain":  false,
		"/home/ada/.cache/go-build/blocktrain":            false,
		"/home/ada/go/bin/blocktrain":                     false,
		"/home/ada/blocktrain/buildinfo.test":             false,
		"/tmp/go-build123/b001/exe/deeper/x/y/blocktrain": false,
	} {
		if isTemporary(path) != want {
			t.Errorf("%s: want %t", path, want)
		}
	}
}

const goMod = "// A comment.\nmodule github.com/blocktrain/blocktrain // and one more\n\ngo 1.26\n"

// TestCommitOf reads HEAD of repositories in all the forms that git gives them, and of
// none that is not this module's.
func TestCommitOf(t *testing.T) {
	for name, test := range map[string]struct {
		files map[string]string
		want  string
	}{
		"branch":   {map[string]string{"go.mod": goMod, ".git/HEAD": "ref: refs/heads/main\n", ".git/refs/heads/main": aCommit + "\n"}, aCommit},
		"detached": {map[string]string{"go.mod": goMod, ".git/HEAD": another + "\n"}, another},
		"packed": {map[string]string{"go.mod": goMod, ".git/HEAD": "ref: refs/heads/main\n",
			".git/packed-refs": "# pack-refs with: peeled\n" + another + " refs/heads/main2\n" + aCommit + " refs/heads/main\n^" + another + "\n"}, aCommit},
		"loose before packed": {map[string]string{"go.mod": goMod, ".git/HEAD": "ref: refs/heads/main\n", ".git/refs/heads/main": aCommit + "\n",
			".git/packed-refs": another + " refs/heads/main\n"}, aCommit},
		"packed beside a folder": {map[string]string{"go.mod": goMod, ".git/HEAD": "ref: refs/heads/a\n", ".git/refs/heads/a/.keep": "",
			".git/packed-refs": aCommit + " refs/heads/a\n"}, aCommit},
		"reference to a reference": {map[string]string{"go.mod": goMod, ".git/HEAD": "ref: refs/heads/a\n", ".git/refs/heads/a": "ref: refs/heads/b\n",
			".git/refs/heads/b": aCommit}, aCommit},
		"linked working tree": {map[string]string{"go.mod": goMod, ".git": "gitdir: other/.git/worktrees/w\n", "other/.git/worktrees/w/HEAD": "ref: refs/heads/main\n",
			"other/.git/worktrees/w/commondir": "../..\n", "other/.git/HEAD": another, "other/.git/refs/heads/main": aCommit + "\n"}, aCommit},
		"linked working tree without HEAD": {map[string]string{"go.mod": goMod, ".git": "gitdir: other/.git/worktrees/w\n",
			"other/.git/worktrees/w/commondir": "../..\n", "other/.git/HEAD": another}, ""},
		"another module":   {map[string]string{"go.mod": "module example.org/other\n", ".git/HEAD": aCommit}, ""},
		"no go.mod":        {map[string]string{".git/HEAD": aCommit}, ""},
		"no repository":    {map[string]string{"go.mod": goMod}, ""},
		"no commit yet":    {map[string]string{"go.mod": goMod, ".git/HEAD": "ref: refs/heads/main\n", ".git/packed-refs": ""}, ""},
		"other references": {map[string]string{"go.mod": goMod, ".git/HEAD": "ref: refs/heads/.invalid\n", ".git/reftable/tables.list": "x"}, ""},
		"circle":           {map[string]string{"go.mod": goMod, ".git/HEAD": "ref: refs/heads/a\n", ".git/refs/heads/a": "ref: refs/heads/a\n"}, ""},
		"path outside":     {map[string]string{"go.mod": goMod, ".git/HEAD": "ref: refs/../../secret\n", "secret": aCommit}, ""},
		"no digest":        {map[string]string{"go.mod": goMod, ".git/HEAD": aCommit[1:] + "\n"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			for file, text := range test.files {
				path := filepath.Join(root, filepath.FromSlash(file))
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if got := commitOf(filepath.Join(root, "internal", "buildinfo")); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	if got := commitOf(filepath.Join(t.TempDir(), "elsewhere")); got != "" {
		t.Errorf("of another folder: %q", got)
	}
}

// TestNested wants the repository of the module itself, and none that holds a copy of it.
func TestNested(t *testing.T) {
	root := t.TempDir()
	module := filepath.Join(root, "vendored")
	for path, text := range map[string]string{filepath.Join(root, ".git", "HEAD"): aCommit, filepath.Join(module, "go.mod"): goMod} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := commitOf(filepath.Join(module, "internal", "buildinfo")); got != "" {
		t.Errorf("got %q", got)
	}
}

// TestSet believes the go command rather than what a build was told.
func TestSet(t *testing.T) {
	for _, c := range []struct {
		before Info
		told   string
		want   Info
	}{
		{Info{}, "", Info{}},
		{Info{}, "abc", Info{Commit: "abc", Changes: Unchanged}},
		{Info{Commit: "def", Changes: Changed}, "abc", Info{Commit: "def", Changes: Changed}},
	} {
		got := c.before
		if got.set(c.told); got != c.want {
			t.Errorf("%+v told %q: %+v, want %+v", c.before, c.told, got, c.want)
		}
	}
}
