package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
)

// VerifyRequest says which model to verify, and how to do the work, which affects
// no result.
type VerifyRequest struct {
	Path     string   // run directory or unpacked package
	DataDirs []string // "DIR" or "NAME=DIR"; empty: those of the record
	DataMode string
	InitFrom string // file of the weights that training began with; empty: that of the record
	Workers  int
	Epochs   int    // how many to compare, from the first; 0: all, and what was made of the weights
	Keep     string // new folder for what is trained; empty: it is removed
	JSON     bool   // the result on the standard output is JSON
}

// Verification is the result of Verify.
type Verification struct {
	Schema          int         `json:"schema"`
	Verified        bool        `json:"verified"`
	Epochs          int         `json:"epochs"` // that were trained again and are as recorded
	Recorded        int         `json:"recorded_epochs"`
	IdentitySHA256  string      `json:"identity_sha256,omitempty"`
	WeightsSHA256   string      `json:"weights_sha256,omitempty"` // of the best weights, trained again
	Evaluated       []string    `json:"evaluated,omitempty"`      // parts that were evaluated again and are as recorded
	Warnings        []string    `json:"warnings,omitempty"`
	Seconds         float64     `json:"seconds"`
	FirstDifference *difference `json:"first_difference,omitempty"`
}

const verificationSchema = 1

// verification is a verification in progress.
type verification struct {
	env      *Environment
	request  VerifyRequest
	packaged bool // a package, not a run directory
	record   *Record
	split    *dataset.Split
	history  []metric.Epoch
	release  *criterion.Release // nil where there is none
	result   Verification
}

// Verify trains the model of a run or package again, from its record alone, and
// compares data, every epoch, weights and evaluations with what was recorded. It
// ends at the first difference, which it prints; the error then wraps
// ErrDifference. Nothing is written to the run or package.
func Verify(ctx context.Context, env *Environment, request VerifyRequest) error {
	v := &verification{env: env, request: request, result: Verification{Schema: verificationSchema}}
	started := time.Now()
	err := v.all(ctx)
	if err != nil && !errors.As(err, &v.result.FirstDifference) {
		return err
	}
	v.result.Verified, v.result.Seconds = err == nil, time.Since(started).Seconds()
	return errors.Join(err, v.print(env.Stdout))
}

// all does the steps in order: first what costs nothing.
func (v *verification) all(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		v.checkFiles, v.readRecord, v.checkSplit, v.checkHistory, v.checkWeights, v.checkRelease, v.checkEvaluations, v.rebuild,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (v *verification) file(name string) string {
	return filepath.Join(v.request.Path, filepath.FromSlash(name))
}

func (v *verification) warn(text string) {
	v.env.Log.Warn(text)
	v.result.Warnings = append(v.result.Warnings, text)
}

// print writes the result.
func (v *verification) print(w io.Writer) error {
	if !v.request.JSON {
		_, err := io.WriteString(w, v.account())
		return err
	}
	b, err := fileio.MarshalJSON(&v.result)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// account is the result for people.
func (v *verification) account() string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "  %-11s%s\n", name, fmt.Sprintf(format, args...))
	}
	r := &v.result
	switch {
	case !r.Verified:
		fmt.Fprintf(&b, "not verified: %s\n", v.request.Path)
	case r.Epochs < r.Recorded:
		fmt.Fprintf(&b, "verified in part: the first %d of %d epochs of %s\n", r.Epochs, r.Recorded, v.request.Path)
	default:
		fmt.Fprintf(&b, "verified: %s\n", v.request.Path)
	}
	if r.IdentitySHA256 != "" {
		line("identity", "%s", r.IdentitySHA256)
		line("epochs", "%d of %d trained again, with the figures and digests of the record", r.Epochs, r.Recorded)
	}
	if r.WeightsSHA256 != "" {
		line("weights", "%s (%s)", r.WeightsSHA256, v.record.Weights)
	}
	if len(r.Evaluated) > 0 {
		line("evaluated", "%s part again, with the figures and probabilities of the record", strings.Join(r.Evaluated, " and "))
	}
	if d := r.FirstDifference; d != nil {
		line("differs", "%s", d.place())
		line("recorded", "%s", d.Recorded)
		line("found", "%s", d.Found)
		if len(d.Others) > 0 {
			line("also", "%s", strings.Join(d.Others, ", "))
		}
		line("cause", "%s", d.Cause)
	}
	line("time", "%.1f s", r.Seconds)
	return b.String()
}
