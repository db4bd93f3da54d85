package fileio

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"
)

// ErrNoArchive says that a file is no gzipped archive at all.
var ErrNoArchive = errors.New("not a gzip file")

// ReadArchive unpacks the gzipped tar archive at path into the empty folder dir and
// returns the name of the one folder that all of its entries stand under. It takes
// what WriteArchive writes, to the byte of every header, and refuses all else before
// it is written: links and other irregular entries, paths that are not clean and
// relative, another order, owner, mode or time, a name or comment in the gzip header,
// more than the limits, and data after the end. Errors of the disk are fs.PathErrors,
// those of the content are not. The end of ctx ends the work, with its cause.
func ReadArchive(ctx context.Context, archive, dir string, limits Limits) (top string, err error) {
	f, err := OpenRegular(archive)
	if err != nil {
		return "", err
	}
	defer f.Close()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", err
	}
	defer root.Close()
	u := &unpacking{root: root, left: limits}
	if err := u.file(&cancellable{ctx, f}); err != nil {
		return "", fmt.Errorf("%s: %w", archive, err)
	}
	return u.top, nil
}

// cancellable is a reader until the context ends: a small archive can unpack to much.
type cancellable struct {
	ctx context.Context
	r   io.Reader
}

// Read implements io.Reader.
func (c *cancellable) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(p)
}

// unpacking is the state of ReadArchive.
type unpacking struct {
	root *os.Root
	top  string // folder of all entries
	last string // path of the last entry
	left Limits

	form     *mirror
	again    *tar.Writer // writes to form what WriteArchive would have written
	modified time.Time   // of all entries
}

// mirror compares what is read through it with what is then written to it.
type mirror struct {
	r    io.Reader
	read bytes.Buffer
}

// Read implements io.Reader.
func (m *mirror) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.read.Write(p[:n])
	return n, err
}

// errForm is for archives that hold what a package holds, and were not written by
// WriteArchive.
var errForm = errors.New("the archive has not the form in which packages are written (ustar, user and group 0, modes 0644 and 0755, one time, sorted): unpack it and give the folder")

// Write implements io.Writer.
func (m *mirror) Write(p []byte) (int, error) {
	if !bytes.Equal(m.read.Next(len(p)), p) {
		return 0, errForm
	}
	return len(p), nil
}

// gzipHeader begins every archive that WriteArchive writes: no flags, so neither name,
// comment nor extra field, no time, best compression, no operating system.
const gzipHeader = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"

// open checks the header of a gzip file and returns what it holds.
func open(packed *bufio.Reader) (*gzip.Reader, error) {
	header, err := packed.Peek(len(gzipHeader))
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return nil, err
	case err != nil || !bytes.HasPrefix(header, []byte(gzipHeader[:2])):
		return nil, ErrNoArchive
	case string(header) != gzipHeader:
		return nil, fmt.Errorf("its gzip header is %x, that of a package is %x: unpack it and give the folder", header, gzipHeader)
	}
	return gzip.NewReader(packed)
}

func (u *unpacking) file(f io.Reader) error {
	packed := bufio.NewReader(f) // of which gzip reads no more than is its own
	z, err := open(packed)
	if err != nil {
		return err
	}
	z.Multistream(false)
	u.form = &mirror{r: z}
	u.again = tar.NewWriter(u.form)
	if err := u.entries(tar.NewReader(u.form)); err != nil {
		return err
	}
	if err := u.again.Close(); err != nil {
		return err
	}
	if err := ended(z, "the last entry"); err != nil {
		return err
	}
	return ended(packed, "the end of the archive")
}

// ended refuses a reader that has anything left.
func ended(r io.Reader, what string) error {
	switch n, err := io.ReadFull(r, make([]byte, 1)); {
	case n > 0:
		return fmt.Errorf("it has data after %s", what)
	case !errors.Is(err, io.EOF):
		return err
	}
	return nil
}

func (u *unpacking) entries(t *tar.Reader) error {
	for {
		header, err := t.Next()
		switch {
		case errors.Is(err, io.EOF) && u.top == "":
			return errors.New("the archive is empty")
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := u.entry(header, t); err != nil {
			return fmt.Errorf("%.200q: %w", header.Name, err)
		}
	}
}

// entry checks one entry and writes it.
func (u *unpacking) entry(header *tar.Header, content io.Reader) error {
	name, err := u.admit(header)
	if err != nil {
		return err
	}
	if u.modified.IsZero() {
		u.modified = header.ModTime
	}
	folder := header.Typeflag == tar.TypeDir
	if err := u.again.WriteHeader(headerOf(name, folder, header.Size, u.modified)); err != nil {
		return err
	}
	if folder {
		err = u.root.Mkdir(name, 0o755)
	} else {
		err = u.write(name, content)
	}
	for _, cause := range []error{fs.ErrExist, fs.ErrNotExist, syscall.ENOTDIR, syscall.ENAMETOOLONG} { // not the disk's fault
		if errors.Is(err, cause) {
			return fmt.Errorf("the path does not go with the others or with this system: %w", cause)
		}
	}
	return err
}

func (u *unpacking) write(name string, content io.Reader) error {
	f, err := u.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.MultiWriter(f, u.again), content) // of as many bytes as the header says, which tar sees to
	return errors.Join(err, f.Close())
}

// admit returns the path of an entry that may be unpacked.
func (u *unpacking) admit(header *tar.Header) (name string, err error) {
	name = header.Name
	folder := header.Typeflag == tar.TypeDir
	switch {
	case folder:
		name = strings.TrimSuffix(name, "/")
	case header.Typeflag != tar.TypeReg:
		return "", ErrIrregular
	}
	if err := checkListable(name); err != nil {
		return "", err
	}
	top, below, isBelow := strings.Cut(name, "/")
	if u.top == "" {
		u.top = top
	}
	switch {
	case !isBelow && !folder:
		return "", errors.New("a file that lies in no folder")
	case top != u.top:
		return "", fmt.Errorf("not in one folder with the other entries, %q", u.top)
	case name == u.last:
		return "", errors.New("the path comes twice")
	case name < u.last:
		return "", errForm
	}
	u.last = name
	if !isBelow {
		return name, nil
	}
	return name, u.left.take(below, folder, header.Size)
}
