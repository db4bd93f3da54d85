package review

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

type object = map[string]any
type array = []any

const (
	repository = "acme/fruit"
	token      = "ghs_secretTokenOfTheTest"
)

// The commits of the tests.
var (
	shaRelease = strings.Repeat("1", 40) // of the last release
	shaCommit  = strings.Repeat("2", 40) // the merge that is judged
	shaHead    = strings.Repeat("3", 40) // the last revision of its pull request
	shaOlder   = strings.Repeat("4", 40) // the one before
	shaOther   = strings.Repeat("5", 40)
)

// The people of the tests.
func person(id int, login string) object { return object{"id": id, "login": login, "type": "User"} }

var (
	ada   = person(1, "ada") // who writes
	bob   = person(2, "bob") // who reviews
	carol = person(3, "carol")
	flow  = object{"id": 19864447, "login": "web-flow", "type": "User"}
	robot = object{"id": 41898282, "login": "github-actions[bot]", "type": "Bot"}
)

// hub is GitHub as far as a test needs it: an answer for each path of the repository, which
// tests change. What has no answer is 404. Lists come two entries a page.
type hub struct {
	answers map[string]any
	refused map[string]int                                           // statuses in place of answers
	before  func(w http.ResponseWriter, r *http.Request) (done bool) // nil: nothing

	mu     sync.Mutex
	asked  []string
	server *httptest.Server
}

// newHub is a repository where ada's pull request 7 was approved by bob, merged by GitHub,
// and is the one commit since the release v1.
func newHub(t *testing.T) *hub {
	t.Helper()
	h := &hub{refused: map[string]int{}, answers: map[string]any{
		"git/ref/heads/main":                 refTo("commit", shaCommit),
		"git/ref/tags/v1":                    refTo("commit", shaRelease),
		"releases":                           array{release("v1", robot)},
		"actions/workflows/release.yml/runs": object{"total_count": 1, "workflow_runs": array{releaseRun(shaRelease)}},
		"actions/runs/41/jobs":               object{"total_count": 2, "jobs": array{jobOf("plan", shaRelease, "success"), jobOf("approved", shaRelease, "success")}},
		"git/commits/" + shaCommit:           commitOf(shaCommit, shaRelease),
		"commits/" + shaCommit + "/pulls":    array{pullEntry(7)},
		"pulls/7":                            pullOf(),
		"issues/7/events":                    array{object{"event": "labeled", "created_at": day(12)}, object{"event": "merged", "created_at": day(20)}},
		"pulls/7/commits":                    array{written(shaOlder, ada, ada), written(shaHead, ada, flow)},
		"pulls/7/files":                      array{object{"filename": ".env"}, object{"filename": "docs/new.md", "previous_filename": "docs/old.md"}, object{"filename": "release/model.lock"}},
		"pulls/7/reviews":                    array{reviewBy(100, bob, approved, shaHead, 10)},
		"codeowners/errors":                  object{"errors": array{}},
		"rules/branches/main":                rulesInForce(),
		"rulesets/rule-suites":               array{object{"id": 1, "after_sha": shaCommit, "result": "pass"}},
	}}
	for who, may := range map[string]string{"ada": "admin", "bob": "write", "carol": "write"} {
		h.permit(map[string]object{"ada": ada, "bob": bob, "carol": carol}[who], may)
	}
	h.server = httptest.NewServer(h)
	t.Cleanup(h.server.Close)
	return h
}

func (h *hub) permit(u object, may string) {
	h.answers["collaborators/"+u["login"].(string)+"/permission"] = object{"permission": may, "user": u, "role_name": may}
}

func refTo(kind, sha string) object {
	return object{"ref": "refs", "object": object{"type": kind, "sha": sha}}
}

func release(tag string, by object) object {
	return object{"tag_name": tag, "draft": false, "prerelease": false, "author": by, "name": nil}
}

// releaseRun is a run of the release workflow for a commit.
func releaseRun(sha string) object {
	return object{"id": 41, "head_sha": sha, "head_branch": "main", "event": "push", "path": ".github/workflows/release.yml", "conclusion": "failure"}
}

func jobOf(name, sha string, conclusion any) object {
	return object{"name": name, "head_sha": sha, "conclusion": conclusion}
}

func commitOf(sha string, parents ...string) object {
	all := array{}
	for _, p := range parents {
		all = append(all, object{"sha": p})
	}
	return object{"sha": sha, "parents": all, "committer": object{"name": "GitHub", "email": mergeAddress, "date": day(20)},
		"verification": object{"verified": true, "reason": "valid", "signature": "x"}, "message": "approved by everybody"}
}

// day is a time: the day of a month.
func day(n int) string { return fmt.Sprintf("2026-03-%02dT10:00:00Z", n) }

func base() object {
	return object{"ref": "main", "sha": shaOther, "repo": object{"full_name": "Acme/fruit", "private": false}}
}

func pullEntry(number int) object {
	return object{"number": number, "merged_at": day(20), "base": base(), "state": "closed"}
}

func pullOf() object {
	return object{"number": 7, "state": "closed", "merged": true, "merged_at": day(20), "merged_by": ada, "merge_commit_sha": shaCommit,
		"user": ada, "head": object{"ref": "work", "sha": shaHead, "repo": nil}, "base": base(), "commits": 2, "changed_files": 3, "title": "${{ secrets.X }}"}
}

func written(sha string, author, committer any) object {
	return object{"sha": sha, "author": author, "committer": committer}
}

func reviewBy(id int, who any, state, sha string, on int) object {
	r := object{"id": id, "user": who, "state": state, "commit_id": sha, "submitted_at": day(on), "body": "", "author_association": "MEMBER"}
	if sha == "" {
		r["commit_id"] = nil
	}
	return r
}

func rulesInForce() array {
	return array{
		object{"type": "deletion", "ruleset_id": 1}, object{"type": "non_fast_forward", "ruleset_id": 1},
		object{"type": "pull_request", "parameters": object{"required_approving_review_count": 1, "dismiss_stale_reviews_on_push": true,
			"require_code_owner_review": true, "require_last_push_approval": true, "required_review_thread_resolution": true,
			"allowed_merge_methods": array{"squash"}}},
		object{"type": "required_status_checks", "parameters": object{"required_status_checks": array{object{"context": "ci"}}}},
	}
}

// policy sets the policy of the repository as of a commit.
func (h *hub) policy(sha string, p object) {
	p["schema"] = 1
	b, _ := json.Marshal(p)
	h.answers["contents/.github/review-policy.json@"+sha] = object{"type": "file", "encoding": "base64",
		"content": base64.StdEncoding.EncodeToString(b[:len(b)/2/3*3]) + "\n" + base64.StdEncoding.EncodeToString(b[len(b)/2/3*3:]) + "\n"}
}

func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ours := strings.CutPrefix(r.URL.Path, "/repos/"+repository+"/")
	if !ours {
		path, ours = strings.CutPrefix(r.URL.Path, "/")
	}
	if ref := r.URL.Query().Get("ref"); strings.HasPrefix(path, "contents/") {
		path += "@" + ref
	}
	h.mu.Lock()
	h.asked = append(h.asked, path)
	h.mu.Unlock()
	if h.before != nil && h.before(w, r) {
		return
	}
	status := h.refused[path]
	answer, known := h.answers[path]
	switch {
	case r.Header.Get("Authorization") != "Bearer "+token:
		status = http.StatusUnauthorized
	case !ours || !known && status == 0:
		status = http.StatusNotFound
	}
	if status != 0 {
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"message":"%s of %s"}`, http.StatusText(status), token)
		return
	}
	if all, is := answer.(array); is {
		answer = page(w, r, all)
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// page is the part of a list that is asked for, two entries long.
func page(w http.ResponseWriter, r *http.Request, all array) array {
	const size = 2
	n, _ := strconv.Atoi(r.URL.Query().Get("page"))
	n = max(n, 1)
	from := min((n-1)*size, len(all))
	to := min(n*size, len(all))
	if to < len(all) {
		query := r.URL.Query()
		query.Set("page", strconv.Itoa(n+1))
		w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?%s>; rel="next", <http://%s/>; rel="last"`, r.Host, r.URL.Path, query.Encode(), r.Host))
	}
	return all[from:to]
}

// client is one that asks the hub and does not wait.
func (h *hub) client(t *testing.T) *Client {
	t.Helper()
	c, err := NewClient(h.server.URL, repository, token)
	if err != nil {
		t.Fatal(err)
	}
	c.wait = func(context.Context, time.Duration) error { return nil }
	c.now = func() time.Time { return time.Date(2026, 3, 21, 0, 0, 0, 0, time.UTC) }
	return c
}

func (h *hub) review(t *testing.T) *Verdict {
	t.Helper()
	v, err := h.client(t).Review(t.Context(), Request{Commit: shaCommit, Branch: "main", Run: 55})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// in is the object at a path of the hub.
func (h *hub) in(path string) object { return h.answers[path].(object) }

func (h *hub) reviews(all ...any) { h.answers["pulls/7/reviews"] = all }

// merge adds a commit before the judged one, which bob approved as pull request 6.
func (h *hub) merge(sha, base string) {
	h.answers["git/commits/"+sha] = commitOf(sha, base)
	h.answers["git/commits/"+shaCommit] = commitOf(shaCommit, sha)
	h.answers["commits/"+sha+"/pulls"] = array{pullEntry(6)}
	p := pullOf()
	p["number"], p["merge_commit_sha"] = 6, sha
	h.answers["pulls/6"] = p
	h.answers["issues/6/events"] = array{}
	h.answers["pulls/6/commits"] = h.answers["pulls/7/commits"]
	h.answers["pulls/6/reviews"] = h.answers["pulls/7/reviews"]
	h.answers["rulesets/rule-suites"] = append(array{object{"id": 2, "after_sha": sha, "result": "pass"}}, h.answers["rulesets/rule-suites"].(array)...)
}

// approveRun has somebody approve the run in the environment release.
func (h *hub) approveRun(who any) {
	h.answers["environments/release"] = object{"name": "release", "protection_rules": array{
		object{"type": "required_reviewers", "prevent_self_review": false, "reviewers": array{object{"type": "User", "reviewer": ada}}}}}
	h.answers["actions/runs/55"] = object{"id": 55, "head_sha": shaCommit, "head_branch": "main", "event": "push", "path": ".github/workflows/release.yml"}
	h.answers["actions/runs/55/approvals"] = array{object{"state": "approved", "comment": "looks right", "user": who,
		"environments": array{object{"name": "release"}}}}
}

// owners sets CODEOWNERS as of a commit, and has its owners compared with the approvals.
func (h *hub) owners(text string) {
	h.policy(shaRelease, object{"approval": "review", "code_owners": "approval"})
	h.answers["contents/.github/CODEOWNERS@"+shaRelease] = object{"type": "file", "encoding": "base64", "content": base64.StdEncoding.EncodeToString([]byte(text))}
}

// alone is a repository of one person: without a second account, on the free plan.
func (h *hub) alone() {
	h.policy(shaRelease, object{"approval": "environment", "not_available": object{
		"code_owners": "there is no CODEOWNERS: one person owns everything", "bypass": "GITHUB_TOKEN cannot have administration: read"}})
	h.reviews()
	h.refused["rulesets/rule-suites"] = http.StatusForbidden
	delete(h.answers, "codeowners/errors")
	h.answers["rules/branches/main"].(array)[2].(object)["parameters"] = object{"required_approving_review_count": 0,
		"required_review_thread_resolution": true, "allowed_merge_methods": array{"squash"}}
	h.approveRun(ada)
}
