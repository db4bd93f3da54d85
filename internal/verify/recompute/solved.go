package recompute

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/head"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// solvedFigure is what a line of a history says of a head that was solved for, and what it
// must say by the settings or by the line's other figures.
type solvedFigure struct{ name, recorded, found string }

// checkSolved compares how the last layer was found with the settings, and its figures with
// each other. The number of examples is 0 where it is not known.
func checkSolved(e metric.Epoch, own *settings.Settings, examples int, differs func(figure, recorded, found string) error) error {
	figures := solvedFigures(e, own)
	if last := len(e.Head.Curve) - 1; examples > 0 && last >= 0 {
		figures = append(figures, solvedFigure{"head.curve.images", strconv.Itoa(e.Head.Curve[last].Images), strconv.Itoa(examples)})
	}
	for _, f := range figures {
		if f.recorded != f.found {
			return differs(f.name, f.recorded, f.found+" by the settings and the other figures")
		}
	}
	return nil
}

func solvedFigures(e metric.Epoch, own *settings.Settings) []solvedFigure {
	n, best := e.Head, e.Head.Best()
	var fits []head.Fit
	var penalties, percents []string
	for _, s := range n.Solutions {
		fits, penalties = append(fits, head.Fit(s)), append(penalties, config.Exact(s.Penalty))
	}
	for _, p := range n.Curve {
		percents = append(percents, strconv.Itoa(p.Percent))
	}
	tried := head.Penalties(own.Penalties())
	figures := []solvedFigure{
		{"head.views", strconv.Itoa(n.Views), strconv.Itoa(own.Views)},
		{"head.solutions.penalty", strings.Join(penalties, ","), joined(tried)},
		{"identity.phases.penalties", strconv.Itoa(len(own.HeadPenalties)), strconv.Itoa(min(len(own.HeadPenalties), len(tried)))}, // each once
		{"head.penalty", config.Exact(n.Penalty), config.Exact(fits[head.Choose(fits)].Penalty)},                                   // a history has one solution at least
		{"train_loss", config.Exact(e.TrainLoss), config.Exact(best.TrainLoss)},
		{"train_accuracy", config.Exact(e.TrainAccuracy), config.Exact(best.TrainAccuracy)},
		{"gradient_norm", config.Exact(e.GradientNorm), config.Exact(best.GradientNorm)},
		{"head.curve.percent", "[" + strings.Join(percents, " ") + "]", fmt.Sprint(head.CurvePercents())},
	}
	for i, p := range n.Curve {
		name := fmt.Sprintf("head.curve[%d].", i)
		figures = append(figures, solvedFigure{name + "rows", strconv.Itoa(p.Rows), strconv.Itoa(p.Images * own.Views)})
		if i == len(n.Curve)-1 {
			figures = append(figures, solvedFigure{name + "solution", fmt.Sprint(p.HeadSolution), fmt.Sprint(best)})
		}
	}
	return figures
}

func joined(values []float64) string {
	var texts []string
	for _, v := range values {
		texts = append(texts, config.Exact(v))
	}
	return strings.Join(texts, ",")
}
