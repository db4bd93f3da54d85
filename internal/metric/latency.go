package metric

import (
	"errors"
	"slices"
	"time"
)

// Latency is how long the network takes for one batch, in milliseconds. It is a
// measurement of the machine named, outside the reproducibility contract.
type Latency struct {
	P50     float64 `json:"p50"`
	P95     float64 `json:"p95"`
	Max     float64 `json:"max"`
	Batch   int     `json:"batch"`   // images per call
	Workers int     `json:"workers"` // threads of the engine
	Samples int     `json:"samples"` // calls measured, after the warm-up
	Machine string  `json:"machine"`
}

// SummarizeLatency gives the percentiles of measured times by nearest rank:
// the p-th percentile is the smallest sample that at least p % of the samples
// do not exceed.
func SummarizeLatency(samples []time.Duration, batch, workers int, machine string) (*Latency, error) {
	if len(samples) == 0 {
		return nil, errors.New("no latency was measured")
	}
	sorted := slices.Clone(samples)
	slices.Sort(sorted)
	if sorted[0] < 0 {
		return nil, errors.New("a measured latency is negative: the clock was turned back, measure again")
	}
	return &Latency{
		P50:   milliseconds(nearestRank(sorted, 50)),
		P95:   milliseconds(nearestRank(sorted, 95)),
		Max:   milliseconds(sorted[len(sorted)-1]),
		Batch: batch, Workers: workers, Samples: len(samples), Machine: machine,
	}, nil
}

func nearestRank[T any](sorted []T, percent int) T {
	rank := (percent*len(sorted) + 99) / 100
	return sorted[max(rank, 1)-1]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
