package provenance

import (
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/notes"
)

// TestPublished: the bill has the weights that training began with as a part, with both licences
// and digests, and the statement on the training has them as what it depended on. Without
// them, neither says anything of any.
func TestPublished(t *testing.T) {
	c := contentsForTest(t)
	part := func() *component {
		b, err := c.bill()
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Components {
			if b.Components[i].Ref == "initial-weights" {
				return &b.Components[i]
			}
		}
		return nil
	}
	if part() != nil {
		t.Error("the bill of a model with drawn weights names others'")
	}
	file, digest := strings.Repeat("f1", 32), strings.Repeat("d5", 32)
	c.record.Identity.InitSHA256 = digest
	c.record.Initial = &rundir.InitialNote{File: "lite0", Published: &notes.Published{
		File: "lite0.pth", SHA256: file, Network: "efficientnet-lite0", Name: "lite0", Package: "lite0-model", Version: "0.1.0", Licence: "Apache 2.0", LicenceMetadata: "UNKNOWN",
	}}
	got := part()
	if got == nil || got.Name != "lite0" || got.Hashes[0].Content != file || got.Licenses[0].License.Name != "Apache 2.0" {
		t.Fatalf("%+v, want name, digest and licence of the weights", got)
	}
	words := map[string]string{}
	for _, p := range got.Properties {
		words[p.Name] = p.Value
	}
	for name, want := range map[string]string{"digest_of_the_tensors": digest, "licence,_as_the_package's_metadata_say": "UNKNOWN", "package": "lite0-model 0.1.0"} {
		if got := words["blocktrain:initial_weights:"+name]; got != want {
			t.Errorf("property %s is %q, want %q", name, got, want)
		}
	}
	found, err := c.dependencies()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range found {
		if d.Digest[tensorDigest] == digest && d.Digest["sha256"] == file {
			return
		}
	}
	t.Errorf("%+v, want one with both digests of the weights", found)
}
