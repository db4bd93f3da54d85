package main

import (
	"fmt"
	"go/token"
	"go/types"
)

// frame is where a function's parameters and results lie in memory: at which
// distance from FP, under the names that go vet wants to see.
type frame struct {
	offsets  map[string]int64
	elements map[string]int // size of an element of a slice
	size     int64
}

func newFrame(signature string) frame {
	parsed, err := types.Eval(token.NewFileSet(), nil, token.NoPos, "func"+signature)
	if err != nil {
		panic(fmt.Sprintf("signature %s: %v", signature, err))
	}
	s := parsed.Type.(*types.Signature)
	f := frame{offsets: map[string]int64{}, elements: map[string]int{}}
	f.add(s.Params(), "")
	if s.Results().Len() > 0 {
		f.size = (f.size + 7) &^ 7
		f.add(s.Results(), "ret")
	}
	return f
}

// add places variables behind each other; one without a name gets the other.
func (f *frame) add(variables *types.Tuple, otherwise string) {
	sizes := types.SizesFor("gc", "arm64")
	for v := range variables.Variables() {
		t, name := v.Type(), v.Name()
		if name == "" {
			name = otherwise
		}
		align := sizes.Alignof(t)
		f.size = (f.size + align - 1) &^ (align - 1)
		f.offsets[name] = f.size
		switch t := t.(type) {
		case *types.Slice:
			f.offsets[name+"_base"], f.offsets[name+"_len"] = f.size, f.size+8
			f.elements[name] = int(sizes.Sizeof(t.Elem()))
		case *types.Array:
			for i := range t.Len() {
				f.offsets[fmt.Sprintf("%s_%d", name, i)] = f.size + i*sizes.Sizeof(t.Elem())
			}
		}
		f.size += sizes.Sizeof(t)
	}
}

// variable is a parameter, a result, or a part of one.
func (f frame) variable(name string) text {
	offset, known := f.offsets[name]
	if !known {
		panic("no parameter " + name)
	}
	return text(fmt.Sprintf("%s+%d(FP)", name, offset))
}
