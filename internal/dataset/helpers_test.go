package dataset

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// testImage is an image whose pixels depend on n.
func testImage(width, height, channels, n int) imaging.Image {
	img := imaging.New(width, height, channels)
	for i := range img.Pix {
		img.Pix[i] = uint8(n*31 + i*7 + i*i*n%13)
	}
	return img
}

// letters are class names a, b, c and so on.
func letters(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = string(rune('a' + i))
	}
	return names
}

// listed are examples of which a list describes all.
type listed []Info

func (l listed) Len() int          { return len(l) }
func (l listed) Info(i int) Info   { return l[i] }
func (listed) Source(i int) string { return fmt.Sprintf("example-%d", i) }

// infosOf describes n examples whose labels go round the classes.
func infosOf(n, classes int) listed {
	infos := make(listed, n)
	for i := range infos {
		infos[i].Label = i % classes
	}
	return infos
}

// picked are the examples of a dataset at indexes. It knows nothing of its images
// without loading them, and says nothing of what was picked in its digest.
type picked struct {
	Dataset
	indexes []int
}

func (p picked) Len() int                           { return len(p.indexes) }
func (p picked) Info(i int) Info                    { return p.Dataset.Info(p.indexes[i]) }
func (p picked) Source(i int) string                { return p.Dataset.Source(p.indexes[i]) }
func (p picked) Image(i int) (imaging.Image, error) { return p.Dataset.Image(p.indexes[i]) }

// mapped passes the images of a dataset through a function.
type mapped struct {
	Dataset
	apply func(img imaging.Image, i int) (imaging.Image, error)
}

func (m mapped) Image(i int) (imaging.Image, error) {
	img, err := m.Dataset.Image(i)
	if err != nil {
		return imaging.Image{}, err
	}
	return m.apply(img, i)
}

// heldInMemory keeps the images of d.
func heldInMemory(t testing.TB, d Dataset) Dataset {
	t.Helper()
	known := detail(d)
	kept := newKeeper(d.Len(), 1<<30, known.imageIn)
	for i := range d.Len() {
		if _, err := kept.fill(i, nil); err != nil {
			t.Fatal(err)
		}
	}
	return ram{known, kept}
}

// fitOne is Fit for the images as a rule makes them.
func fitOne(t testing.TB, d Dataset, rule imaging.Rule) (Dataset, error) {
	t.Helper()
	fitted, err := Fit(t.Context(), d, 1<<30, Form{Rule: rule})
	if err != nil {
		return nil, err
	}
	return fitted[0], nil
}

// newTestSet makes a dataset of different 6x5 grey images.
func newTestSet(t testing.TB, classes []string, of examples) *set {
	t.Helper()
	d, err := newSet(t.Context(), classes, of, noGrouping, func(i int, _ []uint8) (imaging.Image, error) {
		return testImage(6, 5, 1, i), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// idxBytes is an IDX file with the given dimensions and values.
func idxBytes(magic uint32, dimensions []uint32, values []uint8) []byte {
	var b []byte
	for _, v := range append([]uint32{magic}, dimensions...) {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return append(b, values...)
}

func gzipped(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func writeFile(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func writePNG(t testing.TB, path string, img imaging.Image) {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img.ToImage()); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, b.Bytes())
}

// wantError fails unless err holds every one of the parts.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q\nlacks %q", err, part)
		}
	}
}

// labelsOf lists all labels of d.
func labelsOf(d Dataset) []int {
	var labels []int
	for i := range d.Len() {
		labels = append(labels, d.Info(i).Label)
	}
	return labels
}

// sameContent fails unless both datasets describe the same examples and pixels.
func sameContent(t *testing.T, a, b Dataset) {
	t.Helper()
	if a.Digest() != b.Digest() || a.Len() != b.Len() || !slices.Equal(a.Classes(), b.Classes()) {
		t.Fatalf("datasets differ: %d examples %s, %d examples %s", a.Len(), a.Digest(), b.Len(), b.Digest())
	}
	for i := range a.Len() {
		x, errX := a.Image(i)
		y, errY := b.Image(i)
		if errX != nil || errY != nil {
			t.Fatal(errX, errY)
		}
		if a.Info(i) != b.Info(i) || a.Source(i) != b.Source(i) || !x.SameShape(y) || !bytes.Equal(x.Pix, y.Pix) {
			t.Fatalf("example %d differs", i)
		}
	}
}

func testData(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("BLOCKTRAIN_TEST_DATA")
	if dir == "" {
		t.Skip("BLOCKTRAIN_TEST_DATA is not set")
	}
	return dir
}
