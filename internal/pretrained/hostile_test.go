package pretrained

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func readBytes(b []byte) (*File, error) { return ReadFrom(bytes.NewReader(b), int64(len(b)), "") }

// refuses reads bytes that must be refused.
func refuses(t *testing.T, name string, b []byte, want string) {
	t.Helper()
	if _, err := readBytes(b); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: error %v, want one with %q", name, err, want)
	}
}

// safe is a safetensors file with a header and n bytes of values.
func safe(header string, n int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, n)...)
}

func TestHostileSafetensors(t *testing.T) {
	one := func(dtype string, n int) []byte {
		return safe(fmt.Sprintf(`{"a":{"dtype":"%s","shape":[1],"data_offsets":[0,%d]}}`, dtype, n), n)
	}
	nan := append(safe(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 0), 0, 0, 0xc0, 0x7f)
	for _, c := range []struct {
		name string
		b    []byte
		want string
	}{
		{"metadata alone", safe(`{"__metadata__":{"format":"pt"}}`, 0), "holds no tensors"},
		{"no tensors", safe(`{}`, 0), "holds no tensors"},
		{"whole numbers", one("I64", 8), "no tensor of floating-point values (1 of other types)"},
		{"quantised", safe(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, 2), `tensor "a" holds uint8`},
		{"float8", one("F8_E4M3", 1), `tensor "a": unsupported dtype "F8_E4M3" (quantised)`},
		{"complex", one("C64", 8), `tensor "a": unsupported dtype "C64" (complex numbers)`},
		{"unknown type", one("X", 8), `tensor "a": unsupported dtype "X": expected F32`},
		{"NaN", nan, `tensor "a": value 0 of 1 is NaN`},
		{"size of the type", one("F16", 4), "[1] of F16 takes 2"},
		{"overlap", safe(`{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"F16","shape":[1],"data_offsets":[2,4]}}`, 4), "overlap"},
		{"cut", one("F32", 4)[:60], "is the file truncated?"},
		{"twice", safe(`{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`, 0), "more than once"},
		{"long header", append(binary.LittleEndian.AppendUint64(nil, 1<<40), '{'), "the header is too large"},
		{"gap", safe(`{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},"b":{"dtype":"F16","shape":[1],"data_offsets":[4,6]}}`, 6), "belong to no tensor"},
		{"rest", safe(`{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}`, 4), "belong to no tensor"},
		{"equal views", safe(`{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},"b":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}`, 2), "overlap"},
		{"prefix twice", safe(`{"module.a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"C64","shape":[],"data_offsets":[4,8]}}`, 8), "complex"},
	} {
		refuses(t, c.name, c.b, c.want)
	}
}

// TestNamesThatBecomeOne checks that no prefix is removed where a name lacks it.
func TestNamesThatBecomeOne(t *testing.T) {
	file, err := readBytes(safe(`{"module.a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[],"data_offsets":[4,8]}}`, 8))
	if err != nil || file.Prefix != "" || len(file.Tensors) != 2 || file.Tensors[0].Name != "module.a" {
		t.Errorf("%v, %v", file, err)
	}
}

// legacy is a file in the older form of torch.save, of a pickled object, a list of keys
// and what follows.
func legacy(object, keys string, rest []byte) []byte {
	return append([]byte("\x80\x02"+magicNumber+"\x80\x02M\xe9\x03.\x80\x02}U\x0dlittle_endian\x88s."+object+keys), rest...)
}

// aStorage is a pickle's persistent id of n values of float32; aTensor is a view of it.
func aStorage(key string, n int) string {
	return fmt.Sprintf("(X\x07\x00\x00\x00storagectorch\nFloatStorage\nU%c%sU\x03cpuJ%stQ", len(key), key, binary.LittleEndian.AppendUint32(nil, uint32(n)))
}

func aTensor(storage string, n, stride int) string {
	four := func(n int) string { return string(binary.LittleEndian.AppendUint32(nil, uint32(n))) }
	return "ctorch._utils\n_rebuild_tensor_v2\n(" + storage + "K\x00J" + four(n) + "\x85J" + four(stride) + "\x85\x89NtR"
}

func values(n int) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, uint64(n)), make([]byte, 4*n)...)
}

func TestHostileLegacy(t *testing.T) {
	object := "\x80\x02}U\x01a" + aTensor(aStorage("0", 2), 2, 1) + "s."
	const keys = "\x80\x02]U\x010a."
	if file, err := readBytes(legacy(object, keys, values(2))); err != nil || len(file.Tensors) != 1 {
		t.Fatalf("%v, %v", file, err)
	}
	for _, c := range []struct {
		name string
		b    []byte
		want string
	}{
		{"another count", legacy(object, keys, values(3)), "has 3 values, its tensors say 2"},
		{"cut values", legacy(object, keys, values(2)[:12]), "is the file truncated?"},
		{"no values", legacy(object, keys, nil), "the file ends before it"},
		{"rest", legacy(object, keys, values(3)[:8+8]), "has 3 values"},
		{"another key", legacy(object, "\x80\x02]U\x011a.", values(2)), "which no tensor names"},
		{"key twice", legacy(object, "\x80\x02](U\x010U\x010e.", values(2)), "the list of storages is not one of the 1"},
		{"no keys", legacy(object, "\x80\x02].", nil), "the list of storages is not one of the 1"},
		{"keys are a dict", legacy(object, "\x80\x02}.", nil), "the list of storages is not one"},
		{"keys are missing", legacy(object, "", nil), "the list of storages"},
		{"version", []byte("\x80\x02" + magicNumber + "\x80\x02M\xea\x03."), "the version of the form"},
		{"byte order unknown", []byte("\x80\x02" + magicNumber + "\x80\x02M\xe9\x03.\x80\x02}."), "does not say whether it is little-endian"},
		{"expanded", legacy("\x80\x02}U\x01a"+aTensor(aStorage("0", 2), 1<<30, 0)+"s.", keys, values(2)), "have 1073741824 values, and it stores 2"},
		{"a number as name", legacy("\x80\x02}K\x01"+aTensor(aStorage("0", 2), 2, 1)+"s.", keys, values(2)), `a tensor is called "1"`},
		{"deep", legacy("\x80\x02}"+strings.Repeat("U\x05model}", 9)+strings.Repeat("s", 9)+".", "\x80\x02].", nil), "holds no tensors"},
	} {
		refuses(t, c.name, c.b, c.want)
	}
}

// TestManyViews reads a file whose tensors all view one storage: their values are counted
// before memory is taken.
func TestManyViews(t *testing.T) {
	const stored, views = 1 << 16, 1000
	var b strings.Builder
	b.WriteString("\x80\x02}(U\x04base" + aTensor(aStorage("0", stored)+"q\x01", stored, 1))
	for i := range views {
		name := fmt.Sprintf("%04d", i)
		b.WriteString("U\x04" + name + aTensor("h\x01", stored, 1))
	}
	b.WriteString("u.")
	file := legacy(b.String(), "\x80\x02]U\x010a.", values(stored))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	refuses(t, "many views", file, fmt.Sprintf("have %d values, and it stores %d", stored*(views+1), stored))
	runtime.ReadMemStats(&after)
	if taken := after.TotalAlloc - before.TotalAlloc; taken > 8<<20 {
		t.Errorf("%d bytes were taken", taken)
	}
}

// zipped makes an archive by hand, so that it can lie.
type zipped struct {
	name             string
	data             []byte
	method, flags    uint16
	unpacked         uint32
	at               int // offset of the local header in place of the true one, if not 0
	packed, checksum uint32
}

func craft(files []zipped, edit func(end []byte)) []byte {
	var b, directory []byte
	le := binary.LittleEndian
	for _, f := range files {
		if f.packed == 0 {
			f.packed = uint32(len(f.data))
		}
		if f.unpacked == 0 {
			f.unpacked = uint32(len(f.data))
		}
		if f.checksum == 0 {
			f.checksum = crc32.ChecksumIEEE(f.data)
		}
		at := len(b)
		if f.at != 0 {
			at = f.at - 1
		}
		head := func(b []byte) []byte {
			b = le.AppendUint16(b, 20)
			b = le.AppendUint16(b, f.flags)
			b = le.AppendUint16(b, f.method)
			b = append(b, 0, 0, 0, 0)
			b = le.AppendUint32(b, f.checksum)
			b = le.AppendUint32(b, f.packed)
			b = le.AppendUint32(b, f.unpacked)
			b = le.AppendUint16(b, uint16(len(f.name)))
			return le.AppendUint16(b, 0)
		}
		if f.at == 0 {
			b = append(append(head(append(b, "PK\x03\x04"...)), f.name...), f.data...)
		}
		directory = head(append(directory, "PK\x01\x02\x14\x00"...))
		directory = append(directory, make([]byte, 10)...)
		directory = append(le.AppendUint32(directory, uint32(at)), f.name...)
	}
	end := append([]byte("PK\x05\x06"), make([]byte, 18)...)
	le.PutUint16(end[8:], uint16(len(files)))
	le.PutUint16(end[10:], uint16(len(files)))
	le.PutUint32(end[12:], uint32(len(directory)))
	le.PutUint32(end[16:], uint32(len(b)))
	if edit != nil {
		edit(end)
	}
	return append(append(b, directory...), end...)
}

func TestHostileArchives(t *testing.T) {
	data := make([]byte, 100)
	good, err := os.ReadFile(goldenPath("plain.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := readBytes(craft([]zipped{{name: "a.safetensors", data: good}}, nil)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		files []zipped
		want  string
	}{
		{"twice", []zipped{{name: "a.pt", data: data}, {name: "a.pt", data: data}}, `the archive has "a.pt" twice`},
		{"share bytes", []zipped{{name: "a.pt", data: data}, {name: "b.pt", data: data, at: 1}}, "share bytes"},
		{"overlap", []zipped{{name: "a.pt", data: append(craft([]zipped{{name: "b.pt", data: data}}, nil)[:60], data...)}, {name: "b.pt", data: data, at: 1 + 30 + 4}}, "share bytes"},
		{"encrypted", []zipped{{name: "a.pt", data: data, flags: 1}}, "it is encrypted"},
		{"method", []zipped{{name: "a.pt", data: data, method: 12}}, "packed by method 12"},
		{"bomb", []zipped{{name: "a.pt", data: data, method: 8, unpacked: 1 << 30}}, "which no weights do"},
		{"not packed and longer", []zipped{{name: "a.pt", data: data, unpacked: 1 << 20}}, "is not packed and has 100 bytes of 1048576"},
		{"beyond", []zipped{{name: "a.pt", data: data, packed: 1 << 30, unpacked: 1 << 30}}, "it has 1073741824 packed bytes"},
		{"unpacks to less", []zipped{{name: "a.pt", data: []byte("\x03\x00"), method: 8, unpacked: 1 << 20}}, "unexpected EOF"},
		{"damaged", []zipped{{name: "a.safetensors", data: good, checksum: 1}}, "checksum error"},
		{"two pickles", []zipped{{name: "a/data.pkl", data: data}, {name: "b/data.pkl", data: data}}, "holds no file of weights"},
		{"hidden", []zipped{{name: "__MACOSX/._a.pth", data: data}}, "holds no file of weights"},
		{"archive in archive", []zipped{{name: "a.pth", data: craft([]zipped{{name: "b.pth", data: data}}, nil)}}, "no FOLDER/data.pkl"},
		{"long pickle", []zipped{{name: "a/data.pkl", data: make([]byte, 8<<20+1)}}, "has 8388609 bytes, expected at most 8388608"},
		{"nothing", nil, "no file of weights"},
	} {
		refuses(t, c.name, craft(c.files, nil), c.want)
	}
	one := craft([]zipped{{name: "a.safetensors", data: good}}, nil)
	refuses(t, "cut", one[:len(one)-10], "no directory at its end: is the file truncated?")
	far := craft([]zipped{{name: "a.safetensors", data: good}, {name: "b", at: 1 << 30}}, nil)
	refuses(t, "begins beyond", far, "does not begin where the directory says")
	var long []zipped
	for i := range 80 {
		long = append(long, zipped{name: fmt.Sprintf("%02d", i) + strings.Repeat("x", 65000), data: nil})
	}
	refuses(t, "directory that is too long", craft(long, nil), "the directory of the archive is longer than")
	refuses(t, "directory elsewhere", craft([]zipped{{name: "a.pt", data: data}}, func(end []byte) { binary.LittleEndian.PutUint32(end[16:], 1<<30) }), "negative offset")
}

// TestManyRecords reads an archive whose end claims so many files that the standard
// library would take memory for them at once.
func TestManyRecords(t *testing.T) {
	body := make([]byte, 1<<20)
	copy(body, "PK\x03\x04")
	le := binary.LittleEndian
	end64 := append([]byte("PK\x06\x06"), make([]byte, 52)...)
	le.PutUint64(end64[4:], 44)
	le.PutUint64(end64[24:], uint64(len(body)/30-10))
	le.PutUint64(end64[32:], uint64(maxRecords+1))
	locator := append([]byte("PK\x06\x07"), make([]byte, 16)...)
	le.PutUint64(locator[8:], uint64(len(body)))
	le.PutUint32(locator[16:], 1)
	end := append([]byte("PK\x05\x06"), bytes.Repeat([]byte{0xff}, 18)...)
	le.PutUint16(end[20:], 0)
	b := append(append(append(body, end64...), locator...), end...)
	refuses(t, "many records", b, "the archive claims to have")
	le.PutUint64(locator[8:], math.MaxUint64)
	copy(b[len(b)-42:], locator)
	refuses(t, "record beyond", b, "names a place beyond it")
}

// FuzzReadFrom looks for a file that is read wrongly: what is read must be finite, fit its
// shapes and stay within the bound that the package states.
func FuzzReadFrom(f *testing.F) {
	files, err := filepath.Glob(goldenPath("*"))
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add(safe(`{"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}`, 4))
	f.Fuzz(func(t *testing.T, b []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		file, err := readBytes(b)
		runtime.ReadMemStats(&after)
		unpacked := uint64(maxRatio*len(b) + alwaysFits)
		if taken, most := after.TotalAlloc-before.TotalAlloc, 10*unpacked+4*spare+192<<20; taken > most {
			t.Errorf("%d bytes were taken for a file of %d, expected at most %d", taken, len(b), most)
		}
		if err != nil {
			return
		}
		for _, tensor := range file.Tensors {
			for _, v := range tensor.Data {
				if v-v != 0 {
					t.Fatalf("tensor %q has %v", tensor.Name, v)
				}
			}
		}
		if again, err := readBytes(b); err != nil || again.Digest() != file.Digest() {
			t.Fatalf("read again it gives %v", err)
		}
	})
}

// TestReadsNoMoreThanTold reads a file that has become shorter since its size was asked.
func TestReadsNoMoreThanTold(t *testing.T) {
	b, err := os.ReadFile(goldenPath("plain-zip-2.pth"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ReadFrom(bytes.NewReader(b[:len(b)-1]), int64(len(b)), ""); err == nil {
		t.Error("no error")
	}
	if _, err := ReadFrom(io.NewSectionReader(bytes.NewReader(nil), 0, 0), maxFile+1, ""); err == nil || !strings.Contains(err.Error(), "expected at most") {
		t.Errorf("error %v", err)
	}
	var z bytes.Buffer
	if err := zip.NewWriter(&z).Close(); err != nil {
		t.Fatal(err)
	}
	refuses(t, "empty archive", z.Bytes(), "no file of weights")
}
