// Package stat describes figures over images, boxes and clips.
package stat

import "slices"

// Distribution describes a figure over images, or whatever has it. Quantile q is the value at place
// floor(q*(n-1)) of the sorted ones.
type Distribution struct {
	Least    float64 `json:"least"`
	P05      float64 `json:"p05"`
	P25      float64 `json:"p25"`
	Median   float64 `json:"median"`
	P75      float64 `json:"p75"`
	P95      float64 `json:"p95"`
	Greatest float64 `json:"greatest"`
	Mean     float64 `json:"mean"`
	// Counts are of ranges of equal width that divide Low to High.
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	Counts []int   `json:"counts"`
}

// ranges is how many ranges a distribution is counted in.
const ranges = 40

// Distribute describes whole numbers, each of which stands for itself divided by unit. It sorts
// them.
func Distribute(values []int64, unit int64) Distribution {
	n := len(values)
	if n == 0 {
		return Distribution{Counts: []int{}}
	}
	slices.Sort(values)
	value := func(v int64) float64 { return float64(v) / float64(unit) }
	quantile := func(percent int) float64 { return value(values[(n-1)*percent/100]) }
	sum := int64(0)
	for _, v := range values {
		sum += v
	}
	low, high := values[0], values[n-1]
	d := Distribution{
		Least: value(low), P05: quantile(5), P25: quantile(25), Median: quantile(50), P75: quantile(75), P95: quantile(95), Greatest: value(high),
		Mean: float64(sum) / float64(n) / float64(unit), Low: value(low), High: value(high),
	}
	if low == high {
		d.Counts = []int{n}
		return d
	}
	d.Counts = make([]int, ranges)
	for _, v := range values {
		d.Counts[min(int((v-low)*ranges/(high-low)), ranges-1)]++
	}
	return d
}
