package smoke

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/blocktrain/blocktrain/internal/config"
)

// server is one that speaks the Open Inference Protocol, such as Triton.
type server struct {
	base   string
	token  string
	client *http.Client
}

// What an answer may take.
const (
	answerTime  = 30 * time.Second
	answerBytes = 256 << 20
)

// newServer checks the address.
func newServer(o Options) (server, error) {
	at, err := url.Parse(o.URL)
	if err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Host == "" || at.User != nil || at.RawQuery != "" || at.Fragment != "" {
		return server{}, config.Usagef("%q is no address of a server: want one such as http://127.0.0.1:8000", o.URL)
	}
	return server{
		base: strings.TrimSuffix(o.URL, "/"), token: o.Token,
		client: &http.Client{Timeout: answerTime, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}, nil
}

// ask sends a request and wants status 200.
func (s server) ask(ctx context.Context, path string, header map[string]string, body []byte) ([]byte, http.Header, error) {
	method := http.MethodGet
	if body != nil {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(ctx, method, s.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	if s.token != "" {
		r.Header.Set("Authorization", "Bearer "+s.token)
	}
	got, err := s.client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer got.Body.Close()
	b, err := io.ReadAll(io.LimitReader(got.Body, answerBytes+1))
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	case len(b) > answerBytes:
		return nil, nil, fmt.Errorf("%s: an answer of more than %d bytes", path, answerBytes)
	case got.StatusCode != http.StatusOK:
		return nil, nil, fmt.Errorf("%s: status %s: %.300s", path, got.Status, b)
	}
	return b, got.Header, nil
}

// get asks for JSON. Keys that are not looked for are left out, since servers have some of
// their own.
func (s server) get(ctx context.Context, path string, v any) error {
	b, _, err := s.ask(ctx, path, nil, nil)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%s: no JSON of the protocol: %w", path, err)
	}
	return nil
}

func (s server) ready(ctx context.Context, model string) error {
	_, _, err := s.ask(ctx, of(model)+"/ready", nil, nil)
	if err != nil {
		return fmt.Errorf("the model is not ready: %w", err)
	}
	return nil
}

func of(model string) string { return "/v2/models/" + url.PathEscape(model) }

// name is the server's name and version.
func (s server) name(ctx context.Context) (string, error) {
	var about struct{ Name, Version string }
	if err := s.get(ctx, "/v2", &about); err != nil {
		return "", err
	}
	return about.Name + " " + about.Version, nil
}

// described is a tensor as metadata have it.
type described struct {
	Name     string
	Datatype string
	Shape    []int64
}

// values is the number of values of one image, 0 where it is not fixed.
func (d described) values() int64 {
	n := int64(1)
	for i, dim := range d.Shape {
		switch {
		case i == 0:
		case dim < 1 || n > math.MaxInt32:
			return 0
		default:
			n *= dim
		}
	}
	return n
}

type metadata struct{ Inputs, Outputs []described }

func (s server) metadata(ctx context.Context, model string) (m metadata, err error) {
	return m, s.get(ctx, of(model), &m)
}

// batch is the most images of a request. A server without that extension is asked for one
// image at a time.
func (s server) batch(ctx context.Context, model string) (int, error) {
	var c struct {
		Batch int `json:"max_batch_size"`
	}
	if err := s.get(ctx, of(model)+"/config", &c); err != nil {
		return 1, nil //nolint:nilerr // the extension is not part of the protocol
	}
	return c.Batch, nil
}

// statistics is the number of images that the server counted.
func (s server) statistics(ctx context.Context, model string) (int64, error) {
	var all struct {
		Models []struct {
			Inferences int64 `json:"inference_count"`
		} `json:"model_stats"`
	}
	if err := s.get(ctx, of(model)+"/stats", &all); err != nil {
		return 0, err
	}
	n := int64(0)
	for _, m := range all.Models {
		n += m.Inferences
	}
	return n, nil
}

// question asks for the outputs of images [n,H,W,C].
type question struct {
	model   string
	shape   []int
	images  []uint8
	outputs []string
	binary  bool
	classes int // for the output's most probable classes as text
}

type sentTensor struct {
	Name       string         `json:"name"`
	Shape      []int          `json:"shape,omitempty"`
	Datatype   string         `json:"datatype,omitempty"`
	Parameters map[string]any `json:"parameters,omitempty"`
	Data       []int          `json:"data,omitempty"`
}

type sentRequest struct {
	Inputs  []sentTensor `json:"inputs"`
	Outputs []sentTensor `json:"outputs"`
}

// receivedTensor is an output of an answer.
type receivedTensor struct {
	Name       string
	Datatype   string
	Shape      []int64
	Parameters struct {
		Size int `json:"binary_data_size"`
	}
	Data json.RawMessage
}

// send asks and returns the outputs with the binary data that follows.
func (s server) send(ctx context.Context, q question) ([]receivedTensor, []byte, error) {
	in := sentTensor{Name: "image", Shape: q.shape, Datatype: "UINT8"}
	if q.binary {
		in.Parameters = map[string]any{"binary_data_size": len(q.images)}
	} else {
		for _, v := range q.images {
			in.Data = append(in.Data, int(v))
		}
	}
	asked := sentRequest{Inputs: []sentTensor{in}}
	for _, name := range q.outputs {
		out := sentTensor{Name: name, Parameters: map[string]any{"binary_data": q.binary && q.classes == 0}}
		if q.classes > 0 {
			out.Parameters["classification"] = q.classes
		}
		asked.Outputs = append(asked.Outputs, out)
	}
	body, err := json.Marshal(asked)
	if err != nil {
		return nil, nil, err
	}
	header := map[string]string{"Content-Type": "application/json"}
	if q.binary {
		header = map[string]string{"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": strconv.Itoa(len(body))}
		body = append(body, q.images...)
	}
	got, answered, err := s.ask(ctx, of(q.model)+"/infer", header, body)
	if err != nil {
		return nil, nil, err
	}
	var after []byte
	if length := answered.Get("Inference-Header-Content-Length"); length != "" {
		n, err := strconv.Atoi(length)
		if err != nil || n < 0 || n > len(got) {
			return nil, nil, fmt.Errorf("an answer of %d bytes says that %q of them are JSON", len(got), length)
		}
		got, after = got[:n], got[n:]
	}
	var received struct{ Outputs []receivedTensor }
	if err := json.Unmarshal(got, &received); err != nil {
		return nil, nil, fmt.Errorf("the answer is no JSON of the protocol: %w", err)
	}
	return received.Outputs, after, nil
}

// infer is the values of each output that is asked for.
func (s server) infer(ctx context.Context, q question) ([][]float32, error) {
	tensors, after, err := s.send(ctx, q)
	if err != nil {
		return nil, err
	}
	found := map[string][]float32{}
	for _, t := range tensors {
		var values []float32
		switch size := t.Parameters.Size; {
		case t.Datatype != "FP32":
			return nil, fmt.Errorf("output %s is of %s, want FP32", t.Name, t.Datatype)
		case t.Data != nil:
			if err := json.Unmarshal(t.Data, &values); err != nil {
				return nil, fmt.Errorf("output %s: %w", t.Name, err)
			}
		case size < 0 || size > len(after) || size%4 != 0:
			return nil, fmt.Errorf("output %s has %d bytes, of %d that follow", t.Name, size, len(after))
		default:
			for i := 0; i < size; i += 4 {
				values = append(values, math.Float32frombits(binary.LittleEndian.Uint32(after[i:])))
			}
			after = after[size:]
		}
		found[t.Name] = values
	}
	var all [][]float32
	for _, name := range q.outputs {
		values, there := found[name]
		if !there {
			return nil, fmt.Errorf("the answer has no output %s", name)
		}
		all = append(all, values)
	}
	return all, nil
}

// class is the most probable class of an image, as "value:number:label".
func (s server) class(ctx context.Context, q question, output string) (string, error) {
	q.outputs, q.classes = []string{output}, 1
	tensors, _, err := s.send(ctx, q)
	if err != nil {
		return "", err
	}
	var texts []string
	if len(tensors) != 1 || tensors[0].Datatype != "BYTES" || json.Unmarshal(tensors[0].Data, &texts) != nil || len(texts) != 1 {
		return "", errors.New("the answer to a request for one class is no text of one class")
	}
	return texts[0], nil
}
