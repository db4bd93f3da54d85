package lazyjson

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// TestSyntax compares what is taken for JSON with what encoding/json takes, and says where
// the first fault is.
func TestSyntax(t *testing.T) {
	for text, want := range map[string]string{
		`{}`: "", ` [1, 2.5e-3 ,-0, true,false,null,"a\u00e9\"b"] `: "", `{"a":{"b":[[],{}]},"c":""}`: "", `7`: "",
		``: "The document is empty. at 0", ` `: "The document is empty. at 1", `hello`: "Invalid value. at 0", `{"inputs":[`: "Invalid value. at 11",
		`[1 2]`: noCommaArray + " at 3", `[1,]`: "Invalid value. at 3", `{"a" 1}`: noColon + " at 5", `{"a":1 "b":2}`: noCommaBrace + " at 7",
		`{a:1}`: noName + " at 1", `{"a":1,}`: noName + " at 7", `"a`: noQuote + " at 2", `"\x"`: badEscape + " at 1", `1.`: "Miss fraction part in number. at 2",
		`1e`: "Miss exponent in number. at 2", `-`: "Invalid value. at 0", `01`: moreValues + " at 1", `{} x`: moreValues + " at 3", `tru`: "Invalid value. at 3",
		`"\u12g4"`: "Incorrect hex digit after \\u escape in string. at 5", "\"a\nb\"": badEscape + " at 2", `[+1]`: "Invalid value. at 1", `[.5]`: "Invalid value. at 1",
		strings.Repeat("[", 200) + strings.Repeat("]", 200): tooDeep + " at 101",
	} {
		_, err := Parse([]byte(text))
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%.40s: %q, want %q", text, got, want)
		}
		if deep := strings.HasPrefix(text, "[[["); json.Valid([]byte(text)) != (err == nil) && !deep {
			t.Errorf("%.40s: encoding/json takes another view", text)
		}
	}
}

// TestValues takes a text apart.
func TestValues(t *testing.T) {
	v, err := Parse([]byte(` { "a\n" : [ 1 ,[2,"]"], {"x":"}"} ] , "b":"c" ,"n":-1.5, "b" : 2 } `))
	if err != nil {
		t.Fatal(err)
	}
	members := v.Members()
	if len(members) != 4 || string(members.Find("b")) != `"c"` || string(members.Find("n")) != "-1.5" || members.Find("z") != nil {
		t.Errorf("members %q", members)
	}
	var found []string
	for e := range members.Find("a\n").Elements() {
		found = append(found, string(e))
	}
	if got := strings.Join(found, "|"); got != `1|[2,"]"]|{"x":"}"}` {
		t.Errorf("elements %s", got)
	}
}

// FuzzSyntax wants the same texts to be well formed as encoding/json does, and reading
// them to end.
func FuzzSyntax(f *testing.F) {
	for _, seed := range []string{`{"inputs":[{"name":"image","shape":[1,2],"data":[[1,2],[3]]}]}`, `["\ud800",1e9]`, `{"a":{"b":`, "[ ]"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := Parse(b)
		if deep := bytes.Count(b, []byte("["))+bytes.Count(b, []byte("{")) > maxDepth; (err == nil) != json.Valid(b) && !deep {
			t.Errorf("%q: %v", b, err)
		}
		for range v.Elements() {
		}
		v.Members()
	})
}
