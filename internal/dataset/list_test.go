package dataset

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/listing"
)

func openList(t *testing.T, place, options string, mode Mode) (Dataset, error) {
	t.Helper()
	source, _, err := MakeDataset("list", options)
	if err != nil {
		t.Fatal(err)
	}
	return source.(Filed).WithFiles(FileOptions{Classes: 2}).Open(t.Context(), place, mode)
}

// listDir is a folder with images of 8x6 pixels, a list of that name and text, and its path.
func listDir(t *testing.T, name, text string) string {
	t.Helper()
	dir := t.TempDir()
	for n, path := range []string{"a.png", "b.png", "sub/c.png", "sub/d, e.png"} {
		writePNG(t, filepath.Join(dir, filepath.FromSlash(path)), testImage(8, 6, 3, n))
	}
	writeFile(t, filepath.Join(dir, name), []byte(text))
	return filepath.Join(dir, name)
}

// TestListForms reads one list in all forms, which are the same data.
func TestListForms(t *testing.T) {
	given := func(v float32) Weight { return Weight{true, v} }
	want := []example{
		{"b.png", Info{Label: 1, Part: PartTest, Group: "g", Weight: given(2)}},
		{"a.png[1,2,3,4]", Info{Label: 0, Part: PartValidation, Weight: given(0.5)}},
		{"sub/d, e.png", Info{Label: 1}},
		{"sub/c.png", Info{Label: 0, Part: PartTrain, Group: "two\nlines"}},
	}
	forms := map[string]string{
		"l.csv": "path,label,part,group,weight,box\nb.png,dog,test,g,2,\na.png,cat,val,,0.5,\"1,2,3,4\"\n\"sub/d, e.png\",dog,,,,\nsub/c.png,cat,train,\"two\nlines\",,\n",
		"l.tsv": "path\tlabel\tpart\tgroup\tweight\tbox\nb.png\tdog\ttest\tg\t2\t\na.png\tcat\tval\t\t0.5\t1,2,3,4\nsub/d, e.png\tdog\t\t\t\t\nsub/c.png\tcat\ttrain\t\"two\nlines\"\t\t\n",
		"l.jsonl": `{"path": "b.png", "label": "dog", "part": "test", "group": "g", "weight": 2}

{"file_name": "./a.png", "label": "cat", "split": "Dev", "weight": "0.50", "box": [1, 2, 3, 4]}
{"label": "dog", "path": "sub//d, e.png", "part": null, "box": null}
{"path": "sub/c.png", "label": "cat", "part": "training", "group": "two\nlines"}`,
	}
	forms["mark.csv"] = "\xef\xbb\xbf" + strings.ReplaceAll(forms["l.csv"], "\n", "\r\n") // in a group, too, CR LF is read as LF
	var digest string
	for name, text := range forms {
		t.Run(name, func(t *testing.T) {
			place := listDir(t, name, text)
			for _, mode := range []Mode{ModeRAM, ModeDisk} {
				d, err := openList(t, place, "", mode)
				if err != nil {
					t.Fatal(err)
				}
				wantExamples(t, d, want)
				if diff := cmp.Diff([]string{"cat", "dog"}, d.Classes()); diff != "" {
					t.Error(diff)
				}
				if digest == "" {
					digest = d.Digest()
				}
				if d.Digest() != digest {
					t.Errorf("digest %s, of another form or mode %s", d.Digest(), digest)
				}
				whole, _ := testImage(8, 6, 3, 0).Crop(1, 2, 3, 4)
				if img, err := d.Image(1); err != nil || img.Sum() != whole.Sum() {
					t.Errorf("the box is not what was cut out: %v", err)
				}
			}
		})
	}
}

// TestListDigest: whatever a list says changes the digest, and names of files do not. A
// list that says no more than a folder has the folder's digest.
func TestListDigest(t *testing.T) {
	digestOf := func(text, options string) string {
		t.Helper()
		d, err := openList(t, listDir(t, "l.csv", text), options, ModeRAM)
		if err != nil {
			t.Fatal(err)
		}
		return d.Digest()
	}
	const plain = "path,label\na.png,cat\nb.png,dog\n"
	seen := map[string]string{}
	for _, text := range []string{
		plain, "path,label\na.png,dog\nb.png,cat\n", "path,label\nb.png,dog\na.png,cat\n",
		"path,label,part\na.png,cat,test\nb.png,dog,\n", "path,label,group\na.png,cat,g\nb.png,dog,\n",
		"path,label,weight\na.png,cat,1\nb.png,dog,\n", "path,label,weight\na.png,cat,\nb.png,dog,1\n", "path,label,weight\na.png,cat,2\nb.png,dog,\n",
		"path,label,box\na.png,cat,0 0 8 5\nb.png,dog,\n", "path,label,box\na.png,cat,0 1 8 5\nb.png,dog,\n",
	} {
		digest := digestOf(text, "")
		if other, twice := seen[digest]; twice {
			t.Errorf("one digest for\n%s\n%s", text, other)
		}
		seen[digest] = text
	}
	for text, options := range map[string]string{
		"path,label,part,group,weight,box\na.png,cat,,,,\nb.png,dog,,,,\n":                 "",
		"path,label,box\na.png,cat,\"0,0,8,6\"\nb.png,dog,\n":                              "",
		"file,kind,label,note\na.png,cat,1,\nb.png,dog,2,\n":                               "path=file,label=kind",
		"label,path,part,rest\ncat,a.png,1,\ndog,./b.png,2,\n":                             "part=rest",
		"path,label,weight\na.png,cat,\nb.png,dog,\n":                                      "",
		"path,label,split,file,lable\na.png,cat,,,\nb.png,dog,,,\n":                        "",
		"path,label,group\n" + "a.png,cat,\"\"\n" + "b.png,dog,\n":                         "",
		"\"path\",\"label\"\n\n\"a.png\",\"cat\"\n\n\"b.png\",\"dog\"":                     "",
		"path,label,weight\na.png,cat,\nb.png,dog,   \n":                                   "",
		"group,label,path\n,cat,a.png\n,dog,b.png\n":                                       "",
		"path,label,box,box2\na.png,cat,,1\nb.png,dog,,2\n":                                "",
		" path , label \na.png,cat\nb.png,dog\n":                                           "",
		"path,label,part,Part\na.png,cat,,test\nb.png,dog,,test\n":                         "",
		"file_name,label\na.png,cat\nb.png,dog\n":                                          "",
		"file_name,label,additional\na.png,cat,\"with, comma\"\nb.png,dog,\"quo\"\"te\"\n": "",
	} {
		if digestOf(text, options) != digestOf(plain, "") {
			t.Errorf("other data:\n%s", text)
		}
	}
	dir := t.TempDir()
	writePNG(t, filepath.Join(dir, "cat", "other.png"), testImage(8, 6, 3, 0))
	writePNG(t, filepath.Join(dir, "dog", "name.png"), testImage(8, 6, 3, 1))
	if mustOpenFolder(t, dir, "").Digest() != digestOf(plain, "") {
		t.Error("the folder with the same images is other data")
	}
}

// TestListBoxes: boxes of one image stay together, in a group of their own or a named one.
func TestListBoxes(t *testing.T) {
	d, err := openList(t, listDir(t, "l.csv", "path,label,box\na.png,cat,0 0 2 2\nb.png,dog,\na.png,dog,2 0 2 2\na.png,cat,\n"), "", ModeRAM)
	if err != nil {
		t.Fatal(err)
	}
	wantExamples(t, d, []example{
		{"a.png[0,0,2,2]", Info{Label: 0, Group: "image 0"}}, {"b.png", Info{Label: 1}},
		{"a.png[2,0,2,2]", Info{Label: 1, Group: "image 0"}}, {"a.png", Info{Label: 0, Group: "image 0"}},
	})
	if got := detail(d).grouping(); got != "image" {
		t.Errorf("grouping %s", got)
	}
	d, err = openList(t, listDir(t, "l.csv", "path,label,box,group\na.png,cat,0 0 2 2,g\nb.png,dog,,\na.png,dog,2 0 2 2,g\n"), "", ModeRAM)
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Info(2).Group + detail(d).grouping(); got != "ggroup" {
		t.Errorf("group and grouping %s", got)
	}
}

// TestListKeepsDepth: boxes are cut out of images of 16 bits too.
func TestListKeepsDepth(t *testing.T) {
	place := listDir(t, "l.csv", "path,label,box\nwide.png,cat,\"1,0,1,2\"\na.png,dog,\n")
	writePNG(t, filepath.Join(filepath.Dir(place), "wide.png"), imaging.Image{Width: 2, Height: 2, Channels: 1, Wide: []uint16{1, 300, 3, 60000}})
	source, _, _ := MakeDataset("list", "")
	d, err := source.(Decoding).WithDecoder(imaging.Decoder{KeepDepth: true}).Open(t.Context(), place, ModeRAM)
	if err != nil {
		t.Fatal(err)
	}
	if img, err := d.Image(0); err != nil || !cmp.Equal(img.Wide, []uint16{300, 60000}) {
		t.Errorf("%+v, %v", img, err)
	}
}

func TestListInFolder(t *testing.T) {
	for _, name := range folderLists {
		text := "file_name,label\na.png,cat\nb.png,dog\n"
		if strings.HasSuffix(name, "jsonl") {
			text = `{"file_name":"a.png","label":1}` + "\n" + `{"file_name":"b.png","label":0}`
		}
		place := listDir(t, name, text)
		d, err := openList(t, filepath.Dir(place), "", ModeRAM)
		if err != nil || d.Len() != 2 {
			t.Fatalf("%s: %v", name, err)
		}
		writeFile(t, filepath.Join(filepath.Dir(place), "metadata.csv"), nil)
		writeFile(t, filepath.Join(filepath.Dir(place), "metadata.jsonl"), nil)
		_, err = openList(t, filepath.Dir(place), "", ModeRAM)
		wantError(t, err, "has both metadata.csv and metadata.jsonl: give the one to be used")
	}
	_, err := openList(t, t.TempDir(), "", ModeRAM)
	wantError(t, err, "is a folder without metadata.csv or metadata.jsonl")
	var missing *NotFoundError
	if _, err = openList(t, filepath.Join(t.TempDir(), "no.csv"), "", ModeRAM); !errors.As(err, &missing) {
		t.Errorf("%v", err)
	}
}

// TestBadLists: what is wrong with a list is said with the line, and is a mistake in what
// was asked for.
func TestBadLists(t *testing.T) {
	const head = "path,label,part,group,weight,box\n"
	row := func(path, label, rest string) string {
		return head + "a.png,cat,,,,\n" + path + "," + label + "," + rest
	}
	for name, c := range map[string]struct {
		file, text, options string
		want                []string
	}{
		"empty":            {"l.csv", "", "", []string{"the list is empty: want a heading"}},
		"no rows":          {"l.csv", head, "", []string{"the list has no rows"}},
		"no objects":       {"l.jsonl", "\n\n", "", []string{"the list has no rows"}},
		"one class":        {"l.csv", "path,label\na.png,cat\nb.png,cat\n", "", []string{`1 class ["cat"]: a classifier needs at least two classes`}},
		"ending":           {"l.txt", "path,label\n", "", []string{`want .csv, .tsv or .jsonl, not ".txt"`}},
		"UTF-16":           {"l.csv", "\xff\xfep\x00a\x00", "", []string{"UTF-16: save it as UTF-8"}},
		"no path":          {"l.csv", "image,label\na.png,cat\n", "", []string{`line 1: the heading has no column path or file_name, it has ["image" "label"]: --dataset-options path=NAME`}},
		"no label":         {"l.csv", "path,kind\na.png,cat\n", "", []string{"line 1: the heading has no column label, it has"}},
		"semicolons":       {"l.csv", "path;label\na.png;cat\n", "", []string{`separated by ';' instead of ','`}},
		"tabs":             {"l.csv", "path\tlabel\na.png\tcat\n", "", []string{`separated by '\t' instead of ','`}},
		"carriage returns": {"l.csv", "path,label\ra.png,cat\rb.png,dog\r", "", []string{"line 1: lines end with carriage returns alone"}},
		"lost column":      {"l.csv", "path,label\na.png,cat\n", "part=fold", []string{"line 1: the heading has no column fold"}},
		"two for one":      {"l.csv", "path,file_name,label\n", "", []string{`line 1: the heading has "path" and "file_name", which are both the column path`}},
		"one for two":      {"l.csv", "path,label\n", "path=x,label=x", []string{"the options path and label are both x"}},
		"too few values":   {"l.csv", "path,label\na.png\n", "", []string{"line 2: it has 1 value, the heading has 2"}},
		"too many values":  {"l.csv", "path,label\na.png,cat,x\n", "", []string{"line 2: it has 3 values, the heading has 2"}},
		"bare quote":       {"l.csv", "path,label\na.png,cat\nb\".png,dog\n", "", []string{"line 3: bare \" in non-quoted-field: want values with quotation marks in them in quotes"}},
		"open quote":       {"l.csv", "path,label\n\"a.png,cat\nb.png,dog\n", "", []string{"line 2: "}},
		"path up":          {"l.csv", row("sub/../b.png", "dog", ",,,"), "", []string{`line 3: path "sub/../b.png": it leads up with ..`}},
		"path up back":     {"l.csv", row(`..\b.png`, "dog", ",,,"), "", []string{"it leads up with .."}},
		"absolute":         {"l.csv", row("/b.png", "dog", ",,,"), "", []string{`line 3: path "/b.png": it is absolute`}},
		"absolute drive":   {"l.csv", row(`C:\b.png`, "dog", ",,,"), "", []string{"it is absolute"}},
		"address":          {"l.csv", row("https://example.org/b.png", "dog", ",,,"), "", []string{"nothing is downloaded"}},
		"missing":          {"l.csv", row("z.png", "dog", ",,,"), "", []string{`line 3: path "z.png": there is no such file in `}},
		"no ending":        {"l.csv", row("b", "dog", ",,,"), "", []string{`line 3: path "b": there is no such file in `, `, but there is "b.png": want the whole path from the list's folder, with the ending`}},
		"no folder":        {"l.csv", row("c", "dog", ",,,"), "", []string{`but there is "sub/c.png": want the whole path`}},
		"backslash":        {"l.csv", row(`sub\c.png`, "dog", ",,,"), "", []string{"want forward slashes"}},
		"folder":           {"l.csv", row("sub", "dog", ",,,"), "", []string{`line 3: path "sub": it is not a file`}},
		"empty path":       {"l.csv", row("", "dog", ",,,"), "", []string{`line 3: path "": it is empty`}},
		"empty label":      {"l.csv", row("b.png", "", ",,,"), "", []string{`line 3: label "": it is empty`}},
		"bad label":        {"l.csv", row("b.png", "a:b", ",,,"), "", []string{`line 3: label "a:b": a name must not contain a colon`}},
		"long label":       {"l.csv", row("b.png", strings.Repeat("dog", 100), ",,,"), "", []string{"line 3: label", "it has 300 bytes: want a name of at most 255"}},
		"Latin-1 label":    {"l.csv", row("b.png", "caf\xe9", ",,,"), "", []string{"line 3: label", "it is not UTF-8 text: save the list as UTF-8"}},
		"two labels":       {"l.csv", row("./a.png", "dog", ",,,"), "", []string{`line 3: path "a.png": it has the label "dog", and "cat" in line 2`}},
		"twice":            {"l.csv", row("a.png", "cat", ",,,"), "", []string{`line 3: path "a.png": it is listed in line 2 already`}},
		"part":             {"l.csv", row("b.png", "dog", "holdout,,,"), "", []string{`line 3: part "holdout": want train, validation or test`}},
		"negative weight":  {"l.csv", row("b.png", "dog", ",,-1,"), "", []string{`line 3: weight "-1": want a number from 0 to 1e6`}},
		"NaN weight":       {"l.csv", row("b.png", "dog", ",,NaN,"), "", []string{`line 3: weight "NaN": want a number`}},
		"infinite weight":  {"l.csv", row("b.png", "dog", ",,inf,"), "", []string{`line 3: weight "inf"`}},
		"tiny weight":      {"l.csv", row("b.png", "dog", ",,1e-60,"), "", []string{`line 3: weight "1e-60"`}},
		"no weight":        {"l.csv", "path,label,weight\na.png,cat,0\nb.png,dog,0\n", "", []string{"all weights are 0"}},
		"box of three":     {"l.csv", row("b.png", "dog", ",,,1 2 3"), "", []string{`line 3: box "1 2 3": want x,y,width,height`}},
		"box without size": {"l.csv", row("b.png", "dog", ",,,1 2 0 3"), "", []string{"width and height above 0"}},
		"negative box":     {"l.csv", row("b.png", "dog", ",,,-1 2 3 3"), "", []string{`line 3: box "-1 2 3 3"`}},
		"box of fractions": {"l.csv", row("b.png", "dog", ",,,1.5 2 3 3"), "", []string{"whole pixels"}},
		"box outside":      {"l.csv", row("b.png", "dog", ",,,1 2 8 3"), "", []string{"1 of 2 images cannot be read", "line 3: b.png: the part 1,2,8,3 (x, y, width, height) is not inside the image, which is 8x6"}},
		"groups":           {"l.csv", "path,label,box,group\na.png,cat,0 0 2 2,g\na.png,cat,2 2 2 2,h\n", "", []string{`line 3: path "a.png": it is in group "h", and in group "g" in line 2`}},
		"parts of a path":  {"l.csv", "path,label,box,part\na.png,cat,0 0 2 2,\na.png,cat,2 2 2 2,test\n", "", []string{`line 3: path "a.png": it is of the part test, and of none in line 2`}},
		"no object":        {"l.jsonl", `["a.png", "cat"]`, "", []string{"line 1: want a JSON object in UTF-8"}},
		"open object":      {"l.jsonl", "\n{\"path\": \"a.png\", \"label\": \"cat\"", "", []string{"line 2: not a JSON object"}},
		"cut object":       {"l.jsonl", `{"path": "a.png", "lab`, "", []string{"line 1: not a JSON object"}},
		"two objects":      {"l.jsonl", `{"path": "a.png", "label": "cat"} {}`, "", []string{`line 1: want one object a line: "{}" stands behind it`}},
		"key twice":        {"l.jsonl", `{"path": "a.png", "label": "cat", "file_name": "b.png"}`, "", []string{"line 1: the key path comes twice, or under two names"}},
		"no key":           {"l.jsonl", `{"path": "a.png"}`, "", []string{`line 1: label "": it is empty`}},
		"many labels":      {"l.jsonl", `{"path": "a.png", "label": ["cat", "dog"]}`, "", []string{"line 1: label: it is a list: want one value"}},
		"object as label":  {"l.jsonl", `{"path": "a.png", "label": {"cat": 1}}`, "", []string{`line 1: label: it is {"cat": 1}: want a text or a number`}},
		"long line":        {"l.jsonl", "{}\n" + strings.Repeat(" ", longestLine+1), "", []string{"line 2 has more than 1048576 bytes"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := openList(t, listDir(t, c.file, c.text), c.options, ModeRAM)
			wantError(t, err, append(c.want, "list ", c.file)...)
			var usage *config.UsageError
			if !errors.As(err, &usage) {
				t.Errorf("%v is no mistake in what was asked for", err)
			}
		})
	}
}

// TestListOfManyBoxes: the boxes of one image are compared in a time that does not grow with
// their square.
func TestListOfManyBoxes(t *testing.T) {
	c := newListChecker([]placedList{{path: "l.csv"}})
	began := time.Now()
	for n := range int32(400_000) {
		if !c.take(listEntry{line: n + 2}, "a.png", listBox{n, 0, 1, 1}) {
			t.Fatal(c.mistakes.err())
		}
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("400,000 boxes took %v", took)
	}
	for _, n := range []int32{0, 1, 399_999} {
		if c.take(listEntry{}, "a.png", listBox{n, 0, 1, 1}) {
			t.Errorf("box %d is taken twice", n)
		}
	}
}

// TestListOfManyMistakes: the first ten are said, and how many there are.
func TestListOfManyMistakes(t *testing.T) {
	text := "path,label,weight\n"
	for n := range 7 {
		text += fmt.Sprintf("no%d.png,,1\n", n)
	}
	_, err := openList(t, listDir(t, "l.csv", text), "", ModeRAM)
	wantError(t, err, "14 mistakes, of which these are the first:", "\nline 2: path \"no0.png\"", "\nline 2: label", "\nline 6: label")
	if n := strings.Count(err.Error(), "\n"); n != listing.MostNamed {
		t.Errorf("%d lines, want %d: %v", n, listing.MostNamed, err)
	}
}

// TestListDamage: an image that is damaged is named with its line, and is no mistake of the
// list.
func TestListDamage(t *testing.T) {
	place := listDir(t, "l.csv", "path,label\na.png,cat\nb.png,dog\n")
	if err := os.Truncate(filepath.Join(filepath.Dir(place), "b.png"), 30); err != nil {
		t.Fatal(err)
	}
	_, err := openList(t, place, "", ModeDisk)
	wantError(t, err, "line 3: ", "b.png: truncated PNG file")
	var usage *config.UsageError
	if errors.As(err, &usage) {
		t.Error("damage is taken for a mistake in what was asked for")
	}
}

// TestListsOfParts: a folder whose folders of parts have lists of their own is one dataset.
func TestListsOfParts(t *testing.T) {
	folder := func(files map[string]string) string {
		dir := t.TempDir()
		for n, path := range []string{"Train/a.png", "Train/b.png", "test/a.png", "test/sub/b.png", "val/a.png"} {
			writePNG(t, filepath.Join(dir, filepath.FromSlash(path)), testImage(8, 6, 3, n))
		}
		for name, text := range files {
			writeFile(t, filepath.Join(dir, filepath.FromSlash(name)), []byte(text))
		}
		return dir
	}
	const train = "file_name,label\na.png,cat\nb.png,dog\n"
	dir := folder(map[string]string{
		"Train/metadata.csv": train, "val/metadata.csv": "file_name,label,split\na.png,dog,validation\n",
		"test/metadata.jsonl": `{"file_name": "a.png", "label": "cat"}` + "\n" + `{"file_name": "sub/b.png", "label": "dog"}`,
	})
	d, err := openList(t, dir, "", ModeRAM)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range d.Len() {
		got = append(got, fmt.Sprintf("%s %s %d", d.Source(i), d.Info(i).Part, d.Info(i).Label))
	}
	if diff := cmp.Diff([]string{"Train/a.png train 0", "Train/b.png train 1", "test/a.png test 0", "test/sub/b.png test 1", "val/a.png validation 1"}, got); diff != "" {
		t.Error(diff)
	}
	for name, c := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"none":       {nil, []string{"is a folder without metadata.csv or metadata.jsonl: want one of them in it, or in folders train and test in it"}},
		"not in all": {map[string]string{"Train/metadata.csv": train}, []string{"has a list in Train and none in val: want one in each folder of a part"}},
		"other part": {
			map[string]string{"Train/metadata.csv": "file_name,label,split\na.png,cat,test\nc.png,dog,\n", "val/metadata.csv": train, "test/metadata.csv": "file_name\n"},
			[]string{`test/metadata.csv: line 1: the heading has no column label`},
		},
		"mistakes": {
			map[string]string{"Train/metadata.csv": "file_name,label,split\na.png,cat,test\nc.png,dog,\n", "val/metadata.csv": "file_name,label\na.png,\n", "test/metadata.csv": "file_name,label\na.png,cat\n"},
			[]string{"3 mistakes:", `Train/metadata.csv: line 2: part "test": the list lies in the folder Train`, `Train/metadata.csv: line 3: path "c.png": there is no such file in`, `val/metadata.csv: line 2: label "": it is empty`},
		},
		"up": {map[string]string{"Train/metadata.csv": "file_name,label\n../test/a.png,cat\n", "val/metadata.csv": train, "test/metadata.csv": "file_name,label\na.png,cat\n"},
			[]string{`Train/metadata.csv: line 2: path "../test/a.png": it leads up`}},
		"damaged": {map[string]string{"Train/metadata.csv": train, "val/metadata.csv": "file_name,label\na.png,cat\n", "test/metadata.csv": "file_name,label\n\nmetadata.csv,cat\n"},
			[]string{"test/metadata.csv: line 3: ", "not a PNG"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := openList(t, folder(c.files), "", ModeRAM)
			wantError(t, err, c.want...)
		})
	}
}
