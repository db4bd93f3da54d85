package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// takeInitial gives the parameters the weights to begin with, by name. Those that
// do not fit keep their drawn values, and so does a head for other classes.
func (p *Prepared) takeInitial() error {
	i := p.Initial
	if i == nil || i.Tensors == nil {
		return nil
	}
	anew := i.Anew
	if i.Classes != nil && !slices.Equal(i.Classes, p.Data.All.Classes()) {
		anew = append(slices.Clone(anew), headOf(p.Graph)...)
	}
	taken, left := i.Divide(p.Params, anew)
	i.Anew = left
	var err error
	if i.Drawn, err = p.Params.LoadMatching(taken); err != nil {
		return config.Usage(fmt.Errorf("--init-from %s: %w; 'blocktrain weights show' lists the networks that a file is near to", p.Settings.InitFrom, err))
	}
	if i.Published != nil { // the input's normalisation is not among them, and is not drawn either
		i.Drawn = slices.DeleteFunc(i.Drawn, func(name string) bool { return strings.HasPrefix(name, "normalize.") })
	}
	p.sayTaken()
	return settings.CheckFreeze(p.Settings.Freeze, p.Params.Names())
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

// sayTaken says which weights were taken over. The record has all the names.
func (p *Prepared) sayTaken() {
	names, drawn := p.Params.Names(), p.Initial.Drawn
	about := []any{"from", p.Settings.InitFrom, "tensors", fmt.Sprintf("%d of %d", len(names)-len(drawn), len(names))}
	if len(drawn) > 0 {
		about = append(about, "made_anew", firstOf(drawn))
	}
	if p.mostAre(drawn) {
		p.Env.Log.Warn("few weights taken over: is the file of another model?", about...)
	} else {
		p.Env.Log.Info("weights taken over", about...)
	}
}

// checkInitial says what became of the head, and refuses weights of which no layer
// has any use, and frozen ones that were drawn.
func (p *Prepared) checkInitial() error {
	i := p.Initial
	if i == nil {
		return nil
	}
	if err := errors.Join(i.CheckFinite(p.Settings.InitFrom), p.checkTaken(), settings.CheckTrainable(p.Settings.Freeze, p.Params.All())); err != nil {
		return err
	}
	for _, w := range p.Params.All() {
		if w.Trainable && nn.Frozen(p.Settings.Freeze, w.Name) && slices.Contains(i.Drawn, w.Name) {
			return config.Usagef("--freeze %s: %s is made anew, so that it would keep random values: freeze what --init-from gives alone",
				strings.Join(p.Settings.Freeze, ","), w.Name)
		}
	}
	head := headOf(p.Graph)
	switch taken := func(name string) bool { return !slices.Contains(i.Drawn, name) }; {
	case len(i.Anew) > 0:
		p.Env.Log.Info("the head is made anew: the one in the file tells other classes apart",
			"classes", classesText(p.Data.All.Classes()), "in_file", classesText(i.Classes))
	case i.Classes == nil && slices.ContainsFunc(head, taken):
		p.Env.Log.Warn("nobody can tell which classes the head in the file tells apart: it is taken over as if they were these, in this order",
			"classes", classesText(p.Data.All.Classes()), "init-from", p.Settings.InitFrom)
	}
	return nil
}

// checkTaken refuses a file that gives no layer its weights: what else may fit by
// chance, such as biases, is of no use without them.
func (p *Prepared) checkTaken() error {
	var wanted, there []string
	for _, w := range p.Params.All() {
		switch {
		case !w.IsWeight():
		case !slices.Contains(p.Initial.Drawn, w.Name):
			return nil
		case !slices.Contains(p.Initial.Anew, w.Name):
			wanted = append(wanted, fmt.Sprintf("%s %v", w.Name, w.Shape))
		}
	}
	for _, t := range p.Initial.Tensors {
		if len(t.Shape) > 1 {
			there = append(there, fmt.Sprintf("%s %v", t.Name, t.Shape))
		}
	}
	path := p.Settings.InitFrom
	if len(wanted) == 0 {
		return config.Usagef("--init-from %s: the model has no layer but its head, and the one in the file tells other classes apart (%s): nothing can be taken over",
			path, classesText(p.Initial.Classes))
	}
	return config.Usagef("--init-from %s: no layer's weights have name and shape of the model's: %s wants %s, the file has %s: want the file of such a model, for such images",
		path, p.Settings.Model, firstOf(wanted), firstOf(there))
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
func (p *Prepared) mostAre(names []string) bool {
	named, all := 0, 0
	for _, w := range p.Params.All() {
		switch {
		case !w.Trainable:
			continue
		case slices.Contains(names, w.Name):
			named += w.Elements()
		}
		all += w.Elements()
	}
	return 2*named > all
}
