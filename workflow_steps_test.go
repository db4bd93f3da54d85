//go:build workflows

package blocktrain_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
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
	if code := author.run(`python3 -m pip download -q --no-deps --dest "$RUNNER_TEMP/wheel" "$(grep -o '^onnxruntime==[0-9.]*' .ci/onnxruntime.txt)"`); code != 0 {
		t.Skipf("ONNX Runtime, which the gate runs, cannot be had from PyPI:\n%s", &author.output)
	}
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
	environ := []string{"VERSION=7.0.0", "GITHUB_SHA=" + commit, "GITHUB_REPOSITORY=acme/fruit", "GITHUB_TOKEN=t", "GITHUB_API_URL=" + server.URL, "GITHUB_RUN_ID=9", "GITHUB_ACTOR=ada", "GITHUB_SERVER_URL=https://github.com", "DOCKER_CONFIG=" + t.TempDir(),
		"HUB=" + hub, "PATH=" + bin + ":" + os.Getenv("PATH"), "GH_TOKEN=t", "GH_REPO=acme/fruit"}

	first := newRunner(t, author.clone, environ...)
	first.job("release.yml", "plan")
	if out := readText(t, filepath.Join(first.temp, "output")); out != "version=7.0.0\nrelease=true\n" {
		t.Errorf("the plan is %q", out)
	}
	first.job("release.yml", "approved")
	first.must(`cp review.json "$RUNNER_TEMP"`)
	approved = false
	if code := first.run(scripts(t, "release.yml", "approved")[1]); code != 3 || !strings.Contains(first.output.String(), "approval failed: 0 approvals count, want 1") {
		t.Errorf("without an approval: exit code %d:\n%s", code, &first.output)
	}
	first.must("git checkout -q -- . && git clean -qfd")
	first.job("release.yml", "build")
	wantONNXRuntime(t, first.must(`tar -xzOf "$RUNNER_TEMP"/release/*.tar.gz --wildcards '*/onnx-agreement.json'`))

	second := newRunner(t, author.clone, environ...)
	second.must("cp -r " + filepath.Join(first.temp, "release") + ` "$RUNNER_TEMP"`)
	for _, script := range scripts(t, "release.yml", "verify") {
		second.must(strings.ReplaceAll(script, "linux-arm64", "linux-amd64")) // this machine's
	}
	second.must(`echo more >>"$RUNNER_TEMP/release/model.lock"`)
	if code := second.run(scripts(t, "release.yml", "verify")[0]); code == 0 {
		t.Error("a file that was changed between two jobs is taken")
	}

	signed := checkSigning(t, newRunner(t, author.clone, environ...), first.temp)
	last := newRunner(t, author.clone, environ...)
	last.must("rm -rf release && cp -r " + signed + " release && echo '{}' >release/provenance.sigstore.json && mkdir $HUB/v7.0.0 # a draft that a run left which was killed")
	last.job("release.yml", "release")
	if !strings.HasSuffix(readText(t, filepath.Join(hub, "calls")), "release edit v7.0.0 --draft=false\n") {
		t.Errorf("published before the last step:\n%s", readText(t, filepath.Join(hub, "calls")))
	}
	const model = "digits-linear-7.0.0"
	for _, name := range []string{"SHA256SUMS", "model.lock", "table.md", "MODEL_CARD.md", "NOTICES.txt", "blocktrain-7.0.0.cdx.json", "review.json", "blocktrain-7.0.0-linux-amd64", "provenance.sigstore.json",
		model + ".tar.gz", model + ".tar.gz.sha256", model + ".cdx.json", model + ".intoto.jsonl", model + ".model.sig"} {
		if _, err := os.Stat(filepath.Join(hub, "v7.0.0", name)); err != nil {
			t.Error(err)
		}
	}
	checkImage(t, newRunner(t, author.clone, environ...), signed)
}

// checkSigning runs the job that signs, on a release without a key, with keys, and with keys
// that the repository does not trust. It returns the folder of the signed release.
func checkSigning(t *testing.T, r *runner, built string) string {
	t.Helper()
	release := filepath.Join(r.temp, "release")
	begin := "rm -rf \"$RUNNER_TEMP/release\" && cp -r " + filepath.Join(built, "release") + " \"$RUNNER_TEMP\" && mkdir -p \"$RUNNER_TEMP/review\" && cp " +
		filepath.Join(built, "review.json") + " \"$RUNNER_TEMP/review\""
	script := scripts(t, "release.yml", "sign")[0]
	r.must(begin)
	if out := r.must(script); !strings.Contains(out, "there is no key") || !strings.Contains(out, "not signed: nothing says who made it") {
		t.Errorf("without a key:\n%s", out)
	}
	r.must(begin + `
openssl genpkey -algorithm ed25519 -out "$RUNNER_TEMP/release.pem"
openssl genpkey -algorithm ed25519 -out "$RUNNER_TEMP/other.pem"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$RUNNER_TEMP/model.pem"
openssl pkey -in "$RUNNER_TEMP/other.pem" -pubout >release/trusted.pub`)
	r.environ = append(slices.Clip(r.environ), "SIGNING_KEY="+r.must(`cat "$RUNNER_TEMP/release.pem"`), "MODEL_SIGNING_KEY="+r.must(`cat "$RUNNER_TEMP/model.pem"`))
	if code := r.run(script); code != 4 {
		t.Errorf("signed by a key that release/trusted.pub does not have: exit code %d:\n%s", code, &r.output)
	}
	r.must(begin + ` && for key in release model; do openssl pkey -in "$RUNNER_TEMP/$key.pem" -pubout; done >release/trusted.pub`)
	if out := r.must(script); !strings.Contains(out, "signed by") {
		t.Errorf("with both keys:\n%s", out)
	}
	r.must(`cd "$RUNNER_TEMP/release" && sha256sum --check --strict SHA256SUMS && test "$(wc -l <digits-linear-7.0.0.intoto.jsonl)" = 5 # with the review`)
	return release
}

// checkImage runs the job that publishes the image, to a registry on this machine.
func checkImage(t *testing.T, r *runner, signed string) {
	t.Helper()
	host := startRegistry(t)
	r.must("rm -rf release && cp -r " + signed + " release && mkdir attestations")
	archive, err := os.ReadFile(filepath.Join(signed, "digits-linear-7.0.0.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	statement := fmt.Sprintf(`{"subject":[{"name":"x","digest":{"sha256":"%x"}}]}`, sha256.Sum256(archive))
	bundle := `{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","dsseEnvelope":{"payloadType":"application/vnd.in-toto+json","payload":"` + base64.StdEncoding.EncodeToString([]byte(statement)) + `"}}`
	for _, name := range []string{"provenance", "review"} {
		if err := os.WriteFile(filepath.Join(r.clone, "attestations", name+".sigstore.json"), []byte(bundle), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	script := strings.NewReplacer("ghcr.io/", host+"/", "--image", "--plain-http --image").Replace(scripts(t, "release.yml", "image")[0])
	r.must(script)
	r.must(script) // once more, as after a failure: the same image
	outputs := strings.Split(readText(t, filepath.Join(r.temp, "output")), "\n")
	if len(outputs) != 5 || outputs[1] != outputs[3] || !strings.HasPrefix(outputs[1], "digest=sha256:") || outputs[0] != "name="+host+"/acme/fruit" {
		t.Fatalf("the outputs are %q", outputs)
	}
	digest := strings.TrimPrefix(outputs[1], "digest=")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+host+"/v2/acme/fruit/manifests/"+strings.Replace(digest, ":", "-", 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "application/vnd.oci.image.index.v1+json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	referrers, err := io.ReadAll(response.Body)
	if n := bytes.Count(referrers, []byte("application/vnd.dev.sigstore.bundle.v0.3+json")); err != nil || n < 2 {
		t.Errorf("attached are %d bundles, %v:\n%s", n, err, referrers)
	}
	r.must(`echo >>release/digits-linear-7.0.0.tar.gz`)
	if code := r.run(script); code == 0 {
		t.Error("an archive that was changed after it was signed is published")
	}
}

// startRegistry is the host of a registry on this machine: Debian's docker-registry.
func startRegistry(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("docker-registry"); err != nil {
		t.Skip("docker-registry is not installed, so that the image is published nowhere: apt-get install docker-registry")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := listener.Addr().String()
	_ = listener.Close()
	dir := t.TempDir()
	settings := fmt.Sprintf("version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: %q}}\nhttp: {addr: %q}\n", dir, host)
	file := filepath.Join(dir, "registry.yml")
	if err := os.WriteFile(file, []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	server := exec.CommandContext(t.Context(), "docker-registry", "serve", file)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Wait() }) // the test's context, which ends before, kills it
	for range 200 {
		if c, err := net.Dial("tcp", host); err == nil {
			_ = c.Close()
			return host
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("docker-registry does not answer")
	return ""
}

// wantONNXRuntime wants the gate to have run the exported model by its own reader and by the
// library that .ci/onnxruntime.txt names.
func wantONNXRuntime(t *testing.T, report string) {
	t.Helper()
	found := regexp.MustCompile(`(?m)^onnxruntime==(\S+)`).FindStringSubmatch(readText(t, ".ci/onnxruntime.txt"))
	if found == nil || !strings.Contains(report, `"runtime": "own"`) || !strings.Contains(report, `"runtime": "onnxruntime"`) || !strings.Contains(report, `"version": "`+found[1]+`"`) {
		t.Errorf("%s did not run the model in the gate:\n%s", found, report)
	}
}

// checkPullRequest runs the job that trains, once as it should be and once with a lock that
// says something else.
func checkPullRequest(t *testing.T, author *runner) {
	t.Helper()
	pull := newRunner(t, author.clone)
	pull.job("pull-request.yml", "model")
	for _, want := range []string{"passed, strictly", "all answers are as recorded", "every file is as listed"} {
		if !strings.Contains(pull.output.String(), want) { // of the last script
			t.Errorf("the pull request's package is not said to be %q:\n%s", want, &pull.output)
		}
	}
	wantONNXRuntime(t, readText(t, filepath.Join(pull.temp, "model/run/onnx-agreement.json")))
	if table := readText(t, filepath.Join(pull.temp, "summary")); !strings.Contains(table, "| min\\_test\\_accuracy | ") || !strings.Contains(table, "Every digest and figure is that of") {
		t.Errorf("the table is\n%s", table)
	}
	pull.must(`sed -i 's/"learning_rate": "[^"]*"/"learning_rate": "1"/' release/model.lock && git commit -qam other && rm -rf "$RUNNER_TEMP"/*`)
	steps := scripts(t, "pull-request.yml", "model")
	pull.must(steps[0])
	pull.must(steps[1])
	if code := pull.run(steps[2]); code != 4 || !strings.Contains(pull.output.String(), "identity.learning_rate: the lock has 1, the run has") {
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
		"git/ref/heads/main":                 `{"object":{"type":"commit","sha":"` + commit + `"}}`,
		"git/ref/tags/v6.0.0":                `{"object":{"type":"commit","sha":"` + base + `"}}`,
		"releases":                           `[{"tag_name":"v6.0.0","draft":false,"prerelease":false,"author":{"id":1,"login":"github-actions[bot]","type":"Bot"}}]`,
		"actions/workflows/release.yml/runs": `{"workflow_runs":[{"id":5,"head_sha":"` + base + `","head_branch":"main","event":"push","path":".github/workflows/release.yml"}]}`,
		"actions/runs/5/jobs":                `{"jobs":[{"name":"approved","head_sha":"` + base + `","conclusion":"success"}]}`,
		"git/commits/" + commit:              `{"sha":"` + commit + `","parents":[{"sha":"` + base + `"}],"committer":{"email":"noreply@github.com"},"verification":{"verified":true,"reason":"valid"}}`,
		"commits/" + commit + "/pulls":       "[{" + pull + "}]",
		"pulls/7":                            "{" + pull + `,"merged":true,"merged_by":null,"merge_commit_sha":"` + commit + `","user":{"id":2,"login":"ada","type":"User"},"head":{"ref":"w","sha":"` + head + `","repo":null},"commits":1,"changed_files":3}`,
		"issues/7/events":                    `[]`,
		"pulls/7/commits":                    `[{"sha":"` + head + `","author":{"id":2,"login":"ada"},"committer":{"id":2,"login":"ada"}}]`,
		"pulls/7/reviews":                    reviews,
		"collaborators/bob/permission":       `{"permission":"write","user":{"id":3,"login":"bob","type":"User"}}`,
		"codeowners/errors":                  `{"errors":[]}`,
		"rulesets/rule-suites":               `[{"after_sha":"` + commit + `","result":"pass"}]`,
		"rules/branches/main": `[{"type":"deletion"},{"type":"non_fast_forward"},{"type":"pull_request","parameters":{"required_approving_review_count":1,"dismiss_stale_reviews_on_push":true,
			"require_code_owner_review":true,"require_last_push_approval":true,"required_review_thread_resolution":true,"allowed_merge_methods":["squash"]}},
			{"type":"required_status_checks","parameters":{"required_status_checks":[{"context":"ci"}]}}]`,
	}[strings.TrimPrefix(r.URL.Path, "/repos/acme/fruit/")]
	if !known {
		w.WriteHeader(http.StatusNotFound)
	}
	fmt.Fprint(w, text)
}
