package publish

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

// TestImage looks at what a registry gets: the model as an image, the rest attached.
func TestImage(t *testing.T) {
	m := packageForTest(t, approved, "1.0.0")
	archive := filepath.Join(t.TempDir(), "digits-1.0.0.tar.gz")
	for _, ending := range []string{"", ".sha256"} {
		if err := fileio.WriteBytes(archive+ending, nil); err != nil {
			t.Fatal(err)
		}
	}
	folder := archive[:len(archive)-len(archiveSuffix)]
	for ending := range attached {
		if err := fileio.WriteBytes(folder+ending, nil); err != nil {
			t.Fatal(err)
		}
	}
	if found, err := Archive(folder); err != nil || found != archive {
		t.Errorf("the archive is %s, %v", found, err)
	}
	r, err := Image(m.source, m.record, archive, "https://example.org/acme")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for _, a := range r.Attached {
		for _, file := range a.Files {
			found[a.Type] = append(found[a.Type], filepath.Base(file.Path))
		}
	}
	want := map[string][]string{
		archiveType:                                     {"digits-1.0.0.tar.gz", "digits-1.0.0.tar.gz.sha256"},
		"application/vnd.in-toto+json":                  {"digits-1.0.0.intoto.jsonl"},
		"application/vnd.cyclonedx+json":                {"digits-1.0.0.cdx.json"},
		"application/vnd.dev.sigstore.bundle.v0.3+json": {"digits-1.0.0.model.sig"},
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("attached (-want +got):\n%s", diff)
	}
	if r.At != "models" || r.Annotations["org.opencontainers.image.source"] != "https://example.org/acme" || r.Annotations["blocktrain.decision"] != "approved" {
		t.Errorf("the image is %+v", r)
	}
	var usage *config.UsageError
	if _, err := Archive(filepath.Join(t.TempDir(), "digits")); !errors.As(err, &usage) {
		t.Errorf("a folder without its archive: %v", err)
	}
}
