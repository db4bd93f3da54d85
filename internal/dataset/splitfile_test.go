package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func goldenSplit(t *testing.T) (*Split, Dataset) {
	t.Helper()
	infos := infosOf(20, 2)
	for i := range 4 {
		infos[i].Group = fmt.Sprintf("clip%d", i%2)
	}
	infos[19].Part, infos[18].Part = PartTest, PartTest
	d := newTestSet(t, letters(2), infos)
	s, err := MakeSplit(d, 18_446_744_073_709_551_615, DefaultRatios, false)
	if err != nil {
		t.Fatal(err)
	}
	return s, d
}

func TestSplitFile(t *testing.T) {
	s, _ := goldenSplit(t)
	golden := filepath.Join("testdata", "split.json")
	if *update {
		if err := WriteSplit(golden, s); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "split.json")
	if err := WriteSplit(path, s); err != nil {
		t.Fatal(err)
	}
	got, want := readFile(t, path), readFile(t, golden)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
	read, err := ReadSplit(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, read); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	if sum := sha256.Sum256([]byte(got)); s.Digest() != hex.EncodeToString(sum[:]) {
		t.Error("the digest is not that of the file")
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestReadSplitRefuses(t *testing.T) {
	s, _ := goldenSplit(t)
	b, err := s.encode()
	if err != nil {
		t.Fatal(err)
	}
	good := string(b)
	cases := []struct{ name, file, part string }{
		{"empty", "", "not the JSON expected here"},
		{"truncated", good[:len(good)-20], "not the JSON expected here"},
		{"trailing", good + "{}", "data after the end"},
		{"unknown field", strings.Replace(good, `"seed"`, `"sead"`, 1), `sead: the key is unknown`},
		{"schema", strings.Replace(good, `"schema": 1`, `"schema": 3`, 1), "schema is 3, this program reads 1 or 2"},
		{"no fold", strings.Replace(good, `"schema": 1`, `"schema": 2`, 1), "the key fold is of schema 2, and always there"},
		{"fold", strings.Replace(good, `"train"`, `"fold": {"number":1,"of":5,"include_test":false}, "train"`, 1), "fold: the key is unknown"},
		{"digest", strings.Replace(good, s.Dataset, s.Dataset[1:], 1), "want the dataset's digest"},
		{"missing list", strings.Replace(good, `,
  "test": [18,19]`, "", 1), "test: the key is missing"},
		{"fraction", strings.Replace(good, "[18,19]", "[18,19.5]", 1), "test[1]: 19.5 is no whole number"},
		{"ratios", strings.Replace(good, "[60,20,20]", "[60,20,-20]", 1), "ratios 60/20/-20"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "split.json")
			writeFile(t, path, []byte(c.file))
			_, err := ReadSplit(path)
			wantError(t, err, path, c.part)
		})
	}
}

func FuzzReadSplit(f *testing.F) {
	f.Add([]byte(`{"schema":1,"dataset":"` + strings.Repeat("0", 64) + `","seed":1,"ratios":[1,1,1],"group":"none","train":[0],"validation":[1],"test":[2]}`))
	f.Add([]byte(`{"schema":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		path := filepath.Join(dir, "split.json")
		writeFile(t, path, data)
		s, err := ReadSplit(path)
		if err != nil {
			return
		}
		_ = s.Check(described{classes: letters(2), infos: infosOf(6, 2)})
		b, err := s.encode()
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, path, b)
		again, err := ReadSplit(path)
		if err != nil || cmp.Diff(s, again) != "" {
			t.Errorf("what was written is read differently: %v\n%s", err, cmp.Diff(s, again))
		}
	})
}

func TestCheckRefuses(t *testing.T) {
	cases := []struct {
		name  string
		spoil func(s *Split)
		parts []string
	}{
		{"other data", func(s *Split) { s.Dataset = strings.Repeat("ab", 32) }, []string{"made for a dataset with digest abab", "have changed"}},
		{"overlap", func(s *Split) { s.Validation[0] = s.Train[3] }, []string{"is in the train list and in the validation list"}},
		{"repeated", func(s *Split) { s.Train[1] = s.Train[0] }, []string{"is twice in the train list"}},
		{"too large", func(s *Split) { s.Test[1] = 20 }, []string{"index 20 at position 1 of the test list", "examples 0 to 19"}},
		{"negative", func(s *Split) { s.Test[0] = -1 }, []string{"index -1 at position 0 of the test list"}},
		{"no validation", func(s *Split) { s.Validation = nil }, []string{"the validation list is missing or empty"}},
		{"official example moved", func(s *Split) { s.Train, s.Test = append(s.Train, s.Test[1]), s.Test[:1] },
			[]string{"example 19 (example-19) is of the official test part, but in the train list"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, d := goldenSplit(t)
			if err := s.Check(d); err != nil {
				t.Fatal(err)
			}
			c.spoil(s)
			wantError(t, s.Check(d), append(c.parts, "split list: ")...)
		})
	}
}

func TestCheckRefusesStraddlingGroups(t *testing.T) {
	infos := infosOf(6, 2)
	infos[0].Group, infos[2].Group, infos[3].Group = "clip", "clip", "other"
	d := described{classes: letters(2), infos: infos}
	s := &Split{
		Schema: 1, Dataset: d.Digest(), Ratios: DefaultRatios, Group: noGrouping,
		Train: []int{0, 1}, Validation: []int{3, 4}, Test: []int{2, 5},
	}
	wantError(t, s.Check(d), `group "clip" is in the train list (example-0) and in the test list (example-2)`, "must stay together")

	// Groups of different members of a Concat have nothing to do with each other.
	infos[2].Member = 1
	s.Dataset = d.Digest()
	if err := s.Check(d); err != nil {
		t.Error(err)
	}
}

func TestCheckAllowsPartialLists(t *testing.T) {
	s, d := goldenSplit(t)
	s.Train = s.Train[:2]
	if err := s.Check(d); err != nil {
		t.Error(err)
	}
}

func TestCheckUnseen(t *testing.T) {
	s, d := goldenSplit(t)
	for _, part := range []Part{PartValidation, PartTest} {
		if err := s.CheckUnseen(d, s.Indexes(part)); err != nil {
			t.Error(err)
		}
	}
	wantError(t, s.CheckUnseen(d, []int{9, 2, 18, 0}), "2 of 4 examples", "the first is 2 (example-2)")
}

func TestCheckWithin(t *testing.T) {
	for _, c := range []struct {
		train []int
		want  string
	}{
		{[]int{0, 3}, ""},
		{[]int{3, 0}, ""}, // made by hand
		{[]int{0, 1}, "example 1 is listed twice"},
		{[]int{0, 0}, "example 0 is listed twice"},
		{[]int{-1, 0}, "indexes are -1 to 2: the dataset has examples 0 to 3"},
		{[]int{0, 4}, "indexes are 0 to 4"},
	} {
		s := Split{Train: c.train, Validation: []int{1}, Test: []int{2}}
		if err := s.CheckWithin(4); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v, want %q", c.train, err, c.want)
		}
	}
}
