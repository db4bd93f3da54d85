package dataset

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// filed are examples in files of these names, "[PART/]CLASS/..." of two classes.
type filed struct {
	paths []string
	parts []Part // by index; none: no parts
}

func (f filed) Len() int            { return len(f.paths) }
func (f filed) Source(i int) string { return f.paths[i] }
func (f filed) Info(i int) Info {
	info := Info{Label: i % 2}
	if f.parts != nil {
		info.Part = f.parts[i]
	}
	return info
}

// names are file names of both classes in turn: count images of each of so many
// sequences of a class, by a format that is given class, sequence and image.
func names(format string, sequences, count int) (paths []string) {
	for s := range sequences {
		for i := range count {
			for class := range 2 {
				paths = append(paths, fmt.Sprintf(format, class, s, i))
			}
		}
	}
	return paths
}

// TestFindSequences checks which file names are taken for those of frames.
func TestFindSequences(t *testing.T) {
	for _, test := range []struct {
		what   string
		paths  []string
		option string // "": no frames
	}{
		{"clips", names("c%[1]d/clip%[1]d%[2]d_%05[3]d.png", 3, 30), "group=prefix:_"},
		{"clips, not padded", names("c%d/clip%d-frame%d.jpg", 4, 40), "group=prefix:-"},
		{"every tenth frame", names("c%d/clip%d.%d0.png", 4, 30), "group=prefix:."},
		{"a folder for each clip", names("c%d/clip%d/%04d.png", 3, 30), "group=folder"},
		{"clips in folders", names("c%[1]d/day/clip%[2]d_%04[3]d.png", 3, 30), "group=prefix:_"},
		{"clips and a few others", append(names("c%d/clip%d_%d.png", 3, 30), names("c%d/%d/x%da.png", 3, 29)...), "group=prefix:_"},
		{"short clips", names("c%d/clip%d_%d.png", 10, 29), ""},
		{"clips too few to divide", names("c%d/clip%d_%d.png", 2, 300), ""},
		{"clips and more others", append(names("c%d/clip%d_%d.png", 3, 30), names("c%d/%d/x%da.png", 3, 31)...), ""},
		{"numbers", names("c%d/%d%04d.png", 1, 500), ""},
		{"one prefix for each class", names("c%[1]d/c%[1]d%[2]d_%04[3]d.png", 1, 500), ""},
		{"gaps, as where a collection was drawn from", names("c%[1]d/kind%[2]d_%[3]d%[3]d.png", 3, 40), ""},
		{"hashes", names("c%d/%d%da.png", 3, 40), ""},
		{"no files", names("drawn/%d/%d_%d", 3, 40), ""},
	} {
		found := FindSequences(newTestSet(t, letters(2), filed{paths: test.paths}))
		got := ""
		if found != nil {
			got = found.Option
		}
		if got != test.option {
			t.Errorf("%s: found %q, want %q", test.what, got, test.option)
		}
	}
}

// TestSequencesFound checks what is said of sequences, and that they are looked for
// where a split may divide them and nowhere else.
func TestSequencesFound(t *testing.T) {
	paths := names("c%d/clip%d_%03d.png", 3, 30)
	d := newTestSet(t, letters(2), filed{paths: paths})
	want := &Sequences{Count: 6, Images: 180, First: "c0/clip0_000.png", Option: "group=prefix:_"}
	if diff := cmp.Diff(want, FindSequences(d)); diff != "" {
		t.Errorf("sequences (-want +got):\n%s", diff)
	}
	d.groups = "prefix:-"
	if found := FindSequences(d); found != nil {
		t.Errorf("in groups: found %+v", found)
	}
	given := filed{paths: append(names("c%d/v%d_%d.png", 1, 1), names("c%d/t%d_%d.png", 1, 1)...)}
	for i := range given.paths {
		given.parts = append(given.parts, []Part{PartValidation, PartTest}[i/2])
	}
	for range paths {
		given.parts = append(given.parts, PartTrain)
	}
	given.paths = append(given.paths, paths...)
	if found := FindSequences(newTestSet(t, letters(2), given)); found != nil {
		t.Errorf("with all parts given: found %+v", found)
	}
	for i := range given.parts[:4] {
		given.parts[i] = PartTest
	}
	if found := FindSequences(newTestSet(t, letters(2), given)); found == nil || found.Count != 6 {
		t.Errorf("with a test part: found %+v", found)
	}
}

// TestCutCounter compares the function with the expression that it is.
func TestCutCounter(t *testing.T) {
	expression := regexp.MustCompile(`^(?:(.+)([_.-]))?[A-Za-z]*([0-9]{1,9})$`)
	parts := []string{"", "a", "Z9", "_", ".", "-", "é", "\xff", "\n", " ", "7", "0042", "123456789", "1234567890", "frame"}
	for n := range len(parts) * len(parts) * len(parts) * len(parts) {
		name := ""
		for range 4 {
			name += parts[n%len(parts)]
			n /= len(parts)
		}
		match := expression.FindStringSubmatch(name)
		prefix, separator, value, is := cutCounter(name)
		want := 0
		if match != nil {
			want, _ = strconv.Atoi(match[3])
		}
		if is != (match != nil) || is && (prefix != match[1] || separator != match[2] || value != want) {
			t.Fatalf("%q: %q %q %d %t, want %q", name, prefix, separator, value, is, match)
		}
	}
}
