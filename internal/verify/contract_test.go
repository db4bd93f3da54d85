package verify

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// writeShapes writes a folder of PNG images of three classes, one of them small.
func writeShapes(t *testing.T) (data string) {
	data = filepath.Join(t.TempDir(), "data")
	for class, n := range []int{24, 18, 9} {
		for i := range n {
			runtest.WriteImage(t, filepath.Join(data, string(rune('a'+class)), fmt.Sprintf("%02d.png", i)), class, i)
		}
	}
	return data
}

// trainedUnder trains a run by the rules of a version of the contract.
func trainedUnder(t *testing.T, contract int, data string, flags ...string) (run string) {
	t.Helper()
	run = filepath.Join(t.TempDir(), "run")
	s := exampleSettings(t, example{data: data}, append([]string{"output-dir=" + run, "epochs=1", "exporters=onnx"}, flags...)...)
	s.Contract = contract
	if _, err := pipeline.Run(t.Context(), runtest.Quiet(), s); err != nil {
		t.Fatal(err)
	}
	return run
}

// TestVersion2 verifies runs and packages by the rules that each version has.
func TestVersion2(t *testing.T) {
	t.Parallel()
	data := writeShapes(t)
	for _, flags := range [][]string{
		{"image-size=5x7"},
		{"limit-train=11"},
		{"sampling=balanced", "augment=noise"},
	} {
		t.Run(flags[0], func(t *testing.T) {
			t.Parallel()
			weights := map[string]bool{}
			for contract := 2; contract <= 3; contract++ {
				run := trainedUnder(t, contract, data, flags...)
				record, err := rundir.ReadRecord(filepath.Join(run, rundir.RecordFile))
				if err != nil || record.Identity.ContractVersion != contract || (record.Identity.Decoder == "") != (contract == 2) {
					t.Fatalf("%+v, error %v", record, err)
				}
				weights[record.Training.WeightsSHA256] = true
				for _, path := range []string{run, filepath.Join(run, rundir.PackageDir, record.PackageName()+".tar.gz")} {
					if v, err := verified(t, Request{Path: path, DataDirs: []string{data}}); err != nil || !v.Verified {
						t.Errorf("version %d: %+v, error %v", contract, v, err)
					}
				}
			}
			if len(weights) != 2 {
				t.Errorf("both versions give the same weights, so that this test shows nothing")
			}
		})
	}
}

// TestVersion2OfOtherRules has data that both changed and is decoded by other rules now,
// and data that changed alone.
func TestVersion2OfOtherRules(t *testing.T) {
	t.Parallel()
	data := writeShapes(t)
	file := filepath.Join(data, "a", "00.jpg")
	writeJPEG(t, file, 100)
	run := trainedUnder(t, 2, data)
	request := Request{Path: run, DataDirs: []string{data}}
	writeJPEG(t, file, 90)
	cause := checkDifference(t, request, rundir.RecordFile, 0, "identity.datasets[0].sha256 (folder)")
	if !strings.Contains(cause, "version 2 of the contract, which decodes JPEG") || !strings.HasSuffix(cause, "a/00.jpg is a JPEG file") || strings.Contains(cause, "changed") {
		t.Errorf("the cause is %q", cause)
	}
	if err := os.WriteFile(file, []byte("\xff\xd8\xff\xe0"), 0o600); err != nil {
		t.Fatal(err)
	}
	cause = checkDifference(t, request, rundir.RecordFile, 0, "identity.dataset_sha256")
	if !strings.Contains(cause, "version 2 of the contract, which decodes JPEG") || strings.Contains(cause, "changed") {
		t.Errorf("the cause is %q", cause)
	}

	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	cause = checkDifference(t, request, rundir.RecordFile, 0, "identity.datasets[0].sha256 (folder)")
	if !strings.Contains(cause, "the data has changed") {
		t.Errorf("the cause is %q", cause)
	}
}

func writeJPEG(t *testing.T, path string, level uint8) {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 8, 8))
	for i := range img.Pix {
		img.Pix[i] = level
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestForgedContract has records that say another version than that whose keys they have.
func TestForgedContract(t *testing.T) {
	t.Parallel()
	run := trainedUnder(t, 3, writeShapes(t))
	for _, change := range []struct{ pattern, with string }{
		{`"contract_version": 3`, `"contract_version": 2`},
		{`"decoder": "[^"]*",`, ``},
		{`"filter": "[^"]*",`, ``},
	} {
		forged := runtest.Copied(t, run)
		replaceIn(t, filepath.Join(forged, rundir.RecordFile), change.pattern, change.with)
		seal(t, forged)
		if cause := checkDifference(t, Request{Path: forged}, rundir.RecordFile, 0, "content"); cause == "" {
			t.Errorf("%s: no cause", change.pattern)
		}
	}
	forged := runtest.Copied(t, run)
	replaceIn(t, filepath.Join(forged, rundir.RecordFile), `"decoder": "[^"]*"`, `"decoder": "another"`)
	seal(t, forged)
	checkDifference(t, Request{Path: forged}, rundir.RecordFile, 0, "identity.decoder")
}
