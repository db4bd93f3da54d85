package eda

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image/jpeg"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// fake is a dataset in memory.
type fake struct {
	classes []string
	infos   []dataset.Info
	images  []imaging.Image
	sources []string
}

func (f *fake) Len() int                           { return len(f.images) }
func (f *fake) Info(i int) dataset.Info            { return f.infos[i] }
func (f *fake) Source(i int) string                { return f.sources[i] }
func (f *fake) Image(i int) (imaging.Image, error) { return f.images[i], nil }
func (f *fake) Classes() []string                  { return f.classes }
func (f *fake) Digest() string                     { return strings.Repeat("d1", 32) }

func (f *fake) add(img imaging.Image, info dataset.Info) int {
	f.images, f.infos = append(f.images, img), append(f.infos, info)
	f.sources = append(f.sources, fmt.Sprintf("folder/%03d.png", len(f.sources)))
	return len(f.images) - 1
}

// drawn is a smooth texture of its own for each number, in colour: squares of random colours,
// enlarged.
func drawn(t testing.TB, number, width, height int) imaging.Image {
	s := rng.NewKey(uint64(number), rng.TestPurpose).Stream(0, 0, 0)
	small := imaging.New(6, 5, 3)
	for i := range small.Pix {
		small.Pix[i] = uint8(40 + s.IntN(160))
	}
	return resized(t, small, width, height)
}

func resized(t testing.TB, img imaging.Image, width, height int) imaging.Image {
	t.Helper()
	rule := imaging.Rule{Width: width, Height: height, Channels: img.Channels, Mode: imaging.Stretch, Filter: imaging.PillowBicubic}
	out, err := rule.Apply(img)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// brighter adds to every value.
func brighter(img imaging.Image, by int) imaging.Image {
	img.Pix = slices.Clone(img.Pix)
	for i, v := range img.Pix {
		img.Pix[i] = uint8(min(max(int(v)+by, 0), 255))
	}
	return img
}

// recompressed is what a JPEG file of a low quality has of an image.
func recompressed(t testing.TB, img imaging.Image) imaging.Image {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img.ToImage(), &jpeg.Options{Quality: 40}); err != nil {
		t.Fatal(err)
	}
	out, err := imaging.Decoder{}.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// textures are images of three classes. Of every five, three are of the training part, and one
// each of the others.
func textures(t testing.TB, n int) *fake {
	f := &fake{classes: []string{"ant", "bee", "cat"}}
	for i := range n {
		f.add(drawn(t, i, 64, 48), dataset.Info{Label: i % 3})
	}
	return f
}

// split divides a dataset in turn, but for examples that are of an official part.
func split(f *fake) *dataset.Split {
	s := &dataset.Split{Schema: dataset.SplitSchema, Dataset: f.Digest(), Group: "none"}
	for i := range f.Len() {
		part := f.infos[i].Part
		switch {
		case part == dataset.PartTest || part == dataset.PartNone && i%5 == 4:
			s.Test = append(s.Test, i)
		case part == dataset.PartValidation || part == dataset.PartNone && i%5 == 3:
			s.Validation = append(s.Validation, i)
		default:
			s.Train = append(s.Train, i)
		}
	}
	return s
}

func request(f *fake) Request {
	return Request{Data: f, Members: []Member{{Name: "fake", SHA256: f.Digest()}}, Split: split(f), Parts: []dataset.Part{dataset.PartTrain}}
}

func explore(t testing.TB, r Request) *Exploration {
	t.Helper()
	e, err := Explore(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// indexes are those of the examples of each set.
func indexes(a Alike) map[string]bool {
	sets := map[string]bool{}
	for _, g := range a.Listed {
		var members []string
		for _, e := range g.Examples {
			members = append(members, fmt.Sprint(e.Index))
		}
		for _, e := range g.Elsewhere {
			members = append(members, e.Part+":"+e.Source)
		}
		sets[strings.Join(members, " ")] = true
	}
	return sets
}

// planted has duplicates of all kinds among textures, and says which sets should be found.
func planted(t testing.TB) (f *fake, exact, near map[string]bool) {
	f = textures(t, 60)
	train, test := dataset.PartTrain, dataset.PartTest
	at := func(i, by int) dataset.Info { return dataset.Info{Label: (f.infos[i].Label + by) % 3, Part: train} }
	exact, near = map[string]bool{}, map[string]bool{}
	exact[fmt.Sprint("0 ", f.add(f.images[0], at(0, 0)))] = true
	exact[fmt.Sprint("1 ", f.add(f.images[1], at(1, 1)))] = true // with another label
	elsewhere := f.add(f.images[2], dataset.Info{Part: test})
	exact["2 test:"+f.sources[elsewhere]] = true
	f.add(f.images[4], dataset.Info{Part: test}) // twice, and nowhere in the training part

	near[fmt.Sprint("5 ", f.add(resized(t, f.images[5], 45, 33), at(5, 0)))] = true
	near[fmt.Sprint("6 ", f.add(recompressed(t, f.images[6]), at(6, 0)))] = true
	near[fmt.Sprint("7 ", f.add(brighter(f.images[7], 35), at(7, 1)))] = true
	both := recompressed(t, brighter(resized(t, f.images[10], 90, 70), -30))
	near[fmt.Sprint("10 ", f.add(both, at(10, 0)))] = true
	elsewhere = f.add(recompressed(t, f.images[11]), dataset.Info{Part: test})
	near["11 test:"+f.sources[elsewhere]] = true
	first := f.add(recompressed(t, f.images[12]), at(12, 0)) // and once more, the same pixels
	second := f.add(f.images[first], at(12, 0))
	exact[fmt.Sprint(first, " ", second)] = true
	near[fmt.Sprint("12 ", first, " ", second)] = true
	return f, exact, near
}

// TestPlantedDuplicates wants those that were planted, and no others.
func TestPlantedDuplicates(t *testing.T) {
	f, exact, near := planted(t)
	d := explore(t, request(f)).Duplicates
	if diff := cmp.Diff(exact, indexes(d.Exact)); diff != "" {
		t.Errorf("exact duplicates: %s", diff)
	}
	if diff := cmp.Diff(near, indexes(d.Near)); diff != "" {
		t.Errorf("near duplicates: %s", diff)
	}
	if e := d.Exact; e.Sets != 4 || e.Images != 7 || e.Surplus != 3 || e.Conflicting != 1 || e.Across != 1 {
		t.Errorf("exact: %+v", e)
	}
	if n := d.Near; n.Sets != 6 || n.Conflicting != 1 || n.Across != 1 || n.Surplus != 6 {
		t.Errorf("near: %+v", n)
	}
	if first := d.Exact.Listed[0]; !slices.Equal(first.InParts, []string{"train", "test"}) {
		t.Errorf("the set across parts is not the first: %+v", first)
	}
}

// files are the contents of a report that was written.
func files(t testing.TB, e *Exploration) map[string]string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "out")
	if err := e.Write(dir); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		all[name] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestUnaskedParts changes what the other parts hold, their labels and groups too, and wants
// the report not to change.
func TestUnaskedParts(t *testing.T) {
	f := textures(t, 40)
	before := explore(t, request(f))
	s := split(f)
	for _, i := range slices.Concat(s.Validation, s.Test) {
		f.images[i] = drawn(t, 1000+i, 30+i, 90)
		f.infos[i].Label, f.infos[i].Group = 0, "changed"
	}
	after := explore(t, request(f))
	if diff := cmp.Diff(files(t, before), files(t, after)); diff != "" {
		t.Errorf("the report says something of the other parts: %s", diff)
	}
	if before.Examples != len(s.Train) {
		t.Errorf("%d examples, want %d", before.Examples, len(s.Train))
	}
}

// TestParts looks at several parts.
func TestParts(t *testing.T) {
	r := request(textures(t, 20))
	r.Parts = []dataset.Part{dataset.PartValidation, dataset.PartTest}
	if e := explore(t, r); e.Examples != 8 || !slices.Equal(e.Parts, []string{"validation", "test"}) {
		t.Errorf("%d examples of %v", e.Examples, e.Parts)
	}
	r.Split.Validation, r.Parts = nil, r.Parts[:1]
	if _, err := Explore(t.Context(), r); err == nil || !strings.Contains(err.Error(), "no examples in the parts [validation]") {
		t.Errorf("the error is %v", err)
	}
}

// TestWorkers wants the same bytes from one and from several processors.
func TestWorkers(t *testing.T) {
	f, _, _ := planted(t)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	one := files(t, explore(t, request(f)))
	runtime.GOMAXPROCS(5)
	if diff := cmp.Diff(one, files(t, explore(t, request(f)))); diff != "" {
		t.Errorf("five processors give other files than one: %s", diff)
	}
	for _, name := range []string{"eda.json", "eda.html", "plots/mean-images.svg", "plots/near-duplicates.png"} {
		if one[name] == "" {
			t.Errorf("%s is missing", name)
		}
	}
}

// TestCounts checks classes, groups and sizes.
func TestCounts(t *testing.T) {
	f := textures(t, 10) // of which 0, 1, 2, 5, 6 and 7 are looked at
	f.infos[0].Group, f.infos[1].Group, f.infos[6].Group, f.infos[9].Group = "x", "x", "y", "y"
	f.images[7] = drawn(t, 7, 100, 20)
	e := explore(t, request(f))
	want := []Class{{"ant", 2, 2}, {"bee", 2, 2}, {"cat", 2, 2}}
	if diff := cmp.Diff(want, e.Classes); diff != "" {
		t.Error(diff)
	}
	if d := e.Datasets; len(d) != 1 || d[0].Examples != 6 || d[0].SHA256 != f.Digest() {
		t.Errorf("datasets: %+v", d)
	}
	if g := e.Groups; g == nil || g.Count != 2 || g.Examples != 3 || g.Mixed != 1 || g.Size.Greatest != 2 {
		t.Errorf("groups: %+v", e.Groups)
	}
	if s := e.Sizes; s.Uniform || s.Common[0] != (CommonSize{64, 48, 5}) || s.Sides[0] != (SideExtents{64, 100}) || s.Sides[1] != (SideExtents{20, 48}) {
		t.Errorf("sizes: %+v", s)
	}
	if a := e.Aspect; a.Greatest != 5 || a.Median != 1.333 {
		t.Errorf("aspect: %+v", a)
	}
}

// TestOutliers plants images of each kind.
func TestOutliers(t *testing.T) {
	f := textures(t, 100)
	s := split(f)
	grey := imaging.New(64, 48, 3)
	for i := range grey.Pix {
		grey.Pix[i] = 120
	}
	noisy := drawn(t, s.Train[9], 64, 48)
	for i := range noisy.Pix {
		noisy.Pix[i] = uint8(int(noisy.Pix[i])/2 + 120*(i/3%2))
	}
	f.images[s.Train[3]] = imaging.New(64, 48, 3)
	f.images[s.Train[5]] = drawn(t, s.Train[5], 640, 40)
	f.images[s.Train[7]] = grey
	f.images[s.Train[9]] = noisy
	found := map[int]string{}
	for _, o := range explore(t, request(f)).Outliers.Listed {
		found[o.Index] = o.Figure
	}
	want := map[int]string{s.Train[3]: "level", s.Train[5]: "aspect", s.Train[9]: "sharpness"}
	for i, figure := range want {
		if found[i] != figure {
			t.Errorf("example %d is an outlier by %q, want by %s; all: %v", i, found[i], figure, found)
		}
	}
	if len(found) > len(want)+1 {
		t.Errorf("too many outliers: %v", found)
	}
}

// TestBoxes checks what is said of boxes.
func TestBoxes(t *testing.T) {
	const point = imaging.PointsPerPixel
	f := textures(t, 20)
	for i := range f.images {
		img := imaging.New(64, 48, 1)
		for at := range img.Pix {
			img.Pix[at] = 50
		}
		objects := dataset.Objects{}
		if i%2 == 0 {
			for y := 20; y < 30; y++ {
				for x := 40; x < 50; x++ {
					img.Row(y)[x] = 90
				}
			}
			objects = append(objects, dataset.Object{Box: imaging.Box{X: 40 * point, Y: 20 * point, W: 10 * point, H: 10 * point}})
		}
		f.images[i], f.infos[i].Annotation = img, objects
	}
	f.infos[1].Annotation = dataset.Objects{{Box: imaging.Box{X: -10 * point, Y: 0, W: 20 * point, H: 20 * point}}, {Box: imaging.Box{X: 0, Y: 0, W: point, H: point}}}
	b := explore(t, request(f)).Boxes
	if b == nil || b.Annotated != 12 || b.Empty != 5 || b.Several != 1 || b.Count != 8 || b.Outside != 1 {
		t.Fatalf("boxes: %+v", b)
	}
	if b.Contrast.Greatest != 40 || b.Contrast.Least != 0 || b.Side.Median != 10 || b.Centres[8*centreCells+11] != 6 {
		t.Errorf("boxes: %+v", b)
	}
}

// TestRead reads what was written.
func TestRead(t *testing.T) {
	f, _, _ := planted(t)
	r := request(f)
	r.Predictions = predictions(f, r.Split.Train, nil)
	e := explore(t, r)
	dir := filepath.Join(t.TempDir(), "out")
	if err := e.Write(dir); err != nil {
		t.Fatal(err)
	}
	again, err := Read(filepath.Join(dir, JSONFile))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&e.Report, again); diff != "" {
		t.Error(diff)
	}
}

// TestPage wants one file without scripts, that is closed like XML and shows names as text.
func TestPage(t *testing.T) {
	const attack = "<script>alert('1')</script> & \"b\" {{.Style}}\x1b[1m"
	f, _, _ := planted(t)
	f.classes[1] = attack
	for i := range f.sources {
		f.sources[i] = attack + f.sources[i]
	}
	f.infos[0].Group, f.infos[1].Group = attack, attack
	r := request(f)
	r.Members[0].Name, r.Predictions = attack, predictions(f, r.Split.Train, map[int]int{5: 1, 6: 2})
	html, err := explore(t, r).HTML()
	if err != nil {
		t.Fatal(err)
	}
	external := regexp.MustCompile(`(?i)<script|<iframe|<link|<object|\son[a-z]+\s*=|(src|href|action)\s*=\s*"?([a-ce-z]+:|//)|url\(`)
	if found := external.Find(html); found != nil {
		t.Errorf("the page has %q", found)
	}
	if bytes.ContainsAny(html, "\x1b\a") {
		t.Error("the page has control characters")
	}
	d := xml.NewDecoder(bytes.NewReader(html))
	d.Entity = xml.HTMLEntity
	for {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"classes", "mean-images", "level", "contrast", "sharpness", "exact-duplicates", "near-duplicates", "wrong-labels"} {
		if !bytes.Contains(html, []byte(`<figure id="`+name+`">`)) {
			t.Errorf("the page lacks the figure %s", name)
		}
	}
}

// TestWide looks at images of 16 bits.
func TestWide(t *testing.T) {
	f := textures(t, 10)
	for i, img := range f.images {
		wide := imaging.Image{Width: img.Width, Height: img.Height, Channels: 1, Wide: make([]uint16, img.Width*img.Height)}
		for at := range wide.Wide {
			wide.Wide[at] = 20000 + 10*uint16(img.Pix[3*at])
		}
		f.images[i] = wide
	}
	r := request(f)
	if level := explore(t, r).Level.Median; level < 70 || level > 95 {
		t.Errorf("level %v in the whole range of 16 bits", level)
	}
	r.Levels = &imaging.Levels{Low: 20000, High: 22550}
	if level := explore(t, r).Level.Median; level < 100 || level > 140 {
		t.Errorf("level %v between the levels given", level)
	}
}

// TestReplaced wants a report to take the place of an earlier one, whole.
func TestReplaced(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	e := explore(t, request(textures(t, 20)))
	if err := e.Write(dir); err != nil {
		t.Fatal(err)
	}
	if err := fileio.WriteBytes(filepath.Join(dir, PlotsDir, "old.svg"), nil); err != nil {
		t.Fatal(err)
	}
	if err := e.Write(dir); err != nil {
		t.Fatal(err)
	}
	if fileio.Exists(filepath.Join(dir, PlotsDir, "old.svg")) {
		t.Error("a file of the earlier report is left")
	}
}
