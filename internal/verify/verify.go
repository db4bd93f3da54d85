// Package verify proves that a model is what its record says: it builds the model
// again and compares every bit.
package verify

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/verify/recompute"
)

// Request says which model to verify, and how to do the work, which affects
// no result.
type Request struct {
	Path     string   // run directory or package, unpacked or as archive
	DataDirs []string // "DIR" or "NAME=DIR"; empty: those of the record
	DataMode string
	Memory   string // for images in RAM mode, such as "8GB"; empty: half of the machine's
	InitFrom string // file of the weights that training began with; empty: that of the record
	Workers  int
	Epochs   int    // how many to compare, from the first; 0: all, and what was made of the weights
	Keep     string // new folder for what is trained; empty: it is removed

	MaxPackageMB int // that the files of a package may have together; 0: rundir.DefaultPackageMB
}

// Verification is the result of Run.
type Verification struct {
	Path    string `json:"-"` // of the run or package
	weights string // which were compared: "best" or "ema"

	Schema          int         `json:"schema"`
	Verified        bool        `json:"verified"`          // everything was compared and is as recorded
	Partial         bool        `json:"partial,omitempty"` // the epochs that were asked for are as recorded, and no more was compared
	Epochs          int         `json:"epochs"`            // that were trained again and are as recorded
	Recorded        int         `json:"recorded_epochs"`
	IdentitySHA256  string      `json:"identity_sha256,omitempty"`
	WeightsSHA256   string      `json:"weights_sha256,omitempty"` // of the best weights, trained again
	Evaluated       []string    `json:"evaluated,omitempty"`      // parts that were evaluated again and are as recorded
	NotCompared     []string    `json:"not_compared,omitempty"`   // files that were not compared with what training again gives
	Warnings        []string    `json:"warnings,omitempty"`
	Seconds         float64     `json:"seconds"`
	FirstDifference *Difference `json:"first_difference,omitempty"`
}

const verificationSchema = 1

// temporaryName begins the names of temporary folders.
const temporaryName = "blocktrain-verify-"

// verification is a verification in progress.
type verification struct {
	env      *rundir.Environment
	request  Request
	source   *rundir.Source
	folder   string // of its files
	packaged bool   // a package, not a run directory
	record   *rundir.Record
	split    *dataset.Split
	networks []recompute.Network // in the order of training; the last is the one that is judged
	later    []recompute.Network // those trained after it, in order
	release  *criterion.Release  // nil where there is none
	subject  *recompute.Subject  // what the files say of each other
	unsealed []string            // checkpoints that have no digest
	result   Verification
}

// Run trains the model of a run or package again, from its record alone, and
// compares data, every epoch, weights and evaluations with what was recorded. It
// ends at the first difference, which the result has; the error then wraps
// rundir.ErrDifference. Nothing is written to the run or package.
func Run(ctx context.Context, env *rundir.Environment, request Request) (*Verification, error) {
	v := &verification{env: env, request: request, result: Verification{Schema: verificationSchema}}
	started := time.Now()
	err := v.within(ctx, v.all)
	if err != nil && !errors.As(err, &v.result.FirstDifference) {
		return nil, err
	}
	v.result.Path = request.Path
	v.result.Partial = err == nil && v.result.Epochs < v.result.Recorded
	v.result.Verified, v.result.Seconds = err == nil && !v.result.Partial, time.Since(started).Seconds()
	return &v.result, err
}

// within does what is asked for in the folder of the run or package.
func (v *verification) within(ctx context.Context, do func(context.Context) error) (err error) {
	defer func() {
		err = fileio.ExplainFullDisk(err, "repeat the command, if need be with TMPDIR on another disk")
	}()
	var damaged *rundir.DamagedArchive
	v.source, err = rundir.OpenSource(ctx, v.request.Path, v.request.MaxPackageMB)
	switch {
	case errors.As(err, &damaged):
		return unreadable(filepath.Base(v.request.Path), damaged.Err)
	case err != nil:
		return err
	}
	defer func() { err = errors.Join(err, v.source.Close()) }()
	v.folder = v.source.Folder
	return do(ctx)
}

// all does the steps in order: first what costs nothing.
func (v *verification) all(ctx context.Context) error {
	return oneByOne(ctx, v.checkFiles, v.documents, v.rebuild, v.checkMade, v.noteNotCompared)
}

// documents compares what the files of the run or package say of each other.
func (v *verification) documents(ctx context.Context) error {
	return oneByOne(ctx, v.readRecord, v.checkSplit, v.checkHistory, v.checkWeights, v.checkRelease, v.checkEvaluations,
		v.checkDigests, v.checkCheckpoints, v.recompute, v.checkContents)
}

// oneByOne takes steps until one fails.
func oneByOne(ctx context.Context, steps ...func(context.Context) error) error {
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (v *verification) file(name string) string {
	return filepath.Join(v.folder, filepath.FromSlash(name))
}

// ours says whether this version of the program made the record, so that what it
// writes in words and draws can be written and drawn again, to the byte. A record of
// an earlier schema or contract is an older program's, whatever name that had.
func (v *verification) ours() bool {
	return v.record.Schema == rundir.RecordSchema && v.record.Identity.ContractVersion >= engine.ContractVersion &&
		v.record.Execution.Program == buildinfo.Program()
}

// warn tells something, once.
func (v *verification) warn(text string) {
	if slices.Contains(v.result.Warnings, text) {
		return
	}
	v.env.Log.Warn(text)
	v.result.Warnings = append(v.result.Warnings, text)
}

// Text is the result for people.
func (r *Verification) Text() string {
	var b strings.Builder
	b.WriteString(r.verdict())
	if r.IdentitySHA256 != "" {
		writeLine(&b, "identity", r.IdentitySHA256)
		writeLine(&b, "epochs", fmt.Sprintf("%d of %d trained again, with the figures and digests of the record", r.Epochs, r.Recorded))
	}
	if r.WeightsSHA256 != "" {
		writeLine(&b, "weights", fmt.Sprintf("%s (%s)", r.WeightsSHA256, r.weights))
	}
	if len(r.Evaluated) > 0 {
		writeLine(&b, "evaluated", strings.Join(r.Evaluated, " and ")+" part again, with the figures and outputs of the record")
	}
	if len(r.NotCompared) > 0 {
		writeLine(&b, "left out", strings.Join(r.NotCompared, ", ")+": not compared")
	}
	if d := r.FirstDifference; d != nil {
		describe(d, &b)
	}
	writeLine(&b, "time", logging.Seconds(time.Duration(r.Seconds*float64(time.Second))))
	return b.String()
}

// verdict is the text's first line.
func (r *Verification) verdict() string {
	switch {
	case r.Partial:
		return fmt.Sprintf("verified in part: the first %d of %d epochs of %s\n", r.Epochs, r.Recorded, r.Path)
	case r.Verified:
		return fmt.Sprintf("verified: %s\n", r.Path)
	}
	return fmt.Sprintf("not verified: %s\n", r.Path)
}

// describe writes the difference's lines of an account.
func describe(d *Difference, b *strings.Builder) {
	writeLine(b, "differs", d.Place())
	writeLine(b, "recorded", d.Recorded)
	writeLine(b, "found", d.Found)
	if len(d.Others) > 0 {
		writeLine(b, "also", strings.Join(d.Others, ", "))
	}
	writeLine(b, "cause", d.Cause)
}

func writeLine(b *strings.Builder, name, text string) { fmt.Fprintf(b, "  %-11s%s\n", name, text) }
