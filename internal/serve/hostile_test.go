package serve

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

const inferPath = "/v2/models/M/infer"

// said sends bytes over a connection of its own and returns the answer, with what came until
// the server closed the connection if it has no answer.
func said(t *testing.T, s *Server, text string) (int, string) {
	t.Helper()
	c, err := net.Dial("tcp", s.main.Addr().String())
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer c.Close()
	if _, err := io.WriteString(c, text); err != nil {
		return 0, err.Error() // it was refused before all was sent
	}
	if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Error(err)
		return 0, ""
	}
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, err.Error()
	}
	defer r.Body.Close()
	b, _ := io.ReadAll(r.Body) // the end of which may be lost, where the server has not read all
	return r.StatusCode, string(b)
}

// TestSlowAndLarge wants an answer, or an end, in bounded time for what would take memory or a
// connection for ever.
func TestSlowAndLarge(t *testing.T) {
	o := testOptions()
	o.Body, o.Header, o.Receive = 1<<20, time.Second, 2*time.Second
	s := start(t, testModel(t), o)
	var waiting sync.WaitGroup
	post := "POST " + inferPath + " HTTP/1.1\r\nHost: x\r\n"
	for name, test := range map[string]struct {
		text   string
		status int
		words  string
	}{
		"a gigabyte declared":    {post + "Content-Length: 1000000000\r\n\r\n", 413, "1000000000"},
		"more than fits a int64": {post + "Content-Length: 99999999999999999999\r\n\r\n", 400, ""},
		"slow body":              {post + "Content-Length: 1000\r\n\r\n{", 408, "did not come in time"},
		"slow chunks":            {post + "Transfer-Encoding: chunked\r\n\r\n5\r\n[1,2,\r\n", 408, "did not come in time"},
		"endless chunks":         {post + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("ffff\r\n"+strings.Repeat("[", 0xffff)+"\r\n", 18), 413, "--max-body-mb"},
		"broken chunks":          {post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "cannot be read"},
		"long header":            {"GET /v2 HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("a", 64<<10) + "\r\n\r\n", 431, ""},
		"slow index":             {"POST /v2/repository/index HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{", 408, "did not come in time"},
		"no HTTP":                {"hello\r\n\r\n", 400, ""},
	} {
		waiting.Go(func() {
			if status, body := said(t, s, test.text); status != test.status || !strings.Contains(body, test.words) {
				t.Errorf("%s: status %d, want %d with %q: %.300s", name, status, test.status, test.words, body)
			}
		})
	}
	waiting.Wait()
	if status, words := said(t, s, "GET /v2 HTTP/1.1\r\nHo"); status == 200 {
		t.Errorf("a header that does not end is answered: %d %s", status, words)
	}
	if got := s.memory.Free(); got != bodies*o.Body {
		t.Errorf("%d bytes of memory are free, want %d", got, bodies*o.Body)
	}
	if status, _, _ := ask(t, plainClient(t), "GET", s.URL()+"/v2/health/ready", nil, nil); status != 200 {
		t.Errorf("the server is not ready any more: %d", status)
	}
}

// TestHostileBodies refuses what is no request, whatever it is, with a client's error or with
// Triton's 500 for JSON of another form.
func TestHostileBodies(t *testing.T) {
	o := testOptions()
	o.Body = 4 << 20
	s := start(t, testModel(t), o)
	client := plainClient(t)
	image := func(rest string) string {
		return `{"inputs":[{"name":"image","datatype":"UINT8","shape":[1,28,28,1],` + rest + `}]}`
	}
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	if _, err := w.Write(make([]byte, 64<<20)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		body   string
		header map[string]string
		status int
		words  string
	}{
		"bomb":            {bomb.String(), map[string]string{"Content-Encoding": "gzip"}, 413, "--max-body-mb"},
		"no deflate":      {"xx", map[string]string{"Content-Encoding": "deflate"}, 400, "not deflate"},
		"deep":            {strings.Repeat("[", 1<<20), nil, 500, "nested too deeply"},
		"members":         {"{" + strings.Repeat(`"":1,`, 1<<19) + `"":1}`, nil, 500, "too many members"},
		"inputs":          {`{"inputs":[` + many(2000, `{"name":"%d","shape":[],"datatype":"FP32","data":[1]}`) + "]}", nil, 400, "more than 100 inputs"},
		"dimensions":      {`{"inputs":[{"name":"image","shape":[` + strings.Repeat("1,", 1<<20) + `1]}]}`, nil, 400, "more than 32 dimensions"},
		"long name":       {`{"inputs":[{"name":"` + strings.Repeat("x", 1<<20) + `","shape":[1],"datatype":"UINT8","data":[1]}]}`, nil, 400, "unexpected inference input 'xxx"},
		"long number":     {image(`"data":[` + strings.Repeat("9", 1<<20) + "]"), nil, 500, "non-unsigned-integer"},
		"overflow":        {image(`"parameters":{"binary_data_size":18446744073709551615}`), nil, 400, "expecting 18446744073709551615 additional bytes"},
		"negative size":   {image(`"parameters":{"binary_data_size":-1}`), nil, 500, "'binary_data_size'"},
		"shared memory":   {image(`"parameters":{"shared_memory_region":"r"}`), nil, 404, "Unable to find shared memory region: 'r'"},
		"both":            {image(`"data":[1],"parameters":{"binary_data_size":1}`), nil, 400, "But set 'data' 'binary_data_size'"},
		"data object":     {image(`"data":{}`), nil, 500, "non-array"},
		"null in data":    {image(`"data":[null]`), nil, 500, "non-unsigned-integer"},
		"shape overflow":  {`{"inputs":[{"name":"image","datatype":"UINT8","shape":[18446744073709551615],"data":[]}]}`, nil, 500, "'shape'"},
		"large shape":     {`{"inputs":[{"name":"image","datatype":"UINT8","shape":[9223372036854775807,28,28,1],"data":[]}]}`, nil, 400, "batch-size must be <= 32"},
		"inputs of text":  {`{"inputs":["image"]}`, nil, 500, "'name'"},
		"parameters":      {`{"parameters":3,"inputs":[]}`, nil, 500, "failed to get request params."},
		"own parameter":   {`{"parameters":{"a":[1]},"inputs":[]}`, nil, 400, "invalid type"},
		"outputs":         {image(`"data":[]`)[:20] + `,"outputs":3}`, nil, 500, ""},
		"header overflow": {"{}", map[string]string{headerLength: "99999999999999999999"}, 400, "should be in range (0, 2)"},
		"not UTF-8":       {"{\"id\":\"\xff\xfe\"," + image(`"data":[256]`)[1:], nil, 500, "Shape"},
	} {
		if name == "not UTF-8" {
			test.status, test.words = 400, "256"
		}
		status, _, body := ask(t, client, "POST", s.URL()+inferPath, test.header, strings.NewReader(test.body))
		if status != test.status || !strings.Contains(string(body), test.words) || len(body) > 5000 {
			t.Errorf("%s: status %d, want %d with %q: %.300s", name, status, test.status, test.words, body)
		}
	}
	all, rejected, _ := s.stats.snapshot()
	if all.Inferences != 33 || rejected != 0 {
		t.Errorf("refused requests are counted: %d images, %d rejected", all.Inferences, rejected)
	}
}

// many joins n texts that a format makes of their numbers.
func many(n int, format string) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(format, i))
	}
	return strings.Join(all, ",")
}

// TestNoRoom refuses requests that there are too many of, and those that wait too long.
func TestNoRoom(t *testing.T) {
	o := testOptions()
	o.Requests = 1
	s := start(t, testModel(t), o)
	client := plainClient(t)
	body, write := io.Pipe()
	done := make(chan int)
	go func() {
		status, _, _ := ask(t, client, "POST", s.URL()+inferPath, map[string]string{headerLength: "0"}, body)
		done <- status
	}()
	if _, err := write.Write(images(1)[:100]); err != nil {
		t.Fatal(err)
	}
	for len(s.slots) == 0 {
		time.Sleep(time.Millisecond)
	}
	status, header, text := ask(t, client, "POST", s.URL()+inferPath, nil, strings.NewReader("{}"))
	if status != 503 || !strings.Contains(string(text), "Exceeds maximum queue size") || header.Get("Retry-After") == "" {
		t.Errorf("a second request: %d %s", status, text)
	}
	if _, err := write.Write(images(1)[100:]); err != nil {
		t.Fatal(err)
	}
	if err := write.Close(); err != nil {
		t.Fatal(err)
	}
	if first := <-done; first != 200 {
		t.Errorf("the first request: %d", first)
	}
	s.options.Answer = time.Nanosecond
	status, _, text = ask(t, client, "POST", s.URL()+inferPath, map[string]string{headerLength: "0"}, bytes.NewReader(images(1)))
	if status != 503 || !strings.Contains(string(text), "Request timeout expired") {
		t.Errorf("a request without time: %d %s", status, text)
	}
	if _, _, text = ask(t, client, "GET", s.URL()+"/metrics", nil, nil); !strings.Contains(string(text), `reason="REJECTED",version="1"} 2`) {
		t.Errorf("two requests were rejected: %s", text)
	}
}

// TestNoRoomForAnswers refuses a request while others hold all the memory that answers may take,
// and has that of each back when it was taken.
func TestNoRoomForAnswers(t *testing.T) {
	s := start(t, testModel(t), testOptions())
	body := string(images(s.model.Batch))
	header := fmt.Sprintf(`{"inputs":[{"name":"image","datatype":"UINT8","shape":[%d,28,28,1],"parameters":{"binary_data_size":%d}}]}`, s.model.Batch, len(body))
	send := func() int {
		status, _, _ := ask(t, plainClient(t), "POST", s.URL()+inferPath, map[string]string{headerLength: fmt.Sprint(len(header))}, strings.NewReader(header+body))
		return status
	}
	before := s.answers.Free()
	if status := send(); status != 200 || s.answers.Free() != before {
		t.Errorf("status %d, and %d of %d bytes are free", status, s.answers.Free(), before)
	}
	others := s.answers.Holding()
	if !others.Take(before - s.model.largestAnswer() + 1) {
		t.Fatal("there is no room at all")
	}
	if status := send(); status != 503 {
		t.Errorf("status %d, want 503", status)
	}
	others.Release()
	if status := send(); status != 200 {
		t.Errorf("status %d, want 200", status)
	}
}

// TestImageBombs sends images that would take much memory or time, and addresses that ask for
// what there is not.
func TestImageBombs(t *testing.T) {
	o := testOptions()
	o.Pixels, o.Answer = 10_000, 50*time.Millisecond
	s := start(t, testModel(t), o)
	picture := func(side int) string {
		var b bytes.Buffer
		if err := (imaging.Image{Width: side, Height: side, Channels: 1, Pix: make([]uint8, side*side)}).WritePNG(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	send := func(query, body string) (int, string) {
		status, _, answer := ask(t, plainClient(t), "POST", s.URL()+"/v2/models/M/image"+query, nil, strings.NewReader(body))
		return status, string(answer)
	}
	for _, test := range []struct {
		query, body string
		status      int
		words       string
	}{
		{"", picture(100), 200, "probabilities"},
		{"", picture(101), 413, "--max-image-megapixels"},
		{"", picture(101)[:60], 413, "--max-image-megapixels"}, // what it claims counts
		{"?classification=1;2", picture(1), 400, "address"},
		{"?%zz", picture(1), 400, "address"},
		{"?classes=1", picture(1), 400, "classification=K"},
		{"?classification=1&classification=2", picture(1), 400, "once"},
	} {
		if status, answer := send(test.query, test.body); status != test.status || !strings.Contains(answer, test.words) {
			t.Errorf("%q with %d bytes: %d %s, want %d and %q", test.query, len(test.body), status, answer, test.status, test.words)
		}
	}
	for range cap(s.decoding) {
		s.decoding <- struct{}{}
	}
	if status, answer := send("", picture(1)); status != 503 || !strings.Contains(answer, "Request timeout expired") {
		t.Errorf("while others are decoded: %d %s", status, answer)
	}
	for range cap(s.decoding) {
		<-s.decoding
	}
}

// TestToken wants the token of every request but those that ask whether the server lives.
func TestToken(t *testing.T) {
	o := testOptions()
	o.Token = "0123456789abcdef"
	s := start(t, testModel(t), o)
	client := plainClient(t)
	for path, open := range map[string]bool{"/v2/health/live": true, "/v2/health/ready": true, "/v2": false, "/v2/models/M": false, "/metrics": false, "/nope": false} {
		for given, fits := range map[string]bool{"": false, "Bearer 0123456789abcdeg": false, "Bearer ": false, "Basic 0123456789abcdef": false, "Bearer 0123456789abcdef": true} {
			status, header, _ := ask(t, client, "GET", s.URL()+path, map[string]string{"Authorization": given}, nil)
			if refused := status == 401; refused != (!open && !fits) || refused != (header.Get("WWW-Authenticate") != "") {
				t.Errorf("%s with %q: status %d", path, given, status)
			}
		}
	}
}

// TestListen refuses addresses that others reach without a token, and tokens that are easy to
// guess.
func TestListen(t *testing.T) {
	var usage *config.UsageError
	for address, fine := range map[string]bool{"127.0.0.1:0": true, "[::1]:0": true, "localhost:0": true, "0.0.0.0:0": false, ":0": false, "[::]:0": false, "example.org:80": false, "10.0.0.1:80": false, "8000": false, "": false} {
		o := testOptions()
		o.Listen = address
		if err := o.check(); (err == nil) != fine || err != nil && !errors.As(err, &usage) {
			t.Errorf("%q: %v", address, err)
		}
	}
	file := filepath.Join(t.TempDir(), "token")
	for text, want := range map[string]string{"0123456789abcdef\n": "0123456789abcdef", "0123456789abcdef": "0123456789abcdef", "short\n": "", "": "", "0123456789 abcdef\n": "", "0123456789abcdef\nmore\n": ""} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadToken(file); got != want || (err == nil) != (want != "") {
			t.Errorf("token of %q: %q, %v", text, got, err)
		}
	}
	taken := start(t, testModel(t), testOptions())
	o := testOptions()
	o.Listen = taken.main.Addr().String()
	if _, err := New(t.Context(), testModel(t), o); !errors.As(err, &usage) {
		t.Errorf("a port that is taken: %v", err)
	}
}

// TestEnd answers what has come when the server is told to end, and breaks off what does not
// end in time.
func TestEnd(t *testing.T) {
	for name, late := range map[string]bool{"in time": false, "late": true} {
		t.Run(name, func(t *testing.T) {
			o := testOptions()
			if o.Drain = 10 * time.Second; late {
				o.Drain = 100 * time.Millisecond
			}
			s, err := New(t.Context(), testModel(t), o)
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() { ended <- s.Run(ctx) }()
			c, err := net.Dial("tcp", s.main.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\n%s: 0\r\nContent-Length: 784\r\n\r\n", inferPath, headerLength)
			for len(s.slots) == 0 {
				time.Sleep(time.Millisecond)
			}
			stop()
			if late {
				if err := <-ended; err == nil || !strings.Contains(err.Error(), "still open") {
					t.Errorf("want an error about open requests, got %v", err)
				}
				return
			}
			for !s.ending.Load() {
				time.Sleep(time.Millisecond)
			}
			if _, err := c.Write(images(1)); err != nil {
				t.Fatal(err)
			}
			if r, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || r.StatusCode != http.StatusOK {
				t.Errorf("the open request: %v, %v", r, err)
			} else {
				r.Body.Close()
			}
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}
