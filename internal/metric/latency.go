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
	// Calibration is there where a criterion compares with it. Programs that do not know it
	// refuse such a result.
	Calibration *Calibration `json:"calibration,omitempty"`
}

// Calibration is how long a fixed network takes for one image on the same machine, in
// milliseconds. It was timed in turn with the model, in one process, so that what slows one
// of them down slows the other down as well.
type Calibration struct {
	Network string  `json:"network"` // its name, with the number of its version
	P50     float64 `json:"p50"`
	P95     float64 `json:"p95"`
	Max     float64 `json:"max"`
	Samples int     `json:"samples"`
	Ratio   float64 `json:"ratio"` // the model's median over this one
}

// Calibrate adds the times of a calibration network to those of a model.
func (l *Latency) Calibrate(network string, samples []time.Duration) error {
	times, err := SummarizeLatency(samples, 1, 1, l.Machine)
	if err != nil {
		return err
	}
	if times.P50 <= 0 {
		return errors.New("the median time of the calibration network is 0: the clock of this machine is too coarse to compare with it")
	}
	l.Calibration = &Calibration{Network: network, P50: times.P50, P95: times.P95, Max: times.Max, Samples: times.Samples, Ratio: l.P50 / times.P50}
	return nil
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
