package clips

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

var ignoreLines = cmpopts.IgnoreUnexported(Entry{})

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q\nlacks %q", err, part)
		}
	}
}

func TestReadJSON(t *testing.T) {
	cases := []struct{ name, text, want string }{
		{"fraction", `{"exist":[0,1],"gt_rect":[[],[1,2,3.5,4]]}`, "entry 1: the box [1 2 3.5 4] is not in whole pixels: blocktrain clips convert"},
		{"NaN", `{"exist":[1],"gt_rect":[[NaN,2,3,4]]}`, "NaN and Infinity are no numbers of JSON"},
		{"too large", `{"exist":[1],"gt_rect":[[1e30,2,3,4]]}`, "entry 0: the box"},
		{"no area", `{"exist":[1],"gt_rect":[[1,2,0,4]]}`, "entry 0: the box [1,2,0,4] has no area"},
		{"short", `{"exist":[1,1],"gt_rect":[[1,2,3,4]]}`, "exist has 2 entries and gt_rect 1"},
		{"empty", `{"exist":[],"gt_rect":[]}`, "exist has 0 entries"},
		{"three numbers", `{"exist":[1],"gt_rect":[[1,2,3]]}`, "entry 0: exist is 1, and the box has 3 numbers"},
		{"exist 2", `{"exist":[2],"gt_rect":[[1,2,3,4]]}`, "exist is 2"},
		{"contradiction", `{"exist":[0],"gt_rect":[[1,2,3,4]]}`, "exist is 0, and the box is"},
		{"other key", `{"exist":[1],"gt_rect":[[1,2,3,4]],"x":1}`, `want {"exist"`},
		{"no object", `[1]`, `want {"exist"`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path := write(t, filepath.Join(t.TempDir(), "a.json"), c.text)
			_, err := ReadJSON(path, Reading{})
			wantError(t, err, path, c.want)
		})
	}
}

func TestConvert(t *testing.T) {
	dir := t.TempDir()
	path := write(t, filepath.Join(dir, "a.json"), `{"exist":[0,1,1],"gt_rect":[[0,0,0,0],[1,2,3.5,4.4],[10,20,31,42]]}`)
	l, err := ReadJSON(path, Reading{Round: true, Corners: true})
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "b.json")
	if err := WriteJSON(out, l); err != nil {
		t.Fatal(err)
	}
	again, err := ReadJSON(out, Reading{})
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{{}, {Targets: []Target{{Box: Box{1, 2, 3, 2}}}}, {Targets: []Target{{Box: Box{10, 20, 21, 22}}}}}
	if diff := cmp.Diff(want, again.Entries, ignoreLines); diff != "" {
		t.Error(diff)
	}
}

func TestReadMOT(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "gt.txt"), "1,7,11,21,5,6,1,1,1\n\n3,8,1,1,4,4\n3,7,12.4,21,5,6,1\n4,1,1,1,2,2,0\n")
	l, err := ReadMOT(path, Reading{})
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{{Targets: []Target{{7, Box{10, 20, 5, 6}}}}, {}, {Targets: []Target{{8, Box{0, 0, 4, 4}}, {7, Box{11, 20, 5, 6}}}}, {Unknown: true}}
	if diff := cmp.Diff(want, l.Entries, ignoreLines); diff != "" {
		t.Error(diff)
	}
	if a := l.Align(9); a.Labelled != 9 || a.Warning != "" || len(l.Entry(a, 8).Targets) != 0 || l.Entry(a, 8).Unknown {
		t.Errorf("frames behind the last line: %+v, want them empty", a)
	}
	l.Entries[0].Targets = nil // whose frame is 1 nevertheless
	if a := l.Align(3); a.Shift != 0 || a.Labelled != 3 {
		t.Errorf("a line behind the last frame: %+v, want no shift", a)
	}
	if err := WriteJSON(filepath.Join(t.TempDir(), "x.json"), l); err == nil {
		t.Error("several targets in a frame were written as one")
	}
	for text, want := range map[string]string{
		"1,2,3\n":                    "line 1: 3 values",
		"1,1,1,1,2,2\n0,1,1,1,2,2\n": "line 2: frame 0",
		"1,1,nan,1,2,2\n":            "no number",
		"1,1,1,1,2,2\n1,1,1,1,2,2\n": "frame 1 has the id 1 twice",
		"1,1,1,1,0,2\n":              "no area",
		"1.5,1,1,1,2,2\n":            "frame 1.5",
		"99999999999,1,1,1,2,2\n":    "want a whole number",
		"\x00\n":                     "is no text",
	} {
		path := write(t, filepath.Join(t.TempDir(), "gt.txt"), text)
		_, err := ReadMOT(path, Reading{})
		wantError(t, err, path, want)
	}
}

func TestReadYOLO(t *testing.T) {
	dir := t.TempDir()
	c := Clip{Path: filepath.Join(dir, "a"), Frames: []string{"1.png", "2.png", "3.png"}}
	write(t, filepath.Join(dir, "a", "1.txt"), "0 0.5 0.5 0.25 0.5\n3 0.125 0.25 0.25 0.5\n")
	write(t, filepath.Join(dir, "a", "3.txt"), "")
	l, err := FindLabels(c, true, Reading{})
	if err != nil {
		t.Fatal(err)
	}
	if cut, err := l.Fit(80, 40); err != nil || cut != 0 {
		t.Fatal(cut, err)
	}
	want := []Entry{{Targets: []Target{{0, Box{30, 10, 20, 20}}, {1, Box{0, 0, 20, 20}}}}, {}, {}}
	if diff := cmp.Diff(want, l.Entries, ignoreLines); diff != "" {
		t.Error(diff)
	}
	for text, want := range map[string]string{
		"0 0.5 0.5 0.25\n":      "line 1: 4 values",
		"0 1.5 0.5 0.25 0.1\n":  "no share of the frame",
		"0.5 0.5 0.5 0.1 0.1\n": "class 0.5",
	} {
		write(t, filepath.Join(dir, "a", "2.txt"), text)
		_, err := FindLabels(c, true, Reading{})
		wantError(t, err, "2.txt", want)
	}
	write(t, filepath.Join(dir, "a", "2.txt"), "0 0.5 0.5 0 0\n")
	l, err = FindLabels(c, true, Reading{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = l.Fit(80, 40)
	wantError(t, err, "2.txt: line 1", "no area")
}

// entries has n entries with a box, of which those at empty have none.
func entries(n int, empty ...int) *Labels {
	l := &Labels{File: "labels"}
	for range n {
		l.Entries = append(l.Entries, Entry{Targets: []Target{{Box: Box{1, 1, 2, 2}}}})
	}
	for _, at := range empty {
		l.Entries[at].Targets = nil
	}
	return l
}

func TestAlign(t *testing.T) {
	cases := []struct {
		name              string
		of                *Labels
		frames            int
		shift, labelled   int
		warned, unmatched bool
	}{
		{"equal", entries(100), 100, 0, 100, false, false},
		{"one too many, the first empty", entries(101, 0), 100, 1, 100, false, false},
		{"one too many", entries(101), 100, 0, 100, true, false},
		{"one too many in a short clip", entries(11, 0), 10, 1, 10, false, false},
		{"one too few, the first empty", entries(99, 0), 100, 0, 99, true, false},
		{"5 % more", entries(105), 100, 0, 100, true, false},
		{"5 % fewer", entries(95), 100, 0, 95, true, false},
		{"more", entries(106), 100, 0, 100, true, true},
		{"fewer", entries(94), 100, 0, 94, true, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			a := c.of.Align(c.frames)
			if a.Shift != c.shift || a.Labelled != c.labelled || (a.Warning != "") != c.warned || a.Unmatched != c.unmatched {
				t.Errorf("%+v, want shift %d, %d labelled, warned %t, unmatched %t", a, c.shift, c.labelled, c.warned, c.unmatched)
			}
			if a.Labelled < c.frames && !c.of.Entry(a, a.Labelled).Unknown {
				t.Error("a frame behind the last entry is not unlabelled")
			}
		})
	}
}

func TestFit(t *testing.T) {
	at := func(boxes ...Box) *Labels {
		l := &Labels{File: "labels"}
		for _, b := range boxes {
			l.Entries = append(l.Entries, Entry{Targets: []Target{{Box: b}}})
		}
		return l
	}
	l := at(Box{-2, 3, 10, 10}, Box{5, 5, 10, 10}, Box{75, 35, 10, 3})
	if cut, err := l.Fit(80, 40); err != nil || cut != 2 || l.Entries[0].Targets[0].Box != (Box{0, 3, 8, 10}) || l.Entries[2].Targets[0].Box != (Box{75, 35, 5, 3}) {
		t.Errorf("%v, %d cut, %v", l.Entries, cut, err)
	}
	_, err := at(Box{50, 20, 70, 35}, Box{52, 20, 72, 35}, Box{1, 1, 5, 5}).Fit(80, 40)
	wantError(t, err, "2 of 3 boxes reach beyond the frame of 80x40", "--order xyxy")
	_, err = at(Box{5, 5, 10, 10}, Box{5, 5, 10, 10}, Box{90, 5, 10, 10}).Fit(80, 40)
	wantError(t, err, "entry 2: the box [90,5,10,10] lies outside")
}

func TestFindLabels(t *testing.T) {
	dir := t.TempDir()
	video := Clip{Path: filepath.Join(dir, "a.mp4")}
	if l, err := FindLabels(video, true, Reading{}); l != nil || err != nil {
		t.Fatal(l, err)
	}
	mat := write(t, filepath.Join(dir, "a_LABELS.mat"), "MATLAB 5.0 MAT-file")
	_, err := FindLabels(video, true, Reading{})
	wantError(t, err, mat, "are not read: write a.json as {")
	const text = `{"exist":[1],"gt_rect":[[1,2,3,4]]}`
	shared := write(t, filepath.Join(dir, "IR_label.json"), text)
	if l, err := FindLabels(video, true, Reading{}); err != nil || l.File != shared {
		t.Fatal(l, err)
	}
	own := write(t, filepath.Join(dir, "a.json"), text)
	if l, err := FindLabels(video, false, Reading{}); err != nil || l.File != own {
		t.Fatal(l, err)
	}
	infrared := Clip{Path: filepath.Join(dir, "IR.mp4")}
	if l, err := FindLabels(infrared, false, Reading{}); err != nil || l.File != shared {
		t.Fatal(l, err)
	}
	_, err = FindLabels(video, true, Reading{})
	wantError(t, err, "several files of labels", own, shared)
}

func FuzzLabels(f *testing.F) {
	f.Add(`{"exist":[0,1],"gt_rect":[[],[1,2,3,4]]}`)
	f.Add("1,1,1,1,2,2\n")
	f.Fuzz(func(t *testing.T, text string) {
		path := write(t, filepath.Join(t.TempDir(), "a"), text)
		for _, read := range []func(string, Reading) (*Labels, error){ReadJSON, ReadMOT} {
			l, err := read(path, Reading{})
			if err != nil {
				continue
			}
			_, _ = l.Fit(320, 256)
			a := l.Align(10)
			for frame := range 12 {
				l.Entry(a, frame)
			}
		}
	})
}
