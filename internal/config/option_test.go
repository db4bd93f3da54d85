package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type thing struct {
	count int
	share float64
	on    bool
	kind  string
	words []string
	rate  Optional
}

func newThing(o *Options) (*thing, error) {
	t := &thing{}
	o.Int(&t.count, "count", 3, "how many", Between(1, 9))
	o.Float(&t.share, "share", 0.5, "how much", Above(0), AtLeast(0.1))
	o.Bool(&t.on, "on", true, "whether")
	o.Choice(&t.kind, "kind", "plain", "which", "plain", "fancy")
	o.List(&t.words, "words", "a,b", "names", func(s string) error { return nil })
	o.Optional(&t.rate, "rate", "speed", Above(0))
	return t, nil
}

var things = map[string]Module[*thing]{
	"first":  {Doc: "the first thing", New: newThing},
	"second": {Doc: "the second thing", New: newThing},
}

func TestMake(t *testing.T) {
	got, resolved, err := Make("thing", things, "first", "count=4, share=0.25,on=false,kind=fancy,rate=2")
	if err != nil {
		t.Fatal(err)
	}
	want := &thing{4, 0.25, false, "fancy", []string{"a", "b"}, Optional{2, true}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(thing{})); diff != "" {
		t.Error(diff)
	}
	wantResolved := map[string]string{"count": "4", "share": "0.25", "on": "false", "kind": "fancy", "words": "a,b", "rate": "2"}
	if diff := cmp.Diff(wantResolved, resolved); diff != "" {
		t.Error(diff)
	}
}

// TestLater checks that an option which was added later is recorded only where it
// changes something.
func TestLater(t *testing.T) {
	for options, want := range map[string]map[string]string{
		"":          {"a": "1"},
		"b=2":       {"a": "1"},
		"b=2.0,a=2": {"a": "2"},
		"b=3":       {"a": "1", "b": "3"},
	} {
		o, err := ParseOptions(options)
		if err != nil {
			t.Fatal(err)
		}
		var a int
		var b float64
		o.Int(&a, "a", 1, "first")
		o.Float(&b, "b", 2, "second")
		o.Later()
		if diff := cmp.Diff(want, o.Resolved()); diff != "" || o.Err() != nil {
			t.Errorf("%s: %v\n%s", options, o.Err(), diff)
		}
	}
}

func TestMakeRefuses(t *testing.T) {
	for _, test := range []struct{ name, options, want string }{
		{"frist", "", `unknown thing "frist": did you mean first? (valid: first, second)`},
		{"zebra", "", `unknown thing "zebra" (valid: first, second)`},
		{"first", "count", `thing first: option "count": want key=value`},
		{"first", "count=1,count=2", `thing first: option "count" is given twice`},
		{"first", "cuont=1", `thing first: unknown option "cuont": did you mean count? (valid: count, kind, on, rate, share, words)`},
		{"first", "count=x", `thing first: count=x: want a whole number`},
		{"first", "count=10", `thing first: count=10: want 1 to 9`},
		{"first", "share=inf", `thing first: share=inf: want a finite number`},
		{"first", "share=0", `thing first: share=0: want more than 0`},
		{"first", "share=0.01", `thing first: share=0.01: want at least 0.1`},
		{"first", "on=maybe", `thing first: on=maybe: want true or false`},
		{"first", "kind=odd", `thing first: kind=odd: want one of plain, fancy`},
		{"first", "rate=-1", `thing first: rate=-1: want more than 0`},
		{"first", "count=0,share=0", "thing first: count=0: want 1 to 9\nshare=0: want more than 0"},
	} {
		if _, _, err := Make("thing", things, test.name, test.options); err == nil || err.Error() != test.want {
			t.Errorf("%s %s: error %q, want %q", test.name, test.options, err, test.want)
		}
	}
}

func TestDescribe(t *testing.T) {
	var lines []string
	for _, d := range Describe(things) {
		for _, o := range d.Options {
			lines = append(lines, strings.Join([]string{d.Name, o.Name, o.Type, o.Default}, " "))
		}
	}
	want := []string{
		"first count int 3", "first share float 0.5", "first on bool true", "first kind plain|fancy plain", "first words list a,b", "first rate float ",
		"second count int 3", "second share float 0.5", "second on bool true", "second kind plain|fancy plain", "second words list a,b", "second rate float ",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}

func TestView(t *testing.T) {
	made := &thing{count: 7, words: []string{"x", "y"}}
	o := View()
	o.Int(&made.count, "count", 3, "how many")
	o.List(&made.words, "words", "a", "names")
	if made.count != 7 || o.Lookup("count").Value() != "7" || o.Lookup("words").Value() != "x,y" {
		t.Errorf("the view changed or misread %+v", made)
	}
}

func TestNearest(t *testing.T) {
	valid := []string{"batch-size", "epochs", "image-size", "shard-size", "seed", "split-seed"}
	for _, test := range []struct {
		name string
		want []string
	}{
		{"epoch", []string{"epochs"}},
		{"epohcs", []string{"epochs"}},
		{"bacth-size", []string{"batch-size"}},
		{"sahrd-size", []string{"shard-size"}},
		{"split", []string{"split-seed"}},
		{"zzz", nil},
		{"", nil},
	} {
		if diff := cmp.Diff(test.want, Nearest(test.name, valid)); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

func TestSelections(t *testing.T) {
	got, err := Selections([]string{"onnx:opset=13:ir=8", "safetensors"})
	if err != nil {
		t.Fatal(err)
	}
	want := []Selection{{"onnx", "opset=13,ir=8"}, {"safetensors", ""}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for word, want := range map[string]string{
		":opset=13":  `":opset=13": want NAME or NAME:key=value`,
		"onnx:opset": `"onnx:opset": want NAME or NAME:key=value`,
		"onnx:":      `"onnx:": want NAME or NAME:key=value`,
	} {
		if _, err := Selections([]string{word}); err == nil || err.Error() != want {
			t.Errorf("error %q, want %q", err, want)
		}
	}
	if _, err := Selections([]string{"onnx", "onnx"}); err == nil || err.Error() != `"onnx" is given twice` {
		t.Errorf("a name given twice gives %v", err)
	}
}
