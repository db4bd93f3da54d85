package optimizer

import "github.com/blocktrain/blocktrain/internal/config"

func newAdamW(o *config.Options) (Optimizer, error) {
	a := &adam{decoupled: true}
	a.declare(o)
	return a, nil
}
