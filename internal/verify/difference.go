package verify

import "github.com/blocktrain/blocktrain/internal/verify/finding"

// Difference is the first place at which what was found is not what was recorded.
// It is the error of a verification, and part of its result.
type Difference = finding.Difference

// nothing stands for a value that a document does not have.
const nothing = finding.Nothing

func unreadable(file string, err error) *Difference { return finding.Unreadable(file, err) }

func changed(files ...string) string { return finding.Changed(files...) }
