package serve

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"

	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/serve/lazyjson"
)

// read makes a request of a body. begun says that errors are answered as JSON from here on.
type read func(header http.Header, body []byte, begun func()) (*request, error)

// write is how the results of a request are answered.
type write func(w http.ResponseWriter, r *http.Request, asked *request, outputs [][]float32) error

// infer answers an inference request of the protocol.
func (s *Server) infer(w http.ResponseWriter, r *http.Request, to address) {
	s.results(w, r, to, typePlain, func(header http.Header, body []byte, begun func()) (*request, error) {
		text, binary, raw, err := split(header, body)
		if err != nil {
			return nil, err
		}
		begun()
		if raw {
			return s.model.readRaw(append(text, binary...))
		}
		return s.model.readRequest(text, binary)
	}, s.respond)
}

// image answers a request whose body is an image file, which is prepared as the package says.
// The query may have classification=K and binary_data=true, for every output.
func (s *Server) image(w http.ResponseWriter, r *http.Request, to address) {
	s.results(w, r, to, typePlain, func(_ http.Header, body []byte, begun func()) (*request, error) {
		begun()
		asked, err := s.model.readQuery(r.URL.RawQuery)
		if err != nil {
			return nil, err
		}
		asked.images, err = s.prepare(r.Context(), body)
		return asked, err
	}, s.respond)
}

// readQuery reads what a request for an image file wants of the outputs.
func (m *Model) readQuery(query string) (*request, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, invalid("the address cannot be read: %v", err)
	}
	for name, given := range values {
		if name != "classification" && name != "binary_data" || len(given) > 1 {
			return nil, invalid("%.100q in the address: want classification=K and binary_data=true, each once", name)
		}
	}
	classification, binary := values.Get("classification"), values.Get("binary_data")
	asked := &request{n: 1}
	k, all := 0, false
	if classification != "" {
		if k, err = strconv.Atoi(classification); err != nil || k < 0 {
			return nil, invalid("classification=%s: want a number of classes", classification)
		}
	}
	if binary != "" {
		if all, err = strconv.ParseBool(binary); err != nil {
			return nil, invalid("binary_data=%s: want true or false", binary)
		}
	}
	asked.outputs = m.allOutputs(all)
	for i := range asked.outputs {
		asked.outputs[i].classes = k
	}
	return asked, nil
}

// prepare decodes an image and brings it to the network's input. As many are decoded at a
// time as there are workers, since large ones take much memory.
func (s *Server) prepare(ctx context.Context, file []byte) ([]uint8, error) {
	rule := s.model.Classifier.Rule
	if n := rule.FrameCount(); n > 1 {
		return nil, invalid("model '%s' takes %d frames at a time, and one image was sent: prepare them as PREPROCESSING.md of the package says, and send the tensor to /infer", s.model.Name, n)
	}
	pixels, err := imaging.Pixels(file)
	switch {
	case err != nil:
		return nil, unusable(err)
	case pixels > s.options.Pixels:
		return nil, &failure{statusTooLarge, fmt.Sprintf("the image has more pixels than this server takes: %d, and the limit is %d (--max-image-megapixels)", pixels, s.options.Pixels)}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.options.Answer, errLate)
	defer cancel()
	select {
	case s.decoding <- struct{}{}:
		defer func() { <-s.decoding }()
	case <-ctx.Done():
		return nil, s.unanswered("", context.Cause(ctx))
	}
	img, err := decode(rule, file)
	if err != nil {
		return nil, unusable(err)
	}
	defer img.Release()
	made, err := rule.Apply(img)
	if err != nil {
		return nil, unusable(err)
	}
	return slices.Clone(made.Pix), nil
}

// generate answers a request of Triton's generate extension: an object with the values of
// the input under its name, of one image after the other.
func (s *Server) generate(w http.ResponseWriter, r *http.Request, to address) {
	s.results(w, r, to, typeJSON, func(_ http.Header, body []byte, _ func()) (*request, error) {
		return s.model.readGenerate(body)
	}, s.generated)
}

// readGenerate reads a request of the generate extension. Members that are no input are left
// out, as by Triton, and so is whatever else it does not need.
func (m *Model) readGenerate(body []byte) (*request, error) {
	v, err := lazyjson.Parse(body)
	if err != nil {
		return nil, misread("failed to parse the request JSON buffer: %v", err)
	}
	if !v.IsObject() {
		return nil, misread("attempt to get members for non-object")
	}
	members, asked := v.Members(), &request{outputs: m.allOutputs(false)}
	if id := members.Find("id"); id.IsText() {
		asked.id = id.Text()
	}
	data := members.Find(inputName)
	if data == nil {
		return nil, m.check(asked, nil)
	}
	size := uint64(m.Classifier.ImageBytes())
	n := countValues(data)
	if !data.IsArray() || bytes.IndexByte(data[1:], '[') >= 0 || n == 0 || n%size != 0 {
		return nil, invalid("The schema can not convert input '%s' to tensor with proper shape", inputName)
	}
	in := input{name: inputName, datatype: inputType, shape: []uint64{n / size}}
	for _, dim := range m.dims() {
		in.shape = append(in.shape, uint64(dim))
	}
	if err := in.readValues(data); err != nil {
		return nil, err
	}
	return asked, m.check(asked, []input{in})
}

// generated writes the answer of generate.
func (s *Server) generated(w http.ResponseWriter, _ *http.Request, asked *request, outputs [][]float32) error {
	text := []byte{'{'}
	if asked.id != "" {
		text = append(append(append(text, `"id":`...), quoted(asked.id)...), ',')
	}
	text = append(append(append(text, `"model_name":`...), quoted(s.model.Name)...), `,"model_version":"`+version+`"`...)
	for _, a := range asked.outputs {
		text = append(append(append(text, ','), quoted(s.model.Classifier.Graph.Outputs[a.output].Name)...), ":["...)
		var err error
		if text, err = appendNumbers(text, outputs[a.output]); err != nil {
			return err
		}
		text = append(text, ']')
	}
	answer(w, typeJSON, append(text, '}'))
	return nil
}

// results reads a request, waits for the network and answers. Errors are of the given type
// until the request has begun to be read.
func (s *Server) results(w http.ResponseWriter, r *http.Request, to address, kind string, read read, write write) {
	err := s.find(to)
	if err == nil {
		err = s.result(w, r, read, write, func() { kind = typeJSON })
	}
	if err != nil {
		refuse(w, kind, err)
	}
}

// errLate is the end of the time that a request may take.
var errLate = errors.New("request timed out")

func (s *Server) result(w http.ResponseWriter, r *http.Request, read read, write write, begun func()) error {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		s.stats.reject()
		w.Header().Set("Retry-After", "1")
		return full(withID("") + "Exceeds maximum queue size")
	}
	held := s.memory.Holding()
	defer held.Release()
	body, err := s.readBody(w, r, held)
	if err != nil {
		return err
	}
	s.batcher.arriving.Add(1)
	arrived := sync.OnceFunc(func() { s.batcher.arriving.Add(-1) })
	defer arrived()
	asked, err := read(r.Header, body, begun)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(r.Context(), s.options.Answer, errLate)
	defer cancel()
	answer := s.answers.Holding()
	defer answer.Release()
	if !answer.Take(s.model.answerBytes(asked)) {
		return full("this server holds as many bytes of answers as it may: ask again")
	}
	outputs, err := s.batcher.do(ctx, asked.n, asked.images, arrived)
	if err != nil {
		return s.unanswered(asked.id, err)
	}
	return write(w, r, asked, outputs)
}

// unanswered counts a request that got no results before its context ended, for that cause.
func (s *Server) unanswered(id string, cause error) error {
	if errors.Is(cause, errLate) {
		s.stats.reject()
		return full(withID(id) + "Request timeout expired")
	}
	s.stats.cancel() // nobody hears the answer
	return full(withID(id) + "request was canceled")
}

// unusable refuses an image file.
func unusable(err error) error { return invalid("the image cannot be used: %v", err) }

// respond writes the answer of the protocol.
func (s *Server) respond(w http.ResponseWriter, r *http.Request, asked *request, outputs [][]float32) error {
	made, err := s.model.respond(asked, outputs)
	if err != nil {
		return err
	}
	kind, body := typeJSON, made.text
	if made.mixed {
		w.Header().Set(headerLength, strconv.Itoa(len(made.text)))
		kind, body = typeBinary, append(made.text, made.binary...)
	}
	if way := packs(r.Header); way != "" {
		if body, err = pack(way, body); err != nil {
			return err
		}
		w.Header().Set("Content-Encoding", way)
	}
	answer(w, kind, body)
	return nil
}

// decode decodes an image file.
func decode(rule imaging.Rule, file []byte) (imaging.Image, error) {
	return rule.Decoder().Decode(bytes.NewReader(file))
}
