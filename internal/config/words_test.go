package config

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplitWords(t *testing.T) {
	cases := []struct {
		text string
		want []string
	}{
		{"", []string{}},
		{"a", []string{"a"}},
		{" a , b ,, c=d,", []string{"a", "b", "c=d"}},
		{`"a,b"`, []string{"a,b"}},
		{`x, "a,b" ,c`, []string{"x", "a,b", "c"}},
		{`"say ""a"", b"`, []string{`say "a", b`}},
		{`" a "`, []string{" a "}},
		{`""`, []string{}},
		{`it's,5" disk`, []string{"it's", `5" disk`}},
		{`"open,b`, []string{`"open`, "b"}}, // as before there were quotes
		{`"a"b,c`, []string{`"a"b`, "c"}},   // the same
		{`C:\data,"D:\a,b"`, []string{`C:\data`, `D:\a,b`}},
	}
	for _, c := range cases {
		if diff := cmp.Diff(c.want, SplitWords(c.text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.text, diff)
		}
	}
}

func FuzzWords(f *testing.F) {
	for _, word := range []string{"a", "a,b", `"`, `""`, `a"b`, " a", "a\nb", `"a","b"`, ",", "\u00a0"} {
		f.Add(word, "b")
		f.Add("x", word)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if a == "" || b == "" {
			t.Skip()
		}
		if got := SplitWords(JoinWords([]string{a, b})); !slices.Equal(got, []string{a, b}) {
			t.Errorf("%q and %q are written as %q and read as %q", a, b, JoinWords([]string{a, b}), got)
		}
	})
}
