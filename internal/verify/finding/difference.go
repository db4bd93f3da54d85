// Package finding says where what was found is not what was recorded, and compares
// JSON documents value by value.
package finding

import (
	"fmt"
	"strings"

	"github.com/blocktrain/blocktrain/internal/rundir"
)

// Difference is the first place at which what was found is not what was recorded.
// It is the error of a verification, and part of its result.
type Difference struct {
	File     string   `json:"file"`            // that holds what was recorded
	Epoch    int      `json:"epoch,omitempty"` // from 1; 0 where it is of none
	Figure   string   `json:"figure"`          // such as weights_sha256 or per_class[3].f1
	Recorded string   `json:"recorded"`
	Found    string   `json:"found"`
	Others   []string `json:"others,omitempty"` // figures of the same epoch that differ too
	Cause    string   `json:"cause"`
}

// Nothing stands for a value that a document does not have.
const Nothing = "nothing"

// Error implements error. It says where; what was recorded and what was found is in
// the account of the verification.
func (d *Difference) Error() string { return fmt.Sprintf("%v: %s", rundir.ErrDifference, d.Place()) }

// Unwrap makes a difference a rundir.ErrDifference.
func (d *Difference) Unwrap() error { return rundir.ErrDifference }

// Place says where the difference is.
func (d *Difference) Place() string {
	if d.Epoch > 0 {
		return fmt.Sprintf("%s, epoch %d, %s", d.File, d.Epoch, d.Figure)
	}
	return d.File + ", " + d.Figure
}

// Unreadable is the difference of a file that is not what the program wrote.
func Unreadable(file string, err error) *Difference {
	return &Difference{File: file, Figure: "content", Recorded: "a file that this program reads", Found: err.Error(), Cause: Changed(file) + "; or another version of the program wrote it"}
}

// Changed is the cause of what only the change of a file explains: one of those
// named, which do not say the same.
func Changed(files ...string) string {
	return strings.Join(files, " or ") + " was changed after it was written, or is damaged"
}
