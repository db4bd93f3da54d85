package review

import (
	"net/http"
	"strings"
	"testing"
)

// TestOwnersPattern follows the examples of GitHub's documentation, and what gitignore says.
func TestOwnersPattern(t *testing.T) {
	for _, c := range []struct{ pattern, matches, misses string }{
		{"*", "a a/b .github/x", ""},
		{"/*", "a .env", "a/b"},
		{"*.js", "a.js b/a.js", "a.jsx a.js.map"},
		{"/build/logs/", "build/logs/a build/logs/a/b", "build/logs x/build/logs/a"},
		{"docs/*", "docs/getting-started.md", "docs/build-app/troubleshooting.md x/docs/a"},
		{"apps/", "apps/a x/apps/a apps/a/b", "apps xapps/a"},
		{"/docs/", "docs/a docs/a/b", "x/docs/a"},
		{"/scripts", "scripts scripts/a", "x/scripts scripts2"},
		{"**/logs", "logs logs/a build/logs/a deeply/nested/logs", "mylogs"},
		{"/apps/github", "apps/github apps/github/a", "apps/githubx"},
		{"a/**/b", "a/b a/x/b a/x/y/b", "ab xa/b"},
		{"a/**", "a/x a/x/y", "a"},
		{"file?.txt", "file1.txt x/file1.txt", "file10.txt file/.txt"},
		{"a.b", "a.b", "axb"},
	} {
		p, err := ownersPattern(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		for _, path := range strings.Fields(c.matches) {
			if !p.MatchString(path) {
				t.Errorf("%s does not match %s: %s", c.pattern, path, p)
			}
		}
		for _, path := range strings.Fields(c.misses) {
			if p.MatchString(path) {
				t.Errorf("%s matches %s: %s", c.pattern, path, p)
			}
		}
	}
	for _, bad := range []string{"!a", "[ab]", "/", "//", `a\b`} {
		if _, err := ownersPattern(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestParseOwners(t *testing.T) {
	all, err := parseOwners("# comment\n\n* @a @acme/b # all\n/with\\ space/ x@example.com\n/free/\n")
	if err != nil || len(all) != 3 {
		t.Fatalf("%+v %v", all, err)
	}
	for path, want := range map[string]string{"x/y": "@a @acme/b", "with space/a": "x@example.com", "free/a": ""} {
		if got := strings.Join(ownersOf(all, path), " "); got != want {
			t.Errorf("%s is owned by %q, want %q", path, got, want)
		}
	}
	for _, bad := range []string{"* a", "* @", "!x @a"} {
		if _, err := parseOwners("\n" + bad); err == nil || !strings.HasPrefix(err.Error(), "line 2: ") {
			t.Errorf("%q: error %v", bad, err)
		}
	}
}

// TestOwnersNoReply refuses what could not be asked of owners, unless the policy does without it.
func TestOwnersNoReply(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(h *hub)
		missing string
	}{
		"files":         {func(h *hub) { h.owners("* @bob"); h.refused["pulls/7/files"] = http.StatusForbidden }, "contents: read"},
		"no CODEOWNERS": {func(h *hub) { h.owners(""); delete(h.answers, "contents/.github/CODEOWNERS@"+shaRelease) }, "a file CODEOWNERS"},
		"CODEOWNERS": {func(h *hub) {
			h.owners("* @bob")
			h.refused["contents/.github/CODEOWNERS@"+shaRelease] = http.StatusForbidden
		}, "contents: read"},
		"a team":     {func(h *hub) { h.owners("* @acme/models") }, "members=read, which GITHUB_TOKEN cannot have"},
		"an address": {func(h *hub) { h.owners("* bob@example.com") }, "CODEOWNERS"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHub(t)
			c.change(h)
			v := h.review(t)
			check := found(t, v, CheckOwners)
			if v.Approved || check.Outcome != NoReply || !strings.Contains(check.Missing, c.missing) || strings.Contains(check.Detail, token) {
				t.Errorf("%+v", check)
			}
			h.policy(shaRelease, object{"approval": "review", "code_owners": "approval", "not_available": object{CheckOwners: "teams are not shown"}})
			if v := h.review(t); !v.Approved || found(t, v, CheckOwners).NotAvailable != "teams are not shown" {
				t.Error(v.Text())
			}
		})
	}
}
