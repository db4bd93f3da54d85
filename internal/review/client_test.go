package review

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/blocktrain/blocktrain/internal/config"
)

// TestRetries asks again after what may pass, waits as long as it is asked to, and gives up.
func TestRetries(t *testing.T) {
	for name, c := range map[string]struct {
		status  int
		header  map[string]string
		body    string
		times   int
		waits   string
		want    string
		unasked bool
	}{
		"a server's error":       {status: 502, times: 2, waits: "[1s 2s]"},
		"errors without end":     {status: 500, times: 99, waits: "[1s 2s 4s 8s]", want: "500 Internal Server Error"},
		"a rate limit":           {status: 429, header: map[string]string{"Retry-After": "7"}, times: 1, waits: "[7s]"},
		"a limit that is 403":    {status: 403, header: map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1774051230"}, times: 1, waits: "[30s]"},
		"a secondary limit":      {status: 403, body: `{"message":"You have exceeded a secondary rate limit"}`, times: 1, waits: "[1s]"},
		"a limit for an hour":    {status: 403, header: map[string]string{"Retry-After": "3600"}, times: 1, waits: "[]", want: "asks to wait for 1h0m0s"},
		"a limit without end":    {status: 403, header: map[string]string{"Retry-After": "1"}, times: 99, waits: "[1s 1s 1s 1s]", want: "the rate limit is reached"},
		"a bad token":            {status: 401, body: `{"message":"Bad credentials"}`, times: 1, waits: "[]", want: "the token in GITHUB_TOKEN is not valid"},
		"a permission":           {status: 403, header: map[string]string{"X-Accepted-GitHub-Permissions": "contents=read"}, times: 1, waits: "[]", want: "403 Forbidden", unasked: true},
		"a moved repository":     {status: 301, header: map[string]string{"Location": "/elsewhere"}, times: 1, waits: "[]", want: "renamed or moved"},
		"a conflict":             {status: 409, times: 1, waits: "[]", want: "409 Conflict"},
		"a page that is none":    {status: 503, body: "<html>" + strings.Repeat("x", 1000), times: 99, waits: "[1s 2s 4s 8s]", want: "<html>xxx"},
		"an answer with a token": {status: 409, body: `{"message":"` + token + `"}`, times: 1, waits: "[]", want: "***"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHub(t)
			left := c.times
			h.before = func(w http.ResponseWriter, _ *http.Request) bool {
				if left--; left < 0 {
					return false
				}
				for key, value := range c.header {
					w.Header().Set(key, value)
				}
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
				return true
			}
			client := h.client(t)
			waits := []time.Duration{}
			client.wait = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
			var p pull
			err := client.get(t.Context(), "pulls/7", &p)
			if fmt.Sprint(waits) != c.waits {
				t.Errorf("waited %v, want %s", waits, c.waits)
			}
			if c.want == "" && (err != nil || p.Number != 7) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if err != nil && (strings.Contains(err.Error(), token) || len(err.Error()) > 600) {
				t.Errorf("the error has the token, or is long: %v", err)
			}
			var unasked *Unasked
			if errors.As(err, &unasked) != c.unasked || c.unasked && unasked.missing("x") != `permission "contents=read"; usually x` {
				t.Errorf("unasked is %+v", unasked)
			}
		})
	}
}

// TestFailsClosed gives no verdict where an answer is none.
func TestFailsClosed(t *testing.T) {
	for name, c := range map[string]struct{ path, body, want string }{
		"no JSON":                {"pulls/7", "<html>", "not the JSON expected here"},
		"a key twice":            {"pulls/7", `{"number":7,"merged":false,"merged":true}`, "merged: the key comes twice"},
		"a key in other letters": {"pulls/7", `{"number":7,"Merged":true}`, "Merged: the key is unknown, want it written merged"},
		"a missing key":          {"pulls/7", `{"number":7}`, "the key is missing"},
		"null":                   {"pulls/7/reviews", `[{"id":1,"user":null,"state":null}]`, "it is null"},
		"an object for a list":   {"pulls/7/reviews", `{}`, "want an array"},
		"another commit":         {"git/commits/" + shaCommit, `{"sha":"x","parents":[],"committer":{"email":""},"verification":{"verified":true,"reason":""}}`, "the answer is of commit x"},
		"data behind it":         {"releases", `[] []`, "data after the end"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHub(t)
			h.before = func(w http.ResponseWriter, r *http.Request) bool {
				if strings.HasSuffix(r.URL.Path, "/fruit/"+c.path) {
					fmt.Fprint(w, c.body)
					return true
				}
				return false
			}
			v, err := h.client(t).Review(t.Context(), Request{Commit: shaCommit, Branch: "main"})
			if v != nil || err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("verdict %v, error %v, want %q", v, err, c.want)
			}
		})
	}
}

// TestNextPage follows no address of another server, to which the token would go, and no
// list without end.
func TestNextPage(t *testing.T) {
	for link, want := range map[string]string{
		`<https://evil.example/repos/x>; rel="next"`: "which is not the API asked",
		`<SELF?page=1>; rel="next"`:                  "more than 50 pages",
	} {
		h := newHub(t)
		h.before = func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Link", strings.ReplaceAll(link, "SELF", "http://"+r.Host+r.URL.Path))
			fmt.Fprint(w, "[]")
			return true
		}
		if _, err := list[pullReview](t.Context(), h.client(t), "pulls/7/reviews"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", link, err, want)
		}
	}
}

// TestTokenSentBack wants no token in errors and verdicts, wherever the API sends it back.
func TestTokenSentBack(t *testing.T) {
	for name, change := range map[string]func(h *hub){
		"a page elsewhere": func(h *hub) {
			h.before = func(w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("Link", `<https://evil.example/?`+token+`>; rel="next"`)
				return false
			}
		},
		"a permission": func(h *hub) {
			h.before = func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.Contains(r.URL.Path, "rule-suites") {
					return false
				}
				w.Header().Set("X-Accepted-GitHub-Permissions", token)
				w.WriteHeader(http.StatusForbidden)
				return true
			}
		},
		"a key":    func(h *hub) { h.answers["pulls/7"] = object{token: 1, strings.ToUpper("number"): 7} },
		"a commit": func(h *hub) { h.answers["git/commits/"+shaCommit] = commitOf(token, shaRelease) },
		"a reviewer's name": func(h *hub) {
			h.answers["pulls/7/reviews"] = array{reviewBy(1, person(9, token), approved, shaHead, 10)}
		},
		"an error of owners": func(h *hub) {
			h.answers["codeowners/errors"] = object{"errors": array{object{"line": 1, "message": token}}}
		},
		"a rule's result": func(h *hub) {
			h.answers["rulesets/rule-suites"] = array{object{"after_sha": shaCommit, "result": token}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHub(t)
			change(h)
			v, err := h.client(t).Review(t.Context(), Request{Commit: shaCommit, Branch: "main"})
			text := fmt.Sprint(err)
			if v != nil {
				b, err := json.Marshal(v)
				if err != nil {
					t.Fatal(err)
				}
				text += string(b) + v.Text()
			}
			if strings.Contains(text, token[:20]) || err == nil && v.Approved {
				t.Errorf("error %v, verdict %s", err, text)
			}
		})
	}
}

// TestHugeAnswers gives up before answers take all memory.
func TestHugeAnswers(t *testing.T) {
	h := newHub(t)
	c := h.client(t)
	c.left = 3000
	h.answers["pulls/7/reviews"] = array{object{"id": 1, "more": strings.Repeat("x", 4000)}}
	if _, err := c.Review(t.Context(), Request{Commit: shaCommit, Branch: "main"}); err == nil || !strings.Contains(err.Error(), "bytes together") {
		t.Errorf("error %v", err)
	}
}

func TestNewClientRefuses(t *testing.T) {
	for api, repository := range map[string]string{
		"http://api.github.com": "a/b", "": "a/b", "ftp://x": "a/b", "https://u:p@api.github.com": "a/b", "https://x?y": "a/b",
		"https://api.github.com": "a/../b", "https://api.github.com/": "b", "https://api.github.com/x": "a/..", "https://api.github.com/y": "a/.", "https://ghe.example/api/v3": "a/b?c",
	} {
		var usage *config.UsageError
		if _, err := NewClient(api, repository, ""); !errors.As(err, &usage) {
			t.Errorf("%s %s: error %v, want one of usage", api, repository, err)
		}
	}
	c, err := NewClient("https://ghe.example/api/v3/", "a/b.c", "")
	if err != nil || c.address("pulls/7?x=1").String() != "https://ghe.example/api/v3/repos/a/b.c/pulls/7?x=1" {
		t.Errorf("%v %v", c, err)
	}
}

// TestInterrupted ends while it waits.
func TestInterrupted(t *testing.T) {
	h := newHub(t)
	h.refused["git/ref/heads/main"] = http.StatusBadGateway
	c := h.client(t)
	c.wait = sleep
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := c.Review(ctx, Request{Commit: shaCommit, Branch: "main"}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// TestBadRequest asks nothing where no commit is named.
func TestBadRequest(t *testing.T) {
	h := newHub(t)
	for _, sha := range []string{"", "main", strings.Repeat("1", 39), "../" + shaCommit} {
		var usage *config.UsageError
		if _, err := h.client(t).Review(t.Context(), Request{Commit: sha, Branch: "main"}); !errors.As(err, &usage) {
			t.Errorf("%q: error %v", sha, err)
		}
	}
	if len(h.asked) > 0 {
		t.Errorf("asked %v", h.asked)
	}
}
