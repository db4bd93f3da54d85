package buildinfo

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strings"
)

// readSource takes the commit from the git repository of the folder that the program was
// compiled from. It does so only for a program that the go command has compiled for this
// call, or for one with the same source: HEAD may have moved since any other was built.
func (i *Info) readSource() {
	program, err := os.Executable()
	if err != nil || !isTemporary(program) {
		return
	}
	_, file, _, ok := runtime.Caller(0)
	if !ok || !filepath.IsAbs(file) { // with -trimpath, no folder is known
		return
	}
	if commit := commitOf(filepath.Dir(filepath.FromSlash(file))); commit != "" {
		i.Commit, i.Changes = commit, ChangesUnknown
	}
}

// Where go run and go test put a program: below a folder of their own, or into the build
// cache, whose names are digests of all that the program was made of.
var (
	built  = regexp.MustCompile(`/go-build\d+/b\d+/(?:exe/[^/]+|[^/]+\.test(?:\.exe)?)$`)
	cached = regexp.MustCompile(`/([0-9a-f]{2})/([0-9a-f]{64})-d/[^/]+$`)
)

// isTemporary says whether a program lies where go run or go test put one.
func isTemporary(program string) bool {
	path := filepath.ToSlash(program)
	match := cached.FindStringSubmatch(path)
	return built.MatchString(path) || match != nil && strings.HasPrefix(match[2], match[1])
}

// here is this package's folder in its module.
const here = "/internal/buildinfo"

// commitOf is the commit that HEAD names in the repository that the folder of this
// package lies in, empty where that is no repository of this module.
func commitOf(folder string) string {
	root, inModule := strings.CutSuffix(filepath.ToSlash(folder), here)
	module, _ := strings.CutSuffix(reflect.TypeFor[Info]().PkgPath(), here)
	if root = filepath.FromSlash(root); !inModule || !declares(filepath.Join(root, "go.mod"), module) {
		return ""
	}
	commit, err := headOf(root)
	if err != nil {
		return ""
	}
	return commit
}

var moduleLine = regexp.MustCompile(`(?m)^module[ \t]+"?([^\s"]+)"?[ \t]*(?://.*)?$`)

// declares says whether a go.mod is that of the module.
func declares(path, module string) bool {
	text, err := readSmall(path)
	if err != nil {
		return false
	}
	match := moduleLine.FindStringSubmatch(strings.ReplaceAll(text, "\r\n", "\n"))
	return match != nil && match[1] == module
}

// errNoCommit is the error of a repository whose HEAD cannot be read.
var errNoCommit = errors.New("no commit is found")

// headOf reads the commit of a working tree at root, as gitrepository-layout(5) has it.
func headOf(root string) (string, error) {
	own, err := gitDir(root)
	if err != nil {
		return "", err
	}
	common := own
	if text, err := readSmall(filepath.Join(own, "commondir")); err == nil { // of a linked working tree
		common = from(own, strings.TrimSpace(text))
	}
	const longestChain = 5 // of references to references, as in git
	name := "HEAD"
	for range longestChain {
		text, err := readReference(own, common, name)
		if err != nil {
			return "", err
		}
		target, symbolic := strings.CutPrefix(text, "ref:")
		switch name = strings.TrimSpace(target); {
		case !symbolic && isCommit(text):
			return text, nil
		case !symbolic || !strings.HasPrefix(name, "refs/") || !filepath.IsLocal(filepath.FromSlash(name)):
			return "", errNoCommit
		}
	}
	return "", errNoCommit
}

// gitDir is the folder of the repository of a working tree.
func gitDir(root string) (string, error) {
	path := filepath.Join(root, ".git")
	info, err := os.Stat(path)
	if err != nil || info.IsDir() {
		return path, err
	}
	text, err := readSmall(path)
	if err != nil {
		return "", err
	}
	dir, is := strings.CutPrefix(strings.TrimSpace(text), "gitdir:")
	if !is {
		return "", errNoCommit
	}
	return from(root, strings.TrimSpace(dir)), nil
}

// from is a path that is relative to dir, or absolute.
func from(dir, path string) string {
	if path = filepath.FromSlash(path); filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// readReference reads what a reference holds: from a file of its own, or else from the
// list of packed ones.
func readReference(own, common, name string) (string, error) {
	if name == "HEAD" { // of each working tree its own
		text, err := readSmall(filepath.Join(own, name))
		return strings.TrimSpace(text), err
	}
	for _, dir := range []string{own, common} {
		text, err := readSmall(filepath.Join(dir, filepath.FromSlash(name)))
		if err == nil {
			return strings.TrimSpace(text), nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
	}
	packed, err := readSmall(filepath.Join(common, "packed-refs"))
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(packed) {
		if commit, of, is := strings.Cut(strings.TrimSpace(line), " "); is && of == name {
			return commit, nil
		}
	}
	return "", errNoCommit
}

var commitName = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)

func isCommit(text string) bool { return commitName.MatchString(text) }

// maxGitFile bounds what is read of a file of git: a list of packed references may be
// long.
const maxGitFile = 64 << 20

// readSmall reads a regular file.
func readSmall(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.IsDir() { // of references with longer names, so that no file has this one
		return "", os.ErrNotExist
	}
	if !info.Mode().IsRegular() || info.Size() > maxGitFile {
		return "", errNoCommit
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxGitFile))
	return string(b), err
}
