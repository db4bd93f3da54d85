package decision

import (
	"fmt"
	"math"
	"slices"

	"github.com/blocktrain/blocktrain/internal/kernel"
)

// Weights say how much each of two networks counts in the decision on a window: the logarithms
// of the probabilities of the classes are Crops times the mean ones of the network on crops plus
// Track times those of the network on tracks, but for a term that is the same for all classes.
// Such a sum is a logarithmic opinion pool (Genest and Zidek, 1986), and weights that are
// measured on what nobody has learnt from are stacking (Wolpert, 1992).
type Weights struct {
	Crops float64 `json:"crops"`
	Track float64 `json:"track"`
}

// Weights are multiples of 1/weightSteps, of 0 to mostWeight. That of crops is more than 0, so
// that something decides.
const (
	weightSteps = 8
	mostWeight  = 2
)

func (w Weights) check() error {
	for _, v := range []float64{w.Crops, w.Track} {
		if !(v >= 0 && v <= mostWeight) || float64(v*weightSteps) != math.Trunc(v*weightSteps) {
			return fmt.Errorf("%v is no multiple of 1/%d from 0 to %d", v, weightSteps, mostWeight)
		}
	}
	if w.Crops == 0 {
		return fmt.Errorf("crops is 0, want at least 1/%d", weightSteps)
	}
	return nil
}

// pool are the logarithms for a window, [classes], of those of the two networks.
func (w Weights) pool(crops []float32, track []float64) []float64 {
	logs := make([]float64, len(track))
	for k := range logs {
		logs[k] = float64(w.Crops*float64(crops[k])) + float64(w.Track*track[k])
	}
	return logs
}

// answered are the windows of a clip with what both networks say, which were trained without it.
type answered struct {
	label   int
	windows []Window
	track   [][]float64 // [window][classes]
}

// weigh finds the weights by which the true classes of clips are most probable: those with the
// least mean cross-entropy, in which each clip counts the same. Of equals it takes the smaller
// weight of crops, and then of the track.
func weigh(clips []answered) Weights {
	best, least := Weights{}, math.Inf(1)
	for crops := 1; crops <= mostWeight*weightSteps; crops++ {
		for track := 0; track <= mostWeight*weightSteps; track++ {
			w := Weights{float64(crops) / weightSteps, float64(track) / weightSteps}
			if loss := w.loss(clips); loss < least {
				best, least = w, loss
			}
		}
	}
	return best
}

// loss is the sum, over clips, of the mean cross-entropy of their windows.
func (w Weights) loss(clips []answered) float64 {
	sum := 0.0
	for _, c := range clips {
		own := 0.0
		for i := range c.windows {
			own += surprise(w.pool(c.windows[i].Logs, c.track[i]), c.label)
		}
		sum += own / float64(max(len(c.windows), 1))
	}
	return sum
}

// surprise is the cross-entropy of a class under logarithms of probabilities that are not
// divided by their sum.
func surprise(logs []float64, label int) float64 {
	most, total := slices.Max(logs), 0.0
	for _, l := range logs {
		total += float64(kernel.Exp(float32(l - most)))
	}
	return float64(kernel.Log(float32(total))) - (logs[label] - most)
}
