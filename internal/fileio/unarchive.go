package fileio

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
)

// ErrNoArchive says that a file is no gzipped archive at all.
var ErrNoArchive = errors.New("not a gzip file")

// ArchiveLimits bound what an archive, which anybody may have made, is unpacked to.
type ArchiveLimits struct {
	Entries int   // files and folders
	Bytes   int64 // of all files together
}

// ReadArchive unpacks the gzipped tar archive at path into the empty folder dir and
// returns the name of the one folder that all of its entries stand under. It takes
// what WriteArchive writes, whoever owns the entries and whatever their mode, and
// refuses all else: links and other irregular entries, paths that are not clean and
// relative, a path that comes twice, more than the limits, and data after the end.
// Errors of the disk are fs.PathErrors, those of the content are not. The end of ctx
// ends the work, with its cause.
func ReadArchive(ctx context.Context, archive, dir string, limits ArchiveLimits) (top string, err error) {
	f, err := os.Open(archive)
	if err != nil {
		return "", err
	}
	defer f.Close()
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", err
	}
	defer root.Close()
	u := &unpacking{root: root, left: limits, seen: map[string]bool{}}
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
	left ArchiveLimits
	seen map[string]bool
}

func (u *unpacking) file(f io.Reader) error {
	packed := bufio.NewReader(f) // of which gzip reads no more than is its own
	z, err := gzip.NewReader(packed)
	switch {
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return ErrNoArchive
	case err != nil:
		return err
	}
	z.Multistream(false)
	if err := u.entries(tar.NewReader(z)); err != nil {
		return err
	}
	if err := onlyZeros(z); err != nil {
		return err
	}
	switch _, err := packed.Peek(1); {
	case err == nil:
		return errors.New("it has data after the end of the archive")
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
	err = u.write(name, header.Typeflag == tar.TypeDir, content)
	for _, cause := range []error{fs.ErrExist, syscall.ENOTDIR, syscall.ENAMETOOLONG} { // not the disk's fault
		if errors.Is(err, cause) {
			return fmt.Errorf("the path does not go with the others or with this system: %w", cause)
		}
	}
	return err
}

func (u *unpacking) write(name string, folder bool, content io.Reader) error {
	if folder {
		return u.root.MkdirAll(name, 0o755)
	}
	if err := u.root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := u.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content) // of as many bytes as the header says, which tar sees to
	return errors.Join(err, f.Close())
}

// admit returns the path of an entry that may be unpacked.
func (u *unpacking) admit(header *tar.Header) (name string, err error) {
	name = header.Name
	switch header.Typeflag {
	case tar.TypeReg:
	case tar.TypeDir:
		name = strings.TrimSuffix(name, "/")
	default:
		return "", errIrregular
	}
	if err := checkListable(name); err != nil {
		return "", err
	}
	top, _, below := strings.Cut(name, "/")
	if u.top == "" {
		u.top = top
	}
	u.left.Entries--
	u.left.Bytes -= header.Size
	switch {
	case !below && header.Typeflag == tar.TypeReg:
		return "", errors.New("a file that lies in no folder")
	case top != u.top:
		return "", fmt.Errorf("not in one folder with the other entries, %q", u.top)
	case u.seen[name]:
		return "", errors.New("the path comes twice")
	case u.left.Entries < 0:
		return "", errors.New("the archive has more entries than any package")
	case u.left.Bytes < 0:
		return "", errors.New("the archive unpacks to more bytes than any package")
	}
	u.seen[name] = true
	return name, nil
}

// maxPadding bounds the zeros behind an archive: tar pads to records of 10 KiB, or
// of as much as it was told.
const maxPadding = 1 << 20

// onlyZeros reads what is left, which may be padding and nothing else.
func onlyZeros(r io.Reader) error {
	b, err := io.ReadAll(io.LimitReader(r, maxPadding+1))
	if err != nil {
		return err
	}
	if len(b) > maxPadding || strings.Trim(string(b), "\x00") != "" {
		return errors.New("it has data after the last entry")
	}
	return nil
}
