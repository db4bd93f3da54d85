package loss

import (
	"errors"
	"fmt"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
)

// classWeights multiply the terms of a loss by a weight for each class.
type classWeights struct {
	option  string
	weights []float32 // nil where all are 1
}

func (c *classWeights) declare(o *config.Options) {
	o.Canonical(&c.option, "class-weights", "none",
		`"none", "balanced" (in inverse proportion to a class's examples) or one number for each class, as in 1/2.5/1`,
		func(s string) (string, error) {
			weights, err := parseWeights(s)
			if weights == nil || err != nil {
				return s, err
			}
			var words []string
			for _, w := range weights {
				words = append(words, config.FormatFloat32(w))
			}
			return strings.Join(words, "/"), nil
		})
}

// parseWeights reads a list of weights; it is nil for the two words.
func parseWeights(s string) ([]float32, error) {
	if s == "none" || s == "balanced" {
		return nil, nil
	}
	var weights []float32
	largest := float32(0)
	for field := range strings.SplitSeq(s, "/") {
		v, err := config.ParseFloat32(field)
		if err != nil || !(v >= 0 && v <= 1e6) {
			return nil, fmt.Errorf("%q: want none, balanced or numbers from 0 to 1e6 in float32, separated by slashes", field)
		}
		weights = append(weights, v)
		largest = max(largest, v)
	}
	if largest == 0 {
		return nil, errors.New("want at least one class weight above 0")
	}
	return weights, nil
}

// Prepare sets the weights for classes of these numbers of training examples.
func (c *classWeights) Prepare(counts []int) error {
	weights, err := parseWeights(c.option)
	if err != nil {
		return fmt.Errorf("class-weights=%s: %w", c.option, err)
	}
	if c.option == "balanced" {
		weights = balanced(counts)
	} else if weights != nil && len(weights) != len(counts) {
		return fmt.Errorf("class-weights=%s: %d weights for %d classes: give one for each class, in the order of the classes",
			c.option, len(weights), len(counts))
	}
	c.weights = weights
	return nil
}

// balanced gives each class a weight in inverse proportion to its examples, so
// that the mean over all examples is 1. A class without examples has weight 0.
func balanced(counts []int) []float32 {
	examples, present := 0, 0
	for _, n := range counts {
		examples += n
		if n > 0 {
			present++
		}
	}
	weights := make([]float32, len(counts))
	for i, n := range counts {
		if n > 0 {
			weights[i] = float32(float64(examples) / float64(present*n))
		}
	}
	return weights
}

// ClassWeights implements Weighted.
func (c *classWeights) ClassWeights() []float32 { return c.weights }

// weigh returns the target of a class times its weight.
func (c *classWeights) weigh(class int, target float32) float32 {
	if c.weights == nil {
		return target
	}
	return float32(c.weights[class] * target)
}
