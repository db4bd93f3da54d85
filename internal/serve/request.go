package serve

import (
	"bytes"
	"fmt"
	"math"
	"math/bits"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/serve/lazyjson"
)

// request is what an inference request asks.
type request struct {
	id      string
	n       int     // images
	images  []uint8 // [n,H,W,C]
	outputs []asked // in the order of the model's
}

// asked is an output as a request wants it.
type asked struct {
	output  int  // of the model
	classes int  // the most probable ones, as text; 0: the values
	binary  bool // after the JSON
}

// input is one input as a request describes it.
type input struct {
	name, datatype string
	shape          []uint64
	bytes          []uint8 // of the values; nil of another datatype than the model's
}

// What is far more than any model has.
const (
	maxInputs = 100
	maxDims   = 32
)

// datatypes are those of the protocol, with the bytes of a value; 0: they vary.
var datatypes = map[string]int{
	"BOOL": 1, "UINT8": 1, "UINT16": 2, "UINT32": 4, "UINT64": 8, "INT8": 1, "INT16": 2, "INT32": 4, "INT64": 8,
	"FP16": 2, "FP32": 4, "FP64": 8, "BF16": 2, "BYTES": 0,
}

// readRequest reads an inference request: JSON, and the binary data that follows it.
func (m *Model) readRequest(text, binary []byte) (*request, error) {
	body, err := lazyjson.Parse(text)
	if err != nil {
		return nil, misread("failed to parse the request JSON buffer: %v", err)
	}
	members, r := body.Members(), &request{}
	if id := members.Find("id"); id != nil {
		if !id.IsText() {
			return nil, otherKind("id", "string")
		}
		r.id = id.Text()
	}
	allBinary, err := readParameters(members.Find("parameters"))
	if err != nil {
		return nil, err
	}
	inputs, err := m.readInputs(members.Find("inputs"), binary, r.id)
	if err != nil {
		return nil, err
	}
	if err := m.readOutputs(r, members.Find("outputs"), allBinary); err != nil {
		return nil, err
	}
	return r, m.check(r, inputs)
}

// readRaw reads a body that is nothing but one image.
func (m *Model) readRaw(body []byte) (*request, error) {
	if size := m.Classifier.ImageBytes(); len(body) != size {
		return nil, invalid("%sinput byte size mismatch for input 'raw_input' for model '%s'. Expected %d, got %d", withID(""), m.Name, size, len(body))
	}
	return &request{n: 1, images: body, outputs: m.allOutputs(true)}, nil
}

// allOutputs are those of the model.
func (m *Model) allOutputs(binary bool) []asked {
	var all []asked
	for k := range m.Classifier.Graph.Outputs {
		all = append(all, asked{output: k, binary: binary})
	}
	return all
}

// readParameters checks the parameters of a request and says whether all outputs are to be
// binary. Those for sequences and priorities mean nothing to a model without, and neither
// do a client's own.
func readParameters(parameters lazyjson.Value) (binary bool, err error) {
	if parameters == nil {
		return false, nil
	}
	if !parameters.IsObject() {
		return false, misread("failed to get request params.: attempt to get members for non-object")
	}
	for _, p := range parameters.Members() {
		switch {
		case p.Name == "binary_data_output":
			if binary, err = readBool(p.Name, p.Of); err != nil {
				return false, err
			}
		case p.Name == "sequence_start" || p.Name == "sequence_end":
			if _, err = readBool(p.Name, p.Of); err != nil {
				return false, err
			}
		case p.Name == "priority" || p.Name == "timeout":
			if _, ok := unsigned(p.Of); !ok {
				return false, otherKind(p.Name, "unsigned-integer")
			}
		case strings.HasPrefix(p.Name, "triton_"):
			return false, invalid("parameter keys starting with 'triton_' are reserved for Triton usage and should not be specified.")
		case p.Of.IsObject() || p.Of.IsArray():
			return false, invalid("parameter '%s' has invalid type. It should be either 'int', 'bool', or 'string'.", p.Name)
		}
	}
	return binary, nil
}

func readBool(name string, v lazyjson.Value) (bool, error) {
	switch string(v) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, otherKind(name, "boolean")
}

// unsigned is the integer that a value is, if it is one from 0 on.
func unsigned(v lazyjson.Value) (uint64, bool) {
	n, err := strconv.ParseUint(string(v), 10, 64)
	return n, err == nil
}

// readInputs reads the inputs and gives each its part of the binary data.
func (m *Model) readInputs(all lazyjson.Value, binary []byte, id string) ([]input, error) {
	switch {
	case all == nil:
		return nil, missing("inputs")
	case !all.IsArray():
		return nil, otherKind("inputs", "array")
	}
	var inputs []input
	known := map[string]bool{}
	for v := range all.Elements() {
		if len(inputs) == maxInputs {
			return nil, invalid("%sexpected 1 inputs but got more than %d inputs for model '%s'", withID(id), maxInputs, m.Name)
		}
		members := v.Members()
		in, err := describeInput(members)
		if err != nil {
			return nil, err
		}
		if known[in.name] {
			return nil, invalid("%sinput '%s' already exists in request", withID(id), in.name)
		}
		if binary, err = in.readData(m.Name, members, binary); err != nil {
			return nil, err
		}
		known[in.name] = true
		inputs = append(inputs, in)
	}
	if len(binary) > 0 {
		return nil, invalid("unexpected additional input data for model '%s'", m.Name)
	}
	return inputs, nil
}

// describeInput reads name, shape and datatype of an input.
func describeInput(members lazyjson.Object) (in input, err error) {
	if in.name, err = text(members, "name"); err != nil {
		return in, err
	}
	shape := members.Find("shape")
	switch {
	case shape == nil:
		return in, missing("shape")
	case !shape.IsArray():
		return in, otherKind("shape", "array")
	}
	for v := range shape.Elements() {
		dim, ok := unsigned(v)
		if !ok || dim > math.MaxInt64 {
			return in, otherKind("shape", "unsigned-integer")
		}
		if len(in.shape) == maxDims {
			return in, invalid("the shape of input '%s' has more than %d dimensions", in.name, maxDims)
		}
		in.shape = append(in.shape, dim)
	}
	if in.datatype, err = text(members, "datatype"); err != nil {
		return in, err
	}
	if _, known := datatypes[in.datatype]; !known {
		return in, invalid("invalid datatype for input %s", in.name)
	}
	return in, nil
}

// text is the member of that name, which must be a string.
func text(members lazyjson.Object, name string) (string, error) {
	v := members.Find(name)
	switch {
	case v == nil:
		return "", missing(name)
	case !v.IsText():
		return "", otherKind(name, "string")
	}
	return v.Text(), nil
}

// oneField are the fields of which an input has one.
const oneField = "Input must set only one of the following fields: 'data', 'binary_data_size' in 'parameters', 'shared_memory_region' in 'parameters'."

// readData takes the values of an input from its field "data" or from the binary data, and
// returns what is left of that.
func (in *input) readData(model string, members lazyjson.Object, binary []byte) ([]byte, error) {
	parameters := members.Find("parameters").Members()
	data, size, region := members.Find("data"), parameters.Find("binary_data_size"), parameters.Find("shared_memory_region")
	switch {
	case region != nil:
		return nil, noRegion(region)
	case data == nil && size == nil:
		return nil, invalid("%s But no field is set", oneField)
	case data != nil && size != nil:
		return nil, invalid("%s But set 'data' 'binary_data_size'", oneField)
	case size == nil:
		return binary, in.readValues(data)
	}
	n, ok := unsigned(size)
	if !ok {
		return nil, otherKind("binary_data_size", "unsigned-integer")
	}
	if n > uint64(len(binary)) {
		return nil, invalid("unexpected size for input '%s', expecting %d additional bytes for model '%s'", in.name, n-uint64(len(binary)), model)
	}
	in.bytes = binary[:n:n]
	return binary[n:], nil
}

// elements is the product of the dimensions; it does not fit where it is too large for any
// input.
func elements(shape []uint64) (n uint64, fits bool) {
	n = 1
	for _, dim := range shape {
		hi, lo := bits.Mul64(n, dim)
		if hi != 0 || lo > math.MaxInt64 {
			return 0, false
		}
		n = lo
	}
	return n, true
}

// noRegion is the answer to data in shared memory, of which this server has none.
func noRegion(name lazyjson.Value) error {
	return &failure{http.StatusNotFound, fmt.Sprintf("Unable to find shared memory region: '%s'", strings.Trim(string(name), `"`))}
}

// readValues reads the values of "data", which may be nested in any way.
func (in *input) readValues(data lazyjson.Value) error {
	want, fits := elements(in.shape)
	if !fits {
		return nil // no shape of a model: the check of shapes says so
	}
	if !data.IsArray() {
		return otherKind("data", "array")
	}
	if in.datatype != inputType {
		return checkCount(countValues(data), want)
	}
	in.bytes = make([]uint8, 0, min(want, uint64(len(data))))
	for at := 0; at < len(data); {
		switch c := data[at]; c {
		case '[', ']', ',', ' ', '\n', '\r', '\t':
			at++
			continue
		}
		stop := lazyjson.End(data, at)
		v, err := readByte(data[at:stop])
		if err != nil {
			return err
		}
		in.bytes = append(in.bytes, v)
		at = stop
	}
	return checkCount(uint64(len(in.bytes)), want)
}

// readByte reads a value of an image.
func readByte(v lazyjson.Value) (uint8, error) {
	n := 0
	for _, c := range v {
		if c < '0' || c > '9' {
			return 0, otherKind("data", "unsigned-integer")
		}
		if n = 10*n + int(c-'0'); n > math.MaxUint8 {
			return 0, tooLarge(v)
		}
	}
	return uint8(n), nil
}

// tooLarge refuses a number that is no byte, which Triton takes modulo 256.
func tooLarge(v lazyjson.Value) error {
	if _, err := strconv.ParseUint(string(v), 10, 64); err != nil {
		return otherKind("data", "unsigned-integer")
	}
	return invalid("Unable to parse 'data': %s is no value of %s: want 0 to 255", v, inputType)
}

// countValues counts what is in arrays, however they are nested.
func countValues(data lazyjson.Value) (n uint64) {
	for at := 0; at < len(data); {
		if bytes.IndexByte([]byte("[], \n\r\t"), data[at]) >= 0 {
			at++
			continue
		}
		at = lazyjson.End(data, at)
		n++
	}
	return n
}

func checkCount(got, want uint64) error {
	if got != want {
		return misread("Unable to parse 'data': Shape does not match true shape of 'data' field")
	}
	return nil
}

// readOutputs reads which outputs are wanted, and how.
func (m *Model) readOutputs(r *request, all lazyjson.Value, binary bool) error {
	switch {
	case all == nil:
	case !all.IsArray():
		return otherKind("outputs", "array")
	}
	wanted, unknown := map[int]asked{}, ""
	for v := range all.Elements() {
		members := v.Members()
		name, err := text(members, "name")
		if err != nil {
			return err
		}
		a := asked{output: m.outputNamed(name), binary: binary}
		if err := a.read(members.Find("parameters").Members()); err != nil {
			return err
		}
		if a.output < 0 && unknown == "" {
			unknown = name
		}
		wanted[a.output] = a
	}
	if unknown != "" {
		return invalid("unexpected inference output '%s' for model '%s'", unknown, m.Name)
	}
	r.outputs = m.allOutputs(binary)
	if len(wanted) > 0 {
		r.outputs = slices.DeleteFunc(r.outputs, func(a asked) bool { _, ok := wanted[a.output]; return !ok })
		for i, a := range r.outputs {
			r.outputs[i] = wanted[a.output]
		}
	}
	return nil
}

// read reads the parameters of an output.
func (a *asked) read(parameters lazyjson.Object) (err error) {
	if v := parameters.Find("classification"); v != nil {
		k, ok := unsigned(v)
		if !ok {
			return misread("Unable to set 'classification': attempt to access JSON non-unsigned-integer as unsigned-integer")
		}
		a.classes = int(min(k, math.MaxInt32))
	}
	if region := parameters.Find("shared_memory_region"); region != nil {
		return noRegion(region)
	}
	if v := parameters.Find("binary_data"); v != nil {
		a.binary, err = readBool("binary_data", v)
	}
	return err
}
