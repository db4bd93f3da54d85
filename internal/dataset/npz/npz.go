// Package npz reads the arrays of .npz files: zip archives whose files are arrays in
// NumPy's format (numpy.savez and numpy.savez_compressed). What a file claims is checked
// before memory or time is spent on it, and the values are read as a stream.
package npz

import (
	"archive/zip"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

// MaxBytes is the most that an array's values may take, unpacked.
const MaxBytes = 8 << 30

// maxDirectory is the most that is read of an archive to list its files, in bytes.
const maxDirectory = 1 << 20

// Archive is an open .npz file.
type Archive struct {
	files map[string]*zip.File
	keys  []string
}

// Array is one of an archive's arrays: its header, and where its values are.
type Array struct {
	Header
	file *zip.File
}

// Use calls use with the .npz file at path, which is closed after it. Errors of the
// archive begin with path; those that a damaged file is not the cause of are a
// [config.UsageError].
func Use(path string, use func(a *Archive) error) error {
	file, err := fileio.OpenRegular(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	archive, err := Read(file, info.Size())
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return use(archive)
}

// Read reads the directory of the .npz file in r, which has size bytes.
func Read(r io.ReaderAt, size int64) (*Archive, error) {
	if err := checkBeginning(r, size); err != nil {
		return nil, err
	}
	directory := &bounded{r: r, left: maxDirectory}
	z, err := zip.NewReader(directory, size)
	switch {
	case directory.left < 0:
		return nil, fmt.Errorf("corrupt: its directory has more than %d bytes, which no archive of a few arrays has", maxDirectory)
	case err != nil:
		return nil, fmt.Errorf("truncated or corrupt: the directory at the end of a zip archive is damaged or not there: %w", err)
	}
	directory.lifted = true
	if err := checkEnd(r, size, len(z.Comment)); err != nil {
		return nil, err
	}
	a := &Archive{files: map[string]*zip.File{}}
	for _, f := range z.File {
		if a.files[f.Name] != nil {
			return nil, fmt.Errorf("corrupt: it has two files %.80q", f.Name)
		}
		a.files[f.Name] = f
		if key, is := strings.CutSuffix(f.Name, ".npy"); is {
			a.keys = append(a.keys, key)
		}
	}
	return a, nil
}

// bounded refuses to read more than is left, until it is lifted.
type bounded struct {
	r      io.ReaderAt
	left   int64
	lifted bool
}

// ReadAt implements io.ReaderAt.
func (b *bounded) ReadAt(p []byte, at int64) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 && !b.lifted {
		return 0, errors.New("too long")
	}
	return b.r.ReadAt(p, at)
}

// checkBeginning reports what is no zip archive.
func checkBeginning(r io.ReaderAt, size int64) error {
	if size == 0 {
		return errors.New("truncated: it is empty")
	}
	start := make([]byte, min(size, int64(len(npyMagic))))
	if _, err := r.ReadAt(start, 0); err != nil {
		return early(err)
	}
	switch {
	case string(start) == npyMagic:
		return config.Usagef("is a .npy file, a single array: save images and labels in one file, as by np.savez_compressed(\"data.npz\", train_images=..., train_labels=...)")
	case !strings.HasPrefix(string(start), "PK"):
		return errors.New("is no .npz file: it does not begin as a zip archive does")
	}
	return nil
}

// checkEnd reports bytes that follow the record at the end of an archive, whose comment
// has the given length.
func checkEnd(r io.ReaderAt, size int64, comment int) error {
	const length, signature = 22, "PK\x05\x06" // APPNOTE.TXT 6.3.10, 4.3.16
	start := make([]byte, len(signature))
	if _, err := r.ReadAt(start, max(0, size-length-int64(comment))); err != nil {
		return early(err)
	}
	if string(start) != signature {
		return errors.New("corrupt: more bytes follow the end of the zip archive")
	}
	return nil
}

// Keys are the names of the arrays, in the order of the file.
func (a *Archive) Keys() []string { return a.keys }

// Has says whether there is an array called key.
func (a *Archive) Has(key string) bool { return a.files[key+".npy"] != nil }

// Array reads the header of the array called key, which must be there.
func (a *Archive) Array(key string) (*Array, error) {
	f := a.files[key+".npy"]
	if f == nil {
		return nil, errors.New("is not there")
	}
	if err := check(f); err != nil {
		return nil, err
	}
	body, err := f.Open()
	if err != nil {
		return nil, inWords(err)
	}
	defer body.Close()
	header, err := readHeader(body)
	if err != nil {
		return nil, err
	}
	if want := header.length + header.Bytes(); uint64(want) != f.UncompressedSize64 {
		return nil, fmt.Errorf("corrupt: it has %d bytes, but its header, for the shape %s, claims %d", f.UncompressedSize64, header.ShapeText(), want)
	}
	return &Array{*header, f}, nil
}

// check refuses what cannot be unpacked.
func check(f *zip.File) error {
	switch {
	case f.Flags&1 != 0:
		return config.Usagef("is encrypted: save it without a password")
	case f.Method != zip.Store && f.Method != zip.Deflate:
		return config.Usagef("is packed by method %d of zip, which NumPy does not use: save it by np.savez or np.savez_compressed", f.Method)
	case f.Method == zip.Store && f.CompressedSize64 != f.UncompressedSize64:
		return fmt.Errorf("corrupt: %d bytes that are not packed cannot be %d", f.CompressedSize64, f.UncompressedSize64)
	}
	return nil
}

// Plain says whether the values lie in the archive's file as they are, and from which
// byte on.
func (a *Array) Plain() (offset int64, plain bool) {
	start, err := a.file.DataOffset()
	return start + a.length, err == nil && a.file.Method == zip.Store
}

// CopyTo writes the values to w, in the order and form of the file, and compares them
// with the archive's checksum.
func (a *Array) CopyTo(w io.Writer) error {
	body, err := a.file.Open()
	if err != nil {
		return inWords(err)
	}
	defer body.Close()
	if _, err := io.CopyN(io.Discard, body, a.length); err != nil {
		return inWords(err)
	}
	target := &writer{w: w}
	n, err := io.CopyN(target, body, a.Bytes())
	switch {
	case target.err != nil:
		return target.err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("truncated: it ends after %d of %d bytes of values", n, a.Bytes())
	case err != nil:
		return inWords(err)
	}
	_, err = io.CopyN(io.Discard, body, 1) // reading the end checks the checksum
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err == nil: // more follows
		err = zip.ErrFormat
	}
	return inWords(err)
}

// writer keeps the error of what it writes to apart from those of reading.
type writer struct {
	w   io.Writer
	err error
}

// Write implements io.Writer.
func (w *writer) Write(b []byte) (n int, err error) {
	n, w.err = w.w.Write(b)
	return n, w.err
}

// inWords puts the errors of unpacking into words.
func inWords(err error) error {
	var damage flate.CorruptInputError
	switch {
	case errors.Is(err, zip.ErrChecksum):
		return errors.New("corrupt: its checksum is not that of the archive's directory")
	case errors.Is(err, zip.ErrFormat):
		return errors.New("corrupt: the archive's directory and what it lists do not agree")
	case errors.As(err, &damage):
		return fmt.Errorf("corrupt: %w", err)
	}
	return early(err)
}

// early says that a file ends too early.
func early(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("truncated: it ends early")
	}
	return err
}
