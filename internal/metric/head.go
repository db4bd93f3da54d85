package metric

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Phases of a training, as the lines of a history name them. A training of one phase names
// none.
const (
	PhaseHead     = "head"     // the last layer alone learns
	PhaseFinetune = "finetune" // then all of the network does
)

// HeadNote is how the last layer was found by a solver: on features, which are what the layers
// before it make of the images.
type HeadNote struct {
	Penalty   float64        `json:"penalty"` // that of the best solution on the validation part
	Solutions []HeadSolution `json:"solutions"`
	// Curve is what part of the training images gives, rising to all of them: what more images
	// may still bring.
	Curve []HeadPoint `json:"curve"`
	// Views is how many times each image of the training part was looked at.
	Views            int    `json:"views"`
	TrainFeatures    string `json:"train_features_sha256"`
	ValidateFeatures string `json:"validation_features_sha256"`
}

// HeadPoint is the best solution on a share of the training images.
type HeadPoint struct {
	Percent int `json:"percent"`
	Images  int `json:"images"`
	Rows    int `json:"rows"` // of their views
	HeadSolution
}

// HeadSolution is the solution for one penalty.
type HeadSolution struct {
	Penalty            float64 `json:"penalty"`
	Iterations         int     `json:"iterations"`
	Converged          bool    `json:"converged"`
	GradientNorm       float64 `json:"gradient_norm"` // at the end, as a share of that at the beginning
	Objective          float64 `json:"objective"`     // mean loss and penalty, of the training part
	TrainLoss          float64 `json:"train_loss"`
	TrainAccuracy      float64 `json:"train_accuracy"`
	ValidationLoss     float64 `json:"validation_loss"`
	ValidationAccuracy float64 `json:"validation_accuracy"`
}

// Best is the solution of the penalty.
func (h *HeadNote) Best() HeadSolution {
	for _, s := range h.Solutions {
		if s.Penalty == h.Penalty {
			return s
		}
	}
	return HeadSolution{}
}

// check refuses what no solver writes.
func (h *HeadNote) check() error {
	if len(h.Solutions) == 0 || h.Views < 1 {
		return errors.New("head: it has no solution, or no view")
	}
	solutions, found := slices.Clone(h.Solutions), false
	for _, p := range h.Curve {
		if p.Percent < 1 || p.Percent > 100 || p.Images < 1 || p.Rows < p.Images {
			return fmt.Errorf("head: a point of the curve has %d %% of the images, %d in %d rows", p.Percent, p.Images, p.Rows)
		}
		solutions = append(solutions, p.HeadSolution)
	}
	for i, s := range solutions {
		found = found || i < len(h.Solutions) && s.Penalty == h.Penalty
		for _, v := range []float64{s.Penalty, s.GradientNorm, s.Objective, s.TrainLoss, s.TrainAccuracy, s.ValidationLoss, s.ValidationAccuracy} {
			if !(v >= 0) || math.IsInf(v, 0) {
				return fmt.Errorf("head: solution %d has the figure %v, want a finite number of at least 0", i+1, v)
			}
		}
		if s.TrainAccuracy > 1 || s.ValidationAccuracy > 1 || s.Iterations < 0 {
			return fmt.Errorf("head: solution %d has an accuracy above 1 or a negative number of iterations", i+1)
		}
	}
	if !found {
		return fmt.Errorf("head: no solution has the penalty %v", h.Penalty)
	}
	return errors.Join(checkDigest("train_features_sha256", h.TrainFeatures), checkDigest("validation_features_sha256", h.ValidateFeatures))
}
