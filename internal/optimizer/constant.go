package optimizer

import "github.com/blocktrain/blocktrain/internal/config"

type constant struct{}

func newConstant(*config.Options) (Schedule, error) { return constant{}, nil }

func (constant) Factor(_, _ int) float32 { return 1 }
