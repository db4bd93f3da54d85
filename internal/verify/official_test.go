package verify

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// TestOfficialParts checks what record, log, card and report say of the parts that came
// with datasets, and that verification compares it.
func TestOfficialParts(t *testing.T) {
	t.Parallel()
	const digits = "Of digits, the official test part was kept; the rest was divided into training and validation part, 75 and 25 %"
	dir := t.TempDir()
	images := filepath.Join(dir, "images")
	for class := range 3 {
		for i := range 10 {
			runtest.WriteImage(t, filepath.Join(images, fmt.Sprint(class), fmt.Sprintf("%02d.png", i)), class, i)
		}
	}
	alone := filepath.Join(dir, "alone")
	for _, test := range []struct {
		name     string
		flags    []string
		ratio    [3]int
		official [][]string
		logged   string
		words    []string
		part     string
	}{
		{"alone", nil, [3]int{60, 20, 0}, [][]string{{"test"}}, digits, []string{digits + "."}, "test (official)"},
		{"joined", []string{"dataset=digits,folder", "dataset-options=digits:count=200,digits:test-count=50", "data-dir=folder=" + images, "split-ratio=50/25/25", "image-size=28"},
			[3]int{50, 25, 25}, [][]string{{"test"}, nil},
			"Of digits, the official test part was kept; the rest was divided into training and validation part, 66.7 and 33.3 %",
			[]string{"training and validation part, 66.7 and 33.3 %.", "images (folder) has no official parts: it was divided into training, validation and test part, 50, 25 and 25 %."}, "test"},
		{"listed", []string{"split=" + filepath.Join(alone, rundir.SplitFile)}, [3]int{60, 20, 0}, [][]string{{"test"}},
			"Of digits, the official parts (test) were kept; a split list divides the rest",
			[]string{"Of digits, the official parts (test) were kept; a split list divides the rest."}, "test (official)"},
	} {
		run := filepath.Join(dir, test.name)
		if _, err := pipeline.Run(t.Context(), runtest.Quiet(), runtest.SmallRun(t, run, append(test.flags, "epochs=1")...)); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		record := readRecord(t, run)
		for i, d := range record.Identity.Datasets {
			if !slices.Equal(d.Official, test.official[i]) {
				t.Errorf("%s: %s has the official parts %q, want %q", test.name, d.Name, d.Official, test.official[i])
			}
		}
		if record.Identity.Split.Ratio != test.ratio {
			t.Errorf("%s: the ratio is %v, want %v", test.name, record.Identity.Split.Ratio, test.ratio)
		}
		if log := readText(t, filepath.Join(run, logging.TextFile)); !strings.Contains(log, "INFO  "+test.logged+"\n") {
			t.Errorf("%s: want %q in the log\n%s", test.name, test.logged, log)
		}
		card, report := readText(t, filepath.Join(run, rundir.CardFile)), readText(t, filepath.Join(run, rundir.ReportFile))
		for _, words := range test.words {
			if !strings.Contains(card, words) || !strings.Contains(report, words) {
				t.Errorf("%s: want %q in the card\n%s\nand in the report", test.name, words, card)
			}
		}
		if row := fmt.Sprintf("| %s |", test.part); !strings.Contains(card, row) {
			t.Errorf("%s: want %q in the card\n%s", test.name, row, card)
		}
		if v, err := verified(t, Request{Path: run}); err != nil || !v.Verified {
			t.Errorf("%s: got %+v, error %v", test.name, v, err)
		}
	}
	for _, test := range []struct{ name, pattern, with, figure string }{
		{"another ratio", `("ratio": \[\s*60,\s*20,\s*)0`, "${1}20", "identity.split.ratio[2]"},
		{"no official part", `,\s*"official_parts": \[\s*"test"\s*\]`, "", "identity.split.ratio"},
		{"another official part", `("official_parts": \[\s*)"test"`, `${1}"validation"`, "identity.split.ratio"},
	} {
		t.Run(test.name, func(t *testing.T) {
			run := runtest.Copied(t, alone)
			replaceIn(t, filepath.Join(run, rundir.RecordFile), test.pattern, test.with)
			seal(t, run)
			checkDifference(t, Request{Path: run}, rundir.RecordFile, 0, test.figure)
		})
	}
	t.Run("no official part, and the ratio that follows", func(t *testing.T) {
		run := runtest.Copied(t, alone)
		record := filepath.Join(run, rundir.RecordFile)
		replaceIn(t, record, `,\s*"official_parts": \[\s*"test"\s*\]`, "")
		replaceIn(t, record, `("ratio": \[\s*60,\s*20,\s*)0`, "${1}20")
		seal(t, run)
		if v, err := verified(t, Request{Path: run}); v.FirstDifference == nil {
			t.Errorf("got %+v, error %v", v, err)
		}
	})
}
