package oci

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// fake is a registry in memory, without the referrers API.
type fake struct {
	*httptest.Server
	mu        sync.Mutex
	blobs     map[string][]byte
	manifests map[string][]byte // by digest
	types     map[string]string
	tags      map[string]string
	uploads   int
	// fail answers a request instead of the registry where it returns a status.
	fail func(r *http.Request) int
	// spoil changes what is answered.
	spoil func(path string, b []byte) []byte
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{blobs: map[string][]byte{}, manifests: map[string][]byte{}, types: map[string]string{}, tags: map[string]string{}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) host() string { return strings.TrimPrefix(f.URL, "http://") }

// ServeHTTP implements http.Handler.
func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fail != nil {
		switch status := f.fail(r); status {
		case 0:
		case hangUp:
			panic(http.ErrAbortHandler)
		default:
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			w.WriteHeader(status)
			return
		}
	}
	name := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	switch {
	case strings.Contains(r.URL.Path, "/referrers/"):
		w.WriteHeader(http.StatusNotFound)
	case strings.Contains(r.URL.Path, "/blobs/"):
		f.blob(w, r, name)
	default:
		f.manifest(w, r, name)
	}
}

const hangUp = -1

func (f *fake) blob(w http.ResponseWriter, r *http.Request, name string) {
	switch r.Method {
	case http.MethodPost:
		f.uploads++
		w.Header().Set("Location", fmt.Sprintf("%s%d?_state=upload-token", r.URL.Path, f.uploads))
		w.WriteHeader(http.StatusAccepted)
	case http.MethodPut:
		b, err := io.ReadAll(r.Body)
		sum := digestOf(b)
		if err != nil || sum != r.URL.Query().Get("digest") {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		f.blobs[sum] = b
		w.WriteHeader(http.StatusCreated)
	default:
		f.answer(w, r, f.blobs[name], "application/octet-stream", name)
	}
}

func (f *fake) manifest(w http.ResponseWriter, r *http.Request, name string) {
	if r.Method == http.MethodPut {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		sum := digestOf(b)
		f.manifests[sum], f.types[sum] = b, r.Header.Get("Content-Type")
		if !strings.HasPrefix(name, "sha256:") {
			f.tags[name] = sum
		}
		w.Header().Set("Docker-Content-Digest", sum)
		w.WriteHeader(http.StatusCreated)
		return
	}
	if tagged, is := f.tags[name]; is {
		name = tagged
	}
	f.answer(w, r, f.manifests[name], f.types[name], name)
}

func (f *fake) answer(w http.ResponseWriter, r *http.Request, b []byte, mediaType, sum string) {
	if b == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Docker-Content-Digest", sum)
	w.Header().Set("Content-Length", fmt.Sprint(len(b)))
	if r.Method == http.MethodHead {
		return
	}
	if f.spoil != nil {
		b = f.spoil(r.URL.Path, b)
	}
	_, _ = w.Write(b)
}

func digestOf(b []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(b)) }
