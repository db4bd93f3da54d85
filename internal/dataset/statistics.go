package dataset

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"sync"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// Statistics describe the values of each channel, in grey levels 0 to 255.
type Statistics struct {
	Mean      []float64 `json:"mean"`
	Deviation []float64 `json:"deviation"` // standard deviation, of the population
}

// moments are exact sums over the values of one channel.
type moments struct{ count, sum, squares uint64 }

// Measure computes the statistics of the examples at indexes after rule. All
// sums are of integers, so the result does not depend on how the work was
// divided.
func Measure(ctx context.Context, d Dataset, indexes []int, rule imaging.Rule) (*Statistics, error) {
	total, err := sumUp(ctx, d, indexes, rule)
	if err != nil {
		return nil, err
	}
	return statisticsOf(total), nil
}

// sumUp is the moments of each channel of the examples at indexes after rule.
func sumUp(ctx context.Context, d Dataset, indexes []int, rule imaging.Rule) ([]moments, error) {
	if len(indexes) == 0 {
		return nil, errors.New("no images to measure")
	}
	if err := rule.Validate(); err != nil {
		return nil, err
	}
	known, total := detail(d), make([]moments, rule.Channels)
	var mu sync.Mutex
	err := eachImage(ctx, len(indexes), func(at int) error {
		own, err := momentsOf(known, indexes[at], rule)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		for c := range total {
			total[c].add(own[c])
		}
		return nil
	})
	return total, err
}

// momentsOf is the moments of example i after rule, for which it is decoded if it was not
// measured when the dataset was opened.
func momentsOf(d detailed, i int, rule imaging.Rule) ([]moments, error) {
	if early, at := earlyOf(d, i); early != nil {
		s, err := d.shape(i)
		if known := early.moments(at, s, rule); err == nil && known != nil {
			return known, nil
		}
	}
	img, err := loadImage(d, i, rule, nil)
	if err != nil {
		return nil, err
	}
	own := measure(img)
	return own[:], nil
}

func statisticsOf(total []moments) *Statistics {
	s := &Statistics{}
	for _, m := range total {
		s.Mean = append(s.Mean, m.mean())
		s.Deviation = append(s.Deviation, math.Sqrt(m.variance()))
	}
	return s
}

// loadImage is image i of d after rule. The error names the source.
func loadImage(d detailed, i int, rule imaging.Rule, buffer []uint8) (imaging.Image, error) {
	img, err := d.imageIn(i, buffer)
	defer img.Release()
	if err == nil {
		img, err = rule.Apply(img)
	}
	return img, ofExample(d, i, err)
}

// loadReduced is image i of d, reduced to what a first stage of the augmentation takes. The
// error names the source.
func loadReduced(d detailed, i int, rule imaging.Rule, side int) (imaging.Image, error) {
	img, err := d.imageIn(i, nil)
	defer img.Release()
	if err == nil {
		img, err = rule.Reduce(img, side)
	}
	return img, ofExample(d, i, err)
}

// ofExample is an error, if there is one, with the example that it is about.
func ofExample(d Dataset, i int, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("example %d (%s): %w", i, d.Source(i), err)
}

// measure returns the moments of the channels of img.
func measure(img imaging.Image) (own [imaging.MaxChannels]moments) {
	for c := range img.Channels {
		m := &own[c]
		for at := c; at < len(img.Pix); at += img.Channels {
			v := uint64(img.Pix[at])
			m.sum += v
			m.squares += v * v
		}
		m.count = uint64(img.Width * img.Height)
	}
	return own
}

func (m *moments) add(other moments) {
	m.count += other.count
	m.sum += other.sum
	m.squares += other.squares
}

// mean is sum/count, rounded once.
func (m moments) mean() float64 {
	v, _ := new(big.Rat).SetFrac(natural(m.sum), natural(m.count)).Float64()
	return v
}

// variance is (count*squares - sum^2) / count^2, rounded once.
func (m moments) variance() float64 {
	n, sum := natural(m.count), natural(m.sum)
	above := new(big.Int).Mul(n, natural(m.squares))
	above.Sub(above, new(big.Int).Mul(sum, sum))
	v, _ := new(big.Rat).SetFrac(above, new(big.Int).Mul(n, n)).Float64()
	return v
}

func natural(v uint64) *big.Int { return new(big.Int).SetUint64(v) }
