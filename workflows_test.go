package blocktrain_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/release/modellock"
)

var (
	usesLine   = regexp.MustCompile(`uses:\s*(.*)`)
	pinned     = regexp.MustCompile(`^[a-z-]+/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	expression = regexp.MustCompile(`\$\{\{\s*([^}]*?)\s*\}\}`)
)

// strangeWorkflow lists what a workflow must not have.
func strangeWorkflow(text string) (problems []string) {
	if !strings.Contains(text, "\npermissions: {}\n") {
		problems = append(problems, "no permissions: {} at the top")
	}
	for _, event := range []string{"pull_request_target", "workflow_run", "issue_comment"} {
		if strings.Contains(text, event) {
			problems = append(problems, event+" runs with secrets on what others wrote")
		}
	}
	for _, uses := range usesLine.FindAllStringSubmatch(text, -1) {
		if !pinned.MatchString(uses[1]) {
			problems = append(problems, uses[1]+" is not pinned, with its version behind it")
		}
	}
	if strings.Count(text, "actions/checkout@") != strings.Count(text, "persist-credentials: false") {
		problems = append(problems, "a checkout keeps the token")
	}
	script := -1 // the indentation of the key that the script is of
	for line := range strings.Lines(text) {
		indent := len(line) - len(strings.TrimLeft(line, " -"))
		if strings.HasPrefix(line[indent:], "run:") {
			script = indent
		} else if strings.TrimSpace(line) != "" && indent <= script {
			script = -1
		}
		if script >= 0 && expression.MatchString(line) {
			problems = append(problems, "an expression in a script: "+strings.TrimSpace(line))
		}
	}
	for _, e := range expression.FindAllStringSubmatch(text, -1) {
		key := e[1] == "secrets.SIGNING_KEY" || e[1] == "secrets.MODEL_SIGNING_KEY"
		if strings.Contains(e[1], "secrets.") && !(key && strings.Contains(text, "\n    environment: signing\n")) || strings.Contains(e[1], "github.event.") && e[1] != "github.event.pull_request.number" {
			problems = append(problems, "the expression "+e[1])
		}
	}
	return problems
}

func TestWorkflows(t *testing.T) {
	files, err := filepath.Glob(".github/workflows/*.yml")
	if err != nil || len(files) < 2 {
		t.Fatalf("%v %v", files, err)
	}
	for _, file := range files {
		text := readText(t, file)
		for _, problem := range strangeWorkflow(text) {
			t.Errorf("%s: %s", file, problem)
		}
		if writes := strings.Count(text, ": write"); strings.Contains(file, "pull-request") && writes > 0 {
			t.Errorf("%s: a token that can write", file)
		}
		if writes := strings.Count(text, "packages: write"); strings.Contains(file, "release") && writes != 1 {
			t.Errorf("%s: %d jobs may write packages, want the one that publishes the image", file, writes)
		}
		if strings.Contains(file, "release") && strings.Count(text, "actions/setup-go@") != strings.Count(text, "cache: false") {
			t.Errorf("%s: a cache that a pull request may have written", file)
		}
	}
	good := readText(t, files[0])
	for from, to := range map[string]string{
		"\npermissions: {}\n": "\npermissions: write-all\n", "  pull_request:": "  pull_request_target:", " # v7.0.1": "", "persist-credentials: false": "persist-credentials: true",
		"run: make build": "run: echo ${{ github.head_ref }}", "run: make workflows": "run: |\n          echo ${{ github.head_ref }}", "matrix.runner }}": "github.event.pull_request.title }}", "${{ runner.temp }}": "${{ secrets.X }}",
		"path: |": "path: ${{ secrets.SIGNING_KEY }}",
	} {
		if !strings.Contains(good, from) || len(strangeWorkflow(strings.Replace(good, from, to, 1))) == 0 {
			t.Errorf("%q in place of %q is not found", to, from)
		}
	}
}

func readText(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestRepositoryLock reads the lock as the workflows do.
func TestRepositoryLock(t *testing.T) {
	if _, err := modellock.Read(modellock.File); err != nil {
		t.Error(err)
	}
}

// TestPlan releases a version once, and refuses another lock for it.
func TestPlan(t *testing.T) {
	for _, tool := range []string{"git", "jq", "bash"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	dir := t.TempDir()
	do := func(name string, args ...string) (string, error) {
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		cmd.Env = append(slices.Clip(os.Environ()), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	must := func(name string, args ...string) {
		t.Helper()
		if out, err := do(name, args...); err != nil {
			t.Fatalf("%s %v: %v: %s", name, args, err, out)
		}
	}
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		must("git", "add", "-A")
		must("git", "commit", "-qm", name)
	}
	must("git", "init", "-q")
	write(".ci/plan", readText(t, ".ci/plan"))
	plan := func(want string, fails bool) {
		t.Helper()
		out, err := do("bash", ".ci/plan")
		if !strings.Contains(out, want) || (err != nil) != fails {
			t.Errorf("%s, error %v, want %q", out, err, want)
		}
	}
	plan("", true) // there is no lock
	write("release/model.lock", `{"release_version":"1.2.0","x":1}`)
	plan("version=1.2.0\nrelease=true\n", false)
	must("git", "tag", "v1.2.0")
	plan("release=false", false)
	write("README", "more")
	plan("release=false", false)
	write("release/model.lock", `{"release_version":"1.2.0","x":2}`)
	plan("raise BLOCKTRAIN_RELEASE_VERSION", true)
	write("release/model.lock", `{"release_version":"1.3.0","x":2}`)
	plan("version=1.3.0\nrelease=true\n", false)
	write("release/model.lock", `{"release_version":"1.3.0\nrelease=true"}`)
	plan("want a version such as", true)
}
