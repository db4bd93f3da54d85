package serve

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// loadRequests is the number of requests of TestLoad.
const loadRequests = 10_000

// TestLoad sends many requests from 50 clients, of several sizes and forms, and wants the
// right answer to each, and no more memory for more requests.
func TestLoad(t *testing.T) {
	const clients = 50
	requests := loadRequests
	if testing.Short() {
		requests /= 10
	}
	m := testModel(t)
	s := start(t, m, testOptions())
	client := plainClient(t)
	want := map[int][]byte{}
	for n := 1; n <= 3; n++ {
		want[n] = appendFloats(nil, outputsOf(t, m, n))
	}
	burst := func(requests int) {
		var all sync.WaitGroup
		for range clients {
			all.Go(func() {
				for i := range requests / clients {
					if err := exact(client, s.URL(), 1+i%3, want[1+i%3]); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
	}
	burst(requests / 5)
	before := heap()
	burst(requests - requests/5)
	if after := heap(); after > before+4<<20 {
		t.Errorf("the heap grew from %d to %d bytes", before, after)
	}
	all, rejected, canceled := s.stats.snapshot()
	if got := all.Inference.Success.Count; got != int64(requests+33) || rejected+canceled != 0 {
		t.Errorf("%d requests answered, %d rejected, %d canceled", got-33, rejected, canceled)
	}
	if all.Executions >= int64(requests) {
		t.Errorf("%d runs for %d requests: none ran together", all.Executions, requests)
	}
	if free := s.memory.Free(); free != bodies*s.options.Body || len(s.slots) > 0 || s.batcher.waiting.Load() != 0 || s.batcher.arriving.Load() != 0 {
		t.Errorf("something is still held: %d bytes free, %d slots", free, len(s.slots))
	}
}

// heap is the memory that is in use.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// exact asks for the results of n images and compares their bytes.
func exact(client *http.Client, url string, n int, want []byte) error {
	text := fmt.Sprintf(`{"inputs":[{"name":"image","shape":[%d,28,28,1],"datatype":"UINT8","parameters":{"binary_data_size":%d}}],"parameters":{"binary_data_output":true}}`, n, 784*n)
	r, err := http.NewRequest(http.MethodPost, url+inferPath, bytes.NewReader(append([]byte(text), images(n)...))) //nolint:noctx // the client of a test
	if err != nil {
		return err
	}
	r.Header.Set(headerLength, fmt.Sprint(len(text)))
	got, err := client.Do(r)
	if err != nil {
		return err
	}
	defer got.Body.Close()
	b, err := io.ReadAll(got.Body)
	if err != nil {
		return err
	}
	if got.StatusCode != http.StatusOK || !bytes.HasSuffix(b, want) {
		return fmt.Errorf("%d images: status %d: %.200q", n, got.StatusCode, b)
	}
	return nil
}

// TestBatches wants requests that are there together to run together, up to the model's
// batch, and a client that went away to be left out.
func TestBatches(t *testing.T) {
	m := testModel(t)
	m.Batch, m.Warmup = 4, nil
	b := &batcher{model: m, batch: m.Batch, queue: make(chan *job, 10)}
	var jobs []*job
	for _, n := range []int{1, 2, 2, 3, 1, 4} {
		jobs = append(jobs, &job{ctx: t.Context(), n: n})
		b.queue <- jobs[len(jobs)-1]
	}
	close(b.queue)
	var got []string
	for next := <-b.queue; next != nil; {
		var together []*job
		together, next = b.collect(next)
		sizes := ""
		for _, j := range together {
			sizes += fmt.Sprint(j.n)
		}
		if got = append(got, sizes); next == nil {
			next = <-b.queue
		}
	}
	if text := strings.Join(got, " "); text != "12 2 31 4" {
		t.Errorf("batches of %s, want 12 2 31 4", text)
	}
}

// TestReadyRequestsFirst has a batch begin when all goroutines that are ready to run have
// run: with one processor, the first request alone would be a batch otherwise.
func TestReadyRequestsFirst(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	m := testModel(t)
	m.DelayUS, m.Warmup = 0, nil
	o := testOptions()
	o.Workers = 1
	s := start(t, m, o)
	image := make([]uint8, m.Classifier.ImageBytes())
	const requests = 8
	var all sync.WaitGroup
	for range requests {
		all.Go(func() {
			if _, err := s.batcher.do(t.Context(), 1, image, func() {}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got, _, _ := s.stats.snapshot(); got.Executions > 2 { // the scheduler looks elsewhere now and then
		t.Errorf("%d runs for %d requests that came at once, want 1 or 2", got.Executions, requests)
	}
}

// TestHugeBatch takes no memory for a batch that no request can have.
func TestHugeBatch(t *testing.T) {
	m := testModel(t)
	m.Batch, m.Warmup = 1<<40, []int{1, 1 << 40}
	o := testOptions()
	o.Body = 1 << 20
	s := start(t, m, o)
	if err := exact(plainClient(t), s.URL(), 3, appendFloats(nil, outputsOf(t, m, 3))); err != nil {
		t.Error(err)
	}
	if want := int(o.Body / 784); s.batcher.batch != want {
		t.Errorf("batches of %d images, want %d", s.batcher.batch, want)
	}
}

// TestWaits wants a batch to wait for a request that is arriving, no longer than the package
// says, and not to wait where none is.
func TestWaits(t *testing.T) {
	m := testModel(t)
	b := &batcher{model: m, batch: m.Batch, queue: make(chan *job, 10), delay: 50 * time.Millisecond}
	took := func() time.Duration {
		began := time.Now()
		b.collect(&job{n: 1})
		return time.Since(began)
	}
	if d := took(); d > b.delay/2 {
		t.Errorf("waited %v for nothing", d)
	}
	b.arriving.Store(1)
	if d := took(); d < b.delay {
		t.Errorf("waited %v, want %v", d, b.delay)
	}
	go func() {
		time.Sleep(5 * time.Millisecond)
		b.queue <- &job{n: m.Batch - 1}
	}()
	if jobs, next := b.collect(&job{n: 1}); len(jobs) != 2 || next != nil {
		t.Errorf("%d jobs together, want 2", len(jobs))
	}
}

// TestImage sends image files and wants what the engine makes of them, prepared by the rule.
func TestImage(t *testing.T) {
	m := testModel(t)
	s := start(t, m, testOptions())
	client := plainClient(t)
	url := s.URL() + "/v2/models/M/versions/1/image"
	for _, name := range []string{"01-colour.jpg", "08-16-bit-grey.png", "09-lossy.webp"} {
		file, err := os.ReadFile("../../preprocess/images/" + name)
		if err != nil {
			t.Fatal(err)
		}
		img, err := m.Classifier.Rule.Decoder().Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		if img, err = m.Classifier.Rule.Apply(img); err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf(`"data":["%s"]`, strings.Join(topClasses(run(t, m, img), 1, 2, m.labels()), `","`))
		if status, _, body := ask(t, client, "POST", url+"?classification=2", nil, bytes.NewReader(file)); status != 200 || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d %s, want %s", name, status, body, want)
		}
		if status, header, body := ask(t, client, "POST", url+"?binary_data=true", nil, bytes.NewReader(file)); status != 200 || header.Get(headerLength) == "" || !bytes.HasSuffix(body, appendFloats(nil, run(t, m, img))) {
			t.Errorf("%s: %d %q", name, status, body)
		}
	}
	for query, text := range map[string]string{"": "no image", "?": "", "?classification=x": "x", "?binary_data=7": "x"} {
		if status, _, body := ask(t, client, "POST", url+query, nil, strings.NewReader(text)); status != 400 {
			t.Errorf("%q with %q: %d %s", query, text, status, body)
		}
	}
	m.Classifier.Rule.Frames = []int{-1, 0, 1}
	if status, _, body := ask(t, client, "POST", url, nil, strings.NewReader("x")); status != 400 || !strings.Contains(string(body), "takes 3 frames") {
		t.Errorf("a model of frames: %d %s", status, body)
	}
}

func run(t *testing.T, m *Model, img imaging.Image) []float32 {
	t.Helper()
	plan, err := m.Classifier.NewPlan(1, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	return append([]float32(nil), plan.Run(1, img.Pix)[0]...)
}

// TestGenerate asks by the generate extension, and by what is none of its requests.
func TestGenerate(t *testing.T) {
	m := testModel(t)
	s := start(t, m, testOptions())
	values, err := appendNumbers(nil, outputsOf(t, m, 2))
	if err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]string{
		`{"id":"a","foo":[1],"image":[` + filled("$A2") + `]}`: `{"id":"a","model_name":"M","model_version":"1","probabilities":[` + string(values) + `]}`,
		`{"image":[` + repeated("0", 783) + `]}`:               `{"error":"The schema can not convert input 'image' to tensor with proper shape"}`,
		`{"image":[[` + repeated("0", 784) + `]]}`:             `{"error":"The schema can not convert input 'image' to tensor with proper shape"}`,
		`{"image":"x"}`: `{"error":"The schema can not convert input 'image' to tensor with proper shape"}`,
		`{"image":[]}`:  `{"error":"The schema can not convert input 'image' to tensor with proper shape"}`,
		`{}`:            `{"error":"[request id: <id_unknown>] expected 1 inputs but got 0 inputs for model 'M'. Got input(s) [], but missing required input(s) ['image']. Please provide all required input(s)."}`,
		`[]`:            `{"error":"attempt to get members for non-object"}`,
		`{`:             `{"error":"failed to parse the request JSON buffer: Missing a name for object member. at 1"}`,
		`{"image":[` + repeated("0", 784*33) + `]}`: `{"error":"[request id: <id_unknown>] inference request batch-size must be <= 32 for 'M'"}`,
	} {
		if _, _, got := ask(t, plainClient(t), "POST", s.URL()+"/v2/models/M/generate", nil, strings.NewReader(body)); string(got) != want {
			t.Errorf("%.60s: %s\nwant %s", body, got, want)
		}
	}
}

// TestNumbers writes numbers as RapidJSON does.
func TestNumbers(t *testing.T) {
	for value, want := range map[float64]string{0: "0.0", 1: "1.0", -2.5: "-2.5", 0.00001: "0.00001", 1e-6: "0.000001", 1.5e-7: "1.5e-7", 3e-45: "3e-45", 1e20: "100000000000000000000.0", 1e21: "1e21", 1e-10: "1e-10"} {
		if got := string(appendNumber(nil, value)); got != want {
			t.Errorf("%g: %s, want %s", value, got, want)
		}
	}
}
