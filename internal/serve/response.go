package serve

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// response is the answer to an inference request: JSON, and binary data after it where
// an output is to be binary.
type response struct {
	text   []byte
	binary []byte
	mixed  bool // there is an output whose data is binary
}

// bytesOfNumber is about what a value takes in an answer: as it comes from the network, as
// text, and packed.
const bytesOfNumber = 64

// answerBytes is how much memory an answer takes about, which for images as outputs can be
// many times that of the request.
func (m *Model) answerBytes(r *request) int64 {
	var values int64
	for _, a := range r.outputs {
		n := int64(1)
		for _, dim := range m.outputDims(a.output) {
			n *= int64(dim)
		}
		values += int64(r.n) * n
	}
	return values * bytesOfNumber
}

// largestAnswer is answerBytes of the largest request that can be answered.
func (m *Model) largestAnswer() int64 {
	return m.answerBytes(&request{n: m.Batch, outputs: m.allOutputs(false)})
}

// respond writes the outputs of n images, of which outputs[k] has [n,...].
func (m *Model) respond(r *request, outputs [][]float32) (*response, error) {
	made := &response{text: []byte{'{'}}
	if r.id != "" {
		made.text = append(append(append(made.text, `"id":`...), quoted(r.id)...), ',')
	}
	made.text = append(append(append(made.text, `"model_name":`...), quoted(m.Name)...), `,"model_version":"`+version+`","outputs":[`...)
	for i, a := range r.outputs {
		if i > 0 {
			made.text = append(made.text, ',')
		}
		if err := made.output(m, a, r.n, outputs[a.output]); err != nil {
			return nil, err
		}
	}
	made.text = append(made.text, "]}"...)
	return made, nil
}

// output writes one output.
func (made *response) output(m *Model, a asked, n int, values []float32) error {
	datatype, shape := "FP32", append([]int{n}, m.outputDims(a.output)...)
	var classes []string
	if a.classes > 0 {
		classes = topClasses(values, n, a.classes, m.labels())
		datatype, shape = "BYTES", []int{n, len(classes) / n}
	}
	made.text = fmt.Appendf(made.text, `{"name":%s,"datatype":"%s","shape":%s,`, quoted(m.Classifier.Graph.Outputs[a.output].Name), datatype, list(shape))
	switch before := len(made.binary); {
	case a.binary:
		made.mixed = true
		if a.classes > 0 {
			made.binary = appendTexts(made.binary, classes)
		} else {
			made.binary = appendFloats(made.binary, values)
		}
		made.text = fmt.Appendf(made.text, `"parameters":{"binary_data_size":%d}}`, len(made.binary)-before)
		return nil
	case a.classes > 0:
		made.text = append(made.text, `"data":[`...)
		for i, class := range classes {
			made.text = append(separated(made.text, i), quoted(class)...)
		}
	default:
		made.text = append(made.text, `"data":[`...)
		var err error
		if made.text, err = appendNumbers(made.text, values); err != nil {
			return err
		}
	}
	made.text = append(made.text, "]}"...)
	return nil
}

func separated(b []byte, i int) []byte {
	if i > 0 {
		b = append(b, ',')
	}
	return b
}

// appendNumbers writes values as JSON numbers: the shortest ones of their float64, as Triton
// writes them, with an exponent below 1e-6.
func appendNumbers(b []byte, values []float32) ([]byte, error) {
	for i, v := range values {
		f := float64(v)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, misread("output value %d is %v, which JSON has no number for: ask for binary data", i, v)
		}
		b = appendNumber(separated(b, i), f)
	}
	return b, nil
}

func appendNumber(b []byte, f float64) []byte {
	const smallest, largest = 1e-6, 1e21
	if size := math.Abs(f); size != 0 && (size < smallest || size >= largest) {
		digits, exponent, _ := bytes.Cut(strconv.AppendFloat(nil, f, 'e', -1, 64), []byte("e"))
		n, _ := strconv.Atoi(string(exponent)) // which has a sign and two digits at least
		return strconv.AppendInt(append(append(b, digits...), 'e'), int64(n), 10)
	}
	start := len(b)
	b = strconv.AppendFloat(b, f, 'f', -1, 64)
	if bytes.IndexByte(b[start:], '.') < 0 {
		b = append(b, ".0"...)
	}
	return b
}

// topClasses are the k largest of the values of each of n images, in the form
// "value:index:label", the largest first and of equal ones the first.
func topClasses(values []float32, n, k int, labels []string) []string {
	row := len(values) / n
	order := make([]int, row)
	var all []string
	for i := range n {
		of := values[i*row : (i+1)*row]
		for j := range order {
			order[j] = j
		}
		slices.SortStableFunc(order, func(a, b int) int { return compareDown(of[a], of[b]) })
		for _, j := range order[:min(k, row)] {
			text := fmt.Sprintf("%.6f:%d", of[j], j)
			if j < len(labels) {
				text += ":" + labels[j]
			}
			all = append(all, text)
		}
	}
	return all
}

// compareDown orders the larger first, and what is no number last.
func compareDown(a, b float32) int {
	switch {
	case a > b || b != b && a == a:
		return -1
	case b > a || a != a && b == b:
		return 1
	}
	return 0
}

func appendFloats(b []byte, values []float32) []byte {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// appendTexts writes elements of the datatype BYTES: the length of each and its bytes.
func appendTexts(b []byte, texts []string) []byte {
	for _, text := range texts {
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(text))), text...)
	}
	return b
}

// quoted is s as JSON, with <, > and & as they are.
func quoted(s string) []byte {
	b, _ := marshal(s) // a string always has a form
	return b
}

// marshal is json.Marshal with <, > and & as they are.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
