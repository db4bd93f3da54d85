package modellock

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

func newLock() *Lock {
	return &Lock{
		Schema: 1, Name: "digits", Version: "1.0.0", ContractVersion: 3, Toolchain: "go1.26.8", Decision: "approved",
		Data: map[string]string{"digits": BuiltIn}, IdentitySHA256: "i", Identity: map[string]string{"model.name": "linear", "classes[0]": "a"},
		Digests:  Digests{Data: "d", Split: "s", Weights: map[string]string{judged: "w"}, Evaluations: map[string]string{"evaluation/test.json": "e"}},
		Training: map[string]int{"model.epochs": 3}, Thresholds: map[string]string{"min_test_accuracy": ">= 0.97 share"}, Figures: map[string]float64{"test.accuracy": 0.98},
	}
}

// TestRead reads what was written, and nothing else.
func TestRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "model.lock")
	if err := newLock().Write(file); err != nil {
		t.Fatal(err)
	}
	l, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := newLock().Differences(l); err != nil || len(d) > 0 {
		t.Errorf("read something else: %v %v", d, err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for change, want := range map[string]string{
		`"schema": 1=>"schema": 2`:                                       "schema is 2",
		`"name": "digits"=>"name": "digits","name": "x"`:                 "name: the key comes twice",
		`"name": "digits"=>"Name": "digits"`:                             "want it written name",
		`"decision": "approved"=>"decision": "refused"`:                  "want approved or forced",
		`"decision": "approved"=>"decision": "forced"`:                   "force_reason",
		`"digits": "built-in"=>"digits": "somewhere"`:                    "says of no data how it comes",
		`"digits": "built-in"=>"digits": "folder:../x"`:                  "is no folder of the repository",
		`"model": "w"=>"other": "w"`:                                     "it lacks",
		`"test.accuracy": 0.98=>"test.accuracy": 0.98, "more": "a text"`: "want a number",
		"\n}\n=>}{}": "data after the end",
	} {
		from, to, _ := strings.Cut(change, "=>")
		if !bytes.Contains(text, []byte(from)) {
			t.Fatalf("%q is not in\n%s", from, text)
		}
		if err := os.WriteFile(file, bytes.Replace(text, []byte(from), []byte(to), 1), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", change, err, want)
		}
	}
}

// TestDifferences names each value that differs, and no more.
func TestDifferences(t *testing.T) {
	run := newLock()
	run.Data = map[string]string{"digits": Download} // which is no property of a run
	run.Digests.Weights[judged] = "x"
	run.Thresholds["min_test_accuracy"] = ">= 0.5 share"
	run.Figures["test.loss"] = 0.1
	run.Toolchain = "go1.27.0"
	delete(run.Identity, "classes[0]")
	got, err := newLock().Differences(run)
	want := []string{
		"digests.weights.model: the lock has w, the run has x",
		"figures.test.loss: the lock has none, the run has 0.1",
		"identity.classes[0]: the lock has a, the run has none",
		"thresholds.min_test_accuracy: the lock has >= 0.97 share, the run has >= 0.5 share",
		"toolchain: the lock has go1.26.8, the run has go1.27.0",
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v\n%s", err, strings.Join(got, "\n"))
	}
}

// TestLongLists keeps a lock readable, and notices a change all the same.
func TestLongLists(t *testing.T) {
	line := func(text string) (lines []string) {
		err := flatten([]byte(text), "a", func(path string, value any) { lines = append(lines, fmt.Sprint(path, "=", value)) })
		if err != nil {
			t.Fatal(err)
		}
		return lines
	}
	long := "[" + strings.Repeat("1,", mostInList) + "2]"
	first, second := line(long), line(strings.Replace(long, "2]", "3]", 1))
	if len(first) != 1 || !strings.HasPrefix(first[0], "a=65 entries, sha256:") || first[0] == second[0] {
		t.Errorf("%v %v", first, second)
	}
	text := `{"b":[],"c":{},"d":null,"e":[1.50,{"f":"g"}],"h":["x",1.0],"i":[{"name":"j","value":""},{"name":"k","value":[1]}],"l":[{"name":"m","value":1,"n":2}]}`
	want := []string{"a.b=[]", "a.c={}", "a.d=null", "a.e[0]=1.50", "a.e[1].f=g", `a.h=["x",1.0]`, "a.i.j=", "a.i.k=[1]", "a.l[0].n=2", "a.l[0].name=m", "a.l[0].value=1"}
	if got := line(text); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

func TestParseSource(t *testing.T) {
	digest := strings.Repeat("a", 64)
	for text, good := range map[string]bool{
		"built-in": true, "download": true, "folder:data/photos": true, "https://example.com/a.tar.gz#sha256=" + digest: true, "http://127.0.0.1:1/a#sha256=" + digest: true,
		"": false, "folder:": false, "folder:/etc": false, "folder:..": false, "folder:a/../../b": false, "folder:a//b": false, `folder:a\b`: false, "folder:./a": false,
		"https://example.com/a": false, "https://example.com/a#sha256=aa": false, "http://example.com/a#sha256=" + digest: false,
		"oci:ghcr.io/acme/photos@sha256:" + digest: true, "oci:127.0.0.1:5000/a@sha256:" + digest: true, "oci:ghcr.io/acme/photos:1": false, "oci:": false,
		"oci:ghcr.io/acme/photos:1@sha256:" + digest: false, "oci:ghcr.io/acme/photos@sha256:aa": false, "oci:acme@sha256:" + digest: false, "oci://ghcr.io/acme/photos@sha256:" + digest: false,
		"https://u:p@example.com/a#sha256=" + digest: false, "https:///a#sha256=" + digest: false, "ftp://x#sha256=" + digest: false,
	} {
		if _, err := ParseSource(text); (err == nil) != good {
			t.Errorf("%q: error %v", text, err)
		}
	}
}

// TestLinesOfOthers keeps what a lock says on its line.
func TestLinesOfOthers(t *testing.T) {
	l, run := newLock(), newLock()
	l.Identity["a\n::error::b\rc"] = "x\n::warning::y"
	differences, err := l.Differences(run)
	if err != nil || len(differences) != 1 {
		t.Fatalf("%q, %v", differences, err)
	}
	c := Comparison{Differences: differences}
	if text := c.Text(); strings.Count(text, "\n") != 1 || strings.Contains(text, "\r") || !strings.Contains(text, `\n::warning::y`) {
		t.Errorf("%q", text)
	}
}

// TestNamesInLocks refuses names of datasets that would lead out of the folder for data, and
// takes of an address no name that leads elsewhere.
func TestNamesInLocks(t *testing.T) {
	for _, name := range []string{"../x", "..", ".", "", "a/b", "/etc", `a\b`, "a\nb", "C:x", "A"} {
		l := newLock()
		l.Data = map[string]string{name: Download}
		if err := l.check(); err == nil || !strings.Contains(err.Error(), "no name of a dataset") {
			t.Errorf("%q: error %v", name, err)
		}
	}
	for address, want := range map[string]string{
		"https://x/a/b.tar.gz": "b.tar.gz", "https://x/b.npz?token=a/../..": "b.npz", "https://x": "data", "https://x/..": "data", "https://x/.": "data",
		"https://x/%2e%2e": "data", "https://x/a%2f..": "data", `https://x/..%5c..%5cb`: "data", "https://x/C:b": "data", "https://x/a%0ab": "data",
	} {
		if name := (&Source{URL: address}).fileName(); name != want {
			t.Errorf("%s: %q, want %q", address, name, want)
		}
	}
}

// TestRedirections follows no address without TLS from one that has it.
func TestRedirections(t *testing.T) {
	request := func(address string) *http.Request { return httptest.NewRequest(http.MethodGet, address, nil) }
	for next, follows := range map[string]bool{"https://b/x": true, "http://b/x": false, "http://127.0.0.1/x": false} {
		if err := stayEncrypted(request(next), []*http.Request{request("https://a/x")}); (err == nil) != follows {
			t.Errorf("to %s: %v", next, err)
		}
	}
	if err := stayEncrypted(request("https://a/x"), slices.Repeat([]*http.Request{request("https://a/x")}, 10)); err == nil {
		t.Error("it follows redirections without end")
	}
}

// archive is a .tar.gz of entries, "NAME" for a folder, "NAME=CONTENT", "NAME>LINK".
func archive(t *testing.T, entries ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, e := range entries {
		header := &tar.Header{Name: e, Typeflag: tar.TypeDir, Mode: 0o755}
		content := ""
		if name, text, is := strings.Cut(e, "="); is {
			*header, content = tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o4777, Size: int64(len(text))}, text
		} else if name, link, is := strings.Cut(e, ">"); is {
			*header = tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: link}
		}
		if err := w.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestFetch brings data here, and leaves nothing of what is not what the lock says.
func TestFetch(t *testing.T) {
	files := map[string][]byte{
		"/good.tar.gz": archive(t, "a/", "a/1.png=one", "a/b/2.png=two"), "/data.npz": []byte("npz"), "/cut.tar.gz": archive(t, "a=b")[:30],
		"/up.tar.gz": archive(t, "../x=y"), "/abs.tar.gz": archive(t, "/x=y"), "/link.tar.gz": archive(t, "l>/etc", "l/passwd=x"), "/twice.tar.gz": archive(t, "a=1", "a=2"),
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if files[r.URL.Path] == nil {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = w.Write(files[r.URL.Path])
	}))
	defer server.Close()
	root := t.TempDir()
	for _, dir := range []string{"repo/photos", "outside"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(root, "outside"), filepath.Join(root, "repo/link")); err != nil {
		t.Skip(err)
	}
	asset := func(name string) string { return server.URL + name + "#sha256=" + fileio.SHA256Of(files[name]) }
	for source, want := range map[string]string{
		BuiltIn: "", Download: "x=INTO/x", "folder:photos": "x=ROOT/photos", asset("/good.tar.gz"): "x=INTO/x", asset("/data.npz"): "x=INTO/x/data.npz",
		"folder:none": "! is not in the repository", "folder:link": "! is not in the repository",
		server.URL + "/good.tar.gz#sha256=" + strings.Repeat("0", 64): "! has SHA-256",
		asset("/cut.tar.gz"): "! unexpected EOF", asset("/up.tar.gz"): "! leads out of it", asset("/abs.tar.gz"): "! leads out of it", asset("/link.tar.gz"): "! neither a file nor a folder",
		asset("/twice.tar.gz"): "! file exists", server.URL + "/none#sha256=" + strings.Repeat("0", 64): "! 404",
	} {
		l, into := newLock(), filepath.Join(t.TempDir(), "data")
		l.Data = map[string]string{"x": source}
		words, err := l.Fetch(t.Context(), filepath.Join(root, "repo"), into)
		if bad, is := strings.CutPrefix(want, "! "); is {
			if err == nil || !strings.Contains(err.Error(), bad) || errors.Is(err, rundir.ErrDifference) != strings.Contains(bad, "SHA") {
				t.Errorf("%s: error %v, want %q", source, err, bad)
			}
			if fileio.Exists(filepath.Join(into, "x")) {
				t.Errorf("%s: something was left", source)
			}
			continue
		}
		want = strings.NewReplacer("INTO", into, "ROOT", filepath.Join(root, "repo")).Replace(want)
		if err != nil || strings.Join(words, ",") != want {
			t.Errorf("%s: %q %v, want %q", source, words, err, want)
		}
		if b, err := os.ReadFile(filepath.Join(into, "x/a/b/2.png")); source == asset("/good.tar.gz") && (err != nil || string(b) != "two") {
			t.Errorf("%s: %q %v", source, b, err)
		}
		if strings.HasPrefix(source, "http") {
			if _, err := l.Fetch(t.Context(), root, into); err == nil {
				t.Errorf("%s: data that was there was taken", source)
			}
		}
	}
}

// registry is one of an artifact, whose files are given as NAME or, of a folder, NAME/.
func registry(t *testing.T, files map[string][]byte) (server *httptest.Server, digest string) {
	t.Helper()
	blobs := map[string][]byte{}
	var layers []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		sum := "sha256:" + fileio.SHA256Of(files[name])
		blobs[sum] = files[name]
		title, folder := strings.CutSuffix(name, "/")
		layers = append(layers, fmt.Sprintf(`{"mediaType":"application/x-file","digest":%q,"size":%d,"annotations":{"org.opencontainers.image.title":%q,"io.deis.oras.content.unpack":"%t"}}`,
			sum, len(files[name]), title, folder))
	}
	const kind = "application/vnd.oci.image.manifest.v1+json"
	manifest := []byte(`{"schemaVersion":2,"mediaType":"` + kind + `","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[` + strings.Join(layers, ",") + `]}`)
	digest = "sha256:" + fileio.SHA256Of(manifest)
	blobs[digest] = manifest
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, known := blobs[filepath.Base(r.URL.Path)]
		if !known {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", map[bool]string{true: kind, false: "application/octet-stream"}[strings.Contains(r.URL.Path, "/manifests/")])
		w.Header().Set("Content-Length", strconv.Itoa(len(b)))
		_, _ = w.Write(b)
	}))
	t.Cleanup(server.Close)
	return server, digest
}

// TestFetchArtifact brings the files of an artifact here, and nothing of another one.
func TestFetchArtifact(t *testing.T) {
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	photos := archive(t, "photos/", "photos/a/1.png=one")
	for name, c := range map[string]struct {
		files map[string][]byte
		want  string // --data-dir, or ! and the error
		has   string // a file
	}{
		"a file":                  {map[string][]byte{"data.npz": []byte("npz")}, "x=INTO/x/data.npz", "data.npz"},
		"an archive":              {map[string][]byte{"photos.tar.gz": archive(t, "a/1.png=one")}, "x=INTO/x", "a/1.png"},
		"a folder":                {map[string][]byte{"photos/": photos}, "x=INTO/x/photos", "photos/a/1.png"},
		"a folder and a file":     {map[string][]byte{"photos/": photos, "labels.csv": []byte("l")}, "x=INTO/x", "photos/a/1.png"},
		"a folder of other name":  {map[string][]byte{"images/": photos}, "! does not hold the folder", ""},
		"a folder that leads out": {map[string][]byte{"photos/": archive(t, "../x=y")}, "! leads out of it", ""},
		"a link":                  {map[string][]byte{"photos/": archive(t, "photos/l>/etc")}, "! neither a file nor a folder", ""},
		"no archive":              {map[string][]byte{"photos/": []byte("x")}, "! photos of", ""},
	} {
		t.Run(name, func(t *testing.T) {
			server, digest := registry(t, c.files)
			l, into := newLock(), filepath.Join(t.TempDir(), "data")
			l.Data = map[string]string{"x": "oci:" + strings.TrimPrefix(server.URL, "http://") + "/acme/data@" + digest}
			words, err := l.Fetch(t.Context(), t.TempDir(), into)
			if bad, is := strings.CutPrefix(c.want, "! "); is {
				if err == nil || !strings.Contains(err.Error(), bad) || fileio.Exists(filepath.Join(into, "x")) {
					t.Errorf("%q, error %v, want %q and nothing left", words, err, bad)
				}
				return
			}
			if want := strings.ReplaceAll(c.want, "INTO", into); err != nil || strings.Join(words, ",") != want || !fileio.Exists(filepath.Join(into, "x", filepath.FromSlash(c.has))) {
				t.Errorf("%q %v, want %q with %s", words, err, want, c.has)
			}
			if fileio.Exists(filepath.Join(into, "x/photos.tar.gz")) {
				t.Error("the archive is there still")
			}
		})
	}
}
