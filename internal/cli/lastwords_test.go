package cli

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

// TestLastWords checks that whoever ends a run at once can be told how to go on, from
// the time on when there is something to go on with.
func TestLastWords(t *testing.T) {
	t.Chdir(t.TempDir())
	var last LastWords
	ctx := WithLastWords(t.Context(), &last)
	var out bytes.Buffer
	run := func(args ...string) int { return Run(ctx, args, strings.NewReader(""), &out, &out) }
	small := []string{"--quiet", "--output-dir", "a run", "--dataset-options", "count=100,test-count=50", "--model", "linear", "--epochs", "1"}
	if code := run(append([]string{"train", "--dry-run"}, small...)...); code != ExitDone || last.String() != "" {
		t.Errorf("a dry run gives code %d and the last words %q: want 0 and none\n%s", code, last.String(), out.String())
	}
	code := run(append([]string{"train"}, small...)...)
	if want := "continue with: blocktrain train --run 'a run'"; code != ExitDone || last.String() != want {
		t.Errorf("training gives code %d and the last words %q: want 0 and %q\n%s", code, last.String(), want, out.String())
	}
	if lastWords(context.Background()) != nil {
		t.Error("there are last words that nobody wants")
	}
}
