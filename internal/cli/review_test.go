package cli

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

const (
	judgedCommit  = "2222222222222222222222222222222222222222"
	releaseCommit = "1111111111111111111111111111111111111111"
	headCommit    = "3333333333333333333333333333333333333333"
)

// approvedPull are GitHub's answers about a commit that was reviewed, by path.
var approvedPull = map[string]string{
	"git/ref/heads/main":                 `{"object":{"type":"commit","sha":"` + judgedCommit + `"}}`,
	"git/ref/tags/v1":                    `{"object":{"type":"commit","sha":"` + releaseCommit + `"}}`,
	"releases":                           `[{"tag_name":"v1","draft":false,"prerelease":false,"author":{"id":1,"login":"github-actions[bot]","type":"Bot"}}]`,
	"actions/workflows/release.yml/runs": `{"workflow_runs":[{"id":5,"head_sha":"` + releaseCommit + `","head_branch":"main","event":"push","path":".github/workflows/release.yml"}]}`,
	"actions/runs/5/jobs":                `{"jobs":[{"name":"approved","head_sha":"` + releaseCommit + `","conclusion":"success"}]}`,
	"git/commits/" + judgedCommit:        `{"sha":"` + judgedCommit + `","parents":[{"sha":"` + releaseCommit + `"}],"committer":{"email":"noreply@github.com"},"verification":{"verified":true,"reason":"valid"}}`,
	"commits/" + judgedCommit + "/pulls": `[{"number":7,"merged_at":"2026-03-20T10:00:00Z","base":{"ref":"main","sha":"x","repo":{"full_name":"acme/fruit"}}}]`,
	"pulls/7": `{"number":7,"merged":true,"merged_at":"2026-03-20T10:00:00Z","merged_by":null,"merge_commit_sha":"` + judgedCommit + `","user":{"id":2,"login":"ada","type":"User"},
		"head":{"ref":"w","sha":"` + headCommit + `","repo":null},"base":{"ref":"main","sha":"x","repo":{"full_name":"acme/fruit"}},"commits":1,"changed_files":1}`,
	"issues/7/events":              `[]`,
	"pulls/7/commits":              `[{"sha":"` + headCommit + `","author":{"id":2,"login":"ada"},"committer":{"id":2,"login":"ada"}}]`,
	"pulls/7/reviews":              `[{"id":9,"user":{"id":3,"login":"bob","type":"User"},"state":"APPROVED","commit_id":"` + headCommit + `","submitted_at":"2026-03-20T09:00:00Z"}]`,
	"collaborators/bob/permission": `{"permission":"write","user":{"id":3,"login":"bob","type":"User"}}`,
	"codeowners/errors":            `{"errors":[]}`,
	"rulesets/rule-suites":         `[{"after_sha":"` + judgedCommit + `","result":"pass"}]`,
	"rules/branches/main": `[{"type":"deletion"},{"type":"non_fast_forward"},{"type":"pull_request","parameters":{"required_approving_review_count":1,
		"dismiss_stale_reviews_on_push":true,"require_code_owner_review":true,"require_last_push_approval":true,"required_review_thread_resolution":true,"allowed_merge_methods":["squash"]}},
		{"type":"required_status_checks","parameters":{"required_status_checks":[{"context":"ci"}]}}]`,
	"rulesets":   `[{"id":5,"name":"main","target":"branch"}]`,
	"rulesets/5": `{"name":"main","target":"branch","enforcement":"active","bypass_actors":[],"conditions":{},"rules":[{"type":"deletion"}]}`,
}

// setGitHub sets the environment of a workflow whose API has these answers.
func setGitHub(t *testing.T, answers map[string]string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, known := answers[strings.TrimPrefix(r.URL.Path, "/repos/acme/fruit/")]
		switch {
		case r.Header.Get("Authorization") != "Bearer the-secret":
			w.WriteHeader(http.StatusUnauthorized)
		case !known:
			w.WriteHeader(http.StatusNotFound)
		default:
			_, _ = w.Write([]byte(answer))
		}
	}))
	t.Cleanup(server.Close)
	t.Chdir(t.TempDir())
	for name, value := range map[string]string{"GITHUB_API_URL": server.URL, "GITHUB_REPOSITORY": "acme/fruit", "GITHUB_SHA": judgedCommit, "GITHUB_RUN_ID": "77", "GITHUB_TOKEN": "the-secret", "GH_TOKEN": ""} {
		t.Setenv(name, value)
	}
}

func reviewed(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = Run(t.Context(), args, nil, &stdout, &stderr)
	if strings.Contains(stdout.String()+stderr.String(), "the-secret") {
		t.Error("the token is shown")
	}
	return code, stdout.String(), stderr.String()
}

func TestReviewCommand(t *testing.T) {
	setGitHub(t, approvedPull)
	// No file of the repository says whom to ask, nor what about.
	env := "BLOCKTRAIN_API=http://127.0.0.1:1\nBLOCKTRAIN_REPOSITORY=eve/fruit\nBLOCKTRAIN_BRANCH=eve\nBLOCKTRAIN_COMMIT=" + releaseCommit + "\n"
	if err := os.WriteFile(".env", []byte(env), 0o644); err != nil {
		t.Fatal(err)
	}
	code, out, errs := reviewed(t, "review", "--output", "review.json")
	if code != ExitDone || !strings.Contains(out, "decision  approved\n") {
		t.Fatalf("exit code %d: %s%s", code, out, errs)
	}
	b, err := os.ReadFile("review.json")
	if err != nil {
		t.Fatal(err)
	}
	var verdict struct {
		Approved bool
		Commits  []struct{ Commit string }
	}
	if err := json.Unmarshal(b, &verdict); err != nil || !verdict.Approved || verdict.Commits[0].Commit != judgedCommit {
		t.Errorf("%v: %s", err, b)
	}
	if code, out, _ := reviewed(t, "review", "--json"); code != ExitDone || out != string(b) && !strings.HasPrefix(out, "{\n  \"schema\": 1,\n  \"approved\": true,") {
		t.Errorf("exit code %d: %s", code, out)
	}
	t.Setenv("GITHUB_SHA", headCommit)
	if code, out, errs := reviewed(t, "review"); code != ExitRefused || !strings.Contains(out, "missing: permission contents: read") || !strings.Contains(errs, "blocktrain: refused: ") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	for name, value := range map[string]string{"GITHUB_TOKEN": "", "GITHUB_SHA": "main", "GITHUB_RUN_ID": "x", "GITHUB_REPOSITORY": "", "GITHUB_API_URL": "http://example.com"} {
		before := os.Getenv(name)
		t.Setenv(name, value)
		if code, _, errs := reviewed(t, "review"); code != ExitUsage {
			t.Errorf("%s=%s: exit code %d: %s", name, value, code, errs)
		}
		t.Setenv(name, before)
	}
	t.Setenv("GITHUB_TOKEN", "another")
	if code, _, errs := reviewed(t, "review"); code != ExitFailed || !strings.Contains(errs, "the token in GITHUB_TOKEN is not valid") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}

func TestReviewRulesCommand(t *testing.T) {
	setGitHub(t, approvedPull)
	if code, _, errs := reviewed(t, "review", "rules"); code != ExitUsage {
		t.Errorf("without files: exit code %d: %s", code, errs)
	}
	if err := os.MkdirAll(".github/rulesets", 0o755); err != nil {
		t.Fatal(err)
	}
	ruleset := func(text string) {
		if err := os.WriteFile(".github/rulesets/main.json", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ruleset(`{"name":"main","target":"branch","enforcement":"active","bypass_actors":[],"rules":[{"type":"deletion"}]}`)
	if code, out, errs := reviewed(t, "review", "rules"); code != ExitDone {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	ruleset(`{"name":"main","target":"branch","enforcement":"active","rules":[{"type":"deletion"},{"type":"update"}]}`)
	if code, _, errs := reviewed(t, "review", "rules"); code != ExitDifference || !strings.Contains(errs, "rules.update: want the rule, GitHub has none") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}
