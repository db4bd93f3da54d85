// Package knot has three files that need each other.
package knot

import (
	"strings"

	"github.com/blocktrain/blocktrain/internal/tool"
)

const limit = 3

var _ = tool.First(strings.ToUpper("a"), "b")

func start() int { return tool.First(made, made).method() }
