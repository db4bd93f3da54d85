package serve

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/classifier"
	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/target"
)

// testModel is a network of ten digits with weights as they are drawn, called M, served by
// the defaults of the Triton exporter.
func testModel(t testing.TB) *Model {
	t.Helper()
	g := nn.NewGraph(nn.Shape{H: 28, W: 28, C: 1})
	x := g.Add("conv", nn.Conv2D{Out: 4, Kernel: 3, Padding: 1}, g.Input())
	g.Add("linear", nn.Linear{Out: 10}, g.Add("flatten", nn.Flatten{}, x))
	g = nn.WithSoftmax(g)
	of, err := target.MakeTarget("class")
	if err != nil {
		t.Fatal(err)
	}
	c := &classifier.Classifier{
		Trained: &rundir.Trained{Graph: g, Params: g.NewParameters(1), Target: of},
		Rule:    imaging.Rule{Width: 28, Height: 28, Channels: 1, Mode: imaging.Stretch, Filter: imaging.PillowBilinear, Alpha: imaging.AlphaDrop},
		Labels:  strings.Split("0123456789", ""),
	}
	_, options, err := exporter.MakeExporter("triton", "")
	if err != nil {
		t.Fatal(err)
	}
	m, err := NewModel("M", c, options)
	if err != nil {
		t.Fatal(err)
	}
	m.Tags["release_version"] = "0.1.0"
	return m
}

// testOptions are those of a server on a free port.
func testOptions() Options {
	o := DefaultOptions()
	o.Listen, o.Workers, o.Log = "127.0.0.1:0", 2, logging.Discard()
	return o
}

// start runs a server until the test ends.
func start(t testing.TB, m *Model, o Options) *Server {
	t.Helper()
	s, err := New(t.Context(), m, o)
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
	return s
}

// images are n images, one like no other.
func images(n int) []uint8 {
	const size = 28 * 28
	b := make([]uint8, n*size)
	for k := range n {
		for i := range size {
			b[k*size+i] = uint8(i*7 + i/28*5 + 31*k)
		}
	}
	return b
}

// outputsOf are what the engine makes of n images.
func outputsOf(t testing.TB, m *Model, n int) []float32 {
	t.Helper()
	plan, err := m.Classifier.NewPlan(n, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	return append([]float32(nil), plan.Run(n, images(n))[0]...)
}

// plainClient adds nothing to requests and undoes nothing in answers.
func plainClient(t testing.TB) *http.Client {
	t.Helper()
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// ask sends a request and returns status, header and body of its answer.
func ask(t testing.TB, client *http.Client, method, url string, header map[string]string, body io.Reader) (int, http.Header, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	got, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	b, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return got.StatusCode, got.Header, b
}
