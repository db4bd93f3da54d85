package verify

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
	"github.com/blocktrain/blocktrain/internal/train"
)

// TestDamagedFiles changes single bytes that no other check knows: a time in the record,
// a value of the last checkpoint, and the epoch that the best weights say they are of.
func TestDamagedFiles(t *testing.T) {
	e := makeExample(t)
	last, best := filepath.Join(train.CheckpointDir, train.LastFile), filepath.Join(train.CheckpointDir, train.BestFile)
	for _, test := range []struct {
		name   string
		file   string
		damage func(b []byte) []byte
		want   string // the difference's file
	}{
		{"record", rundir.RecordFile, replaced(`"started": "2`, `"started": "3`), rundir.RecordFile},
		{"digest of the record", rundir.RecordFile, func(b []byte) []byte { b[bytes.Index(b, []byte(`"record_sha256": "`))+20] ^= 0x20; return b }, rundir.RecordFile},
		{"last checkpoint", last, func(b []byte) []byte { b[len(b)-1] ^= 1; return b }, last},
		{"digest of the last checkpoint", last, replaced(`checkpoint_sha256`, `checkpoint_sha257`), last},
		{"schema of the last checkpoint", last, replaced(`schema\":3`, `schema\":2`), last},
		{"epoch of the best weights", best, func(b []byte) []byte { b[bytes.Index(b, []byte(`"epoch":"`))+9] ^= 1; return b }, last},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := runtest.Copied(t, e.run)
			path := filepath.Join(dir, test.file)
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			changed := test.damage(slices.Clone(b))
			if string(changed) == string(b) {
				t.Fatal("nothing was changed")
			}
			if err := os.WriteFile(path, changed, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err = verified(t, Request{Path: dir})
			var d *Difference
			if !errors.As(err, &d) || d.File != filepath.ToSlash(test.want) {
				t.Errorf("error %v, %+v", err, d)
			}
		})
	}
	v, err := verified(t, Request{Path: e.run})
	if err != nil || slices.Contains(v.NotCompared, filepath.ToSlash(last)) {
		t.Errorf("not compared: %q, error %v", v.NotCompared, err)
	}
}

// replaced replaces the first place of a text, without another length.
func replaced(from, to string) func(b []byte) []byte {
	return func(b []byte) []byte { return bytes.Replace(b, []byte(from), []byte(to), 1) }
}
