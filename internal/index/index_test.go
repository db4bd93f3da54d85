package index

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

var testKey = Key{Place: "/data/birds", Decoder: "rules {Alpha:drop}", Program: "blocktrain 1.2.3"}

// made are n entries that differ in everything.
func made(n int) []Entry {
	entries := make([]Entry, n)
	for i := range entries {
		entries[i] = Entry{
			Name:  fmt.Appendf(nil, "class%d/a name %06d.png", i/1000, i),
			Stamp: fileio.Stamp{Size: int64(i) << 20, Modified: -int64(i), Changed: int64(i) << 32, Inode: ^uint64(i)},
			Sum:   sha256.Sum256(fmt.Append(nil, i)),
			Width: int32(i + 1), Height: int32(2*i + 1), Channels: uint8(i), Frames: uint8(i / 3), Wide: i%2 == 1,
			Profile: []string{"", "Adobe RGB (1998)", "Display P3"}[i/2%3],
		}
	}
	return entries
}

func all(entries []Entry) iter.Seq[*Entry] {
	return func(yield func(*Entry) bool) {
		for i := range entries {
			if !yield(&entries[i]) {
				return
			}
		}
	}
}

func write(t *testing.T, path string, entries []Entry) {
	t.Helper()
	if err := Write(path, testKey, len(entries), all(entries)); err != nil {
		t.Fatal(err)
	}
}

// read returns a copy of all entries.
func read(path string, k Key) ([]Entry, error) {
	entries := []Entry{}
	n, err := Read(path, k, func(e *Entry) {
		other := *e
		other.Name = bytes.Clone(e.Name)
		entries = append(entries, other)
	})
	if err == nil && n != len(entries) {
		err = fmt.Errorf("%d entries were read and %d counted", len(entries), n)
	}
	return entries, err
}

func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "a"+ending)
	for _, n := range []int{0, 1, 5000} {
		want := made(n)
		write(t, path, want)
		got, err := read(path, testKey)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d entries (-want +got):\n%s", n, diff)
		}
	}
}

// TestOtherKeys reads an index with each part of the key changed.
func TestOtherKeys(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a"+ending)
	write(t, path, made(3))
	for _, k := range []Key{
		{testKey.Place + "s", testKey.Decoder, testKey.Program},
		{testKey.Place, testKey.Decoder + " ", testKey.Program},
		{testKey.Place, testKey.Decoder, "blocktrain 1.2.4"},
	} {
		if got, err := read(path, k); !errors.Is(err, ErrOther) || len(got) > 0 {
			t.Errorf("%+v: %d entries, error %v; want ErrOther", k, len(got), err)
		}
	}
	if _, err := read(path+"x", testKey); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v of an index that is not there", err)
	}
	other := testKey
	other.Program = "blocktrain 1.2.4"
	if File("d", testKey) != File("d", other) {
		t.Error("another program has another file, so that the old one stays")
	}
	if other.Decoder = "other"; File("d", testKey) == File("d", other) {
		t.Error("two decoders have one file, and would replace each other's index again and again")
	}
}

// TestDamage cuts an index off everywhere, changes each byte, and adds some. None of its
// entries may be seen.
func TestDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a"+ending)
	write(t, path, made(3))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refuse := func(what string, b []byte) {
		t.Helper()
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := read(path, testKey); !errors.Is(err, ErrDamaged) || len(got) > 0 {
			t.Errorf("%s: %d entries, error %v; want ErrDamaged", what, len(got), err)
		}
	}
	for i := range whole {
		refuse(fmt.Sprintf("the first %d bytes", i), whole[:i])
		changed := bytes.Clone(whole)
		changed[i] ^= 4
		refuse(fmt.Sprintf("byte %d changed", i), changed)
	}
	refuse("a byte more", append(bytes.Clone(whole), 0))
}

// sealed is an index with any content and the digest that belongs to it.
func sealed(b []byte) []byte {
	sum := sha256.Sum256(b)
	return append(bytes.Clone(b), sum[:]...)
}

// TestForged reads what no program has written, with the right digest. It must neither
// fail otherwise nor take much memory.
func TestForged(t *testing.T) {
	w := &writer{}
	w.head(testKey, 1)
	head := bytes.Clone(w.b)
	w.b = w.b[:0]
	e := made(2)[1]
	if err := w.entry(&e); err != nil {
		t.Fatal(err)
	}
	entry := w.b
	huge := []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for what, b := range map[string][]byte{
		"another magic":        join([]byte("blocktrain index 2\n"), head[len(magic):], entry),
		"no key":               []byte(magic),
		"a huge text":          join([]byte(magic), huge),
		"a huge count":         join(head[:len(head)-1], huge, entry),
		"a count too large":    join(head[:len(head)-1], []byte{2}, entry),
		"a count too small":    join(head[:len(head)-1], []byte{0}, entry),
		"half an entry":        join(head, entry[:40]),
		"a name twice":         join(head[:len(head)-1], []byte{2}, entry, []byte{byte(len(e.Name)), 0}, entry[2+len(e.Name):]),
		"names not in order":   join(head[:len(head)-1], []byte{2}, entry, []byte{0, 1, '!'}, entry[2+len(e.Name):]),
		"a part of no name":    join(head, []byte{1}, entry[1:]),
		"no name":              join(head, []byte{0, 0}, entry[2+len(e.Name):]),
		"a size out of bounds": join(head, entry[:2+len(e.Name)], huge, entry[3+len(e.Name):]),
		"a depth of two":       join(head, entry[:len(entry)-2], []byte{2, 0}),
		"half a profile":       join(head, entry[:len(entry)-1], []byte{2, 'x'}),
	} {
		path := filepath.Join(t.TempDir(), "a"+ending)
		if err := os.WriteFile(path, sealed(b), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := read(path, testKey); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: error %v, want ErrDamaged", what, err)
		}
	}
	path := filepath.Join(t.TempDir(), "a"+ending)
	if err := os.WriteFile(path, sealed(join(head, entry)), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := read(path, testKey); err != nil || len(got) != 1 {
		t.Errorf("what all of these were made of is itself refused: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	w := &writer{}
	w.head(testKey, 2)
	for e := range all(made(2)) {
		if err := w.entry(e); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(w.b)
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "a"+ending)
		if err := os.WriteFile(path, sealed(b), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := read(path, testKey); err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrOther) {
			t.Error(err)
		}
	})
}

// TestFailedWrite keeps the index that was there.
func TestFailedWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a"+ending)
	want := made(3)
	write(t, path, want)
	if err := Write(path, testKey, 4, all(made(3))); err == nil {
		t.Error("fewer entries than announced were written")
	}
	if got, err := read(path, testKey); err != nil || !cmp.Equal(want, got) {
		t.Errorf("the index holds %d entries, error %v; want the old ones", len(got), err)
	}
}

// TestTwoAtOnce writes and reads one index from many sides. Whoever reads finds one of
// those that were written.
func TestTwoAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a"+ending)
	write(t, path, made(1))
	var group sync.WaitGroup
	for n := range 4 {
		group.Go(func() {
			for range 5 {
				if err := Write(path, testKey, 1000*n+1, all(made(1000*n+1))); err != nil {
					t.Error(err)
				}
			}
		})
		group.Go(func() {
			for range 10 {
				if got, err := read(path, testKey); err != nil || len(got)%1000 != 1 {
					t.Errorf("%d entries, error %v", len(got), err)
				}
			}
		})
	}
	group.Wait()
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, error %v; want the index alone", entries, err)
	}
}

// TestKilled kills a process that is writing the index. The old one stands, and the next
// writer removes what was left.
func TestKilled(t *testing.T) {
	const variable = "BLOCKTRAIN_TEST_WRITE_INDEX"
	if path := os.Getenv(variable); path != "" {
		entries := made(20_000)
		_ = Write(path, testKey, len(entries), func(yield func(*Entry) bool) {
			for i := range entries {
				if i == len(entries)/2 {
					fmt.Println("half")
					time.Sleep(time.Minute)
				}
				yield(&entries[i])
			}
		})
		return
	}
	path := filepath.Join(t.TempDir(), "a"+ending)
	want := made(3)
	write(t, path, want)
	other := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilled$")
	other.Env = append(os.Environ(), variable+"="+path)
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "half\n" {
		t.Errorf("the other process says %q, error %v", line, err)
	}
	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = other.Wait() // which says that it was killed
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 2 {
		t.Errorf("the folder holds %v; want the index and what was being written", entries)
	}
	if got, err := read(path, testKey); err != nil || !cmp.Equal(want, got) {
		t.Errorf("%d entries, error %v; want the old ones", len(got), err)
	}
	write(t, path, made(4))
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("the folder holds %v; want the index alone", entries)
	}
}

// TestUnused removes indexes that nobody used for long, and nothing else.
func TestUnused(t *testing.T) {
	dir := t.TempDir()
	long := time.Now().Add(-unused - time.Hour)
	names := []string{"old" + ending, "used" + ending, "old.txt", "new" + ending}
	for _, name := range names {
		write(t, filepath.Join(dir, name), nil)
	}
	for _, name := range names[:3] {
		if err := os.Chtimes(filepath.Join(dir, name), long, long); err != nil {
			t.Fatal(err)
		}
	}
	Touch(filepath.Join(dir, "used"+ending))
	write(t, filepath.Join(dir, "new"+ending), nil)
	for name, want := range map[string]bool{"old" + ending: false, "used" + ending: true, "new" + ending: true, "old.txt": true} {
		if fileio.Exists(filepath.Join(dir, name)) != want {
			t.Errorf("%s is there: %t, want %t", name, !want, want)
		}
	}
}

// TestClear checks that indexes and kept values are removed, and nothing else.
func TestClear(t *testing.T) {
	dir := t.TempDir()
	write(t, File(dir, testKey), made(3))
	if err := Keep(dir, sha256.Sum256(nil), []byte("value")); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "other.txt")
	if err := os.WriteFile(other, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	removed, bytes, err := Clear(dir)
	if err != nil || removed != 2 || bytes == 0 {
		t.Errorf("%d files of %d bytes were removed (error %v), want 2", removed, bytes, err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) != 1 || left[0] != other {
		t.Errorf("%v is left (error %v), want %s alone", left, err, other)
	}
	if removed, _, err := Clear(filepath.Join(dir, "none")); removed != 0 || err != nil {
		t.Errorf("where there is no folder, %d files are removed (error %v)", removed, err)
	}
}
