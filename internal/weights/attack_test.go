package weights

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata/attacks")

// container puts a header and data together as they stand in a file.
func container(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	b = append(b, header...)
	return append(b, make([]byte, data)...)
}

// attack is a malformed file, the violation it commits and the message that
// Read gives. The files are kept in testdata/attacks.
type attack struct {
	name  string
	bytes []byte
	want  error
	text  string
}

var attacks = []attack{
	{"empty", nil, ErrTooShort, "too short to be a safetensors file: it has 0 bytes, the header length alone takes 8"},
	{"seven-bytes", make([]byte, 7), ErrTooShort, "it has 7 bytes"},
	{"header-too-large", binary.LittleEndian.AppendUint64(nil, 16<<20+1), ErrHeaderTooLarge, "its length is given as 16777217 bytes, at most 16777216 are allowed"},
	{"header-length-all-ones", bytes.Repeat([]byte{0xff}, 64), ErrHeaderTooLarge, "18446744073709551615"},
	{"header-beyond-file", append(binary.LittleEndian.AppendUint64(nil, 60), "{}"...), ErrHeaderBeyondFile, "its length is given as 60 bytes, 2 follow; is the file truncated?"},
	{"header-empty", container("", 0), ErrHeaderStart, "is this a safetensors file?"},
	{"header-starts-with-space", container(" {}", 0), ErrHeaderStart, "does not start with {"},
	{"header-is-array", container("[]", 0), ErrHeaderStart, "does not start with {"},
	{"header-not-utf8", container("{\"\xff\":1}", 0), ErrHeaderEncoding, "not valid UTF-8"},
	{"header-truncated-json", container(`{"a":{"dtype":"F32"`, 0), ErrHeaderSyntax, `tensor "a"`},
	{"header-two-objects", container(`{}{}`, 0), ErrHeaderSyntax, `"{}" follows its closing brace, expected spaces alone`},
	{"header-padded-with-newline", container("{}\n", 0), ErrHeaderSyntax, `"\n" follows`},
	{"header-padded-with-nul", container("{}\x00", 0), ErrHeaderSyntax, `"\x00" follows`},
	{"header-trailing-comma", container(`{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},}`, 4), ErrHeaderSyntax, "the header"},
	{"duplicate-tensor", container(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), ErrDuplicateKey, `the header has "a" more than once`},
	{"duplicate-tensor-escaped", container(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\u0061":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), ErrDuplicateKey, `more than once`},
	{"duplicate-field", container(`{"a":{"dtype":"F32","shape":[1],"shape":[2],"data_offsets":[0,4]}}`, 4), ErrDuplicateKey, `tensor "a" has "shape" more than once`},
	{"duplicate-metadata", container(`{"__metadata__":{"a":"1","a":"2"}}`, 0), ErrDuplicateKey, `__metadata__ has "a" more than once`},
	{"name-empty", container(`{"":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4), ErrName, "no name"},
	{"metadata-number", container(`{"__metadata__":{"epoch":1}}`, 0), ErrMetadata, `"epoch" is 1, expected a string`},
	{"metadata-nested", container(`{"__metadata__":{"a":{"b":"c"}}}`, 0), ErrMetadata, `"a" is {, expected a string`},
	{"metadata-array", container(`{"__metadata__":[]}`, 0), ErrMetadata, "found [, expected {"},
	{"tensor-not-object", container(`{"a":[]}`, 0), ErrHeaderSyntax, `tensor "a": found [, expected {`},
	{"unknown-field", container(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}`, 4), ErrUnknownField, `tensor "a": unknown field "x" (expected dtype, shape and data_offsets)`},
	{"field-in-capitals", container(`{"a":{"dtype":"F32","SHAPE":[1],"data_offsets":[0,4]}}`, 4), ErrUnknownField, `"SHAPE"`},
	{"missing-dtype", container(`{"a":{"shape":[1],"data_offsets":[0,4]}}`, 4), ErrMissingField, `tensor "a": missing field "dtype"`},
	{"missing-shape", container(`{"a":{"dtype":"F32","data_offsets":[0,4]}}`, 4), ErrMissingField, `"shape"`},
	{"missing-offsets", container(`{"a":{"dtype":"F32","shape":[1]}}`, 4), ErrMissingField, `"data_offsets"`},
	{"dtype-f16", container(`{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}`, 4), ErrDtype, `tensor "a": unsupported dtype F16: only F32 is read here`},
	{"dtype-number", container(`{"a":{"dtype":32,"shape":[2],"data_offsets":[0,4]}}`, 4), ErrDtype, `unsupported dtype 32`},
	{"shape-negative", container(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, 4), ErrShape, `tensor "a": invalid shape: found -1, expected a whole number, not negative`},
	{"shape-fraction", container(`{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}`, 4), ErrShape, `found 1.0`},
	{"shape-exponent", container(`{"a":{"dtype":"F32","shape":[1e0],"data_offsets":[0,4]}}`, 4), ErrShape, `found 1e0`},
	{"shape-string", container(`{"a":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}}`, 4), ErrShape, `found 1`},
	{"shape-rank", container(`{"a":{"dtype":"F32","shape":[1`+strings.Repeat(",1", 32)+`],"data_offsets":[0,4]}}`, 4), ErrShape, `more than 32 numbers`},
	{"shape-number", container(`{"a":{"dtype":"F32","shape":1,"data_offsets":[0,4]}}`, 4), ErrShape, `expected an array of whole numbers`},
	{"shape-nested", container(`{"a":{"dtype":"F32","shape":[[1]],"data_offsets":[0,4]}}`, 4), ErrShape, `found [`},
	{"shape-overflow", container(`{"a":{"dtype":"F32","shape":[4294967296,4294967296,1],"data_offsets":[0,4]}}`, 4), ErrShape, `[4294967296 4294967296 1] has more values than can be counted`},
	{"shape-overflow-to-size", container(`{"a":{"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]}}`, 4), ErrShape, `more values than can be counted`},
	{"shape-overflow-times-zero", container(`{"a":{"dtype":"F32","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}}`, 0), ErrShape, `more values`},
	{"shape-beyond-int64", container(`{"a":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,4]}}`, 4), ErrShape, `18446744073709551615 is too large`},
	{"shape-beyond-uint64", container(`{"a":{"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,4]}}`, 4), ErrShape, `found 18446744073709551616`},
	{"offsets-one", container(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4]}}`, 4), ErrOffsets, `found 1 numbers, expected [begin,end]`},
	{"offsets-three", container(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}`, 4), ErrOffsets, `found 3 numbers`},
	{"offsets-reversed", container(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}`, 4), ErrOffsets, `found [4 0], expected [begin,end] with begin <= end`},
	{"offsets-negative", container(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}`, 4), ErrOffsets, `found -4`},
	{"offsets-beyond-int64", container(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,18446744073709551615]}}`, 4), ErrOffsets, `expected [begin,end]`},
	{"size-too-small", container(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4), ErrSize, `tensor "a": the data_offsets do not fit the shape: [0,4] is 4 bytes, [2] of F32 takes 8`},
	{"size-too-large", container(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,12]}}`, 12), ErrSize, `[0,12] is 12 bytes`},
	{"size-long-rank", container(`{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1,2],"data_offsets":[0,4]}}`, 4), ErrSize, `[1 1 1 1 1 1 1 1]… (rank 10) of F32 takes 8`},
	{"out-of-range", container(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 4), ErrOutOfRange, `tensor "a": the values reach beyond the end of the file: data_offsets [0,8], but 4 bytes follow the header; is the file truncated?`},
	{"out-of-range-huge", container(`{"a":{"dtype":"F32","shape":[250000000000],"data_offsets":[0,1000000000000]}}`, 4), ErrOutOfRange, `[0,1000000000000]`},
	{"overlap", container(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), ErrOverlap, `tensor "b": the values overlap with those of another tensor: they start at byte 4, the tensor before ends at 8`},
	{"overlap-same", container(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4), ErrOverlap, `tensor "b"`},
	{"hole-at-start", container(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8), ErrHole, `tensor "a": bytes before the values belong to no tensor: they start at byte 4, expected 0`},
	{"hole-in-between", container(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}`, 12), ErrHole, `they start at byte 8, expected 4`},
	{"trailing-bytes", container(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 5), ErrTrailing, `5 bytes follow the header, the tensors take 4`},
	{"trailing-bytes-alone", container(`{}`, 4), ErrTrailing, `4 bytes follow the header, the tensors take 0`},
}

func TestAttacks(t *testing.T) {
	dir := filepath.Join("testdata", "attacks")
	if *update {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			path := filepath.Join(dir, a.name+".safetensors")
			if *update {
				if err := os.WriteFile(path, a.bytes, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			kept, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(kept, a.bytes) {
				t.Fatalf("%s differs from the table: run the test with -update", path)
			}
			_, err = ReadFile(path)
			if !errors.Is(err, a.want) {
				t.Fatalf("error %v, want one that is %q", err, a.want)
			}
			if !strings.Contains(err.Error(), a.text) || !strings.HasPrefix(err.Error(), path) {
				t.Errorf("error %q, want %q in it", err, a.text)
			}
		})
	}
}

// TestEveryViolationHasAnAttack keeps the table complete.
func TestEveryViolationHasAnAttack(t *testing.T) {
	all := []error{
		ErrTooShort, ErrHeaderTooLarge, ErrHeaderBeyondFile, ErrHeaderStart, ErrHeaderEncoding, ErrHeaderSyntax,
		ErrDuplicateKey, ErrName, ErrMetadata, ErrUnknownField, ErrMissingField, ErrDtype, ErrShape, ErrOffsets,
		ErrSize, ErrOutOfRange, ErrOverlap, ErrHole, ErrTrailing,
	}
	for _, violation := range all {
		found := false
		for _, a := range attacks {
			found = found || a.want == violation
		}
		if !found {
			t.Errorf("no attack for %q", violation)
		}
	}
}

// TestTruncation cuts a good file at every byte: each stump is refused.
func TestTruncation(t *testing.T) {
	whole := encode(t, example())
	for n := range whole {
		if _, err := decode(whole[:n]); err == nil {
			t.Errorf("the first %d of %d bytes were accepted", n, len(whole))
		}
	}
}

// TestReaderShorterThanItsSize gives a reader that ends before the size said.
func TestReaderShorterThanItsSize(t *testing.T) {
	whole := encode(t, example())
	for _, n := range []int{0, 4, 8, 20, len(whole) - 1} {
		if _, err := Read(bytes.NewReader(whole[:n]), int64(len(whole))); err == nil {
			t.Errorf("no error for a reader that ends after %d bytes", n)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, a := range attacks {
		f.Add(a.bytes)
	}
	f.Add(encode(f, example()))
	f.Add(encode(f, File{}))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := decode(b)
		if err != nil {
			return
		}
		again, err := decode(encode(t, file))
		if err != nil {
			t.Fatalf("what was written is refused: %v", err)
		}
		if Digest(again.Tensors) != Digest(file.Tensors) {
			t.Fatal("the digest changed in a round trip")
		}
	})
}
