package dataset

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestLabelNames(t *testing.T) {
	cases := []struct {
		name, file, text string
		first            int
		want             string // names, or what the error says
	}{
		{"EMNIST", "emnist-balanced-mapping.txt", "0 48\n1 49\n2 65\n3 97", 0, "0,1,A,a"},
		{"EMNIST letters", "m.txt", "1 65 97\r\n2 66 98\r\n", 1, "A/a,B/b"},
		{"any order", "m.txt", "\n2 66\n1 65\n3 67\n", 1, "A,B,C"},
		{"text", "m.txt", "0 T-shirt or top\n1  pullover \n", 0, "T-shirt or top,pullover"},
		{"names alone", "m.txt", "\xef\xbb\xbfcat\n\nblack dog\n", 0, "cat,black dog"},
		{"KMNIST", "kmnist_classmap.csv", "index,codepoint,char\n0,U+304A,お\n1,U+304D,き\n", 0, "お,き"},
		{"table without heading", "m.csv", "5,\"five, or so\"\n6,6", 5, "five, or so,6"},
		{"tabs", "m.tsv", "label\tname\n1\tb\n0\ta\n", 0, "a,b"},

		{"empty", "m.txt", "\n \n", -1, "is empty"},
		{"empty table", "m.csv", "label,name\n", -1, "names no label"},
		{"gap", "m.txt", "1 65\n3 67\n", -1, "does not name the label 2: want a name for each from 1 to 3"},
		{"twice", "m.txt", "1 65\n2 66\n1 67\n", -1, "line 3 names the label 1, which line 1 names too"},
		{"mixed", "m.txt", "1 cat\ndog\n", -1, "has a label and a name on 1 of 2 lines"},
		{"numbers", "m.txt", "0 10\n1 20\n", -1, "line 1: 10 is not the code of a visible character; to name classes by numbers, write a .csv file, with lines such as 0,10"},
		{"absurd code", "m.txt", "0 65\n1 1114112\n", -1, "line 2: 1114112 is not the code"},
		{"no name", "m.csv", "0,a\n1\n", -1, `row 2, ["1"]: want a label`},
		{"no label", "m.csv", "0,a\nx,b\n", -1, "row 2"},
		{"bad quotes", "m.csv", "0,\"a\n", -1, "quote"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), c.file)
			writeFile(t, path, []byte(c.text))
			n, err := readLabelNames(path)
			if c.first < 0 {
				wantError(t, err, path, c.want)
				wantUsage(t, err, true)
				return
			}
			if err != nil || n.first != c.first || strings.Join(n.names, ",") != c.want {
				t.Errorf("%+v, %v, want %s from %d on", n, err, c.want, c.first)
			}
		})
	}
}

func TestClassesOfLabels(t *testing.T) {
	mapping := &labelNames{file: "mapping.txt", first: 1, names: []string{"A", "B", "C"}}
	bare := &labelNames{file: "names.txt", bare: true, names: []string{"a", "b"}}
	cases := []struct {
		name   string
		labels []int32
		offset string
		names  *labelNames
		usage  bool
		want   string // classes and indexes, or what the error says
	}{
		{"numbers", []int32{2, 0, 1}, "auto", nil, false, "[0 1 2] [2 0 1]"},
		{"offset", []int32{6, 5, 5}, "5", nil, false, "[5 6] [1 0 0]"},
		{"mapping", []int32{3, 1, 2}, "auto", mapping, false, "[A B C] [2 0 1]"},
		{"mapping and its offset", []int32{3, 1, 2}, "1", mapping, false, "[A B C] [2 0 1]"},
		{"names with an offset", []int32{8, 7}, "7", bare, false, "[a b] [1 0]"},

		{"from 1 on", []int32{2, 1}, "auto", nil, true, "labels: no label is 0, the lowest is 1: if the labels begin with 1, --dataset-options label-offset=1 says so"},
		{"below the offset", []int32{2, 1}, "2", nil, true, "labels: label 1 of example 1 is below label-offset=2"},
		{"another offset", []int32{2, 1}, "0", mapping, true, "label-offset=0, but the lowest label that mapping.txt names is 1"},
		{"no name", []int32{1, 4}, "auto", mapping, false, "labels: label 4 of example 1: mapping.txt names 1 to 3"},
		{"no name below", []int32{1, 0}, "auto", mapping, false, "labels: label 0 of example 1: mapping.txt names 1 to 3"},
		{"absurd label", []int32{0, 2147483647}, "auto", nil, false, "labels: there are labels up to 2147483647, and 2 examples"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			parts := []arrayPart{{labels: slices.Clone(c.labels)}}
			o := labelOptions{offset: c.offset}
			classes, err := o.classes(parts, []string{"labels"}, c.names)
			if err != nil {
				wantError(t, err, c.want)
				wantUsage(t, err, c.usage)
				return
			}
			if got := fmt.Sprint(classes, parts[0].labels); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// FuzzLabelNames: whatever a file holds, an error or names come out.
func FuzzLabelNames(f *testing.F) {
	f.Add([]byte("1 65 97\n2 66 98\n"), ".txt")
	f.Add([]byte("cat\ndog\n"), ".txt")
	f.Add([]byte("index,codepoint,char\n0,U+304A,お\n"), ".csv")
	f.Add([]byte("0\ta\n2147483647\tb\n"), ".tsv")
	f.Fuzz(func(t *testing.T, text []byte, ending string) {
		n, err := parseLabelNames(text, ending)
		if err == nil && (len(n.names) == 0 || n.first < 0) {
			t.Errorf("%+v without an error", n)
		}
	})
}
