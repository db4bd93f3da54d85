package track

import "github.com/blocktrain/blocktrain/internal/clips"

// RuleOf is the default rule for a model whose examples were cut out of clips so.
func RuleOf(c *clips.Cutting) Rule {
	r := DefaultRule()
	r.Square, r.Offsets, r.Window = c.Square, c.Offsets, c.Window
	_, ahead := clips.Reach(c.Offsets)
	r.Lag = max(r.Lag, ahead)
	return r
}
