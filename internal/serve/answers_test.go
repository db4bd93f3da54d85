package serve

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// exchange is a request with its answer. Names that begin with $ stand for images and for
// what the model makes of them.
type exchange struct {
	Case    string            `json:"case"`
	Request string            `json:"request"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
	Gzip    string            `json:"gzip"`   // a body that is to be packed
	Binary  string            `json:"binary"` // what follows the body
	Status  int               `json:"status"`
	Type    string            `json:"type"`
	Packed  string            `json:"encoding"`
	Answer  string            `json:"answer"`
	Differs string            `json:"differs"` // why Triton answers in another way; empty: it does not
}

// TestAnswers sends what NVIDIA's Triton 2.51.0 was asked, and wants its answers, but for
// those that say why not.
func TestAnswers(t *testing.T) {
	b, err := os.ReadFile("testdata/answers.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []exchange
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != 130 {
		t.Fatalf("%d requests, want 130", len(all))
	}
	m := testModel(t)
	s := start(t, m, testOptions())
	client := plainClient(t)
	for _, e := range all {
		method, path, _ := strings.Cut(e.Request, " ")
		status, header, body := ask(t, client, method, s.URL()+path, e.Headers, e.content(t))
		if got := header.Get("Content-Encoding"); got != e.Packed {
			t.Errorf("%s: packed by %q, want %q", e.Case, got, e.Packed)
		} else if got == "gzip" {
			body = unpacked(t, body)
		}
		if status != e.Status || header.Get("Content-Type") != e.Type {
			t.Errorf("%s: status %d and type %s, want %d and %s: %s", e.Case, status, header.Get("Content-Type"), e.Status, e.Type, body)
		}
		e.compare(t, m, header.Get(headerLength), string(body))
	}
}

// content is the body of a request.
func (e exchange) content(t *testing.T) io.Reader {
	t.Helper()
	if e.Gzip != "" {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		if _, err := io.WriteString(w, filled(e.Gzip)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return &b
	}
	binary := map[string][]byte{"": nil, "$A1": images(1), "$A1-": images(1)[1:], "$A1+": append(images(1), 'x'), "$A2": images(2)}[e.Binary]
	return bytes.NewReader(append([]byte(filled(e.Body)), binary...))
}

// filled puts numbers into the place of names.
func filled(body string) string {
	return regexp.MustCompile(`\$[a-zA-Z0-9.-]+`).ReplaceAllStringFunc(body, func(name string) string {
		switch name {
		case "$A1", "$A2", "$A32", "$A33":
			n, _ := strconv.Atoi(name[2:])
			var texts []string
			for _, v := range images(n) {
				texts = append(texts, strconv.Itoa(int(v)))
			}
			return strings.Join(texts, ", ")
		case "$nested":
			return nested()
		case "$256s", "$-1s", "$1.5s":
			return repeated(name[1:len(name)-1], 784)
		case "$texts":
			return repeated(`"a"`, 784)
		}
		n, err := strconv.Atoi(strings.TrimPrefix(name, "$zeros"))
		if err != nil {
			panic(name)
		}
		return repeated("0", n)
	})
}

func repeated(text string, n int) string {
	return strings.TrimSuffix(strings.Repeat(text+", ", n), ", ")
}

// nested is an image as arrays of rows of pixels.
func nested() string {
	var rows []string
	for row := range 28 {
		var pixels []string
		for _, v := range images(1)[row*28 : row*28+28] {
			pixels = append(pixels, fmt.Sprintf("[%d]", v))
		}
		rows = append(rows, "["+strings.Join(pixels, ", ")+"]")
	}
	return "[" + strings.Join(rows, ", ") + "]"
}

func unpacked(t *testing.T, b []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// results is a name for what the model makes of images.
var results = regexp.MustCompile(`\$(values|top|bytes|texts):A(\d+)(?::(\d+))?`)

// compare compares an answer.
func (e exchange) compare(t *testing.T, m *Model, length, got string) {
	t.Helper()
	if check, special := specials[e.Answer]; special {
		if text := check(t, m, got); text != "" {
			t.Errorf("%s: %s\n%s", e.Case, text, got)
		}
		return
	}
	want := results.ReplaceAllStringFunc(e.Answer, func(name string) string {
		parts := results.FindStringSubmatch(name)
		n, _ := strconv.Atoi(parts[2])
		k, _ := strconv.Atoi(parts[3])
		values := outputsOf(t, m, n)
		switch parts[1] {
		case "values":
			b, err := appendNumbers(nil, values)
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		case "bytes":
			return string(appendFloats(nil, values))
		case "texts":
			return string(appendTexts(nil, topClasses(values, n, k, m.labels())))
		}
		return `"` + strings.Join(topClasses(values, n, k, m.labels()), `","`) + `"`
	})
	if got != want {
		t.Errorf("%s: got %q\nwant %q", e.Case, got, want)
	}
	wantLength := ""
	if e.Type == typeBinary {
		wantLength = strconv.Itoa(strings.Index(want, "}]}") + len("}]}"))
	}
	if length != wantLength {
		t.Errorf("%s: %s is %q, want %q", e.Case, headerLength, length, wantLength)
	}
}

// specials compare the answers that have no fixed text.
var specials = map[string]func(t *testing.T, m *Model, got string) string{
	"$config":     wantConfig,
	"$statistics": wantStatistics,
	"$metrics":    wantMetrics,
	"$later": func(_ *testing.T, _ *Model, got string) string { // after one image more
		if !strings.Contains(got, `"inference_count":93,"execution_count":30,"inference_stats":{"success":{"count":61,`) {
			return "want 93 images in 30 runs for 61 requests"
		}
		return ""
	},
	"$about": func(_ *testing.T, _ *Model, got string) string {
		if !strings.HasPrefix(got, `{"name":"blocktrain","version":"`) || !strings.Contains(got, `"extensions":["classification","model_repository",`) {
			return "want this server's name, version and extensions"
		}
		return ""
	},
}

func wantConfig(t *testing.T, m *Model, got string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/config.json")
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.ReplaceAll(strings.TrimSpace(string(b)), "WEIGHTS_SHA256", m.Tags["weights_sha256"]); got != want {
		return "want " + want
	}
	return ""
}

// numbers in statistics that differ from one time to the next.
var times = regexp.MustCompile(`("ns"|"last_inference"):[0-9]+`)

func wantStatistics(t *testing.T, _ *Model, got string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/statistics.json")
	if err != nil {
		t.Fatal(err)
	}
	got = times.ReplaceAllString(got, "$1:0")
	text := strings.TrimSpace(string(b))
	if got != text {
		return "want " + text
	}
	return ""
}

func wantMetrics(_ *testing.T, m *Model, got string) string {
	labels := fmt.Sprintf(`_release_version="0.1.0",_weights_sha256="%s",model="M"`, m.Tags["weights_sha256"])
	for _, line := range []string{
		"# HELP nv_inference_request_success Number of successful inference requests, all batch sizes\n# TYPE nv_inference_request_success counter\n",
		"nv_inference_request_failure{" + labels + `,reason="REJECTED",version="1"} 0` + "\n",
		"nv_inference_count{" + labels + `,version="1"} 125` + "\n",
		"nv_inference_pending_request_count{" + labels + `,version="1"} 0` + "\n",
	} {
		if !strings.Contains(got, line) {
			return "want " + line
		}
	}
	return ""
}
