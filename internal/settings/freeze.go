package settings

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// checkFrozen refuses before any data is read what CheckFreeze refuses. The names of
// a model's weights are the same for every input and number of classes; where the
// model wants another input than the assumed one, its own has to be waited for.
func (s *Settings) checkFrozen(m model.Model) error {
	if len(s.Freeze) == 0 {
		return nil
	}
	graph, err := m.Build(rundir.ShapeOf(s.InputRule(imaging.Image{Width: 32, Height: 32, Channels: 3}, nil)), 2)
	if err != nil {
		return nil //nolint:nilerr // the data may well have an input that the model takes
	}
	return CheckFreeze(s.Freeze, graph.NewParameters(0).Names())
}

// CheckFreeze refuses prefixes of the names of weights that freeze nothing, or one of
// two averages that training moves together.
func CheckFreeze(prefixes, names []string) error {
	for _, prefix := range prefixes {
		if !slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(name, prefix) }) {
			return config.Usagef("--freeze %s: no weight's name begins so%s", prefix, suggestPrefix(prefix, names))
		}
	}
	for _, mean := range names {
		layer, isMean := strings.CutSuffix(mean, "running_mean")
		if variance := layer + "running_variance"; isMean && nn.Frozen(prefixes, mean) != nn.Frozen(prefixes, variance) {
			return config.Usagef("--freeze %s: %s and %s move together: want both, by %srunning, or neither",
				strings.Join(prefixes, ","), mean, variance, layer)
		}
	}
	return nil
}

// CheckTrainable refuses prefixes that leave nothing to train.
func CheckTrainable(prefixes []string, params []*nn.Param) error {
	left := func(p *nn.Param) bool { return p.Trainable && !nn.Frozen(prefixes, p.Name) }
	if slices.ContainsFunc(params, left) {
		return nil
	}
	return config.Usagef("--freeze %s: all weights keep their values, so that nothing is left to train: leave some out", strings.Join(prefixes, ","))
}

// suggestPrefix says what is similar to a prefix that no name has, and what there is
// beside it: of stage2.blok1, below stage2.
func suggestPrefix(prefix string, names []string) string {
	above, beside := "", componentsBelow("", names)
	for i, r := range prefix {
		if r != '.' {
			continue
		}
		if below := componentsBelow(prefix[:i+1], names); len(below) > 0 {
			above, beside = prefix[:i+1], below
		}
	}
	similar := ""
	if near := config.Nearest(prefix[len(above):], beside); len(near) > 0 {
		similar = fmt.Sprintf(": did you mean %s%s?", above, strings.Join(near, " or "+above))
	}
	where := "names begin with"
	if above != "" {
		where = "after " + above + " come"
	}
	return fmt.Sprintf("%s (%s %s)", similar, where, strings.Join(beside, ", "))
}

// componentsBelow lists, in order, what comes next in the names that begin with above,
// up to a dot.
func componentsBelow(above string, names []string) []string {
	var found []string
	for _, name := range names {
		rest, below := strings.CutPrefix(name, above)
		component, _, _ := strings.Cut(rest, ".")
		if below && !slices.Contains(found, component) {
			found = append(found, component)
		}
	}
	return found
}
