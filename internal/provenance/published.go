package provenance

import (
	"cmp"
	"strings"

	"github.com/blocktrain/blocktrain/internal/rundir/notes"
)

// tensorDigest is the algorithm of a digest over tensors: weights.Digest.
const tensorDigest = "blocktrainWeights"

// publishedName is what published weights are called here.
func publishedName(p *notes.Published) string { return cmp.Or(p.Name, p.Network) }

// publishedWeights describes weights of others, which training began with, as a part of what the
// package was made of. Its licences are those that the file in their package and that package's
// metadata name, which may differ.
func publishedWeights(p *notes.Published, digest string) component {
	c := component{Type: "machine-learning-model", Ref: "initial-weights", Name: publishedName(p), Version: p.Version, Hashes: sha256Hash(p.SHA256)}
	if p.Licence != "" {
		c.Licenses = append(c.Licenses, billLicense{License: &billNamed{p.Licence}})
	}
	for _, f := range p.Facts(digest) {
		c.Properties = append(c.Properties, billProperty{"blocktrain:initial_weights:" + strings.ReplaceAll(f.Name, " ", "_"), f.Words})
	}
	return c
}

// initialWeights describes the weights that training began with, as what it depended on.
// Digest is that of the record's identity.
func initialWeights(p *notes.Published, digest string) resource {
	r := resource{Name: "weights that training began with", Digest: sha256Digest(digest)}
	if p == nil {
		return r
	}
	r.Digest = map[string]string{"sha256": p.SHA256, tensorDigest: digest}
	r.Annotations = map[string]any{"name": publishedName(p), "license": p.Licence, "license_metadata": p.LicenceMetadata}
	if p.Package != "" {
		r.Annotations["package"], r.Annotations["version"] = p.Package, p.Version
	}
	return r
}
