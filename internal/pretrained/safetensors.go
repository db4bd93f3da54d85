package pretrained

import (
	"bufio"
	"errors"
	"fmt"

	"github.com/blocktrain/blocktrain/internal/pretrained/pickle"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// safetensorsTypes are the types of values that a file may have, under the format's names.
var safetensorsTypes = map[string]pickle.Dtype{
	"F32":  {Name: "float32", Width: 4, Float: true},
	"F64":  {Name: "float64", Width: 8, Float: true},
	"F16":  {Name: "float16", Width: 2, Float: true},
	"BF16": {Name: "bfloat16", Width: 2, Float: true},
	"I64":  {Name: "int64", Width: 8},
	"I32":  {Name: "int32", Width: 4},
	"I16":  {Name: "int16", Width: 2},
	"I8":   {Name: "int8", Width: 1},
	"U8":   {Name: "uint8", Width: 1},
	"BOOL": {Name: "bool", Width: 1},
}

func safetensorsWidth(dtype string) (int, error) {
	if t, known := safetensorsTypes[dtype]; known {
		return t.Width, nil
	}
	what := ""
	switch {
	case dtype == "C64" || dtype == "C128":
		what = " (complex numbers)"
	case len(dtype) > 1 && (dtype[:2] == "F8" || dtype[:2] == "F6" || dtype[:2] == "F4"):
		what = " (quantised)"
	}
	return 0, fmt.Errorf("%w %.20q%s: expected F32, F16, BF16 or F64", weights.ErrDtype, dtype, what)
}

// openSafetensors reads the layout of a safetensors file.
func (s source) openSafetensors() (*content, error) {
	entries, err := weights.ReadEntries(bufio.NewReader(s.from(0)), s.size, safetensorsWidth)
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 {
		return nil, errors.New("it holds no tensors")
	}
	c := &content{format: Safetensors}
	for _, e := range entries {
		t := safetensorsTypes[e.Dtype]
		count := e.Size / int64(t.Width)
		if count > pickle.MaxElements {
			return nil, fmt.Errorf("tensor %q has %d values, expected at most %d", e.Name, count, pickle.MaxElements)
		}
		a := &array{src: s, offset: e.Offset, dtype: t, count: count}
		c.tensors = append(c.tensors, view{name: e.Name, array: a, shape: e.Shape, count: count})
	}
	return c, nil
}
