package verify

import (
	"path/filepath"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/fileio"
	agree "github.com/blocktrain/blocktrain/internal/release/agreement"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/train"
)

// resealAgreement gives the report on model.onnx the digests of the files that record and
// weights give now, as whoever forges them would. What cannot be read stays.
func resealAgreement(dir string) {
	path := filepath.Join(dir, rundir.AgreementFile)
	a, err := criterion.ReadAgreement(path)
	if err != nil {
		return
	}
	record, err := rundir.ReadRecord(filepath.Join(dir, rundir.RecordFile))
	if err != nil {
		return
	}
	weights := filepath.Join(dir, exporter.WeightsFile)
	if !fileio.Exists(weights) {
		weights = filepath.Join(dir, train.CheckpointDir, train.BestFile)
	}
	t, err := (&rundir.Source{Folder: dir}).Restore(record, weights)
	if err != nil || len(t.Exported()) != len(a.Networks) {
		return
	}
	for i, n := range t.Exported() {
		file, err := agree.File(record, n, a.Networks[i].Opset, buildinfo.Program())
		if err != nil {
			return
		}
		computes, err := agree.Computation(file)
		if err != nil {
			return
		}
		a.Networks[i].WeightsSHA256, a.Networks[i].FileSHA256, a.Networks[i].ComputationSHA256 = n.Params.Digest(), fileio.SHA256Of(file), computes
	}
	_ = fileio.WriteJSON(path, a)
}
