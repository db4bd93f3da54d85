package oci

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// releaseForTest is a small release whose model has the given bytes.
func releaseForTest(t *testing.T, model string) Release {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"models/digits/config.pbtxt": "name: \"digits\"\n", "models/digits/1/model.onnx": model, "a.intoto.jsonl": "{}\n", "a.model.sig": "{ }"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return Release{
		Folder: filepath.Join(dir, "models"), At: "models", Annotations: map[string]string{v1.AnnotationVersion: "1.0.0", "b": "c"},
		Attached: []Attachment{
			{Type: "application/x-statements", Files: []File{{filepath.Join(dir, "a.intoto.jsonl"), "application/x-statements"}}},
			{Type: "application/x-signature", Files: []File{{filepath.Join(dir, "a.model.sig"), "application/x-signature"}}},
		},
	}
}

// optionsForTest publish to a fake registry, with credentials of the environment.
func optionsForTest(t *testing.T, f *fake) Options {
	t.Helper()
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	return Options{Reference: f.host() + "/acme/digits:1.0.0", PlainHTTP: true, Username: "ada", Password: "s3cret", Locks: t.TempDir(), Wait: time.Millisecond}
}

func TestPush(t *testing.T) {
	f := newFake(t)
	o := optionsForTest(t, f)
	r := releaseForTest(t, "weights")
	pushed, err := Push(t.Context(), r, o)
	if err != nil {
		t.Fatal(err)
	}
	if pushed.Already || f.tags["1.0.0"] != pushed.Digest {
		t.Errorf("pushed %+v, the tag is %s", pushed, f.tags["1.0.0"])
	}
	var index v1.Index
	if err := json.Unmarshal(f.manifests[pushed.Digest], &index); err != nil || len(index.Manifests) != 2 {
		t.Fatalf("index %+v, %v", index, err)
	}
	for _, m := range index.Manifests {
		checkImage(t, f, m)
	}
	checkReferrers(t, f, pushed.Digest, 2)
	again, err := Push(t.Context(), r, o)
	if err != nil || !again.Already || again.Digest != pushed.Digest {
		t.Errorf("again: %+v, %v", again, err)
	}
	checkReferrers(t, f, pushed.Digest, 2)
}

// checkImage wants an image that containerd mounts: with its platform and the digest of
// its layer's tar, which holds the model.
func checkImage(t *testing.T, f *fake, d v1.Descriptor) {
	t.Helper()
	var manifest v1.Manifest
	var image v1.Image
	if err := errors.Join(json.Unmarshal(f.manifests[d.Digest.String()], &manifest), json.Unmarshal(f.blobs[manifest.Config.Digest.String()], &image)); err != nil {
		t.Fatal(err)
	}
	if image.Architecture != d.Platform.Architecture || image.OS != "linux" || image.Config.Labels["b"] != "c" {
		t.Errorf("image %+v of platform %+v", image, d.Platform)
	}
	z, err := gzip.NewReader(bytes.NewReader(f.blobs[manifest.Layers[0].Digest.String()]))
	if err != nil {
		t.Fatal(err)
	}
	layer, err := io.ReadAll(z)
	if err != nil || digestOf(layer) != image.RootFS.DiffIDs[0].String() {
		t.Errorf("the layer is %s, %v, want %v", digestOf(layer), err, image.RootFS.DiffIDs)
	}
	var names []string
	for entries := tar.NewReader(bytes.NewReader(layer)); ; {
		entry, err := entries.Next()
		if err != nil {
			break
		}
		names = append(names, entry.Name)
	}
	if !slices.Contains(names, "models/digits/1/model.onnx") || !slices.Contains(names, "models/digits/config.pbtxt") {
		t.Errorf("the layer has %q", names)
	}
}

func checkReferrers(t *testing.T, f *fake, digest string, want int) {
	t.Helper()
	var list v1.Index
	if err := json.Unmarshal(f.manifests[f.tags[strings.Replace(digest, ":", "-", 1)]], &list); err != nil || len(list.Manifests) != want {
		t.Errorf("referrers: %+v, %v, want %d", list.Manifests, err, want)
	}
}

func TestTakenTag(t *testing.T) {
	f := newFake(t)
	o := optionsForTest(t, f)
	first, err := Push(t.Context(), releaseForTest(t, "weights"), o)
	if err != nil {
		t.Fatal(err)
	}
	stored := len(f.blobs)
	_, err = Push(t.Context(), releaseForTest(t, "other weights"), o)
	if !errors.Is(err, rundir.ErrRefused) || f.tags["1.0.0"] != first.Digest || len(f.blobs) != stored {
		t.Errorf("%v; the tag is %s, want %s; %d blobs, want %d", err, f.tags["1.0.0"], first.Digest, len(f.blobs), stored)
	}
}

// TestFailures lets every request of a publication fail in turn, once and for good. After
// the first it must end well, after the second there must be no tag, or all of it.
func TestFailures(t *testing.T) {
	r := releaseForTest(t, "weights")
	for _, status := range []int{http.StatusServiceUnavailable, hangUp} {
		for at := 1; ; at++ {
			f := newFake(t)
			o := optionsForTest(t, f)
			count := 0
			f.fail = func(*http.Request) int {
				if count++; count == at {
					return status
				}
				return 0
			}
			if _, err := Push(t.Context(), r, o); err != nil {
				t.Errorf("request %d fails once with %d: %v", at, status, err)
			}
			if count < at {
				break
			}
			checkForGood(t, r, at, status)
		}
	}
}

// TestNoTLS asks a registry without TLS by HTTPS: once, and the error says what to do.
func TestNoTLS(t *testing.T) {
	o := optionsForTest(t, newFake(t))
	o.PlainHTTP = false
	o.Log = func(text string) { t.Errorf("it is tried again: %s", text) }
	if _, err := Push(t.Context(), releaseForTest(t, "weights"), o); err == nil || !strings.Contains(err.Error(), "give --plain-http if it is on this machine") {
		t.Errorf("a registry without TLS: %v", err)
	}
}

func checkForGood(t *testing.T, r Release, at, status int) {
	t.Helper()
	f := newFake(t)
	o := optionsForTest(t, f)
	count := 0
	f.fail = func(*http.Request) int {
		if count++; count >= at {
			return status
		}
		return 0
	}
	if _, err := Push(t.Context(), r, o); err == nil {
		t.Errorf("everything from request %d on fails, and the publication does not", at)
	} else if strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "upload-token") {
		t.Errorf("the error shows a secret: %v", err)
	}
	if tagged := f.tags["1.0.0"]; tagged != "" {
		checkReferrers(t, f, tagged, 2)
	}
	f.fail = nil
	pushed, err := Push(t.Context(), r, o)
	if err != nil {
		t.Fatalf("after request %d failed for good: %v", at, err)
	}
	checkReferrers(t, f, pushed.Digest, 2)
}

func TestTwoAtOnce(t *testing.T) {
	for _, other := range []string{"weights", "other weights"} {
		f := newFake(t)
		o := optionsForTest(t, f)
		releases := []Release{releaseForTest(t, "weights"), releaseForTest(t, other)}
		errs, digests := make([]error, 2), make([]string, 2)
		var group sync.WaitGroup
		for i := range releases {
			group.Go(func() {
				pushed, err := Push(t.Context(), releases[i], o)
				if errs[i] = err; err == nil {
					digests[i] = pushed.Digest
				}
			})
		}
		group.Wait()
		switch {
		case other == "weights" && (errs[0] != nil || errs[1] != nil || digests[0] != digests[1]):
			t.Errorf("the same release twice: %v, %q", errs, digests)
		case other != "weights" && (errs[0] == nil) == (errs[1] == nil):
			t.Errorf("two releases under one tag: %v, want one error", errs)
		case !slices.Contains(digests, f.tags["1.0.0"]):
			t.Errorf("the tag is %s, published are %q", f.tags["1.0.0"], digests)
		}
	}
}

func TestSpoiledManifest(t *testing.T) {
	f := newFake(t)
	o := optionsForTest(t, f)
	f.spoil = func(path string, b []byte) []byte {
		if strings.Contains(path, "/manifests/") {
			b = bytes.Replace(b, []byte("linux"), []byte("l1nux"), 1)
		}
		return b
	}
	if _, err := Push(t.Context(), releaseForTest(t, "weights"), o); err == nil {
		t.Error("a registry that changes a manifest is believed")
	}
}

func TestCredentials(t *testing.T) {
	docker := `{"auths":{"HOST":{"auth":"YWRhOnMzY3JldA=="}}}` // ada:s3cret
	tests := []struct {
		name, docker, password string
		fails                  bool
	}{
		{"environment", "", "s3cret", false},
		{"Docker", docker, "", false},
		{"Docker, of another host", strings.Replace(docker, "HOST", "example.org", 1), "", true},
		{"expired", "", "0ld-s3cret", true},
		{"none", "", "", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFake(t)
			o := optionsForTest(t, f)
			o.Password = test.password
			if test.docker != "" {
				text := strings.Replace(test.docker, "HOST", f.host(), 1)
				if err := fileio.WriteBytes(filepath.Join(os.Getenv("DOCKER_CONFIG"), "config.json"), []byte(text)); err != nil {
					t.Fatal(err)
				}
			}
			f.fail = func(r *http.Request) int {
				if user, password, _ := r.BasicAuth(); user != "ada" || password != "s3cret" {
					return http.StatusUnauthorized
				}
				return 0
			}
			var log strings.Builder
			o.Log = func(message string) { log.WriteString(message) }
			_, err := Push(t.Context(), releaseForTest(t, "weights"), o)
			if (err != nil) != test.fails {
				t.Errorf("error %v", err)
			}
			if err != nil && !strings.Contains(err.Error(), "docker login") {
				t.Errorf("%v, want what to do", err)
			}
			if said := log.String() + errorText(err); strings.Contains(said, "s3cret") {
				t.Errorf("a password is shown: %s", said)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestReferences(t *testing.T) {
	for _, o := range []Options{
		{Reference: "digits"}, {Reference: "ghcr.io/acme/digits"}, {Reference: "ghcr.io/Acme/digits:1"}, {Reference: "ghcr.io/acme/digits:1/2"},
		{Reference: "ghcr.io/acme/digits@sha256:" + strings.Repeat("a", 64)}, {Reference: "http://ghcr.io/acme/digits:1"},
		{Reference: "registry.example.org/acme/digits:1", PlainHTTP: true}, {Reference: "localhost.example.org/acme/digits:1", PlainHTTP: true},
	} {
		var usage *config.UsageError
		if _, err := o.repository(); !errors.As(err, &usage) {
			t.Errorf("%q: %v, want a usage error", o.Reference, err)
		}
	}
}
