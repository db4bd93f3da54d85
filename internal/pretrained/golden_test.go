package pretrained

import (
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// golden is what golden.py says of a file.
type golden struct {
	Tensors []goldenTensor `json:"tensors"`
	Taken   []string       `json:"taken"`
	Prefix  string         `json:"prefix"`
	Member  string         `json:"member"`
	Digest  string         `json:"digest"`
	Error   string         `json:"error"`
}

type goldenTensor struct {
	Name  string   `json:"name"`
	Shape []int    `json:"shape"`
	Bits  []uint32 `json:"bits"`
}

func readGolden(t testing.TB) map[string]golden {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]golden
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func goldenPath(name string) string { return filepath.Join("testdata", "golden", name) }

// TestGolden compares every file with what PyTorch reads from it, bit for bit.
func TestGolden(t *testing.T) {
	all := readGolden(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		want := all[name]
		t.Run(name, func(t *testing.T) {
			file, err := Read(goldenPath(name), "")
			if want.Error != "" {
				if err == nil || !strings.Contains(err.Error(), want.Error) || !strings.HasPrefix(err.Error(), goldenPath(name)) {
					t.Errorf("error %v, want one with %q", err, want.Error)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.Tensors, bitsOf(file), cmpopts.EquateEmpty(), cmpopts.SortSlices(byName(name))); diff != "" {
				t.Error(diff)
			}
			if got := file.Digest(); got != want.Digest {
				t.Errorf("digest %s, want %s", got, want.Digest)
			}
			if diff := cmp.Diff(want.Taken, file.Taken, cmpopts.EquateEmpty()); diff != "" || file.Prefix != want.Prefix || file.Member != want.Member {
				t.Errorf("taken %v, prefix %q, member %q: want %v, %q, %q", file.Taken, file.Prefix, file.Member, want.Taken, want.Prefix, want.Member)
			}
		})
	}
}

// byName sorts where the file has another order than the dict that was saved: safetensors
// sorts by type and name. Elsewhere the order counts.
func byName(file string) func(a, b goldenTensor) bool {
	if strings.HasSuffix(file, ".safetensors") || strings.HasPrefix(file, "safetensors") {
		return func(a, b goldenTensor) bool { return a.Name < b.Name }
	}
	return func(goldenTensor, goldenTensor) bool { return false }
}

func bitsOf(file *File) []goldenTensor {
	var all []goldenTensor
	for _, tensor := range file.Tensors {
		g := goldenTensor{Name: tensor.Name, Shape: tensor.Shape}
		for _, v := range tensor.Data {
			g.Bits = append(g.Bits, math.Float32bits(v))
		}
		all = append(all, g)
	}
	return all
}

// TestOneIdentity reads the same weights from every form.
func TestOneIdentity(t *testing.T) {
	want := readGolden(t)["plain.safetensors"].Digest
	for _, name := range []string{
		"plain-zip-2.pth", "plain-zip-4.pth", "plain-legacy-2.pth", "plain-legacy-4.pth", "plain.safetensors",
		"module-zip.pth", "module-legacy.pth", "state-dict-zip.pth", "nested-legacy.pth", "model-ema-zip.pth",
		"zip-packed.whl", "zip-stored.whl", "legacy-packed.whl", "legacy-stored.whl", "safetensors-packed.whl", "safetensors-stored.whl",
	} {
		file, err := Read(goldenPath(name), "")
		if err != nil {
			t.Fatal(err)
		}
		if got := file.Digest(); got != want {
			t.Errorf("%s: digest %s, want %s", name, got, want)
		}
	}
}

// TestSaid reads what a checkpoint holds besides, and how it is told.
func TestSaid(t *testing.T) {
	file, err := Read(goldenPath("model-ema-zip.pth"), "")
	if err != nil {
		t.Fatal(err)
	}
	wantBeside := []Beside{{"epoch", "a number"}, {"lr", "a list"}, {"n_averaged", "a tensor of int64, []"}}
	if diff := cmp.Diff(wantBeside, file.Beside); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"module.bn.num_batches_tracked"}, file.LeftOut); diff != "" {
		t.Error(diff)
	}
	if got, want := file.How(), `PyTorch, zip form, under "model_ema", names without the prefix "module."`; got != want {
		t.Errorf("how %q, want %q", got, want)
	}
	types, err := Read(goldenPath("types.safetensors"), "")
	if err != nil {
		t.Fatal(err)
	}
	sorted := slices.SortedFunc(slices.Values(types.Types), func(a, b TypeCount) int { return strings.Compare(a.Type, b.Type) })
	if diff := cmp.Diff([]TypeCount{{"bfloat16", 1}, {"float16", 1}, {"float64", 1}}, sorted); diff != "" {
		t.Error(diff)
	}
}

// TestMember chooses a file of an archive.
func TestMember(t *testing.T) {
	for member, want := range map[string]string{"a.pth": TorchZip, "b/c.pt": TorchLegacy, "c.pt": TorchLegacy} {
		file, err := Read(goldenPath("two.zip"), member)
		if err != nil {
			t.Errorf("%s: %v", member, err)
			continue
		}
		if file.Format != want || file.MemberSHA256 == "" || file.MemberSHA256 == file.SHA256 {
			t.Errorf("%s: format %q, digest %q", member, file.Format, file.MemberSHA256)
		}
	}
	for name, want := range map[string]string{"two.zip": `no file of weights called "d.pth", but a.pth, b/c.pt`, "plain-zip-2.pth": "no archive", "plain.safetensors": "no archive"} {
		if _, err := Read(goldenPath(name), "d.pth"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", name, err, want)
		}
	}
}

// TestHalf compares all values of float16 with their definition.
func TestHalf(t *testing.T) {
	for h := range 1 << 16 {
		exponent, fraction := h>>10&31, float64(h&1023)
		want := fraction / 1024 / (1 << 14)
		switch {
		case exponent == 31 && fraction > 0:
			want = math.NaN()
		case exponent == 31:
			want = math.Inf(1)
		case exponent > 0:
			want = (1 + fraction/1024) * math.Pow(2, float64(exponent-15))
		}
		if h>>15 == 1 {
			want = -want
		}
		if got := fromHalf(uint16(h)); math.Float32bits(got) != math.Float32bits(float32(want)) && !(got != got && want != want) {
			t.Errorf("%04x is %v, want %v", h, got, want)
		}
	}
}
