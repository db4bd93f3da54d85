package crossval

import (
	"context"
	"fmt"

	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/verify"
)

// Verification is what is found out about a cross-validation.
type Verification struct {
	Schema   int                    `json:"schema"`
	Verified bool                   `json:"verified"` // every fold, and cv.json
	Folds    []*verify.Verification `json:"folds"`    // up to the first that differs
	Result   *Result                `json:"result"`   // cv.json, which is what the folds give
	Table    string                 `json:"-"`        // the same for people
}

// Verify compares cv.json with the folds' runs, and then trains each fold again and compares
// all of it, as [verify.Run] does for one run. The path of the request is that of the
// cross-validation. It ends at the first difference; the error then wraps
// rundir.ErrDifference.
func Verify(ctx context.Context, env *rundir.Environment, request verify.Request) (*Verification, error) {
	if !Holds(request.Path) {
		return nil, errNone(request.Path)
	}
	cv, err := Open(request.Path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", rundir.ErrDifference, err)
	}
	found := &Verification{Schema: 1, Result: cv.Result, Table: cv.Table()}
	for _, f := range cv.Folds {
		env.Log.Info("verifying the fold", "number", fmt.Sprintf("%d/%d", f.Number, len(cv.Folds)))
		own := request
		own.Path = f.Dir.Path
		result, err := verify.Run(ctx, env, own)
		if result != nil {
			found.Folds = append(found.Folds, result)
		}
		if err != nil {
			return found, fmt.Errorf("fold %d: %w", f.Number, err)
		}
	}
	found.Verified = request.Epochs == 0
	return found, nil
}
