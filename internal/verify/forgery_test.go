package verify

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
	"github.com/blocktrain/blocktrain/internal/train"
)

// forgery is a change of one thing in a run or package.
type forgery struct {
	file, path string // what, as the list of what cannot be known names it
	what       string
	apply      func(dir string) error
}

func (f forgery) String() string { return fmt.Sprintf("%s: %s %s", f.file, f.path, f.what) }

// writing is a forgery that puts a text in the place of a file's.
func writing(file, where, what string, text []byte) forgery {
	return forgery{file, where, what, func(dir string) error {
		return os.WriteFile(filepath.Join(dir, filepath.FromSlash(file)), text, 0o644)
	}}
}

// unforged are files that other tests forge, or that verification leaves out.
var unforged = regexp.MustCompile(`^(SHA256SUMS|\.lock|blocktrain\.log|log\.jsonl|checkpoints/last\.safetensors)$`)

// forgeries are all changes of one thing in a run or package, and files more and less.
func forgeries(t *testing.T, dir string) []forgery {
	t.Helper()
	names, err := fileio.FilesBelow(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []forgery
	for _, name := range names {
		if unforged.MatchString(name) {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		found, err := forgeriesOf(name, b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(append(all, found...), without(name))
	}
	for _, name := range []string{"notes.txt", "plots/other.svg", "evaluation/more.bin", "networks/other/history.jsonl"} {
		all = append(all, forgery{name, "", "is added", func(dir string) error {
			file := filepath.Join(dir, filepath.FromSlash(name))
			return errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte("added"), 0o644))
		}})
	}
	return all
}

// without removes a file, and its digest from the record.
func without(name string) forgery {
	return forgery{name, "", "is removed", func(dir string) error {
		f := &forger{dir: dir}
		line := fmt.Sprintf("\n    %q: %q", name, f.record().Files[name])
		f.replace(line+",", "", rundir.RecordFile)
		f.replace(","+line, "", rundir.RecordFile)
		return os.Remove(f.file(name))
	}}
}

func forgeriesOf(name string, b []byte) ([]forgery, error) {
	switch ext := path.Ext(name); {
	case ext == ".json":
		return jsonForgeries(name, b)
	case ext == ".jsonl":
		return historyForgeries(name, b)
	case ext == ".csv":
		return cellForgeries(name, b), nil
	case name == rundir.SettingsFile:
		return lineForgeries(name, b), nil
	case ext == ".safetensors":
		return append(byteForgeries(name, b), headerForgeries(name, b)...), nil
	}
	return byteForgeries(name, b), nil
}

func jsonForgeries(name string, b []byte) ([]forgery, error) {
	found, err := edits(b)
	var all []forgery
	for _, e := range found {
		if !deepInList(e.path) {
			all = append(all, writing(name, e.path, e.what, e.apply(b)))
		}
	}
	return all, err
}

// deepInList says whether a value is one of many alike: of a list, the first three are
// enough.
func deepInList(where string) bool {
	return regexp.MustCompile(`^(train|validation|test|confusion|.*classes|per_class|calibration_bins|group_counts|.*clips|clips\.each|.*decided)\[([3-9]|\d\d+|[4-9]\])`).MatchString(where)
}

// historyForgeries forge each line, remove the last and repeat it.
func historyForgeries(name string, b []byte) ([]forgery, error) {
	var all []forgery
	lines := bytes.SplitAfter(bytes.TrimSuffix(b, []byte("\n")), []byte("\n"))
	lines[len(lines)-1] = append(bytes.Clone(lines[len(lines)-1]), '\n')
	for i, line := range lines {
		found, err := edits(line)
		if err != nil {
			return nil, err
		}
		for _, e := range found {
			changed := slices.Clone(lines)
			changed[i] = e.apply(line)
			all = append(all, writing(name, e.path, fmt.Sprintf("in line %d %s", i+1, e.what), bytes.Join(changed, nil)))
		}
	}
	last := lines[len(lines)-1]
	return append(all, writing(name, "", "loses its last line", bytes.Join(lines[:len(lines)-1], nil)), writing(name, "", "has its last line twice", append(bytes.Clone(b), last...))), nil
}

// cellForgeries forge the cells of a table.
func cellForgeries(name string, b []byte) []forgery {
	var all []forgery
	for _, at := range regexp.MustCompile(`[^,\n]+`).FindAllIndex(b, 40) {
		cell := string(b[at[0]:at[1]])
		other := strings.Trim(otherTexts(cell)[0], `"`)
		all = append(all, writing(name, "", fmt.Sprintf("cell %q becomes %q", cell, other), edit{start: at[0], end: at[1], text: other}.apply(b)))
	}
	return all
}

// lineForgeries forge the values of an env file, and remove and add lines.
func lineForgeries(name string, b []byte) []forgery {
	all := []forgery{writing(name, "", "gets a comment", append([]byte("# added\n"), b...)), writing(name, "", "gets a key", append(bytes.Clone(b), "BLOCKTRAIN_ADDED=1\n"...))}
	for _, at := range regexp.MustCompile(`(?m)^([A-Z_]+)=(.*)\n`).FindAllSubmatchIndex(b, -1) {
		key, value := string(b[at[2]:at[3]]), string(b[at[4]:at[5]])
		for _, other := range otherTexts(value) {
			all = append(all, writing(name, key, "becomes "+other, edit{start: at[4], end: at[5], text: strings.Trim(other, `"`)}.apply(b)))
		}
		all = append(all, writing(name, key, "is removed", edit{start: at[0], end: at[1]}.apply(b)))
	}
	return all
}

// byteForgeries change a byte here and there.
func byteForgeries(name string, b []byte) []forgery {
	var all []forgery
	for i := range 5 {
		changed := bytes.Clone(b)
		at := (2*i + 1) * len(b) / 10
		changed[at] ^= 1
		all = append(all, writing(name, "", fmt.Sprintf("has another byte at %d", at), changed))
	}
	return all
}

// headerForgeries change what is beside the weights in their file, keeping its length.
func headerForgeries(name string, b []byte) []forgery {
	var all []forgery
	header := b[:8+int(b[0])+int(b[1])<<8]
	for _, at := range regexp.MustCompile(`"([^"]+)"`).FindAllSubmatchIndex(header, 30) {
		changed := bytes.Clone(b)
		changed[at[3]-1] ^= 1
		all = append(all, writing(name, "", fmt.Sprintf("has another header for %s", header[at[2]:at[3]]), changed))
	}
	return all
}

// forgedExamples are small runs without their packages, and their packages. The second one
// is forced, stops early, and has initial weights and a baseline. The third is an
// auto-encoder. The fourth has images of a folder, some of them twice, trains on
// some classes, and has no test examples of one. The fifth has clips.
func forgedExamples(t *testing.T) (dirs []string) {
	t.Helper()
	base := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", filepath.Join(base, "cache"))
	runtest.DrawClips(t, filepath.Join(base, "clips"))
	first := filepath.Join(base, "first")
	flags := []string{"dataset-options=count=150,test-count=30", "epochs=2", "batch-size=32", "visualizations=confusion-matrix,training-loss,worst-mistakes", "exporters=onnx"}
	for _, s := range [][]string{
		append([]string{"name=first"}, flags...),
		append([]string{
			"name=second", "init-from=" + filepath.Join(first, train.CheckpointDir, train.BestFile), "baseline=" + first, "split=" + filepath.Join(first, rundir.SplitFile),
			"ema=0.9", "epochs=4", "patience=1", "min-delta=100", "min-test-accuracy=0.999", "min-test-examples=1000", "min-class-test-examples=2", "force=true", "reason=a test of forgeries", "decided-by=Ada", "license=MIT", "augment=shift:pixels=1",
		}, slices.DeleteFunc(slices.Clone(flags), func(flag string) bool { return flag == "epochs=2" })...),
		{
			"name=third", "model=autoencoder", "model-options=width=2,bottleneck=4", "max-reconstruction-error=100",
			"dataset-options=count=100,test-count=20", "epochs=1", "batch-size=32", "visualizations=score-histogram", "exporters=onnx",
		},
		{
			"name=fourth", "dataset=folder", "data-dir=" + imagesTwice(t), "dataset-options=", "image-size=8", "train-classes=a,b", "allow-missing-class=true", "memory=2GB",
			"epochs=1", "batch-size=16", "visualizations=none", "exporters=onnx",
		},
		{
			"name=fifth", "dataset=clips", "data-dir=" + filepath.Join(base, "clips"), "dataset-options=minimum=12,margin=2", "image-size=12", "min-unseen-accuracy=0.1", "max-inference-ratio=100000",
			"epochs=1", "batch-size=16", "visualizations=none", "exporters=onnx", "force=true", "reason=a test of forgeries",
		},
	} {
		dirs = append(dirs, forgedExample(t, base, s...)...)
	}
	return dirs
}

// forgedExample is the package of a run, and the run without it.
func forgedExample(t *testing.T, base string, flags ...string) (dirs []string) {
	t.Helper()
	dir := filepath.Join(base, strings.TrimPrefix(flags[0], "name="))
	if _, err := pipeline.Run(t.Context(), runtest.Quiet(), runtest.SmallRun(t, dir, flags...)); err != nil {
		t.Fatal(err)
	}
	pack := filepath.Join(base, filepath.Base(dir)+"-package")
	if err := os.Rename(filepath.Join(dir, rundir.PackageDir, filepath.Base(dir)+"-0.1.0"), pack); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{rundir.PackageDir, rundir.PackagesFile} { // TestForgedPackageList forges the list
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, rundir.PackageDir, "left-out"), 0o755); err != nil {
		t.Fatal(err)
	}
	return []string{pack, dir}
}

// imagesTwice is a folder of images of three classes, some of which are there twice, and of
// a fourth, of which there is one image.
func imagesTwice(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for class, images := range []int{20, 20, 20, 1} {
		folder := filepath.Join(dir, string(rune('a'+class)))
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		for i := range images {
			m := image.NewGray(image.Rect(0, 0, 8, 8))
			for at := range m.Pix {
				m.Pix[at] = uint8((at%8*(class+1)*20 + (at/8+13)*(i%15)*7) % 256)
			}
			var b bytes.Buffer
			if err := png.Encode(&b, m); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%02d.png", i)), b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// TestForgedPackageList has a run whose list of packages is not that of its packages.
func TestForgedPackageList(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if _, err := pipeline.Run(t.Context(), runtest.Quiet(), runtest.SmallRun(t, dir, "epochs=1", "exporters=onnx", "visualizations=none")); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"release_sha256", "sums_sha256", "archive_sha256", "program"} {
		forged := runtest.Copied(t, dir)
		replaceIn(t, filepath.Join(forged, rundir.PackagesFile), `"`+key+`": "(.)`, `"`+key+`": "x$1`)
		v, err := verified(t, Request{Path: forged})
		if err == nil || v.FirstDifference == nil || v.FirstDifference.File != rundir.PackagesFile {
			t.Errorf("%s: %+v, error %v", key, v, err)
		}
	}
}

// forged is what became of a forgery.
type forged struct {
	forgery
	dir               string
	found, packageErr error // of verify, and of package verify
}

// try forges a copy, reseals it and verifies it. It is nil where the reseal undoes the
// forgery.
func try(t *testing.T, f forgery, source, temporary string, thorough bool) (*forged, error) {
	dir, err := os.MkdirTemp(temporary, "")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := os.CopyFS(dir, os.DirFS(source)); err != nil {
		return nil, err
	}
	if err := f.apply(dir); err != nil {
		return nil, err
	}
	(&forger{dir, f.file, f.path}).reseal(t)
	if same, err := sameFiles(source, dir); err != nil || same {
		return nil, err
	}
	made := &forged{forgery: f, dir: source}
	packaged := fileio.Exists(filepath.Join(source, exporter.RepositoryDir))
	if packaged {
		_, made.packageErr = Package(t.Context(), runtest.Quiet(), PackageRequest{Path: dir})
	}
	// What package verify does, verify does first.
	if made.found = made.packageErr; made.found == nil || thorough || !errors.Is(made.found, rundir.ErrDifference) {
		_, made.found = Run(t.Context(), runtest.Quiet(), Request{Path: dir, DataMode: "ram", Workers: 1})
	}
	if !packaged {
		made.packageErr = made.found
	}
	return made, nil
}

func sameFiles(a, b string) (bool, error) {
	names, err := fileio.FilesBelow(a)
	if err != nil {
		return false, err
	}
	others, err := fileio.FilesBelow(b)
	if err != nil || !slices.Equal(names, others) {
		return false, err
	}
	for _, name := range names {
		x, err1 := os.ReadFile(filepath.Join(a, name))
		y, err2 := os.ReadFile(filepath.Join(b, name))
		if err1 != nil || err2 != nil || !bytes.Equal(x, y) {
			return false, errors.Join(err1, err2)
		}
	}
	return true, nil
}

// forge tries every n-th forgery of the examples, and wants each to be found, or to be
// of what the lists name. It returns which entries of them were of use.
func forge(t *testing.T, n int, thorough bool) {
	t.Helper()
	used := map[string]bool{}
	tried := 0
	examples := forgedExamples(t)
	if thorough { // else TestForgedDecision and TestForgedHead
		examples = append(examples, forgedExample(t, t.TempDir(), decisionRun(t)...)...)
		examples = append(examples, forgedExample(t, t.TempDir(), forgedHeadRun()...)...)
	}
	for _, source := range examples {
		tried += forgeIn(t, source, func(at int, _ forgery) bool { return at%n == 0 }, thorough, used)
	}
	t.Logf("%d forgeries", tried)
	if least := 300; thorough && tried < least {
		t.Errorf("%d forgeries were tried, want at least %d", tried, least)
	}
	if !thorough {
		return
	}
	forgePublished(t, used)
	for _, l := range slices.Concat(unknowable, needData) {
		if !used[l.key()] {
			t.Errorf("nothing passes by the entry %s of the lists: remove it", l.key())
		}
	}
}

// forgeIn tries those forgeries of a run or package that are taken, and counts them.
func forgeIn(t *testing.T, source string, taken func(at int, f forgery) bool, thorough bool, used map[string]bool) (tried int) {
	t.Helper()
	var mutex sync.Mutex
	if _, err := Run(t.Context(), runtest.Quiet(), Request{Path: source, DataMode: "ram", Workers: 1}); err != nil {
		var d *Difference
		errors.As(err, &d)
		t.Fatalf("%s as it is: %v: %+v", source, err, d)
	}
	var group errgroup.Group
	group.SetLimit(4)
	temporary := t.TempDir()
	for i, f := range forgeries(t, source) {
		if !taken(i, f) {
			continue
		}
		group.Go(func() error {
			made, err := try(t, f, source, temporary, thorough)
			if err != nil || made == nil {
				return err
			}
			mutex.Lock()
			defer mutex.Unlock()
			tried++
			made.check(t, used)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	return tried
}

// check wants a forgery to be found, or in the lists.
func (f *forged) check(t *testing.T, used map[string]bool) {
	t.Helper()
	where := filepath.Base(f.dir) + ", " + f.String()
	for _, err := range []error{f.found, f.packageErr} {
		if err != nil && !errors.Is(err, rundir.ErrDifference) {
			f.wantListed(t, fmt.Sprintf("%s: error %v, want a difference", where, err), unknowable, used)
			return
		}
	}
	if f.found == nil {
		f.wantListed(t, where+" is found by nobody", unknowable, used)
	} else if f.packageErr == nil {
		f.wantListed(t, where+" is not found by package verify", slices.Concat(unknowable, needData), used)
	}
}

func (f *forged) wantListed(t *testing.T, where string, lists []limit, used map[string]bool) {
	t.Helper()
	for _, l := range lists {
		if l.covers(f.file, f.path) {
			used[l.key()] = true
			return
		}
	}
	t.Error(where)
}

// TestForgeries tries a sample; the slow tests try all.
func TestForgeries(t *testing.T) { forge(t, 173, false) }
