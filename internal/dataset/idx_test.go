package dataset

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestIDXRefusesBadFiles(t *testing.T) {
	images := idxBytes(magicImages, []uint32{2, 2, 2}, []uint8{1, 2, 3, 4, 5, 6, 7, 8})
	packed := gzipped(t, images)
	broken := bytes.Clone(packed)
	broken[len(broken)-6] ^= 1 // checksum
	cases := []struct {
		name  string
		file  []byte
		parts []string
	}{
		{"empty", nil, []string{"truncated: it ends early"}},
		{"labels", idxBytes(magicLabels, []uint32{2}, []uint8{1, 2}), []string{"0x00000801 (an IDX file of labels)", "want 0x00000803 (an IDX file of grey images)"}},
		{"other file", []byte("<html>not found</html>"), []string{"0x3c68746d (no IDX file)"}},
		{"half a header", images[:10], []string{"truncated"}},
		{"no examples", idxBytes(magicImages, []uint32{0, 2, 2}, nil), []string{"claims 0 examples", "want 1 to"}},
		{"too many examples", idxBytes(magicImages, []uint32{1 << 31, 2, 2}, nil), []string{"claims 2147483648 examples"}},
		{"no height", idxBytes(magicImages, []uint32{2, 0, 2}, nil), []string{"2 pixels wide and 0 high"}},
		{"absurd width", idxBytes(magicImages, []uint32{2, 2, 5000}, nil), []string{"5000 pixels wide", "want 1 to 4096"}},
		{"absurd size", idxBytes(magicImages, []uint32{1 << 20, 4096, 4096}, nil), []string{"claims 17592186044416 bytes", "at most"}},
		{"lying size", idxBytes(magicImages, []uint32{500, 4096, 4096}, nil), []string{"truncated: its header claims 8388608000 values", "at most 16"}},
		{"lying size, gzipped", gzipped(t, idxBytes(magicImages, []uint32{500, 4096, 4096}, nil)), []string{"truncated: its header claims"}},
		{"truncated", images[:len(images)-1], []string{"truncated", "8 values", "at most 23"}},
		{"truncated, gzipped", gzipped(t, images[:len(images)-3]), []string{"truncated: it ends after 5 of 8 bytes"}},
		{"trailing", append(bytes.Clone(images), 0), []string{"more bytes after the last value"}},
		{"trailing, gzipped", gzipped(t, append(bytes.Clone(images), 0)), []string{"more bytes after the last value"}},
		{"cut gzip", packed[:len(packed)-9], []string{"truncated"}},
		{"gzip checksum", broken, []string{"corrupt: gzip: invalid checksum"}},
		{"gzip header", []byte{0x1f, 0x8b, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9}, []string{"corrupt: gzip: invalid header"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "images")
			writeFile(t, path, c.file)
			for _, mode := range []Mode{ModeRAM, ModeDisk} {
				_, err := readFrames(path, newArrayMemory(mode))
				wantError(t, err, append(c.parts, path)...)
			}
		})
	}
}

func TestLabelOutOfRange(t *testing.T) {
	path := filepath.Join(t.TempDir(), "labels")
	writeFile(t, path, idxBytes(magicLabels, []uint32{3}, []uint8{0, 9, 10}))
	_, err := readLabels(path, 10)
	wantError(t, err, path, "label 10 of example 2", "want 0 to 9")
}

func TestFramesOnDiskLeaveNoFiles(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	path := filepath.Join(t.TempDir(), "images")
	writeFile(t, path, gzipped(t, idxBytes(magicImages, []uint32{2, 1, 2}, []uint8{1, 2, 3, 4})))
	f, err := readFrames(path, newArrayMemory(ModeDisk))
	if err != nil {
		t.Fatal(err)
	}
	img, err := f.image(1, nil)
	if err != nil || !bytes.Equal(img.Pix, []uint8{3, 4}) {
		t.Errorf("image 1 is %v, %v", img.Pix, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("temporary files are left: %v, %v", left, err)
	}
}

// FuzzIDX: whatever the bytes, the reader gives an error or exactly the values
// that the header announces.
func FuzzIDX(f *testing.F) {
	images := idxBytes(magicImages, []uint32{2, 1, 2}, []uint8{1, 2, 3, 4})
	for _, seed := range [][]byte{
		images, gzipped(f, images), images[:15], append(bytes.Clone(images), 7),
		idxBytes(magicLabels, []uint32{3}, []uint8{1, 2, 3}),
		idxBytes(magicImages, []uint32{1 << 30, 4096, 4096}, nil), nil,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, magic := range []uint32{magicImages, magicLabels, magicAny} {
			r, err := newIDXReader("file", bytes.NewReader(data), int64(len(data)), magic)
			if err != nil {
				continue
			}
			var values bytes.Buffer
			if err := r.copyTo(&values); err == nil && int64(values.Len()) != r.header.size() {
				t.Errorf("%d bytes of values, the header says %d", values.Len(), r.header.size())
			}
		}
	})
}
