package weights

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func example() File {
	return File{
		Metadata: map[string]string{"format": "blocktrain", "a": "<é>"},
		Tensors: []Tensor{
			{Name: "fc.weight", Shape: []int{2, 3}, Data: []float32{1, 2, 3, 4, 5, 6}},
			{Name: "fc.bias", Shape: []int{2}, Data: []float32{-0.5, float32(math.Inf(1))}},
			{Name: "empty", Shape: []int{0, 4}, Data: nil},
			{Name: "scalar", Shape: nil, Data: []float32{math.SmallestNonzeroFloat32}},
		},
	}
}

func encode(t testing.TB, f File) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func decode(b []byte) (File, error) { return Read(bytes.NewReader(b), int64(len(b))) }

func TestWrittenBytes(t *testing.T) {
	got := encode(t, File{
		Metadata: map[string]string{"z": "1", "a": "2"},
		Tensors:  []Tensor{{Name: "b", Shape: []int{1}, Data: []float32{1}}, {Name: "a", Shape: []int{1, 2}, Data: []float32{-2, 0.5}}},
	})
	header := `{"__metadata__":{"a":"2","z":"1"},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}`
	header += strings.Repeat(" ", 7-(len(header)+7)%8)
	want := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	want = append(want, header...)
	want = append(want, 0, 0, 0, 0xc0, 0, 0, 0, 0x3f, 0, 0, 0x80, 0x3f)
	if !bytes.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if len(header)%8 != 0 {
		t.Errorf("header of %d bytes is not padded to 8", len(header))
	}
}

func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.safetensors")
	if err := WriteFile(path, example()); err != nil {
		t.Fatal(err)
	}
	got, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := example()
	want.Tensors = byName(want.Tensors)
	if diff := cmp.Diff(want.Metadata, got.Metadata); diff != "" {
		t.Error(diff)
	}
	if Digest(got.Tensors) != Digest(want.Tensors) {
		t.Errorf("tensors differ: got %v, want %v", got.Tensors, want.Tensors)
	}
	if bias, ok := got.Find("fc.bias"); !ok || bias.Data[0] != -0.5 {
		t.Errorf("Find(fc.bias) = %v, %v", bias, ok)
	}
	if _, ok := got.Find("none"); ok {
		t.Error("found a tensor that is not there")
	}
}

func TestRoundTripAnyTensors(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var f File
		names := rapid.SliceOfNDistinct(rapid.StringN(1, 12, 40), 0, 5, rapid.ID[string]).Draw(t, "names")
		for _, name := range names {
			shape := rapid.SliceOfN(rapid.IntRange(0, 5), 0, 4).Draw(t, "shape")
			n, _ := elements(shape)
			data := make([]float32, n)
			for i := range data {
				data[i] = math.Float32frombits(rapid.Uint32().Draw(t, "bits"))
			}
			f.Tensors = append(f.Tensors, Tensor{name, shape, data})
		}
		var b bytes.Buffer
		if err := Write(&b, f); err != nil {
			t.Fatal(err)
		}
		got, err := decode(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		var again bytes.Buffer
		if err := Write(&again, got); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b.Bytes(), again.Bytes()) {
			t.Fatal("writing what was read gives other bytes")
		}
		if Digest(f.Tensors) != Digest(got.Tensors) {
			t.Fatal("digests differ")
		}
	})
}

func TestDigest(t *testing.T) {
	// Computed apart from this package, from the definition in Digest's comment.
	const want = "ecf896f06fcc474dbf49471a8b987c6d4118ecaf12810fd7542a3a3e974e630c"
	tensor := Tensor{"a", []int{1, 2}, []float32{1, -2}}
	base := Digest([]Tensor{tensor, {"b", nil, []float32{0}}})
	if base != want {
		t.Errorf("digest %s, want %s", base, want)
	}
	others := map[string][]Tensor{
		"name":      {{"c", []int{1, 2}, []float32{1, -2}}, {"b", nil, []float32{0}}},
		"shape":     {{"a", []int{2, 1}, []float32{1, -2}}, {"b", nil, []float32{0}}},
		"rank":      {{"a", []int{2}, []float32{1, -2}}, {"b", nil, []float32{0}}},
		"sign of 0": {tensor, {"b", nil, []float32{float32(math.Copysign(0, -1))}}},
		"one less":  {tensor},
	}
	for what, tensors := range others {
		if Digest(tensors) == base {
			t.Errorf("another %s gives the same digest", what)
		}
	}
	if Digest([]Tensor{{"b", nil, []float32{0}}, tensor}) != base {
		t.Error("the order of the argument shows in the digest")
	}
}

func TestWriteRefuses(t *testing.T) {
	one := []float32{1}
	tests := []struct {
		name string
		file File
		want string
	}{
		{"no name", File{Tensors: []Tensor{{"", []int{1}, one}}}, "a tensor has no name"},
		{"reserved name", File{Tensors: []Tensor{{"__metadata__", []int{1}, one}}}, `a tensor cannot be called "__metadata__": the format uses that name for metadata`},
		{"name not UTF-8", File{Tensors: []Tensor{{"a\xff", []int{1}, one}}}, `tensor name "a\xff" is not valid UTF-8`},
		{"two of a name", File{Tensors: []Tensor{{"a", []int{1}, one}, {"a", []int{1}, one}}}, `two tensors are called "a"`},
		{"values do not fill the shape", File{Tensors: []Tensor{{"a", []int{2}, one}}}, `tensor "a": shape [2] holds 2 values, 1 given`},
		{"negative dimension", File{Tensors: []Tensor{{"a", []int{-1}, one}}}, `tensor "a": shape [-1] is negative or too large`},
		{"metadata not UTF-8", File{Metadata: map[string]string{"k": "\xff"}}, `metadata "k" is not valid UTF-8`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			err := Write(&b, tt.file)
			if err == nil || err.Error() != tt.want {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			if b.Len() > 0 {
				t.Errorf("wrote %d bytes before refusing", b.Len())
			}
		})
	}
}

func TestWriteFileKeepsTheOldFileOnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.safetensors")
	if err := WriteFile(path, example()); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(path)
	if err := WriteFile(path, File{Tensors: []Tensor{{Name: "a", Shape: []int{2}}}}); err == nil {
		t.Fatal("no error")
	}
	after, _ := os.ReadFile(path)
	if !bytes.Equal(before, after) {
		t.Error("the file changed")
	}
}

func TestReadFileNamesTheFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "short.safetensors")
	if err := os.WriteFile(path, []byte("abc"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFile(path); !errors.Is(err, ErrTooShort) || !strings.HasPrefix(err.Error(), path+": ") {
		t.Errorf("error %v", err)
	}
	if _, err := ReadFile(dir); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("error for a folder: %v", err)
	}
	if _, err := ReadFile(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error for a missing file: %v", err)
	}
}
