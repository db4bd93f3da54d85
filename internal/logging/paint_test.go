package logging

import (
	"strings"
	"testing"
)

func TestPaint(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"decision  approved\nreason    every criterion is passed (4)\n", "decision  <green>approved<plain>\nreason    every criterion is passed (4)\n"},
		{"decision  refused\n", "decision  <red>refused<plain>\n"},
		{"decision  forced\ngiven     it was refused\n", "decision  <yellow>forced<plain>\ngiven     it was refused\n"},
		{"min_test_accuracy  99 %  ≥ 97 %  passed\n    0.99 of it\n", "min_test_accuracy  99 %  ≥ 97 %  <green>passed<plain>\n    0.99 of it\n"},
		{"a  1  2  FAILED\nb  1  2  passed\n", "a  1  2  <red>FAILED<plain>\nb  1  2  <green>passed<plain>\n"},
		{"blocktrain: refused: 2 of 4 criteria failed\n", "blocktrain: <red>refused<plain>: 2 of 4 criteria failed\n"},
		{"blocktrain: the model was refused: no\n", "blocktrain: the model was refused: no\n"},
		{"verified: runs/a\n", "<green>verified<plain>: runs/a\n"},
		{"not verified: runs/a\n", "<red>not verified<plain>: runs/a\n"},
		{"verified in part: the first\n", "<yellow>verified in part<plain>: the first\n"},
		{"nothing to see\n", "nothing to see\n"},
	} {
		want := strings.NewReplacer("<green>", green, "<red>", red, "<yellow>", yellow, "<plain>", plain).Replace(test.want)
		if got := Paint(test.text); got != want {
			t.Errorf("%q is painted %q, want %q", test.text, got, want)
		}
	}
}

// TestPlain takes from a text what would do something to a terminal.
func TestPlain(t *testing.T) {
	for text, want := range map[string]string{
		"a\tb\nÜ 日本 ≥":      "a\tb\nÜ 日本 ≥",
		"\x1b[2Jverified":   `\x1b[2Jverified`,
		"refused\rapproved": `refused\rapproved`,
		"a\u202eb\u2028c":   `a\u202eb\u2028c`,
		"\u009b31m\x7f\b":   `\u009b31m\x7f\b`,
		"it's":              "it's",
		"\xff":              "\ufffd",
	} {
		if got := Plain(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
