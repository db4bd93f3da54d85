package doc_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// rfd is what an RFD says of itself, and what the index says of it.
type rfd struct{ number, file, title, state, date string }

var states = []string{"ideation", "discussion", "published", "committed", "abandoned"}

// TestRFDIndex compares the index with the front matter of every RFD.
func TestRFDIndex(t *testing.T) {
	files, err := filepath.Glob("rfd/[0-9]*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("no RFDs found: %v", err)
	}
	var want []rfd
	for i, file := range files {
		r, err := readRFD(file)
		if err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if number := fmt.Sprintf("%04d", i+1); r.number != number {
			t.Errorf("%s: number %s, want %s: numbers have no gaps", file, r.number, number)
		}
		want = append(want, r)
	}
	index, err := os.ReadFile("rfd/README.md")
	if err != nil {
		t.Fatal(err)
	}
	if got := indexRows(string(index)); !slices.Equal(got, want) {
		t.Errorf("the index has\n%v\nthe files say\n%v", got, want)
	}
}

// readRFD reads the front matter and the heading of an RFD.
func readRFD(file string) (rfd, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return rfd{}, err
	}
	matter, body, ok := strings.Cut(strings.TrimPrefix(string(text), "---\n"), "\n---\n")
	if !ok || !strings.HasPrefix(string(text), "---\n") {
		return rfd{}, fmt.Errorf("no front matter between two lines of ---")
	}
	fields := map[string]string{}
	for line := range strings.SplitSeq(matter, "\n") {
		key, value, _ := strings.Cut(line, ": ")
		fields[key] = value
	}
	base := filepath.Base(file)
	r := rfd{number: base[:4], file: base, title: fields["title"], state: fields["state"], date: fields["date"]}
	switch {
	case fields["authors"] == "":
		return r, fmt.Errorf("no authors")
	case !slices.Contains(states, r.state):
		return r, fmt.Errorf("state %q, want one of %v", r.state, states)
	case !regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`).MatchString(r.date):
		return r, fmt.Errorf("date %q, want YYYY-MM-DD", r.date)
	case !strings.HasPrefix(body, fmt.Sprintf("\n# RFD %s: %s\n", r.number, r.title)):
		return r, fmt.Errorf("its heading is not %q", fmt.Sprintf("# RFD %s: %s", r.number, r.title))
	}
	return r, nil
}

var indexRow = regexp.MustCompile(`(?m)^\| \[(\d{4})\]\((\S+)\) \| (.+?) \| (\w+) \| (\S+) \|$`)

func indexRows(text string) []rfd {
	var rows []rfd
	for _, match := range indexRow.FindAllStringSubmatch(text, -1) {
		rows = append(rows, rfd{match[1], match[2], match[3], match[4], match[5]})
	}
	return rows
}

// TestDesignNamesEveryPackage finds packages that the table of layers lacks.
func TestDesignNamesEveryPackage(t *testing.T) {
	design, err := os.ReadFile("Design.md")
	if err != nil {
		t.Fatal(err)
	}
	_, layers, _ := strings.Cut(string(design), "\n## Layers\n")
	layers, _, _ = strings.Cut(layers, "\n## ")
	entries, err := os.ReadDir("../internal")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		link := fmt.Sprintf("[%s](../internal/%s)", entry.Name(), entry.Name())
		if entry.IsDir() && hasFile("../internal/"+entry.Name()) && !strings.Contains(layers, link) {
			t.Errorf("package internal/%s is not in the table of layers of Design.md: add %s", entry.Name(), link)
		}
	}
}
