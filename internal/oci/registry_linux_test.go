package oci

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content/file"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// TestDockerRegistry publishes to Debian's docker-registry, and reads it back with skopeo
// byte by byte.
func TestDockerRegistry(t *testing.T) {
	for _, program := range []string{"docker-registry", "skopeo"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed: apt-get install docker-registry skopeo", program)
		}
	}
	host := startRegistry(t)
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	o := Options{Reference: host + "/acme/digits:1.0.0", PlainHTTP: true, Locks: t.TempDir()}
	r := releaseForTest(t, "weights")
	pushed, err := Push(t.Context(), r, o)
	if err != nil {
		t.Fatal(err)
	}
	made, err := r.build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if made.index.Digest.String() != pushed.Digest {
		t.Errorf("built again it is %s, published is %s", made.index.Digest, pushed.Digest)
	}
	// skopeo copies the index with all images, and the referrers by their digests.
	checkCopy(t, o.Reference, made.index, append(made.manifests, made.blobs[:3]...))
	for _, referrer := range made.referrers {
		checkCopy(t, fmt.Sprintf("%s/acme/digits@%s", host, referrer.Digest), referrer, nil)
	}
	_, err = Push(t.Context(), releaseForTest(t, "other weights"), o)
	if !errors.Is(err, rundir.ErrRefused) {
		t.Errorf("other bytes under the tag: %v", err)
	}
	checkCopy(t, o.Reference, made.index, nil)
}

// TestPullFromDockerRegistry downloads what the library of 'oras push' put there: a folder and a
// file, and the folder alone.
func TestPullFromDockerRegistry(t *testing.T) {
	if _, err := exec.LookPath("docker-registry"); err != nil {
		t.Skip("docker-registry is not installed: apt-get install docker-registry")
	}
	host := startRegistry(t)
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	work := t.TempDir()
	for name, text := range map[string]string{"photos/a/1.png": "one", "photos/b/2.png": "two", "labels.csv": "a,b"} {
		path := filepath.Join(work, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	store, err := file.New(work)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	store.TarReproducible = true
	var layers []v1.Descriptor
	for _, name := range []string{"photos", "labels.csv"} {
		layer, err := store.Add(t.Context(), name, "", name)
		if err != nil {
			t.Fatal(err)
		}
		layers = append(layers, layer)
	}
	manifest, err := oras.PackManifest(t.Context(), store, oras.PackManifestVersion1_1, "application/x-data", oras.PackManifestOptions{Layers: layers})
	if err != nil {
		t.Fatal(err)
	}
	repository, err := Options{Reference: host + "/acme/data:1", PlainHTTP: true}.repository()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(store.Tag(t.Context(), manifest, "1")); err != nil {
		t.Fatal(err)
	}
	if _, err := oras.Copy(t.Context(), store, "1", repository, "1", oras.DefaultCopyOptions); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	files, err := Pull(t.Context(), Options{Reference: host + "/acme/data@" + manifest.Digest.String()}, folder, 1<<20)
	want := []Pulled{{filepath.Join(folder, "photos.tar.gz"), "photos", true}, {filepath.Join(folder, "labels.csv"), "labels.csv", false}}
	if err != nil || !slices.Equal(files, want) {
		t.Errorf("%+v, %v, want %+v", files, err, want)
	}
	if b, err := os.ReadFile(filepath.Join(folder, "labels.csv")); err != nil || string(b) != "a,b" {
		t.Errorf("%q %v", b, err)
	}
}

// checkCopy copies what a reference stands for with skopeo, which must be top and have parts.
func checkCopy(t *testing.T, reference string, top *blob, parts []*blob) {
	t.Helper()
	dir := t.TempDir()
	out, err := exec.CommandContext(t.Context(), "skopeo", "copy", "--insecure-policy", "--all", "--src-tls-verify=false", "docker://"+reference, "dir:"+dir).CombinedOutput() //nolint:gosec // arguments of the test
	if err != nil {
		t.Fatalf("skopeo copy %s: %v\n%s", reference, err, out)
	}
	found, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil || !bytes.Equal(found, top.bytes) {
		t.Errorf("%s has the manifest %s, %v, want %s", reference, found, err, top.bytes)
	}
	for _, part := range parts {
		name := part.Digest.Encoded()
		if part.MediaType == "application/vnd.oci.image.manifest.v1+json" {
			name += ".manifest.json"
		}
		if sum, err := fileio.SHA256(filepath.Join(dir, name)); err != nil || sum != part.Digest.Encoded() {
			t.Errorf("%s: %s, %v", name, sum, err)
		}
	}
}

// startRegistry starts docker-registry on loopback and returns its host.
func startRegistry(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	settings := fmt.Sprintf("version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: %q}}\nhttp: {addr: %q}\n", dir, host)
	file := filepath.Join(dir, "registry.yml")
	if err := fileio.WriteBytes(file, []byte(settings)); err != nil {
		t.Fatal(err)
	}
	server := exec.CommandContext(t.Context(), "docker-registry", "serve", file) //nolint:gosec // a file of the test
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Wait() }) // the test's context, which ends before, kills it
	for range 200 {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+host+"/v2/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := http.DefaultClient.Do(request); err == nil {
			_ = answer.Body.Close()
			return host
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("docker-registry does not answer")
	return ""
}
