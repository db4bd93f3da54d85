package pretrained

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// File is what a file of weights holds.
type File struct {
	Format string // one of the formats below
	SHA256 string // of the whole file
	Bytes  int64

	// Of a wheel or zip archive, the file in it that was read.
	Member, MemberSHA256 string

	// Taken are the keys of a checkpoint under which the weights were found, from the
	// outermost one. Prefix was removed from every name.
	Taken  []string
	Prefix string

	Tensors []weights.Tensor // in the order of the file, under the file's names
	Types   []TypeCount      // of the values of Tensors in the file, in order of appearance
	LeftOut []string         // names that end in num_batches_tracked
	Beside  []Beside         // what else the file holds, which is not weights
}

// TypeCount says how many tensors have values of a type.
type TypeCount struct {
	Type    string `json:"type"`
	Tensors int    `json:"tensors"`
}

// Beside is an entry of a checkpoint that is not read.
type Beside struct {
	Name string `json:"name"`
	What string `json:"what"`
}

// The formats.
const (
	Safetensors = "safetensors"
	TorchZip    = "PyTorch, zip form"
	TorchLegacy = "PyTorch, form before 1.6"
)

// counter is the ending of names of tensors that count batches, of which nothing depends.
const counter = "num_batches_tracked"

// prefix is what PyTorch's DataParallel and averaged models put before every name.
const prefix = "module."

// maxFile is the longest file that is read.
const maxFile = 4 << 30

// Digest is the hexadecimal SHA-256 over names, shapes and values of the tensors, in order
// of names: [weights.Digest]. It is the same for a file, a wheel that holds it, and the
// same weights in another format.
func (f *File) Digest() string { return weights.Digest(f.Tensors) }

// Parameters is the number of values of all tensors.
func (f *File) Parameters() int {
	n := 0
	for _, t := range f.Tensors {
		n += len(t.Data)
	}
	return n
}

// How says in words what was read: the format, and what was taken of it.
func (f *File) How() string {
	var b strings.Builder
	b.WriteString(f.Format)
	if f.Member != "" {
		fmt.Fprintf(&b, ", %s in the archive", f.Member)
	}
	for _, key := range f.Taken {
		fmt.Fprintf(&b, ", under %q", key)
	}
	if f.Prefix != "" {
		fmt.Fprintf(&b, ", names without the prefix %q", f.Prefix)
	}
	return b.String()
}

// Read reads the file of weights at path. member chooses a file of a wheel or zip archive
// by its name there, or the last part of that; it is empty for the only one, and for what
// is no such archive. Errors name the file and, where one is at fault, the tensor.
func Read(path, member string) (*File, error) {
	f, err := fileio.OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	file, err := ReadFrom(f, info.Size(), member)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return file, nil
}

// ReadFrom is [Read] of size bytes that r has.
func ReadFrom(r io.ReaderAt, size int64, member string) (*File, error) {
	if size > maxFile {
		return nil, fmt.Errorf("%d bytes, expected at most %d", size, int64(maxFile))
	}
	src := source{r, size}
	sum, err := src.digest()
	if err != nil {
		return nil, err
	}
	inner, name, err := src.member(member)
	if err != nil {
		return nil, err
	}
	file := &File{SHA256: sum, Bytes: size, Member: name}
	if name != "" {
		if file.MemberSHA256, err = inner.digest(); err != nil {
			return nil, err
		}
	}
	found, err := inner.open()
	if err == nil {
		err = file.take(found)
	}
	if err != nil && name != "" {
		err = fmt.Errorf("%s: %w", name, err)
	}
	if err != nil {
		return nil, err
	}
	return file, nil
}

// source is a file, or the unpacked member of one.
type source struct {
	r    io.ReaderAt
	size int64
}

func (s source) from(offset int64) io.Reader {
	return io.NewSectionReader(s.r, offset, s.size-offset)
}

func (s source) digest() (string, error) {
	h := sha256.New()
	n, err := io.Copy(h, s.from(0))
	if err == nil && n != s.size {
		err = io.ErrUnexpectedEOF
	}
	return hex.EncodeToString(h.Sum(nil)), err
}

// head are the first bytes, at most n.
func (s source) head(n int) ([]byte, error) {
	b := make([]byte, min(int64(n), s.size))
	_, err := io.ReadFull(s.from(0), b)
	return b, err
}

// content is the layout of a file of weights: its tensors, and where the values of each
// are.
type content struct {
	format  string
	taken   []string
	tensors []view
	beside  []Beside
}

// open finds out the format and reads the layout.
func (s source) open() (*content, error) {
	head, err := s.head(64)
	if err != nil {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK")):
		return s.openTorchZip()
	case legacyMagic(head) > 0:
		return s.openTorchLegacy(legacyMagic(head))
	case len(head) > 8 && head[8] == '{':
		return s.openSafetensors()
	}
	return nil, unknownFormat(head)
}

// unknownFormat says what a file is that is none of ours, as far as that can be told.
func unknownFormat(head []byte) error {
	known := "expected safetensors, a file of torch.save, or a wheel or zip archive that holds one"
	for _, form := range []struct{ begins, what string }{
		{"version https://git-lfs", "it is a pointer of Git LFS and not the file itself: fetch it with 'git lfs pull'"},
		{"<", "it is a page of the web (or other markup) and not the file itself: download it again"},
		{"\x89HDF", "it is HDF5, as Keras writes it: " + known},
		{"\x80", "it is a pickle that torch.save did not write: " + known},
		{"\x1f\x8b", "it is packed by gzip: unpack it first"},
		{"\x93NUMPY", "it is an array of NumPy: " + known},
	} {
		if bytes.HasPrefix(head, []byte(form.begins)) {
			return errors.New(form.what)
		}
	}
	switch {
	case len(head) == 0:
		return errors.New("the file is empty")
	case len(head) > 8 && string(head[4:8]) == "TFL3":
		return errors.New("it is a model of TensorFlow Lite: " + known)
	}
	return fmt.Errorf("the format is not known (its first bytes are %x): %s", head[:min(len(head), 8)], known)
}
