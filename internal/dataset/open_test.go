package dataset

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/config"
)

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	writeImages(t, dir, "0/x_1.png", "0/x_2.png", "cat/y_1.png", "cat/y_2.png")
	opened, err := Open(t.Context(), []Request{{"folder", "group=prefix:_", dir}, {"digits", "count=20,test-count=10", ""}}, OpenOptions{Mode: ModeRAM})
	if err != nil {
		t.Fatal(err)
	}
	if len(opened.Members) != 2 || opened.All.Len() != 34 || opened.Members[0].Len() != 4 || len(opened.All.Classes()) != 11 {
		t.Errorf("%d members, %d examples of %q", len(opened.Members), opened.All.Len(), opened.All.Classes())
	}
	want := []map[string]string{{"group": "prefix:_"}, {"count": "20", "seed": "1", "test-count": "10"}}
	if diff := cmp.Diff(want, opened.Resolved); diff != "" {
		t.Errorf("options (-want +got):\n%s", diff)
	}
	joined, err := Concat(opened.Members...)
	if err != nil || joined.Digest() != opened.All.Digest() {
		t.Errorf("the datasets are not joined in their order: %v", err)
	}
	one, err := Open(t.Context(), []Request{{"folder", "", dir}}, OpenOptions{Mode: ModeDisk})
	if err != nil || one.All != one.Members[0] {
		t.Errorf("one dataset is not itself: %v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	missing, loose, twice := filepath.Join(dir, "none"), filepath.Join(dir, "loose"), filepath.Join(dir, "twice")
	writeImages(t, loose, "1.png")
	writeImages(t, twice, "a/1.png", "b/2.png")
	cases := []struct {
		name     string
		requests []Request
		o        OpenOptions
		usage    bool
		parts    []string
	}{
		{"names and options", []Request{{"foldr", "", missing}, {"digits", "cuont=3", ""}}, OpenOptions{}, true, []string{
			`unknown dataset "foldr": did you mean folder?`, `unknown option "cuont": did you mean count`,
		}},
		{"missing folder", []Request{{"folder", "", missing}}, OpenOptions{}, true, []string{missing + " does not exist", "; --data-dir says where the data is"}},
		{"no files in a dry run", []Request{{"mnist", "", missing}}, OpenOptions{DryRun: true}, true, []string{
			"mnist: no data", "; --data-dir says where the data is, and a dry run downloads nothing",
		}},
		{"tilde", []Request{{"folder", "", "~/photos"}}, OpenOptions{}, true, []string{"~/photos does not exist", "the shell did not replace the ~"}},
		{"no folder in a dry run", []Request{{"folder", "", missing}}, OpenOptions{DryRun: true}, true, []string{"does not exist"}},
		{"no files, offline", []Request{{"mnist", "", missing}}, OpenOptions{Offline: true}, true, []string{"mnist: no data", "; --data-dir says where the data is"}},
		{"loose images", []Request{{"folder", "", loose}}, OpenOptions{}, true, []string{"folder", "and not in a folder for each class"}},
		{"twice the same", []Request{{"folder", "", twice}, {"folder", "", twice}}, OpenOptions{}, false, []string{"datasets 1 and 2 have the same content"}},
		{"none", nil, OpenOptions{}, false, []string{"no dataset to join"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			opened, err := Open(t.Context(), c.requests, c.o)
			wantError(t, err, c.parts...)
			var usage *config.UsageError
			if errors.As(err, &usage) != c.usage || opened != nil {
				t.Errorf("usage error %v, want %v; opened %v", !c.usage, c.usage, opened)
			}
			if (!c.o.DryRun || c.requests[0].Name == "folder") && strings.Contains(err.Error(), "dry run") {
				t.Errorf("%v speaks of a dry run", err)
			}
		})
	}
}
