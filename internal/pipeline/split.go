package pipeline

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
)

// checkOutput finds out early that a file cannot be written where it is wanted.
func checkOutput(path string) error {
	if dir := filepath.Dir(path); !exists(dir) {
		return config.Usagef("cannot write %s: the folder %s does not exist", path, dir)
	}
	return nil
}

// Split makes the split list of the settings' datasets and writes it to path.
// An existing file is an error: a split is made once.
func Split(ctx context.Context, env *Environment, s *Settings, path string) error {
	if exists(path) {
		return config.Usagef("%s exists: a split is made once; remove it or name another file", path)
	}
	if err := checkOutput(path); err != nil {
		return err
	}
	m, err := makeModules(s)
	if err != nil {
		return usage(err)
	}
	d, err := openData(ctx, env, s, m, "")
	if err != nil {
		return err
	}
	if err := dataset.WriteSplit(path, d.split); err != nil {
		return err
	}
	for _, part := range dataset.Parts() {
		list := d.split.Indexes(part)
		if _, err := fmt.Fprintf(env.Stdout, "%s: %d examples\n", part, len(list)); err != nil {
			return err
		}
		for label, count := range dataset.Counts(d.all, list) {
			if _, err := fmt.Fprintf(env.Stdout, "  %-20s %d\n", d.all.Classes()[label], count); err != nil {
				return err
			}
		}
	}
	return nil
}
