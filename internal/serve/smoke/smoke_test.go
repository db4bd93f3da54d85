package smoke

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/classifier"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/serve"
	"github.com/blocktrain/blocktrain/internal/target"
	"github.com/blocktrain/blocktrain/preprocess"
)

// network is a classifier with weights as they are drawn from a seed.
func network(t *testing.T, seed uint64) *classifier.Classifier {
	t.Helper()
	g := nn.NewGraph(nn.Shape{H: 6, W: 6, C: 3})
	g.Add("linear", nn.Linear{Out: 4}, g.Add("flatten", nn.Flatten{}, g.Input()))
	g = nn.WithSoftmax(g)
	of, err := target.MakeTarget("class")
	if err != nil {
		t.Fatal(err)
	}
	return &classifier.Classifier{
		Trained: &rundir.Trained{Graph: g, Params: g.NewParameters(seed), Target: of},
		Rule:    imaging.Rule{Width: 6, Height: 6, Channels: 3, Mode: imaging.Crop, Filter: imaging.PillowBilinear, Alpha: imaging.AlphaDrop},
		Labels:  []string{"a", "b", "c", "d"},
	}
}

// packaged writes the files of a package that are needed.
func packaged(t *testing.T, c *classifier.Classifier) string {
	t.Helper()
	dir := t.TempDir()
	files, err := preprocess.Files(c.Rule)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, f.Content, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	r, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Write(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// started is the address of a server for a classifier called M.
func started(t *testing.T, c *classifier.Classifier) string {
	t.Helper()
	_, options, err := exporter.MakeExporter("triton", "max-batch-size=4")
	if err != nil {
		t.Fatal(err)
	}
	m, err := serve.NewModel("M", c, options)
	if err != nil {
		t.Fatal(err)
	}
	o := serve.DefaultOptions()
	o.Listen = "127.0.0.1:0"
	s, err := serve.New(t.Context(), m, o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return s.URL()
}

// read is the package in a folder, of a model called M.
func read(t *testing.T, dir string) *Package {
	t.Helper()
	p, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	p.Model = "M"
	return p
}

// TestReplay asks the server of the packaged network, and of others.
func TestReplay(t *testing.T) {
	c := network(t, 1)
	p := read(t, packaged(t, c))
	found, err := Replay(t.Context(), p, Options{URL: started(t, c) + "/", Tolerance: 0})
	if err != nil {
		t.Fatal(err)
	}
	// Ten alone, three times four together, one as JSON, ten for their class.
	if found.Images != 10 || found.Requests != 10+3+1+10 || len(found.Problems) > 0 || found.Outputs[0].Largest != 0 {
		t.Errorf("found %+v", found)
	}
	for name, other := range map[string]func(*classifier.Classifier){
		"output probabilities of preprocessing/images/01-colour.jpg differs": func(c *classifier.Classifier) { c.Params = c.Graph.NewParameters(2) },
		"is classified as":                             func(c *classifier.Classifier) { c.Labels = []string{"b", "c", "d", "a"} },
		"the inputs are [{image UINT8 [-1 3 12 3]}]":   func(c *classifier.Classifier) { *c = *shaped(t, c) },
		"with 4 values an image: the outputs are [{pr": func(c *classifier.Classifier) { *c = *shaped(t, c); c.Graph.Outputs[0].Name = "pr" },
	} {
		c := network(t, 1)
		other(c)
		found, err := Replay(t.Context(), p, Options{URL: started(t, c), Tolerance: DefaultTolerance})
		if !errors.Is(err, rundir.ErrDifference) || !strings.Contains(found.Text(), name) {
			t.Errorf("want a difference with %q, got %v and %s", name, err, found.Text())
		}
	}
}

// shaped is a network that takes images of another shape.
func shaped(t *testing.T, c *classifier.Classifier) *classifier.Classifier {
	t.Helper()
	g := nn.NewGraph(nn.Shape{H: 3, W: 12, C: 3})
	g.Add("linear", nn.Linear{Out: 4}, g.Add("flatten", nn.Flatten{}, g.Input()))
	made := *c
	made.Trained = &rundir.Trained{Graph: nn.WithSoftmax(g), Params: nn.WithSoftmax(g).NewParameters(1), Target: c.Target}
	return &made
}

// TestStatistics finds a server that counts less than it was sent, but not one that counts a
// moment after it answered, as Triton does.
func TestStatistics(t *testing.T) {
	c := network(t, 1)
	at, err := url.Parse(started(t, c))
	if err != nil {
		t.Fatal(err)
	}
	behind := httputil.NewSingleHostReverseProxy(at)
	for _, test := range []struct {
		counts []string // what the statistics say, one after the other; the last one for good
		want   string
		code   error
	}{
		{[]string{"5"}, "the statistics count 0 images more than before, and 31 were sent", rundir.ErrDifference},
		{[]string{"5", "35", "35", "36"}, "all answers are as recorded", nil},
	} {
		asked := 0
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/stats") {
				say(t, w, `{"model_stats":[{"inference_count":`+test.counts[min(asked, len(test.counts)-1)]+`}]}`)
				asked++
				return
			}
			behind.ServeHTTP(w, r)
		}))
		found, err := Replay(t.Context(), read(t, packaged(t, c)), Options{URL: proxy.URL, Tolerance: DefaultTolerance})
		proxy.Close()
		if !errors.Is(err, test.code) || !strings.Contains(found.Text(), test.want) {
			t.Errorf("%v: got %v and %s", test.counts, err, found.Text())
		}
	}
}

// TestNoServer tells what does not answer, or not by the protocol, from what answers otherwise.
func TestNoServer(t *testing.T) {
	p := read(t, packaged(t, network(t, 1)))
	var usage *config.UsageError
	for _, address := range []string{"", "localhost:8000", "ftp://x", "http://", "http://u:p@x", "http://x?y", "http://x/#y", "://"} {
		if _, err := Replay(t.Context(), p, Options{URL: address}); !errors.As(err, &usage) {
			t.Errorf("%q: %v", address, err)
		}
	}
	for name, answer := range map[string]func(w http.ResponseWriter, path string){
		"the model is not ready": func(w http.ResponseWriter, _ string) { http.Error(w, "no", http.StatusBadRequest) },
		"status 302": func(w http.ResponseWriter, _ string) {
			w.Header().Set("Location", "/x")
			w.WriteHeader(http.StatusFound)
		},
		"no JSON of the protocol":      func(w http.ResponseWriter, _ string) { say(t, w, "<html>") },
		"want FP32":                    protocol(t, `{"outputs":[{"name":"probabilities","datatype":"FP64","data":[1,2,3,4]}]}`, ""),
		"the answer has no output pro": protocol(t, `{"outputs":[]}`, ""),
		"has 400 bytes, of 0":          protocol(t, `{"outputs":[{"name":"probabilities","datatype":"FP32","parameters":{"binary_data_size":400}}]}`, ""),
		"are JSON":                     protocol(t, `{"outputs":[]}`, "999"),
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, r.URL.Path) }))
		_, err := Replay(t.Context(), p, Options{URL: server.URL})
		server.Close()
		if err == nil || errors.Is(err, rundir.ErrDifference) || !strings.Contains(err.Error(), name) {
			t.Errorf("want an error with %q, got %v", name, err)
		}
	}
}

// say writes a text.
func say(t *testing.T, w io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		t.Error(err)
	}
}

// protocol answers as a server of the package until it is asked for results.
func protocol(t *testing.T, results, length string) func(w http.ResponseWriter, path string) {
	t.Helper()
	return func(w http.ResponseWriter, path string) {
		text := map[string]string{
			"/v2":          `{"name":"x","version":"1"}`,
			"/v2/models/M": `{"inputs":[{"name":"image","datatype":"UINT8","shape":[-1,6,6,3]}],"outputs":[{"name":"probabilities","datatype":"FP32","shape":[-1,4]}]}`,
		}[path]
		if text == "" {
			text = "{}"
		}
		if strings.HasSuffix(path, "/infer") {
			if text = results; length != "" {
				w.Header().Set("Inference-Header-Content-Length", length)
			}
		}
		say(t, w, text)
	}
}

// TestReadFailsClosed refuses records and images that do not belong together.
func TestReadFailsClosed(t *testing.T) {
	original := packaged(t, network(t, 1))
	for name, change := range map[string]struct{ file, old, with, want string }{
		"schema":          {File, `"schema": 1`, `"schema": 2`, "schema"},
		"unknown key":     {File, `"schema": 1,`, `"schema": 1, "more": 1,`, "more"},
		"no tests":        {File, `"tests": [`, `"tests": [], "was": [`, "was"},
		"another image":   {File, "01-colour.jpg", "02-progressive.jpg", "another image"},
		"another tensor":  {File, `"tensor_sha256": "`, `"tensor_sha256": "0`, "other bytes"},
		"fewer values":    {File, `"size": 4`, `"size": 5`, "4 labels for 5 values"},
		"no size":         {File, `"size": 4`, `"size": -1`, "4 labels for -1 values"},
		"no class":        {File, `"class": `, `"class": 9`, "no such class"},
		"a changed image": {"preprocessing/images/01-colour.jpg", "\xff\xda", "\xff\xda\x00", "01-colour.jpg"},
		"another rule":    {preprocess.RuleFile, `"mode": "crop"`, `"mode": "stretch"`, "not prepared to the bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(original)); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, filepath.FromSlash(change.file))
			b, err := os.ReadFile(path)
			if err != nil || !strings.Contains(string(b), change.old) {
				t.Fatalf("%v, or no %q", err, change.old)
			}
			if err := os.WriteFile(path, []byte(strings.Replace(string(b), change.old, change.with, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), change.want) {
				t.Errorf("want an error with %q, got %v", change.want, err)
			}
		})
	}
	if _, err := Read(t.TempDir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder without %s: %v", File, err)
	}
}
