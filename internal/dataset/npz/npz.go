// Package npz reads the arrays of .npz files: zip archives whose files are arrays in
// NumPy's format (numpy.savez and numpy.savez_compressed). What a file claims is checked
// against its length before memory or time is spent on it, and the values are read as a
// stream.
package npz

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

// MaxBytes is the most that an array's values may take, unpacked.
const MaxBytes = 8 << 30

// Archive is an open .npz file.
type Archive struct {
	r       io.ReaderAt
	entries []entry
}

// Array is one of an archive's arrays: its header, and where its values are.
type Array struct {
	Header
	archive *Archive
	entry   entry
	start   int64 // of the npy file in the archive's file, packed or not
}

// Open opens the .npz file at path and reads its directory. The caller closes the file,
// which must stay open as long as arrays are read. Errors begin with path; those that a
// damaged file is not the cause of are a [config.UsageError].
func Open(path string) (*Archive, *os.File, error) {
	file, err := fileio.OpenRegular(path)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	archive, err := Read(file, info.Size())
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s: %w", path, err), file.Close())
	}
	return archive, file, nil
}

// Read reads the directory of the .npz file in r, which has size bytes.
func Read(r io.ReaderAt, size int64) (*Archive, error) {
	if size == 0 {
		return nil, errors.New("truncated: it is empty")
	}
	start := make([]byte, min(size, 6))
	if _, err := r.ReadAt(start, 0); err != nil {
		return nil, early(err)
	}
	switch {
	case string(start) == npyMagic:
		return nil, config.Usagef("is a .npy file, a single array: save images and labels in one file by np.savez_compressed(\"data.npz\", train_images=..., train_labels=...)")
	case !strings.HasPrefix(string(start), "PK"):
		return nil, errors.New("is no .npz file: it does not begin as a zip archive does")
	}
	entries, err := readDirectory(r, size)
	if err != nil {
		return nil, err
	}
	return &Archive{r, entries}, nil
}

// Keys are the names of the arrays, in the order of the file.
func (a *Archive) Keys() []string {
	var keys []string
	for _, e := range a.entries {
		if key, is := strings.CutSuffix(e.name, ".npy"); is {
			keys = append(keys, key)
		}
	}
	return keys
}

// Has says whether there is an array called key.
func (a *Archive) Has(key string) bool { return slices.Contains(a.Keys(), key) }

// Array reads the header of the array called key, which must be there.
func (a *Archive) Array(key string) (*Array, error) {
	array, err := a.array(key)
	if err != nil {
		return nil, fmt.Errorf("array %s: %w", key, err)
	}
	return array, nil
}

func (a *Archive) array(key string) (*Array, error) {
	at := slices.IndexFunc(a.entries, func(e entry) bool { return e.name == key+".npy" })
	if at < 0 {
		return nil, errors.New("is not there")
	}
	e := a.entries[at]
	start, err := e.data(a.r)
	if err != nil {
		return nil, err
	}
	body, err := e.open(a.r, start)
	if err != nil {
		return nil, err
	}
	header, err := readHeader(body)
	if err != nil {
		return nil, err
	}
	if want := header.length + header.Bytes(); want != e.size {
		return nil, fmt.Errorf("corrupt: it has %d bytes, but its header, for the shape %s, claims %d", e.size, header.ShapeText(), want)
	}
	return &Array{*header, a, e, start}, nil
}

// Plain says whether the values lie in the archive's file as they are, and from which
// byte on.
func (a *Array) Plain() (offset int64, plain bool) {
	return a.start + a.length, a.entry.method == stored
}

// CopyTo writes the values to w, in the order and form of the file, and compares them
// with the archive's checksum.
func (a *Array) CopyTo(w io.Writer) error {
	body, err := a.entry.open(a.archive.r, a.start)
	if err != nil {
		return err
	}
	sum := crc32.NewIEEE()
	body = io.TeeReader(body, sum)
	if _, err := io.CopyN(io.Discard, body, a.length); err != nil {
		return early(err)
	}
	n, err := io.CopyN(w, body, a.Bytes())
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("truncated: it ends after %d of %d bytes of values", n, a.Bytes())
	}
	if err != nil {
		return early(err)
	}
	if n, err := io.CopyN(io.Discard, body, 1); n > 0 || !errors.Is(err, io.EOF) {
		return fmt.Errorf("corrupt: more bytes follow than the %d that the archive's directory claims", a.entry.size)
	}
	if sum.Sum32() != a.entry.crc {
		return errors.New("corrupt: its checksum is not that of the archive's directory")
	}
	return nil
}
