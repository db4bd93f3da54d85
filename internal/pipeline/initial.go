package pipeline

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/train"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// initial are weights that training begins with, instead of drawn ones.
type initial struct {
	sha256  string // of the file
	tensors []weights.Tensor
}

// readInitial reads the file that --init-from names; there is none where path is
// empty.
func readInitial(path string) (*initial, error) {
	if path == "" {
		return nil, nil
	}
	file, err := weights.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, config.Usagef("--init-from %s: %w", path, fs.ErrNotExist)
	}
	if err != nil {
		return nil, config.Usagef("--init-from: %w", err)
	}
	if train.IsCheckpoint(file) {
		return nil, config.Usagef("--init-from %s: it is a checkpoint of a training, want the weights alone: %s beside it has them", path, train.BestFile)
	}
	digest, err := fileio.SHA256(path)
	return &initial{digest, file.Tensors}, err
}

// takeInitial gives the parameters the weights to begin with, by name. Those that
// do not fit, such as a head for other classes, keep their drawn values.
func (r *session) takeInitial() error {
	if r.initial == nil || r.initial.tensors == nil {
		return nil
	}
	path := r.settings.InitFrom
	kept, err := r.params.LoadMatching(r.initial.tensors)
	if err != nil {
		return usage(fmt.Errorf("--init-from %s: %w", path, err))
	}
	names := r.params.Names()
	taken := fmt.Sprintf("%d of %d", len(names)-len(kept), len(names))
	if r.mostAre(kept) {
		r.env.Log.Warn("few weights taken over: is the file of another model?", "from", path, "tensors", taken, "made_anew", strings.Join(kept, ","))
	} else {
		r.env.Log.Info("weights taken over", "from", path, "tensors", taken, "made_anew", strings.Join(kept, ","))
	}
	return r.checkFreeze(names)
}

// mostAre says whether the named tensors have most of the trainable values.
func (r *session) mostAre(names []string) bool {
	named, all := 0, 0
	for _, p := range r.params.All() {
		switch {
		case !p.Trainable:
			continue
		case slices.Contains(names, p.Name):
			named += p.Elements()
		}
		all += p.Elements()
	}
	return 2*named > all
}

// checkFreeze refuses prefixes that freeze nothing.
func (r *session) checkFreeze(names []string) error {
	for _, prefix := range r.settings.Freeze {
		if !slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, prefix) }) {
			return config.Usagef("--freeze %s: no weight's name begins so; the model has %s", prefix, strings.Join(names, ", "))
		}
	}
	return nil
}
