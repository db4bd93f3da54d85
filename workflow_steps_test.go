//go:build workflows

package blocktrain_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// scripts are the scripts of a job of a workflow, in order.
func scripts(t *testing.T, file, job string) (all []string) {
	t.Helper()
	inJob, block := false, -1
	for line := range strings.Lines(readText(t, ".github/workflows/"+file)) {
		trimmed := strings.TrimLeft(line, " ")
		indent := len(line) - len(trimmed)
		if indent == 2 && trimmed != "\n" {
			inJob, block = strings.TrimSpace(trimmed) == job+":", -1
		}
		if !inJob {
			continue
		}
		if block >= 0 && (indent > block || trimmed == "\n") {
			all[len(all)-1] += strings.TrimPrefix(line, strings.Repeat(" ", block+2))
			continue
		}
		key := strings.TrimPrefix(trimmed, "- ")
		block = -1
		if command, is := strings.CutPrefix(key, "run: "); is {
			if strings.TrimSpace(command) == "|" {
				block, command = indent+len(trimmed)-len(key), ""
			}
			all = append(all, command)
		}
	}
	if len(all) == 0 {
		t.Fatalf("%s has no script in the job %s", file, job)
	}
	return all
}

// runner is a machine of GitHub's: a clone of the repository and folders of its own.
type runner struct {
	t              *testing.T
	clone, temp    string
	environ        []string
	output, errors bytes.Buffer
}

// newRunner is a runner with a clone of a repository.
func newRunner(t *testing.T, repository string, environ ...string) *runner {
	t.Helper()
	r := &runner{t: t, clone: filepath.Join(t.TempDir(), "clone"), temp: t.TempDir()}
	r.environ = append(slices.Clip(os.Environ()), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b",
		"GOFLAGS=-buildvcs=true", "PLATFORMS=linux/amd64", "RUNNER_TEMP="+r.temp, "GITHUB_OUTPUT="+filepath.Join(r.temp, "output"), "GITHUB_STEP_SUMMARY="+filepath.Join(r.temp, "summary"))
	r.environ = append(r.environ, environ...)
	if out, err := exec.Command("git", "clone", "-q", repository, r.clone).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return r
}

// run runs a script in the clone as a workflow does, and returns its exit code.
func (r *runner) run(script string) int {
	cmd := exec.Command("bash", "-e", "-c", script)
	cmd.Dir, cmd.Env = r.clone, r.environ
	r.output.Reset()
	cmd.Stdout, cmd.Stderr = &r.output, &r.output
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		r.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode()
}

func (r *runner) must(script string) string {
	r.t.Helper()
	if code := r.run(script); code != 0 {
		r.t.Fatalf("%s\nexit code %d:\n%s", script, code, &r.output)
	}
	return r.output.String()
}

// job runs all scripts of a job.
func (r *runner) job(file, job string) {
	r.t.Helper()
	for _, script := range scripts(r.t, file, job) {
		r.must(script)
	}
}

// smaller makes the model one that a second trains, with a lock of its own, and commits that.
const smaller = `
sed -i -e 's/^BLOCKTRAIN_DATASET_OPTIONS=.*/BLOCKTRAIN_DATASET_OPTIONS=count=300,test-count=60/' -e 's/^BLOCKTRAIN_MODEL=.*/BLOCKTRAIN_MODEL=linear/' \
 -e 's/^BLOCKTRAIN_EPOCHS=.*/BLOCKTRAIN_EPOCHS=1/' -e 's/^BLOCKTRAIN_MIN_TEST_ACCURACY=.*/BLOCKTRAIN_MIN_TEST_ACCURACY=0/' \
 -e 's/^BLOCKTRAIN_MIN_PER_CLASS_ACCURACY=.*/BLOCKTRAIN_MIN_PER_CLASS_ACCURACY=0/' -e 's/^BLOCKTRAIN_MAX_INFERENCE_TIME_MS=.*/BLOCKTRAIN_MAX_INFERENCE_TIME_MS=10000/' \
 -e 's/^BLOCKTRAIN_RELEASE_VERSION=.*/BLOCKTRAIN_RELEASE_VERSION=7.0.0/' .env
make build
bin/blocktrain run --output-dir "$RUNNER_TEMP/author"
bin/blocktrain lock "$RUNNER_TEMP/author"
git commit -qam 'model: a small one'`

// gh stands for GitHub's command: it keeps drafts as folders, publishes them once, and
// refuses what GitHub would.
const gh = `#!/usr/bin/env bash
set -eu
echo "$*" >>"$HUB/calls"
place=$HUB/$3
case "$1 $2" in
"release view") [ -d "$place" ] || exit 1; if [ -f "$place.published" ]; then echo false; else echo true; fi ;;
"release delete") rm -r "$place" ;;
"release create") [[ " $* " == *" --draft "* && " $* " == *" --target $GITHUB_SHA "* ]]; mkdir "$place" ;;
"release upload") [ ! -f "$place.published" ]; shift 3; cp "$@" "$place" ;;
"release edit") [ "$4" = --draft=false ]; touch "$place.published" ;;
*) exit 2 ;;
esac`

// TestWorkflowSteps runs the scripts of both workflows on a repository made here, from a
// clone to a release. What only GitHub can do is left out: its rules, its machines, and
// the attestation.
func TestWorkflowSteps(t *testing.T) {
	author := newRunner(t, ".")
	author.must(smaller)
	base, commit := strings.TrimSpace(author.must("git rev-parse HEAD~1")), strings.TrimSpace(author.must("git rev-parse HEAD"))
	checkPullRequest(t, author)

	hub := filepath.Join(t.TempDir(), "hub")
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "gh"), []byte(gh), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(hub, 0o755); err != nil {
		t.Fatal(err)
	}
	approved := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, r, base, commit, approved) }))
	defer server.Close()
	environ := []string{"VERSION=7.0.0", "GITHUB_SHA=" + commit, "GITHUB_REPOSITORY=acme/fruit", "GITHUB_TOKEN=t", "GITHUB_API_URL=" + server.URL, "GITHUB_RUN_ID=9", "GITHUB_ACTOR=ada",
		"HUB=" + hub, "PATH=" + bin + ":" + os.Getenv("PATH"), "GH_TOKEN=t", "GH_REPO=acme/fruit"}

	first := newRunner(t, author.clone, environ...)
	first.job("release.yml", "plan")
	if out := readText(t, filepath.Join(first.temp, "output")); out != "version=7.0.0\nrelease=true\n" {
		t.Errorf("the plan is %q", out)
	}
	first.job("release.yml", "approved")
	approved = false
	if code := first.run(scripts(t, "release.yml", "approved")[1]); code != 3 || !strings.Contains(first.output.String(), "approval failed: 0 approvals count, want 1") {
		t.Errorf("without an approval: exit code %d:\n%s", code, &first.output)
	}
	first.must("git checkout -q -- . && git clean -qfd")
	first.job("release.yml", "build")

	second := newRunner(t, author.clone, environ...)
	second.must("cp -r " + filepath.Join(first.temp, "release") + ` "$RUNNER_TEMP"`)
	for _, script := range scripts(t, "release.yml", "verify") {
		second.must(strings.ReplaceAll(script, "linux-arm64", "linux-amd64")) // this machine's
	}
	second.must(`echo more >>"$RUNNER_TEMP/release/model.lock"`)
	if code := second.run(scripts(t, "release.yml", "verify")[0]); code == 0 {
		t.Error("a file that was changed between two jobs is taken")
	}

	last := newRunner(t, author.clone, environ...)
	last.must("cp -r " + filepath.Join(first.temp, "release") + " . && echo '{}' >release/review.json && mkdir $HUB/v7.0.0 # a draft that a run left which was killed")
	last.job("release.yml", "release")
	if !strings.HasSuffix(readText(t, filepath.Join(hub, "calls")), "release edit v7.0.0 --draft=false\n") {
		t.Errorf("published before the last step:\n%s", readText(t, filepath.Join(hub, "calls")))
	}
	for _, name := range []string{"SHA256SUMS", "model.lock", "table.md", "MODEL_CARD.md", "review.json", "digits-linear-7.0.0.tar.gz", "blocktrain-7.0.0-linux-amd64"} {
		if _, err := os.Stat(filepath.Join(hub, "v7.0.0", name)); err != nil {
			t.Error(err)
		}
	}
}

// checkPullRequest runs the job that trains, once as it should be and once with a lock that
// says something else.
func checkPullRequest(t *testing.T, author *runner) {
	t.Helper()
	pull := newRunner(t, author.clone)
	pull.job("pull-request.yml", "model")
	if table := readText(t, filepath.Join(pull.temp, "summary")); !strings.Contains(table, "| min\\_test\\_accuracy | ") || !strings.Contains(table, "Every digest and figure is that of") {
		t.Errorf("the table is\n%s", table)
	}
	pull.must(`sed -i 's/"learning_rate": "[^"]*"/"learning_rate": "1"/' release/model.lock && git commit -qam other && rm -rf "$RUNNER_TEMP"/*`)
	pull.must(scripts(t, "pull-request.yml", "model")[0])
	if code := pull.run(scripts(t, "pull-request.yml", "model")[1]); code != 4 || !strings.Contains(pull.output.String(), "identity.learning_rate: the lock has 1, the run has") {
		t.Errorf("with another lock: exit code %d:\n%s", code, &pull.output)
	}
}

// answer is what GitHub says of the one commit since a release, which bob approved or did not.
func answer(w http.ResponseWriter, r *http.Request, base, commit string, approved bool) {
	head := strings.Repeat("a", 40)
	pull := `"number":7,"merged_at":"2026-03-20T10:00:00Z","base":{"ref":"main","sha":"x","repo":{"full_name":"acme/fruit"}}`
	reviews := "[]"
	if approved {
		reviews = `[{"id":9,"user":{"id":3,"login":"bob","type":"User"},"state":"APPROVED","commit_id":"` + head + `","submitted_at":"2026-03-20T09:00:00Z"}]`
	}
	text, known := map[string]string{
		"git/ref/heads/main":           `{"object":{"type":"commit","sha":"` + commit + `"}}`,
		"git/ref/tags/v6.0.0":          `{"object":{"type":"commit","sha":"` + base + `"}}`,
		"releases":                     `[{"tag_name":"v6.0.0","draft":false,"prerelease":false,"author":{"id":1,"login":"github-actions[bot]","type":"Bot"}}]`,
		"git/commits/" + commit:        `{"sha":"` + commit + `","parents":[{"sha":"` + base + `"}],"committer":{"email":"noreply@github.com"},"verification":{"verified":true,"reason":"valid"}}`,
		"commits/" + commit + "/pulls": "[{" + pull + "}]",
		"pulls/7":                      "{" + pull + `,"merged":true,"merged_by":null,"merge_commit_sha":"` + commit + `","user":{"id":2,"login":"ada","type":"User"},"head":{"ref":"w","sha":"` + head + `","repo":null},"commits":1}`,
		"issues/7/events":              `[]`,
		"pulls/7/commits":              `[{"sha":"` + head + `","author":{"id":2,"login":"ada"},"committer":{"id":2,"login":"ada"}}]`,
		"pulls/7/reviews":              reviews,
		"collaborators/bob/permission": `{"permission":"write","user":{"id":3,"login":"bob","type":"User"}}`,
		"codeowners/errors":            `{"errors":[]}`,
		"rulesets/rule-suites":         `[{"after_sha":"` + commit + `","result":"pass"}]`,
		"rules/branches/main": `[{"type":"deletion"},{"type":"non_fast_forward"},{"type":"pull_request","parameters":{"required_approving_review_count":1,"dismiss_stale_reviews_on_push":true,
			"require_code_owner_review":true,"require_last_push_approval":true,"required_review_thread_resolution":true,"allowed_merge_methods":["squash"]}},
			{"type":"required_status_checks","parameters":{"required_status_checks":[{"context":"ci"}]}}]`,
	}[strings.TrimPrefix(r.URL.Path, "/repos/acme/fruit/")]
	if !known {
		w.WriteHeader(http.StatusNotFound)
	}
	fmt.Fprint(w, text)
}
