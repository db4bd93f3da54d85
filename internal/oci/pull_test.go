package oci

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// artifact puts an artifact with a file into the registry, changed by a test, and returns its
// digest.
func (f *fake) artifact(t *testing.T, change func(m *v1.Manifest)) string {
	t.Helper()
	content := []byte("content of a file")
	f.blobs[digestOf(content)] = content
	m := v1.Manifest{MediaType: v1.MediaTypeImageManifest, ArtifactType: "application/x-data", Config: v1.DescriptorEmptyJSON, Layers: []v1.Descriptor{{
		MediaType: "application/x-file", Digest: digest.Digest(digestOf(content)), Size: int64(len(content)), Annotations: map[string]string{v1.AnnotationTitle: "data.npz"}}}}
	m.SchemaVersion = 2
	if change != nil {
		change(&m)
	}
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	f.manifests[digestOf(b)], f.types[digestOf(b)] = b, m.MediaType
	return digestOf(b)
}

// TestPull downloads a file, and leaves nothing of what has another digest.
func TestPull(t *testing.T) {
	title := func(name string) func(m *v1.Manifest) {
		return func(m *v1.Manifest) { m.Layers[0].Annotations[v1.AnnotationTitle] = name }
	}
	flip := func(of string) func(f *fake) {
		return func(f *fake) {
			f.spoil = func(path string, b []byte) []byte {
				if strings.Contains(path, of) {
					b = bytes.Clone(b)
					b[len(b)-2] ^= 1
				}
				return b
			}
		}
	}
	once := func(status int) func(f *fake) {
		return func(f *fake) {
			asked := map[string]bool{}
			f.fail = func(r *http.Request) int {
				if again := asked[r.Method+r.URL.Path]; again {
					return 0
				}
				asked[r.Method+r.URL.Path] = true
				return status
			}
		}
	}
	for name, c := range map[string]struct {
		change     func(m *v1.Manifest)
		spoil      func(f *fake)
		want       string // of the error; "": none
		difference bool
	}{
		"a file":                     {},
		"after errors of the server": {spoil: once(http.StatusBadGateway)},
		"after broken connections":   {spoil: once(hangUp)},
		"another manifest":           {spoil: flip("/manifests/"), want: "with a manifest that has the digest", difference: true},
		"another file":               {spoil: flip("/blobs/"), want: "a file of", difference: true},
		"no permission":              {spoil: func(f *fake) { f.fail = func(*http.Request) int { return http.StatusForbidden } }, want: "run 'docker login"},
		"a file that is not there":   {change: func(m *v1.Manifest) { m.Layers[0].Digest = digest.Digest("sha256:" + strings.Repeat("0", 64)) }, want: "not found"},
		"a path":                     {change: title("../x"), want: "a name without folders"},
		"a path below":               {change: title("a/b"), want: "a name without folders"},
		"no name":                    {change: title(""), want: "a name without folders"},
		"the folder itself":          {change: title("."), want: "a name without folders"},
		"a name twice":               {change: func(m *v1.Manifest) { m.Layers = append(m.Layers, m.Layers[0]) }, want: "two files are called"},
		"no files":                   {change: func(m *v1.Manifest) { m.Layers = []v1.Descriptor{} }, want: "it has 0 files"},
		"too many bytes":             {change: func(m *v1.Manifest) { m.Layers[0].Size = 1 << 20 }, want: "more than 1000 bytes"},
		"fewer bytes than it has":    {change: func(m *v1.Manifest) { m.Layers[0].Size-- }, want: "mismatch"},
		"an index":                   {change: func(m *v1.Manifest) { m.MediaType = v1.MediaTypeImageIndex }, want: "and not that of an index"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			t.Setenv("DOCKER_CONFIG", t.TempDir())
			sum := f.artifact(t, c.change)
			if c.spoil != nil {
				c.spoil(f)
			}
			folder := t.TempDir()
			files, err := Pull(t.Context(), Options{Reference: f.host() + "/acme/data@" + sum, Wait: time.Millisecond}, folder, 1000)
			if c.want == "" {
				b, readErr := os.ReadFile(filepath.Join(folder, "data.npz"))
				if err != nil || readErr != nil || string(b) != "content of a file" || len(files) != 1 || files[0].Path != filepath.Join(folder, "data.npz") {
					t.Errorf("%+v %v %q %v", files, err, b, readErr)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, rundir.ErrDifference) != c.difference {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if left, _ := os.ReadDir(folder); len(left) > 0 {
				t.Errorf("left is %v", left)
			}
		})
	}
}

// TestPullByDigest wants a digest, and shows no credentials of the environment.
func TestPullByDigest(t *testing.T) {
	f := newFake(t)
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	for _, reference := range []string{"", f.host() + "/acme/data", f.host() + "/acme/data:1", f.host() + "/acme/data@sha256:12"} {
		var usage *config.UsageError
		if _, err := Pull(t.Context(), Options{Reference: reference}, t.TempDir(), 1); !errors.As(err, &usage) {
			t.Errorf("%q: %v", reference, err)
		}
	}
	shown := ""
	f.fail = func(r *http.Request) int {
		shown += r.Header.Get("Authorization")
		return http.StatusUnauthorized
	}
	_, err := Pull(t.Context(), Options{Reference: f.host() + "/acme/data@" + digestOf(nil), Username: "ada", Password: "s3cret", Wait: time.Millisecond}, t.TempDir(), 1)
	if err == nil || shown != "" || strings.Contains(err.Error(), UsernameVariable) {
		t.Errorf("shown is %q, error %v", shown, err)
	}
}
