package npz

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/config"
)

// npy is an array with a header of version 1.
func npy(descr, order, shape string, values []byte) []byte {
	return raw(1, fmt.Sprintf("{'descr': %s, 'fortran_order': %s, 'shape': %s, }", descr, order, shape), values)
}

// raw is an array with the given header.
func raw(version byte, header string, values []byte) []byte {
	b := append([]byte(npyMagic), version, 0)
	if version == 1 {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(header)+1))
	} else {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(header)+1))
	}
	return append(append(b, header+"\n"...), values...)
}

// archive is a zip archive of arrays, whose names and contents alternate.
func archive(t testing.TB, method uint16, entries ...any) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(entries); i += 2 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: entries[i].(string), Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(entries[i+1].([]byte)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// read reads the array called a.
func read(file []byte) error {
	a, err := Read(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return err
	}
	array, err := a.Array("a")
	if err != nil {
		return err
	}
	return array.CopyTo(io.Discard)
}

func TestRead(t *testing.T) {
	data := []byte{1, 2, 3, 4, 5, 6}
	for name, content := range map[string][]byte{
		"plain":       npy("'|u1'", "False", "(2, 3)", data),
		"version 2":   raw(2, `{"shape":(2,3),"fortran_order":False,"descr":"|u1"}`, data),
		"version 3":   raw(3, "{'descr': '<u1', 'fortran_order': False, 'shape': (2L, 3L)}", data),
		"one in rank": npy("'<i2'", "True", "(3,)", data), // Fortran order of one dimension is C's
	} {
		for _, method := range []uint16{zip.Store, zip.Deflate} {
			file := archive(t, method, "other.npy", []byte("no array"), "a.npy", content, "note.txt", []byte("text"))
			a, err := Read(bytes.NewReader(file), int64(len(file)))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(a.Keys(), []string{"other", "a"}) || !a.Has("a") || a.Has("note.txt") || a.Has("b") {
				t.Errorf("%s: keys %v", name, a.Keys())
			}
			array, err := a.Array("a")
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			if err := array.CopyTo(&b); err != nil || !bytes.Equal(b.Bytes(), data) {
				t.Errorf("%s: %v, %v", name, b.Bytes(), err)
			}
			offset, plain := array.Plain()
			if plain != (method == zip.Store) || plain && !bytes.Equal(file[offset:offset+6], data) {
				t.Errorf("%s: plain is %t, from %d on", name, plain, offset)
			}
		}
	}
}

func TestReadRefuses(t *testing.T) {
	good := npy("'|u1'", "False", "(2, 3)", ramp(6))
	file := archive(t, zip.Deflate, "a.npy", good)
	stored := archive(t, zip.Store, "a.npy", good)
	spoilt := bytes.Clone(stored)
	spoilt[bytes.Index(stored, ramp(6))] ^= 1
	one := func(content []byte) []byte { return archive(t, zip.Deflate, "a.npy", content) }
	entry := func(change func(directory []byte)) []byte {
		b := bytes.Clone(stored)
		change(b[bytes.Index(b, []byte("PK\x01\x02")):])
		return b
	}
	cases := []struct {
		name  string
		file  []byte
		usage bool
		want  string
	}{
		{"empty", nil, false, "truncated: it is empty"},
		{"text", []byte("<html>not found</html>"), false, "is no .npz file"},
		{"npy", good, true, "is a .npy file, a single array"},
		{"truncated", file[:len(file)-1], false, "truncated or corrupt: the directory"},
		{"half", file[:len(file)/2], false, "truncated or corrupt: the directory"},
		{"beginning", file[:4], false, "truncated or corrupt: the directory"},
		{"trailing bytes", append(bytes.Clone(file), "more"...), false, "more bytes follow the end"},
		{"checksum", spoilt, false, "corrupt: its checksum"},
		{"twice", archive(t, zip.Store, "a.npy", good, "a.npy", good), false, `it has two files "a.npy"`},
		{"many files", many(t), false, "its directory has more than 1048576 bytes"},
		{"not there", archive(t, zip.Store, "b.npy", good), false, "is not there"},
		{"no array", one([]byte("text that is no array")), false, "corrupt: it is no array of NumPy"},
		{"empty array", one(nil), false, "truncated: it ends early"},
		{"half a header", one(good[:20]), false, "truncated: it ends early"},
		{"values are missing", one(good[:len(good)-1]), false, "corrupt: it has"},
		{"values are left", one(append(bytes.Clone(good), 0)), false, "corrupt: it has"},
		{"long header", one(append([]byte(npyMagic), 2, 0, 0, 0, 0, 0x7f)), false, "claims a header of 2130706432 bytes"},
		{"version", one(raw(4, "{}", nil)), false, "has version 4.0"},
		{"encrypted", entry(func(d []byte) { d[8] |= 1 }), true, "is encrypted"},
		{"method", entry(func(d []byte) { d[10] = 14 }), true, "is packed by method 14 of zip"},
		{"sizes", entry(func(d []byte) { d[24]++ }), false, "that are not packed cannot be"},
		{"size beyond the file", entry(func(d []byte) { d[22], d[26] = 1, 1 }), false, "corrupt: it has"},
		{"place", entry(func(d []byte) { d[42] = 9 }), false, "do not agree"},

		{"objects", one(npy("'|O'", "False", "(2,)", ramp(6))), true, "holds Python objects, which are not read, since reading them can run programs"},
		{"big endian", one(npy("'>i2'", "False", "(3,)", ramp(6))), true, `is big endian (>i2): save array.astype("<i2")`},
		{"Fortran order", one(npy("'|u1'", "True", "(2, 3)", ramp(6))), true, "is in Fortran order: save np.ascontiguousarray(array)"},
		{"bool", one(npy("'|b1'", "False", "(6,)", ramp(6))), true, "type \"|b1\": save it as numbers"},
		{"text values", one(npy("'<U3'", "False", "(6,)", ramp(6))), true, `type "<U3"`},
		{"fields", one(npy("[('a', '|u1'), ('b', [('c', '<i2')])]", "False", "(2,)", ramp(6))), true, "has values of several fields"},
		{"hostile shape", one(npy("'|u1'", "False", "(4294967296, 4294967296, 4294967296)", nil)), false, "claims the shape"},
		{"hostile shape with zero", one(npy("'|u1'", "False", "(0, 4611686018427387903)", nil)), false, "claims the shape"},
		{"overflow", one(npy("'|u1'", "False", "(8589934592, 8589934592)", nil)), false, "claims the shape"},
		{"wide values", one(npy("'<f8'", "False", "(8589934592,)", nil)), false, "takes 68719476736 bytes"},
		{"many dimensions", one(npy("'|u1'", "False", "(1,1,1,1,1,1,1,1,1)", ramp(1))), false, "claims 9 dimensions"},
		{"negative", one(npy("'|u1'", "False", "(-1,)", nil)), false, "want whole numbers for shape"},
		{"number", one(npy("'|u1'", "False", "6", nil)), false, "want a tuple for shape"},
		{"open tuple", one(npy("'|u1'", "False", "(6", nil)), false, "want"},
		{"order", one(npy("'|u1'", "Maybe", "(6,)", nil)), false, "want True or False"},
		{"no dictionary", one(raw(1, "os.system('x')", nil)), false, "want a dictionary"},
		{"unknown key", one(raw(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (1,), 'x': 1}", nil)), false, `unknown key "x"`},
		{"key twice", one(raw(1, "{'descr': '|u1', 'descr': '|u1', 'shape': (1,)}", nil)), false, `want the key "descr" once`},
		{"missing key", one(raw(1, "{'descr': '|u1', 'shape': (1,)}", nil)), false, "want descr, fortran_order and shape"},
		{"escape", one(raw(1, `{'descr': '\x41', 'fortran_order': False, 'shape': (1,)}`, nil)), false, "without backslashes"},
		{"open list", one(raw(1, "{'descr': [('a', 'b'", nil)), false, "a list is not closed"},
		{"behind", one(raw(1, "{'descr': '|u1', 'fortran_order': False, 'shape': (1,)} + x", nil)), false, "and nothing else"},
		{"empty type", one(npy("''", "False", "(1,)", ramp(1))), false, "the type is empty"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := read(c.file)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want %q", err, c.want)
			}
			var mistake *config.UsageError
			if is := errors.As(err, &mistake); is != c.usage {
				t.Errorf("a mistake in what was asked for: %t, want %t: %v", is, c.usage, err)
			}
		})
	}
}

// TestBomb: a file that unpacks to more than it claims is read no further.
func TestBomb(t *testing.T) {
	file := archive(t, zip.Deflate, "a.npy", append(npy("'|u1'", "False", "(6,)", ramp(6)), make([]byte, 1<<20)...))
	at := bytes.Index(file, []byte("PK\x01\x02"))
	size := uint32(len(npy("'|u1'", "False", "(6,)", ramp(6))))
	binary.LittleEndian.PutUint32(file[at+24:], size)
	err := read(file)
	if err == nil || !strings.Contains(err.Error(), "do not agree") {
		t.Errorf("error %v", err)
	}
}

func TestUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.npz")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := Use(path, func(*Archive) error { return nil })
	if err == nil || !strings.HasPrefix(err.Error(), path+": is no .npz file") {
		t.Errorf("error %v", err)
	}
	if err := Use(filepath.Dir(path), nil); err == nil {
		t.Error("a folder is an archive")
	}
}

// TestWriterFails: the error of who takes the values comes out as it is.
func TestWriterFails(t *testing.T) {
	file := archive(t, zip.Store, "a.npy", npy("'|u1'", "False", "(6,)", ramp(6)))
	a, err := Read(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	array, err := a.Array("a")
	if err != nil {
		t.Fatal(err)
	}
	r, w := io.Pipe()
	_ = r.CloseWithError(io.ErrShortBuffer)
	if err := array.CopyTo(w); !errors.Is(err, io.ErrShortBuffer) {
		t.Errorf("error %v", err)
	}
}

func ramp(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i + 1)
	}
	return b
}

// many is an archive of more files than any of arrays has.
func many(t testing.TB) []byte {
	var entries []any
	for i := range 20_000 {
		entries = append(entries, fmt.Sprintf("%06d.npy", i), []byte(nil))
	}
	return archive(t, zip.Store, entries...)
}

// FuzzRead: whatever the bytes, the reader gives an error or exactly the values that the
// header announces.
func FuzzRead(f *testing.F) {
	good := npy("'|u1'", "False", "(2, 3)", ramp(6))
	f.Add(archive(f, zip.Deflate, "a.npy", good))
	f.Add(archive(f, zip.Store, "a.npy", good, "b.npy", npy("'<f4'", "False", "()", ramp(4))))
	f.Add(archive(f, zip.Store, "a.npy", npy("[('a', '|u1')]", "True", "(1L,)", ramp(1))))
	f.Add([]byte("PK"))
	f.Fuzz(func(t *testing.T, file []byte) {
		a, err := Read(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return
		}
		for _, key := range a.Keys() {
			array, err := a.Array(key)
			if err != nil || array.Bytes() > 1<<24 {
				continue
			}
			var b bytes.Buffer
			if err := array.CopyTo(&b); err == nil && int64(b.Len()) != array.Bytes() {
				t.Errorf("%d bytes of values, the header says %d", b.Len(), array.Bytes())
			}
		}
	})
}
