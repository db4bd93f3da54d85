package fileio

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

type inner struct {
	Name    string            `json:"name"`
	Options map[string]string `json:"options"`
}

// custom has a JSON form of its own.
type custom struct{ N int }

func (*custom) StrictJSON() {}

func (c *custom) UnmarshalJSON(b []byte) error {
	var plain struct {
		N int `json:"n"`
	}
	err := DecodeJSON(b, &plain, Form{})
	c.N = plain.N
	return err
}

type careless struct{}

func (*careless) UnmarshalJSON([]byte) error { return nil }

type repeats struct {
	A int `json:"a"`
	repeated
}

type repeated struct {
	B int `json:"a"`
}

type document struct {
	Schema int       `json:"schema"`
	Model  inner     `json:"model"`
	List   []inner   `json:"list"`
	Three  [3]int    `json:"three"`
	Rate   float32   `json:"rate"`
	Seed   uint64    `json:"seed"`
	Maybe  *float64  `json:"maybe"`
	Left   bool      `json:"left,omitempty"`
	When   time.Time `json:"when"`
	Own    *custom   `json:"own,omitempty"`
	Old    int       `json:"old" schema:"-1"`
	New    string    `json:"new" schema:"2"`
	Later  string    `json:"later,omitempty" schema:"2"`
	inner2
}

type inner2 struct {
	Extra any `json:"extra"`
}

const good = `{"schema":1,"model":{"name":"a","options":{"k":"v"}},"list":[{"name":"b","options":null}],"three":[1,2,3],"rate":0.5,"seed":18446744073709551615,"maybe":null,"when":"2026-01-02T03:04:05Z","old":1,"extra":{"a":[1,null]}}`

func TestDecodeJSON(t *testing.T) {
	var d document
	if err := DecodeJSON([]byte(good), &d, Form{Schemas: []int{1, 2}}); err != nil {
		t.Fatal(err)
	}
	if d.Model.Options["k"] != "v" || d.Seed != 1<<64-1 || d.Three[2] != 3 || d.When.Year() != 2026 || d.Old != 1 {
		t.Errorf("read %+v", d)
	}
	const schema2 = `,"new":"n"`
	two := strings.NewReplacer(`"schema":1`, `"schema":2`, `,"old":1`, schema2).Replace(good)
	for name, c := range map[string]struct{ text, from, to, want string }{
		"schema 2":                    {two, "", "", ""},
		"later key":                   {two, schema2, schema2 + `,"later":"l"`, ""},
		"null for a slice":            {good, `[{"name":"b","options":null}]`, "null", ""},
		"strict type":                 {good, `"old":1`, `"old":1,"own":{"n":4}`, ""},
		"pair of surrogates":          {good, `"a"`, `"\ud83d\ude00"`, ""},
		"escaped backslash":           {good, `"a"`, `"\\ud83d"`, ""},
		"twice":                       {good, `"rate":0.5`, `"rate":0.5,"rate":0.5`, "rate: the key comes twice"},
		"twice, inside":               {good, `"name":"a"`, `"name":"a","name":"b"`, "model.name: the key comes twice"},
		"twice, in a list":            {good, `"name":"b"`, `"name":"b","name":"b"`, "list[0].name: the key comes twice"},
		"twice, in a map":             {good, `"k":"v"`, `"k":"v","k":"w"`, "model.options.k: the key comes twice"},
		"twice, as an escape":         {good, `"k":"v"`, `"k":"v","\u006b":"w"`, "model.options.k: the key comes twice"},
		"twice, anything":             {good, `{"a":[1,null]}`, `{"a":[{"b":1,"b":2}]}`, "extra.a[0].b: the key comes twice"},
		"twice, in a strict type":     {good, `"old":1`, `"old":1,"own":{"n":4,"n":5}`, "own.n: the key comes twice"},
		"two schemas":                 {good, `"schema":1`, `"schema":1,"schema":2`, "schema: the key comes twice"},
		"other case":                  {good, `"model"`, `"Model"`, "Model: the key is unknown, want it written model"},
		"other case, twice":           {good, `"rate":0.5`, `"rate":0.5,"RATE":0.7`, "RATE: the key is unknown, want it written rate"},
		"Kelvin sign":                 {good, `"rate":0.5`, `"rate":0.5,"look":0.7`, "look: the key is unknown"},
		"unknown":                     {good, `"rate"`, `"x":1,"rate"`, "x: the key is unknown, want one of "},
		"unknown, quoted":             {good, `"rate"`, `"a b":1,"rate"`, `"a b": the key is unknown`},
		"unknown, in a strict type":   {good, `"old":1`, `"old":1,"own":{"n":4,"m":5}`, "m: the key is unknown"},
		"missing":                     {good, `"rate":0.5,`, ``, "rate: the key is missing"},
		"missing, embedded":           {good, `,"extra":{"a":[1,null]}`, ``, "extra: the key is missing"},
		"missing, inside":             {good, `{"name":"b","options":null}`, `{"name":"b"}`, "list[0].options: the key is missing"},
		"missing, in a strict type":   {good, `"old":1`, `"old":1,"own":{}`, "n: the key is missing"},
		"no schema":                   {good, `"schema":1,`, ``, "schema: the key is missing"},
		"schema 3":                    {good, `"schema":1`, `"schema":3`, "schema is 3, this program reads 1 or 2"},
		"schema 1.0":                  {good, `"schema":1`, `"schema":1.0`, "schema is 1.0, this program reads"},
		"schema in other letters":     {good, `"schema"`, `"Schema"`, "schema: the key is missing"},
		"key of schema 2":             {good, `"old":1`, `"old":1,"new":"n"`, "new: the key is unknown in a file of schema 1"},
		"key of schema 1":             {two, schema2, schema2 + `,"old":1`, "old: the key is unknown in a file of schema 2"},
		"missing in schema 2":         {two, schema2, ``, "new: the key is missing"},
		"null for no value":           {good, `"old":1`, `"old":1,"own":null`, "own: it is null, want no key"},
		"null for a number":           {good, `"rate":0.5`, `"rate":null`, "rate: it is null, want a number"},
		"null for an object":          {good, `{"name":"a","options":{"k":"v"}}`, `null`, "model: it is null, want an object"},
		"null for a text":             {good, `"k":"v"`, `"k":null`, "model.options.k: it is null, want a string"},
		"null for an array":           {good, `[1,2,3]`, `null`, "three: it is null, want an array"},
		"text for a number":           {good, `0.5`, `"0.5"`, "rate: it is a string, want a number"},
		"number for a text":           {good, `"v"`, `1`, "model.options.k: it is a number, want a string"},
		"array for an object":         {good, `{"k":"v"}`, `["k"]`, "model.options: it is an array, want an object of any keys"},
		"too large":                   {good, `0.5`, `1e99`, "rate: number 1e99 does not fit, want float32"},
		"too large an integer":        {good, `18446744073709551615`, `18446744073709551616`, "seed: number 18446744073709551616 does not fit, want uint64"},
		"negative":                    {good, `18446744073709551615`, `-1`, "seed: number -1 does not fit, want uint64"},
		"not whole":                   {good, `18446744073709551615`, `1.0`, "seed: 1.0 is no whole number"},
		"array too short":             {good, `[1,2,3]`, `[1,2]`, "three: it has 2 values, want 3"},
		"array too long":              {good, `[1,2,3]`, `[1,2,3,4]`, "three: it has 4 values, want 3"},
		"trailing":                    {good, `null]}}`, `null]}} {}`, "data after the end of the JSON value"},
		"trailing text":               {good, `null]}}`, `null]}}x`, "data after the end of the JSON value"},
		"cut short":                   {good, `]}}`, ``, "not the JSON expected here: unexpected EOF"},
		"empty":                       {"", "", "", "not the JSON expected here: it is empty"},
		"no object":                   {"[]", "", "", "it is no JSON object"},
		"null":                        {"null", "", "", "it is no JSON object"},
		"high surrogate":              {good, `"a"`, `"\ud83d"`, "model.name: a string has half of a surrogate pair"},
		"high surrogate, text behind": {good, `"a"`, `"\ud83dx\ude00"`, "half of a surrogate pair"},
		"low surrogate":               {good, `"a"`, `"\\\uDE00"`, "half of a surrogate pair"},
		"surrogate in a key":          {good, `"k"`, `"\ud83d"`, "model.options: a string has half of a surrogate pair"},
		"not UTF-8":                   {good, `"a"`, "\"\xff\"", "model.name: a string is not UTF-8"},
		"deep":                        {good, `[1,null]`, strings.Repeat("[", 40) + strings.Repeat("]", 40), "more than 32 deep"},
		"very deep":                   {good, `[1,null]`, strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000), "not the JSON expected here"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(c.text, c.from, c.to, 1)
			if c.from != "" && text == c.text {
				t.Fatalf("%q is not in the document", c.from)
			}
			var d document
			err := DecodeJSON([]byte(text), &d, Form{Schemas: []int{1, 2}})
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestMarshalJSONBySchema(t *testing.T) {
	for schema, want := range map[int]string{
		1: good,
		2: strings.NewReplacer(`"schema":1`, `"schema":2`, `,"old":1`, `,"new":"<n>","later":"l"`).Replace(good),
	} {
		var d document
		if err := DecodeJSON([]byte(good), &d, Form{Schemas: []int{1}}); err != nil {
			t.Fatal(err)
		}
		d.Schema, d.New, d.Later = schema, "<n>", "l"
		b, err := MarshalJSON(&d)
		var got bytes.Buffer
		if err == nil {
			err = json.Compact(&got, b)
		}
		if err != nil || got.String() != want {
			t.Errorf("schema %d: %v\n%s, want\n%s", schema, err, got.String(), want)
		}
		if err := DecodeJSON(b, &d, Form{Schemas: []int{schema}}); err != nil {
			t.Errorf("schema %d is not read again: %v", schema, err)
		}
		// A part of a document takes the schema from whoever writes it.
		type part struct {
			Inside []map[string]document `json:"inside"`
		}
		b, err = MarshalJSONAs(part{[]map[string]document{{"d": d}, nil}}, schema)
		got.Reset()
		if err == nil {
			err = json.Compact(&got, b)
		}
		if inside := `{"inside":[{"d":` + want + `},null]}`; err != nil || got.String() != inside {
			t.Errorf("schema %d, inside: %v\n%s, want\n%s", schema, err, got.String(), inside)
		}
		if _, err := MarshalJSON(part{}); err == nil {
			t.Error("a part is written without a schema")
		}
	}
}

func TestDecodeJSONRefusesTypes(t *testing.T) {
	for want, v := range map[string]any{
		"has a JSON form of its own": &careless{},
		"is not read from JSON":      new(complex128),
		"has no name in JSON":        &struct{ A int }{},
		"is no schema": &struct {
			A int `json:"a" schema:"two"`
		}{},
		"has the key \"a\" twice":      &repeats{},
		"the type []uint8 is not read": &[]byte{},
	} {
		if err := DecodeJSON([]byte(`{"a":1}`), v, Form{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%T: error %v, want %q", v, err, want)
		}
	}
}

func TestReadJSONIsBounded(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "v.json")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var v []int
	read := func(path string, limit int64) string { return fmt.Sprint(ReadJSON(path, &v, Form{MaxBytes: limit})) }
	write("[1,2,3]")
	if got := read(path, 24); got != "<nil>" || len(v) != 3 {
		t.Errorf("error %s, read %v", got, v)
	}
	if got := read(path, 6); !strings.Contains(got, "v.json is longer than 6 bytes") {
		t.Errorf("a long file: %s", got)
	}
	if got := read(path, 20); !strings.Contains(got, "more values than") {
		t.Errorf("many values: %s", got)
	}
	if got := read(dir, 6); !strings.Contains(got, "is not a regular file (d") {
		t.Errorf("a folder: %s", got)
	}
	if err := DecodeJSON([]byte("[1,2,3]"), &v, Form{MaxBytes: 6}); err == nil {
		t.Error("a long text is read")
	}
	if err := ReadJSON(filepath.Join(dir, "none"), &v, Form{}); !os.IsNotExist(err) {
		t.Errorf("no file: %v", err)
	}
}

// FuzzDecodeJSON compares with encoding/json: what is read strictly reads the same, and
// its own text is read again.
func FuzzDecodeJSON(f *testing.F) {
	f.Add(good)
	f.Add(strings.Replace(good, `"a"`, `"\ud83d\ude00"`, 1))
	f.Add(`[{"a":{"b":null}},-1e-7,"\u0000"]`)
	f.Fuzz(func(t *testing.T, text string) {
		for _, v := range []any{new(any), new(document)} {
			if DecodeJSON([]byte(text), v, Form{}) != nil {
				continue
			}
			b, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			if err := DecodeJSON(b, new(any), Form{}); err != nil {
				t.Errorf("%q is read, and %q is not: %v", text, b, err)
			}
		}
	})
}

// TestDecodeOpenJSON reads answers of a server, which may say more than is asked for.
func TestDecodeOpenJSON(t *testing.T) {
	type answer struct {
		State string  `json:"state"`
		User  *string `json:"user"`
		Note  *string `json:"note,omitempty"`
	}
	for text, want := range map[string]string{
		`{"state":"a","user":null,"more":{"state":"b"},"note":null}`: "<nil>",
		`{"state":"a","user":null,"State":"b"}`:                      "State: the key is unknown, want it written state",
		`{"state":"a","user":null,"more":1,"more":2}`:                "more: the key comes twice",
		`{"state":"a","more":{"x":1,"x":2},"user":null}`:             "more.x: the key comes twice",
		`{"user":null}`:              "state: the key is missing",
		`{"state":null,"user":null}`: "state: it is null, want a string",
	} {
		var a answer
		if err := DecodeJSON([]byte(text), &a, Form{Open: true}); fmt.Sprint(err) != want {
			t.Errorf("%s: error %v, want %s", text, err, want)
		}
	}
}
