package dataset

import (
	"context"
	"errors"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// remoteSource is a source whose files are pinned to files and come from
// mirrors.
func remoteSource(t *testing.T, files [4][]byte, mirrors ...string) *idxSource {
	t.Helper()
	s := mnist()
	s.fetch, s.mirrors = true, mirrors
	for i := range s.files {
		d := newDigester()
		d.hash.Write(files[i])
		s.files[i].sha256 = d.hex()
	}
	return s
}

// serve answers with the gzipped files by name and counts the requests.
func serve(t *testing.T, files [4][]byte) (address string, requests *atomic.Int32) {
	t.Helper()
	requests = new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		for i, file := range mnist().files {
			if strings.HasSuffix(r.URL.Path, "/"+file.name+".gz") {
				_, _ = w.Write(gzipped(t, files[i]))
				return
			}
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/", requests
}

func TestDownload(t *testing.T) {
	files := smallMNIST()
	address, requests := serve(t, files)
	down := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(down.Close)
	source := remoteSource(t, files, down.URL+"/", address)
	dir := filepath.Join(t.TempDir(), "new", "data")

	d, err := source.Open(t.Context(), dir, ModeRAM)
	if err != nil {
		t.Fatal(err)
	}
	if d.Len() != 30 || requests.Load() != 4 {
		t.Errorf("%d examples after %d requests, want 30 after 4", d.Len(), requests.Load())
	}
	again, err := source.Open(t.Context(), dir, ModeDisk)
	if err != nil {
		t.Fatal(err)
	}
	sameContent(t, d, again)
	if requests.Load() != 4 {
		t.Error("files that are there were downloaded again")
	}
}

func TestDownloadCompletesAFolder(t *testing.T) {
	files := smallMNIST()
	address, requests := serve(t, files)
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "train-images.idx3-ubyte"), files[trainImages])
	if _, err := remoteSource(t, files, address).Open(t.Context(), dir, ModeRAM); err != nil {
		t.Fatal(err)
	}
	if requests.Load() != 3 {
		t.Errorf("%d requests, want 3", requests.Load())
	}

	dir = t.TempDir()
	writeFile(t, filepath.Join(dir, "train-images.idx3-ubyte"), files[testImages])
	_, err := remoteSource(t, files, address).Open(t.Context(), dir, ModeRAM)
	wantError(t, err, "train-images.idx3-ubyte: its content has SHA-256", "the published file has", "remove it")
}

func TestDownloadRefusesWrongContent(t *testing.T) {
	files := smallMNIST()
	address, _ := serve(t, files)
	source := remoteSource(t, files, address)
	source.files[testLabels].sha256 = strings.Repeat("0", 64)
	dir := t.TempDir()
	_, err := source.Open(t.Context(), dir, ModeRAM)
	wantError(t, err, "cannot download t10k-labels-idx1-ubyte", address, "SHA-256", "want 0000")
	left, err := filepath.Glob(filepath.Join(dir, "mnist", "*labels*"))
	if err != nil || len(left) != 1 {
		t.Errorf("after a wrong download the folder holds %v, %v", left, err)
	}
}

func TestDownloadWithoutNetwork(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	dir := t.TempDir()
	_, err := remoteSource(t, smallMNIST(), closed.URL+"/").Open(t.Context(), dir, ModeRAM)
	wantError(t, err, "mnist: cannot download train-images-idx3-ubyte", closed.URL,
		"Without a network, put the files train-images-idx3-ubyte.gz", filepath.Join(dir, "mnist"))
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("after a failed download the data folder holds %v, %v", left, err)
	}
}

// TestOffline wants no request made, and data that is at hand read all the same.
func TestOffline(t *testing.T) {
	files := smallMNIST()
	address, requests := serve(t, files)
	source := remoteSource(t, files, address)
	dir := t.TempDir()
	_, err := source.Offline().Open(t.Context(), dir, ModeRAM)
	var missing *NotFoundError
	if !errors.As(err, &missing) || requests.Load() != 0 {
		t.Errorf("error %v after %d requests, want a NotFoundError after none", err, requests.Load())
	}
	if _, err := source.Open(t.Context(), dir, ModeRAM); err != nil {
		t.Fatal(err)
	}
	if _, err := source.Offline().Open(t.Context(), dir, ModeRAM); err != nil {
		t.Error(err)
	}
}

func TestDownloadCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	_, err := remoteSource(t, smallMNIST(), server.URL+"/").Open(ctx, dir, ModeRAM)
	if !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "network") {
		t.Errorf("error %v, want the context's alone", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("the data folder holds %v, %v", left, err)
	}
}

func TestDownloadSizeLimit(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		chunk := make([]byte, 1<<20)
		for range maxDownload/len(chunk) + 1 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}))
	t.Cleanup(server.Close)
	_, err := get(t.Context(), server.URL)
	wantError(t, err, "more than 67108864 bytes")
}

// secret is a source that downloads and does not say so.
type secret struct{ address string }

func (s secret) Open(ctx context.Context, _ string, _ Mode) (Dataset, error) {
	_, err := get(ctx, s.address)
	return nil, err
}

// TestNobodyDownloadsOffline has a source that is no [Downloader].
func TestNobodyDownloadsOffline(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer server.Close()
	for _, o := range []OpenOptions{{Offline: true}, {DryRun: true}} {
		if _, err := o.openSource(t.Context(), Request{Name: "secret"}, secret{server.URL}); !errors.Is(err, errOffline) || asked != 0 {
			t.Errorf("%+v: error %v after %d requests", o, err, asked)
		}
	}
}

// TestOneWayToTheNetwork finds packages in the files of datasets that reach a network, or
// start programs which may, elsewhere than where get is.
func TestOneWayToTheNetwork(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || path == "download.go" {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, i := range file.Imports {
			name, _ := strconv.Unquote(i.Path.Value)
			if first, _, _ := strings.Cut(name, "/"); first == "net" || first == "syscall" || name == "os/exec" || strings.HasPrefix(name, "golang.org/x/net") || name == "crypto/tls" {
				t.Errorf("%s imports %s: download by get of download.go, and implement Downloader", path, name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestDownloadersSaySo opens each module offline where there is no data: one with an
// option to download must be a Downloader.
func TestDownloadersSaySo(t *testing.T) {
	for _, m := range Modules() {
		source, _, err := MakeDataset(m.Name, "")
		if err != nil {
			t.Fatal(err)
		}
		_, resolved, err := MakeDataset(m.Name, "download=true")
		if _, is := source.(Downloader); is != (err == nil) {
			t.Errorf("%s: Downloader is %t, options %v, error %v", m.Name, is, resolved, err)
		}
	}
}
