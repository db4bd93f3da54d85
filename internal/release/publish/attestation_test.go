package publish

import (
	"encoding/base64"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/oci"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

const testBundle = "application/vnd.dev.sigstore.bundle.v0.3+json"

// bundleOf is a bundle as GitHub makes it, about files with these digests.
func bundleOf(mediaType string, digests ...string) string {
	var subjects []string
	for i, digest := range digests {
		subjects = append(subjects, fmt.Sprintf(`{"name":"file-%d","digest":{"sha256":%q}}`, i, digest))
	}
	statement := `{"_type":"https://in-toto.io/Statement/v1","subject":[` + strings.Join(subjects, ",") + `],"predicateType":"x","predicate":{}}`
	return fmt.Sprintf(`{"mediaType":%q,"verificationMaterial":{"certificate":{}},"dsseEnvelope":{"payload":%q,"payloadType":"application/vnd.in-toto+json","signatures":[{"sig":""}]}}`+"\n",
		mediaType, base64.StdEncoding.EncodeToString([]byte(statement)))
}

// TestAttach attaches what is about the archive, and nothing else.
func TestAttach(t *testing.T) {
	dir := t.TempDir()
	archive, file := filepath.Join(dir, "a.tar.gz"), filepath.Join(dir, "a.sigstore.json")
	if err := fileio.WriteBytes(archive, []byte("archive")); err != nil {
		t.Fatal(err)
	}
	sum := fileio.SHA256Of([]byte("archive"))
	for name, c := range map[string]struct{ text, want string }{
		"of the archive":       {bundleOf(testBundle, strings.Repeat("0", 64), sum), ""},
		"of something else":    {bundleOf(testBundle, strings.Repeat("0", 64)), "none of its 1 subjects"},
		"of nothing":           {bundleOf(testBundle), "none of its 0 subjects"},
		"no bundle":            {bundleOf("application/json", sum), "mediaType is"},
		"no JSON":              {"x", "attestation"},
		"two bundles":          {bundleOf(testBundle, sum) + bundleOf(testBundle, sum), "data after the end"},
		"a payload that is no": {strings.Replace(bundleOf(testBundle, sum), `"payload":"`, `"payload":"!`, 1), "payload"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := fileio.WriteBytes(file, []byte(c.text)); err != nil {
				t.Fatal(err)
			}
			var r oci.Release
			err := Attach(&r, archive, []string{file})
			if c.want == "" {
				if err != nil || len(r.Attached) != 1 || r.Attached[0].Type != testBundle || r.Attached[0].Files[0].Path != file {
					t.Errorf("%+v %v", r, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || len(r.Attached) != 0 {
				t.Errorf("attached %+v, error %v, want %q", r.Attached, err, c.want)
			}
			if strings.HasPrefix(c.want, "none") && !errors.Is(err, rundir.ErrRefused) {
				t.Errorf("%v is no refusal", err)
			}
		})
	}
}
