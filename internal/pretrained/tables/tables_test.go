package tables

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/weights"
)

// TestNames compares names and shapes of every table with those of the libraries.
func TestNames(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "names.txt"))
	if err != nil {
		t.Fatal(err)
	}
	compared := map[string]bool{}
	for row := range strings.Lines(string(b)) {
		fields := strings.Split(strings.TrimSpace(row), "\t")
		family, name := fields[0], fields[1]
		i := slices.IndexFunc(All(), func(t Table) bool { return t.Name == name && strings.Contains(t.Family, family) })
		if i < 0 {
			t.Errorf("no table for %s of %s", name, family)
			continue
		}
		table := All()[i]
		compared[table.Family+table.Name] = true
		var lines []string
		for _, e := range table.Entries {
			lines = append(lines, fmt.Sprintf("%s %d\n", e.Published, e.Shape))
		}
		slices.Sort(lines)
		digest := fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(lines, ""))))
		if got := fmt.Sprint(len(lines), " ", digest); got != fields[2]+" "+fields[3] {
			t.Errorf("%s of %s: %s, want %s", name, family, got, fields[2:])
		}
	}
	for _, table := range All() {
		if !compared[table.Family+table.Name] {
			t.Errorf("%s of %s is compared with nothing", table.Name, table.Family)
		}
	}
}

// filled are tensors of a table, without values: fitting looks at none.
func filled(table Table) []weights.Tensor {
	var all []weights.Tensor
	for _, e := range table.Entries {
		all = append(all, weights.Tensor{Name: e.Published, Shape: e.Shape})
	}
	return all
}

// TestEveryTable fits the tensors of each table, and converts them.
func TestEveryTable(t *testing.T) {
	for _, table := range All() {
		tensors := filled(table)
		f, err := Choose("", tensors)
		if err != nil {
			t.Errorf("%s of %s: %v", table.Name, table.Family, err)
			continue
		}
		if f.Table.Name != table.Name || f.Table.Family != table.Family || f.Classes != 1000 || len(f.Extra) > 0 || len(f.Missing) > 0 {
			t.Errorf("%s of %s is taken for %s of %s, %d classes, extra %v, missing %v", table.Name, table.Family, f.Table.Name, f.Table.Family, f.Classes, f.Extra, f.Missing)
		}
		ours := map[string]bool{}
		for _, tensor := range f.Tensors(true) {
			ours[tensor.Name] = true
		}
		if len(ours) != len(table.Entries) {
			t.Errorf("%s of %s: %d names of ours, want %d", table.Name, table.Family, len(ours), len(table.Entries))
		}
		if n := len(f.Tensors(false)); n != len(table.Entries)-2 {
			t.Errorf("%s of %s: %d tensors without the head", table.Name, table.Family, n)
		}
	}
}

// TestOneNetworkOneName checks that families agree on our names and shapes of a network,
// so that the same weights have one digest.
func TestOneNetworkOneName(t *testing.T) {
	for _, network := range Networks() {
		var first []string
		for _, table := range Of(network) {
			var names []string
			for _, e := range table.Entries {
				names = append(names, fmt.Sprint(e.Ours, e.OurShape(e.Shape)))
			}
			slices.Sort(names)
			if first == nil {
				first = names
			}
			if diff := cmp.Diff(first, names); diff != "" {
				t.Errorf("%s: %s", network, diff)
			}
		}
	}
}

func TestConvert(t *testing.T) {
	conv := Entry{"a", "b", OIHW, []int{2, 2, 1, 2}, false}
	got := conv.convert(weights.Tensor{Name: "a", Shape: []int{2, 2, 1, 2}, Data: []float32{
		0, 1, // out 0, in 0: columns 0, 1
		10, 11, // out 0, in 1
		100, 101, // out 1, in 0
		110, 111,
	}})
	want := weights.Tensor{Name: "b", Shape: []int{1, 2, 2, 2}, Data: []float32{0, 100, 10, 110, 1, 101, 11, 111}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	linear := Entry{"a", "b", OI, []int{2, 3}, true}
	got = linear.convert(weights.Tensor{Name: "a", Shape: []int{2, 3}, Data: []float32{0, 1, 2, 10, 11, 12}})
	want = weights.Tensor{Name: "b", Shape: []int{3, 2}, Data: []float32{0, 10, 1, 11, 2, 12}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func tableOf(t *testing.T, family, name string) Table {
	t.Helper()
	for _, table := range All() {
		if table.Family == family && table.Name == name {
			return table
		}
	}
	t.Fatalf("no table for %s of %s", name, family)
	return Table{}
}

// TestHead takes heads of any number of classes, and none.
func TestHead(t *testing.T) {
	table := tableOf(t, "EfficientNet-PyTorch", "efficientnet-lite0")
	all := filled(table)
	body := all[:len(all)-2]
	head := func(weight, bias []int) []weights.Tensor {
		return append(slices.Clone(body), weights.Tensor{Name: "_fc.weight", Shape: weight}, weights.Tensor{Name: "_fc.bias", Shape: bias})
	}
	for _, c := range []struct {
		name           string
		tensors        []weights.Tensor
		classes, wrong int
		missing        int
	}{
		{"none", body, 0, 0, 2},
		{"ten classes", head([]int{10, 1280}, []int{10}), 10, 0, 0},
		{"parts that differ", head([]int{10, 1280}, []int{9}), 0, 2, 0},
		{"another width", head([]int{10, 128}, []int{10}), 0, 2, 0},
		{"no bias", append(slices.Clone(body), all[len(all)-2]), 0, 1, 1},
	} {
		f, err := Choose("efficientnet-lite0", c.tensors)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if f.Classes != c.classes || len(f.Wrong) != c.wrong || len(f.Missing) != c.missing {
			t.Errorf("%s: %d classes, %d wrong, %d missing; want %d, %d, %d", c.name, f.Classes, len(f.Wrong), len(f.Missing), c.classes, c.wrong, c.missing)
		}
		if n := len(f.Tensors(true)); c.classes == 0 && n != len(body) {
			t.Errorf("%s: %d tensors, want the %d below the head", c.name, n, len(body))
		}
	}
}

// TestMisfits reads what is said of files that fit no table.
func TestMisfits(t *testing.T) {
	lite0 := filled(tableOf(t, "timm", "tf_efficientnet_lite0"))
	renamed := slices.Clone(lite0)
	renamed[0].Name = "conv_stem_.weight"
	reshaped := slices.Clone(lite0)
	reshaped[0].Shape = []int{32, 3, 3, 3, 1}
	excited := append(slices.Clone(lite0), weights.Tensor{Name: "blocks.1.0.se.conv_reduce.weight"})
	beside := append(slices.Clone(lite0), weights.Tensor{Name: "extra.%s"})
	for _, c := range []struct {
		name, network string
		tensors       []weights.Tensor
		want          []string
	}{
		{"another network", "resnet18", lite0, []string{"the file fits no known table of names of resnet18: it holds efficientnet-lite0 (names of timm)"}},
		{"a larger one", "resnet18", filled(tableOf(t, "torchvision and timm", "resnet34")), []string{"it holds resnet34"}},
		{"a larger lite", "efficientnet-lite0", filled(tableOf(t, "timm", "tf_efficientnet_lite1")), []string{"it holds efficientnet-lite1"}},
		{"renamed", "", renamed, []string{"of the 247 tensors of efficientnet-lite0 (names of timm), which is the nearest, it has 246", `conv_stem.weight is missing; the nearest name in the file is "conv_stem_.weight"`}},
		{"reshaped", "", reshaped, []string{"conv_stem.weight has shape [32 3 3 3 1], expected [32 3 3 3]"}},
		{"with squeeze and excitation", "", excited, []string{`"blocks.1.0.se.conv_reduce.weight" is of another network`}},
		{"nothing", "", nil, []string{"it has 0", "and 242 more are missing"}},
		{"unknown network", "vgg16", lite0, []string{`there is no table of names for "vgg16"`}},
	} {
		_, err := Choose(c.network, c.tensors)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want one with %q", c.name, err, want)
			}
		}
		if c.network != "vgg16" && !errors.Is(err, ErrNoTable) {
			t.Errorf("%s: %v is no ErrNoTable", c.name, err)
		}
	}
	if f, err := Choose("", beside); err != nil || !slices.Equal(f.Extra, []string{"extra.%s"}) {
		t.Errorf("%v, %v", f.Extra, err)
	}
}

// TestPadding checks what differs by family.
func TestPadding(t *testing.T) {
	for _, table := range All() {
		lite := strings.HasPrefix(table.Network, "efficientnet-lite")
		if got, want := table.Padding == TensorFlowSame, lite; got != want {
			t.Errorf("%s of %s: padding %s", table.Name, table.Family, table.Padding)
		}
		if got, want := table.Epsilon == 1e-3, lite; got != want {
			t.Errorf("%s of %s: epsilon %v", table.Name, table.Family, table.Epsilon)
		}
	}
}

// TestText reads what is said of a file that fits.
func TestText(t *testing.T) {
	all := filled(tableOf(t, "timm", "mobilenetv2_100"))
	with := append(slices.Clone(all), weights.Tensor{Name: "extra"})
	f, err := Choose("", with)
	if err != nil {
		t.Fatal(err)
	}
	const want = `loaded: 260 of 262 tensors of mobilenetv2, names of timm
drawn anew: head.weight, head.bias
not taken: the file's head, of 1000 classes
not in the network: 1 tensors, such as "extra"
`
	if diff := cmp.Diff(want, f.Text(false)); diff != "" {
		t.Error(diff)
	}
	f, err = Choose("", all)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := f.Text(true), "loaded: 262 of 262 tensors of mobilenetv2, names of timm\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if f, err = Choose("", all[:len(all)-1]); err != nil {
		t.Fatal(err)
	}
	const partly = `loaded: 260 of 262 tensors of mobilenetv2, names of timm
drawn anew: head.weight, head.bias
not taken: classifier.weight, since the file's head is not whole
`
	if diff := cmp.Diff(partly, f.Text(true)); diff != "" {
		t.Error(diff)
	}
}
