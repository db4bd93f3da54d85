package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// dataCommands are the script commands that make and spoil files.
var dataCommands = map[string]func(*testscript.TestScript, bool, []string){
	"clip":        command("clip DIR SCENE drone|bird COUNT", 4, drawClip),
	"images":      command("images DIR COUNT WIDTHxHEIGHTxCHANNELS LEVEL", 4, makeImages),
	"image":       command("image FILE WIDTHxHEIGHTxCHANNELS LEVEL", 3, makeImage),
	"idx-images":  command("idx-images FILE COUNT SIDE", 3, makeIDXImages),
	"idx-labels":  command("idx-labels FILE COUNT [FIRST+]CLASSES", 3, makeIDXLabels),
	"npz":         command("npz FILE COUNT SHAPE CLASSES", 4, makeNPZ),
	"cifar":       command("cifar FILE COUNT CLASSES,...", 3, makeCIFAR),
	"truncate":    command("truncate FILE BYTES", 2, truncate),
	"spoil":       command("spoil FILE OFFSET", 2, spoil),
	"replace":     command("replace FILE OLD NEW", 3, replace),
	"list-sums":   command("list-sums DIR", 1, listSums),
	"pack":        command("pack DIR ARCHIVE", 2, pack),
	"note-digest": command("note-digest DIR FILE", 2, noteDigest),
	"seal":        command("seal DIR", 1, sealRecord),
	"wait-for":    command("wait-for FILE REGEXP", 2, waitFor),
	"same-bits":   command("same-bits RUN RUN", 2, sameBits),
	"no-leftover": command("no-leftover DIR", 1, noLeftover),
}

// command makes a script command of a function of so many arguments.
func command(usage string, n int, do func(ts *testscript.TestScript, args []string) error) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, negated bool, args []string) {
		if negated || len(args) != n {
			ts.Fatalf("usage: %s", usage)
		}
		ts.Check(do(ts, args))
	}
}

// makeImages writes COUNT different images 000.png and so on.
func makeImages(ts *testscript.TestScript, args []string) error {
	count, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	for i := range count {
		if err := makeImage(ts, []string{filepath.Join(args[0], fmt.Sprintf("%03d.png", i)), args[2], args[3]}); err != nil {
			return err
		}
	}
	return nil
}

// makeImage writes noise around the grey LEVEL, in the format that the file's name
// tells. The noise depends on the name alone.
func makeImage(ts *testscript.TestScript, args []string) error {
	var width, height, channels int
	if _, err := fmt.Sscanf(args[1], "%dx%dx%d", &width, &height, &channels); err != nil {
		return err
	}
	level, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := encode(&b, args[0], noise(args[0], width, height, channels, level)); err != nil {
		return err
	}
	return write(ts, args[0], b.Bytes())
}

func noise(name string, width, height, channels, level int) image.Image {
	random := randomOf(name)
	value := func() uint8 { return uint8(min(255, max(0, level+random.IntN(41)-20))) }
	grey, colour := image.NewGray(image.Rect(0, 0, width, height)), image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			grey.SetGray(x, y, color.Gray{Y: value()})
			colour.SetNRGBA(x, y, color.NRGBA{R: value(), G: value(), B: value(), A: 255})
		}
	}
	if channels == 1 {
		return grey
	}
	return colour
}

func randomOf(name string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // a hash's Write cannot fail
	return rand.New(rand.NewPCG(h.Sum64(), 1))
}

func encode(b *bytes.Buffer, name string, img image.Image) error {
	switch filepath.Ext(name) {
	case ".jpg":
		return jpeg.Encode(b, img, nil)
	case ".gif":
		return gif.Encode(b, img, nil)
	}
	return png.Encode(b, img)
}

// write writes a file, and the folders above it.
func write(ts *testscript.TestScript, name string, b []byte) error {
	path := ts.MkAbs(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o644)
}

// makeIDXImages writes square images whose brightness tells their class of ten.
func makeIDXImages(ts *testscript.TestScript, args []string) error {
	count, side := number(ts, args[1]), number(ts, args[2])
	content := binary.BigEndian.AppendUint32(nil, 0x803)
	for _, size := range []int{count, side, side} {
		content = binary.BigEndian.AppendUint32(content, uint32(size))
	}
	random := randomOf(args[0])
	for i := range count {
		for range side * side {
			content = append(content, uint8(i%10*25+random.IntN(20)))
		}
	}
	return writeIDX(ts, args[0], content)
}

// makeIDXLabels writes the labels 0, 1, 2 and so on, or from FIRST on, beginning again after
// CLASSES.
func makeIDXLabels(ts *testscript.TestScript, args []string) error {
	first, rest, offset := strings.Cut(args[2], "+")
	if !offset {
		first, rest = "0", args[2]
	}
	count, classes := number(ts, args[1]), number(ts, rest)
	content := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 0x801), uint32(count))
	for i := range count {
		content = append(content, uint8(number(ts, first)+i%classes))
	}
	return writeIDX(ts, args[0], content)
}

func number(ts *testscript.TestScript, text string) int {
	n, err := strconv.Atoi(text)
	ts.Check(err)
	return n
}

// writeIDX writes an IDX file, packed if its name says so.
func writeIDX(ts *testscript.TestScript, name string, content []byte) error {
	if filepath.Ext(name) != ".gz" {
		return write(ts, name, content)
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(content); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return write(ts, name, b.Bytes())
}

// truncate keeps the first BYTES of a file, or all but the last where BYTES is
// negative.
func truncate(ts *testscript.TestScript, args []string) error {
	b, n := ts.ReadFile(args[0]), number(ts, args[1])
	if n < 0 {
		n += len(b)
	}
	return write(ts, args[0], []byte(b[:n]))
}

// spoil changes the byte at OFFSET, from the end where that is negative.
func spoil(ts *testscript.TestScript, args []string) error {
	b, at := []byte(ts.ReadFile(args[0])), number(ts, args[1])
	if at < 0 {
		at += len(b)
	}
	b[at] ^= 0x10
	return write(ts, args[0], b)
}

// replace replaces a text in a file that must have it.
func replace(ts *testscript.TestScript, args []string) error {
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		return fmt.Errorf("%s does not hold %s", args[0], args[1])
	}
	return write(ts, args[0], []byte(strings.Replace(text, args[1], args[2], 1)))
}

// listSums writes SHA256SUMS anew, as somebody would who changed a package.
func listSums(ts *testscript.TestScript, args []string) error {
	return fileio.WriteChecksums(ts.MkAbs(args[0]))
}

// pack writes a folder as an archive in the form of packages.
func pack(ts *testscript.TestScript, args []string) error {
	modified := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return fileio.WriteArchive(ts.MkAbs(args[1]), ts.MkAbs(args[0]), filepath.Base(args[0]), modified)
}

// noteDigest enters the digest of a file of a run or package into its run.json, as
// somebody would who changed the file.
func noteDigest(ts *testscript.TestScript, args []string) error {
	digest, err := fileio.SHA256(ts.MkAbs(filepath.Join(args[0], args[1])))
	if err != nil {
		return err
	}
	record := filepath.Join(args[0], "run.json")
	line := regexp.MustCompile(regexp.QuoteMeta(strconv.Quote(args[1])) + `: "[0-9a-f]{64}"`)
	changed := line.ReplaceAll([]byte(ts.ReadFile(record)), fmt.Appendf(nil, "%q: %q", args[1], digest))
	return write(ts, record, rundir.Seal(changed))
}

// sealRecord gives the run.json of a run or package its own digest again, as somebody
// would who changed it.
func sealRecord(ts *testscript.TestScript, args []string) error {
	record := filepath.Join(args[0], "run.json")
	return write(ts, record, rundir.Seal([]byte(ts.ReadFile(record))))
}

// waitFor waits until a file exists and has a match.
func waitFor(ts *testscript.TestScript, args []string) error {
	pattern, err := regexp.Compile(args[1])
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if b, err := os.ReadFile(ts.MkAbs(args[0])); err == nil && pattern.Match(b) {
			return nil
		}
	}
	return fmt.Errorf("%s has no match for %s", args[0], args[1])
}

// sameBits compares what the reproducibility contract covers of two runs.
func sameBits(ts *testscript.TestScript, args []string) error {
	first, second := bits(ts, args[0]), bits(ts, args[1])
	if first != second {
		return fmt.Errorf("%s has\n%s%s has\n%s", args[0], first, args[1], second)
	}
	return nil
}

// bits lists the history of a run without what was measured, and the digests of
// its record.
func bits(ts *testscript.TestScript, run string) string {
	var list strings.Builder
	for line := range strings.Lines(ts.ReadFile(filepath.Join(run, "history.jsonl"))) {
		var epoch map[string]any
		ts.Check(json.Unmarshal([]byte(line), &epoch))
		delete(epoch, "seconds")
		delete(epoch, "images_per_second")
		fmt.Fprintln(&list, epoch)
	}
	for line := range strings.Lines(ts.ReadFile(filepath.Join(run, "run.json"))) {
		if strings.Contains(line, "sha256") && !strings.Contains(line, `"record_sha256"`) { // which covers times too
			list.WriteString(line)
		}
	}
	return list.String()
}

// noLeftover makes sure that no temporary file is left in a folder or below it.
func noLeftover(ts *testscript.TestScript, args []string) error {
	return filepath.WalkDir(ts.MkAbs(args[0]), func(path string, _ os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".tmp") && path != ts.Getenv("TMPDIR") {
			return fmt.Errorf("%s is left over", path)
		}
		return err
	})
}
