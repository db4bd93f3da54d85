package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// takeInitial gives the parameters the weights to begin with, by name. Those that
// do not fit keep their drawn values, and so does a head for other classes.
func (r *session) takeInitial() error {
	i := r.initial
	if i == nil || i.tensors == nil {
		return nil
	}
	anew := i.anew
	if i.classes != nil && !slices.Equal(i.classes, r.data.all.Classes()) {
		anew = append(slices.Clone(anew), headOf(r.graph)...)
	}
	taken, left := i.divide(r.params, anew)
	i.anew = left
	var err error
	if i.drawn, err = r.params.LoadMatching(taken); err != nil {
		return usage(fmt.Errorf("--init-from %s: %w", r.settings.InitFrom, err))
	}
	r.sayTaken()
	return checkFreeze(r.settings.Freeze, r.params.Names())
}

// divide parts the file's tensors into those to take and the names, sorted, of those
// among anew that would fit.
func (i *initial) divide(p *nn.Parameters, anew []string) (take []weights.Tensor, left []string) {
	for _, t := range i.tensors {
		param := p.Lookup(t.Name)
		if param != nil && slices.Equal(param.Shape, t.Shape) && slices.Contains(anew, t.Name) {
			left = append(left, t.Name)
		} else {
			take = append(take, t)
		}
	}
	slices.Sort(left)
	return take, left
}

// headOf lists the tensors of the last layer with weights, which has an output for
// each class.
func headOf(g *nn.Graph) []string {
	for _, n := range slices.Backward(g.Nodes) {
		if !slices.ContainsFunc(n.Params, (*nn.Param).IsWeight) {
			continue
		}
		var names []string
		for _, p := range n.Params {
			names = append(names, p.Name)
		}
		return names
	}
	return nil
}

// sayTaken says which weights were taken over.
func (r *session) sayTaken() {
	names, drawn := r.params.Names(), r.initial.drawn
	about := []any{"from", r.settings.InitFrom, "tensors", fmt.Sprintf("%d of %d", len(names)-len(drawn), len(names)), "made_anew", strings.Join(drawn, ",")}
	if r.mostAre(drawn) {
		r.env.Log.Warn("few weights taken over: is the file of another model?", about...)
	} else {
		r.env.Log.Info("weights taken over", about...)
	}
}

// checkInitial says what became of the head, and refuses weights of which no layer
// has any use, and frozen ones that were drawn.
func (r *session) checkInitial() error {
	i := r.initial
	if i == nil {
		return nil
	}
	if err := r.checkTaken(); err != nil {
		return err
	}
	for _, p := range r.params.All() {
		if p.Trainable && nn.Frozen(r.settings.Freeze, p.Name) && slices.Contains(i.drawn, p.Name) {
			return config.Usagef("--freeze %s: %s is made anew, so that it would keep random values: freeze what --init-from gives alone",
				strings.Join(r.settings.Freeze, ","), p.Name)
		}
	}
	head := headOf(r.graph)
	switch taken := func(name string) bool { return !slices.Contains(i.drawn, name) }; {
	case len(i.anew) > 0:
		r.env.Log.Info("the head is made anew: the one in the file tells other classes apart",
			"classes", classesText(r.data.all.Classes()), "in_file", classesText(i.classes))
	case i.classes == nil && slices.ContainsFunc(head, taken):
		r.env.Log.Warn("nobody can tell which classes the head in the file tells apart: it is taken over as if they were these, in this order",
			"classes", classesText(r.data.all.Classes()), "init-from", r.settings.InitFrom)
	}
	return nil
}

// checkTaken refuses a file that gives no layer its weights: what else may fit by
// chance, such as biases, is of no use without them.
func (r *session) checkTaken() error {
	var wanted, there []string
	for _, p := range r.params.All() {
		switch {
		case !p.IsWeight():
		case !slices.Contains(r.initial.drawn, p.Name):
			return nil
		case !slices.Contains(r.initial.anew, p.Name):
			wanted = append(wanted, fmt.Sprintf("%s %v", p.Name, p.Shape))
		}
	}
	for _, t := range r.initial.tensors {
		if len(t.Shape) > 1 {
			there = append(there, fmt.Sprintf("%s %v", t.Name, t.Shape))
		}
	}
	path := r.settings.InitFrom
	if len(wanted) == 0 {
		return config.Usagef("--init-from %s: the model has no layer but its head, and the one in the file tells other classes apart (%s): nothing can be taken over",
			path, classesText(r.initial.classes))
	}
	return config.Usagef("--init-from %s: no layer's weights have name and shape of the model's: %s wants %s, the file has %s: want the file of such a model, for such images",
		path, r.settings.Model, firstOf(wanted), firstOf(there))
}

// firstOf are the first entries of a list, for a message.
func firstOf(list []string) string {
	const most = 3
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}

// classesText lists classes for a line of the log.
func classesText(classes []string) string {
	const width = 120
	return metric.Clip(strings.Join(classes, ","), width)
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
