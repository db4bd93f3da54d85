package dataset

import (
	_ "embed"

	"github.com/blocktrain/blocktrain/internal/dataset/digits"
	"github.com/blocktrain/blocktrain/internal/model"
)

var _, _ = digits.Size, model.Modules
