// Package publish brings a release package to where models are served from: into a model
// repository that a running Triton may be watching, or into an OCI registry.
//
// A model repository is changed by one exchange of the model's folder. The new folder is
// built outside the repository, where no server looks, on the same file system: with the new
// version, its configuration and labels, and everything that the old folder had, as hard
// links. A server that looks at any time sees the whole old folder or the whole new one.
//
// The folder of a version that was published has a copy of the configuration and the labels,
// and published.json, which says what it is. A version whose files are no longer as
// published.json has them is not taken for one of ours, and is never removed.
package publish

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/rundir"
)

// Conditions are what a package must meet besides what 'package verify' wants.
type Conditions struct {
	AllowForced      bool // one whose release was forced
	RequireSignature bool // by a key that was given
}

// Check says whether a package may be published. The error wraps rundir.ErrRefused.
func (c Conditions) Check(record *rundir.Record, signed bool) error {
	name := record.Name + " " + record.ReleaseVersion
	switch {
	case record.Decision == "forced" && !c.AllowForced:
		return fmt.Errorf("%w: the gate did not approve %s, its release was forced, %q: --allow-forced publishes it all the same", rundir.ErrRefused, name, record.ForceReason)
	case record.Decision != "approved" && record.Decision != "forced":
		return fmt.Errorf("%w: the decision about %s is %q, and only an approved model is published", rundir.ErrRefused, name, record.Decision)
	case c.RequireSignature && !signed:
		return fmt.Errorf("%w: %s is not signed by a key of --public-key, and --require-signature wants that: 'blocktrain package sign' signs it", rundir.ErrRefused, name)
	}
	return nil
}
