// Package doc_test keeps the project's documents true: links lead somewhere,
// the index of RFDs is complete, and the architecture names every package.
package doc_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// repository is the repository's root, seen from this package's folder.
const repository = ".."

func TestLinks(t *testing.T) {
	documents, err := findDocuments(repository)
	if err != nil {
		t.Fatal(err)
	}
	if len(documents) < 5 {
		t.Fatalf("found only %d documents", len(documents))
	}
	for _, path := range documents {
		for _, problem := range checkDocument(repository, path) {
			t.Errorf("%s: %s", path, problem)
		}
	}
}

// findDocuments lists the Markdown files below root, which may stand in hidden
// folders other than .git. Results of runs are no documents of the project.
func findDocuments(root string) ([]string, error) {
	var documents []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{".git", "runs", "data", "testdata", "node_modules"}, entry.Name()) {
			return fs.SkipDir
		}
		if !entry.IsDir() && strings.EqualFold(filepath.Ext(path), ".md") {
			documents = append(documents, path)
		}
		return nil
	})
	return documents, err
}

// checkDocument returns what is wrong with the links of the file at path. Links
// to other sites are not followed.
func checkDocument(root, path string) []error {
	text, err := os.ReadFile(path)
	if err != nil {
		return []error{err}
	}
	var problems []error
	for _, target := range linkTargets(string(text)) {
		if err := checkTarget(root, path, target); err != nil {
			problems = append(problems, fmt.Errorf("link to %s: %w", target, err))
		}
	}
	return problems
}

var (
	inlineLink    = regexp.MustCompile(`\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)`)
	referenceLink = regexp.MustCompile(`(?m)^ {0,3}\[[^\]]+\]:\s*<?(\S+?)>?(?:\s+"[^"]*")?\s*$`)
	codeSpan      = regexp.MustCompile("`[^`\n]+`")
)

// linkTargets lists the targets of the links and images of a document.
func linkTargets(text string) []string {
	text = codeSpan.ReplaceAllString(withoutFences(text), "``")
	var targets []string
	for _, pattern := range []*regexp.Regexp{inlineLink, referenceLink} {
		for _, match := range pattern.FindAllStringSubmatch(text, -1) {
			targets = append(targets, match[1])
		}
	}
	return targets
}

// withoutFences empties the lines of fenced code blocks.
func withoutFences(text string) string {
	lines := strings.Split(text, "\n")
	fence := ""
	for i, line := range lines {
		opened := fence
		trimmed := strings.TrimSpace(line)
		for _, mark := range []string{"```", "~~~"} {
			if fence == "" && strings.HasPrefix(trimmed, mark) {
				fence = mark
			} else if fence == mark && strings.HasPrefix(trimmed, mark) {
				fence = ""
			}
		}
		if opened != "" || fence != "" {
			lines[i] = ""
		}
	}
	return strings.Join(lines, "\n")
}

func checkTarget(root, path, target string) error {
	link, err := url.Parse(target)
	switch {
	case err != nil:
		return err
	case link.Scheme != "" || link.Host != "":
		return nil
	case strings.HasPrefix(link.Path, "/"):
		return errors.New("it is absolute: want a path relative to the document")
	}
	file := path
	if link.Path != "" {
		file = filepath.Join(filepath.Dir(path), filepath.FromSlash(link.Path))
	}
	if inside, err := filepath.Rel(root, file); err != nil || !filepath.IsLocal(inside) {
		return errors.New("it leads out of the repository")
	}
	info, err := os.Stat(file)
	if err != nil || info.IsDir() && !hasFile(file) {
		return errors.New("no such file or folder, or an empty one")
	}
	if link.Fragment == "" {
		return nil
	}
	if info.IsDir() || !strings.EqualFold(filepath.Ext(file), ".md") {
		return errors.New("only Markdown files have anchors that last")
	}
	return checkAnchor(file, link.Fragment)
}

// hasFile reports whether there is a file somewhere below dir. Without one the
// folder is not in a clone.
func hasFile(dir string) bool {
	found := errors.New("found")
	return errors.Is(filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			return found
		}
		return err
	}), found)
}

func checkAnchor(file, anchor string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if anchors := headingAnchors(string(text)); !slices.Contains(anchors, anchor) {
		return fmt.Errorf("no such heading: there are %s", strings.Join(anchors, ", "))
	}
	return nil
}

var (
	heading    = regexp.MustCompile(`(?m)^ {0,3}#{1,6}[ \t]+(.+?)(?:[ \t]+#+)?[ \t]*$`)
	linkedText = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// headingAnchors are the anchors that GitHub gives the headings of a document.
func headingAnchors(text string) []string {
	var anchors []string
	seen := map[string]int{}
	for _, match := range heading.FindAllStringSubmatch(withoutFences(text), -1) {
		anchor := slug(linkedText.ReplaceAllString(match[1], "$1"))
		seen[anchor]++
		if earlier := seen[anchor] - 1; earlier > 0 {
			anchor = fmt.Sprintf("%s-%d", anchor, earlier)
		}
		anchors = append(anchors, anchor)
	}
	return anchors
}

// slug keeps letters, digits, hyphens and underscores of a heading, in lower
// case, and turns its spaces into hyphens.
func slug(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}

func TestCheckDocument(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("other.md", "# A title\n\n## Same\n\n## Same\n\n## `code` & [link](x.md), twice\n")
	write("code.go", "package x\n")
	if err := os.MkdirAll(filepath.Join(root, "empty", "below"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ text, problem string }{
		{"[a](../other.md)", ""},
		{"[a](../other.md#a-title) and ![b](../code.go \"title\")", ""},
		{"[a](../other.md#same-1)", ""},
		{"[a](../other.md#code--link-twice)", ""},
		{"# Here\n[a](#here)", ""},
		{"[a](..)", ""},
		{"[a](https://example.org/gone#x)", ""},
		{"[a](mailto:a@example.org)", ""},
		{"```\n[a](gone.md)\n```", ""},
		{"a span: `[a](gone.md)`", ""},
		{"[a]: ../other.md", ""},
		{"[a](gone.md)", "no such file or folder"},
		{"[a](../empty)", "an empty one"},
		{"![a](gone.png)", "no such file or folder"},
		{"[a]: gone.md", "no such file or folder"},
		{"```\n```\n[a](gone.md)", "no such file or folder"},
		{"[a](../other.md#gone)", "no such heading: there are a-title, same, same-1, code--link-twice"},
		{"[a](#gone)", "no such heading"},
		{"[a](../code.go#L1)", "only Markdown files have anchors that last"},
		{"[a](/other.md)", "it is absolute"},
		{"[a](../../etc/passwd)", "it leads out of the repository"},
	} {
		path := write("doc/page.md", test.text)
		problems := checkDocument(root, path)
		switch {
		case test.problem == "" && len(problems) > 0:
			t.Errorf("%q: %v", test.text, problems)
		case test.problem != "" && (len(problems) != 1 || !strings.Contains(problems[0].Error(), test.problem)):
			t.Errorf("%q: got %v, want one with %q", test.text, problems, test.problem)
		}
	}
}
