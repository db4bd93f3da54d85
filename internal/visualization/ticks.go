package visualization

import (
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/kernel"
)

// scale is an axis: its ends and the positions that are marked.
type scale struct {
	low, high float64
	log       bool
	ticks     []tick
}

// tick is a position of an axis. Its label may be empty.
type tick struct {
	Value float64
	Label string
}

// share is where on the axis a value lies, 0 at its low end and 1 at its high one.
func (s scale) share(v float64) float64 {
	if s.log {
		log := func(v float64) float64 { return float64(kernel.Log(float32(v))) }
		return (log(v) - log(s.low)) / (log(s.high) - log(s.low))
	}
	return (v - s.low) / (s.high - s.low)
}

// newScale covers low to high with about count steps of 1, 2 or 5 times a power
// of ten. Its labels have the number of digits that the step needs.
func newScale(low, high float64, count int, label func(v float64, digits int) string) scale {
	if !(high > low) {
		low, high = low-0.5, high+0.5
	}
	mantissa, exponent := roundStep((high - low) / float64(count))
	first, last := floorDiv(low, mantissa, exponent), -floorDiv(-high, mantissa, exponent)
	var s scale
	for i := first; i <= last; i++ {
		v := decimal(i*mantissa, exponent)
		s.ticks = append(s.ticks, tick{Value: v, Label: label(v, max(0, -exponent))})
	}
	s.low, s.high = s.ticks[0].Value, s.ticks[len(s.ticks)-1].Value
	return s
}

// roundStep returns the smallest 1, 2 or 5 times a power of ten that is not
// below step.
func roundStep(step float64) (mantissa, exponent int) {
	for decimal(1, exponent) < step {
		exponent++
	}
	for decimal(1, exponent-1) >= step {
		exponent--
	}
	for _, m := range []int{2, 5} {
		if v := decimal(m, exponent-1); v >= step {
			return m, exponent - 1
		}
	}
	return 1, exponent
}

// decimal is mantissa times ten to the exponent, correctly rounded.
func decimal(mantissa, exponent int) float64 {
	// Digits and an exponent always parse.
	v, _ := strconv.ParseFloat(strconv.Itoa(mantissa)+"e"+strconv.Itoa(exponent), 64)
	return v
}

// floorDiv is the largest i with i*mantissa*10^exponent at most v.
func floorDiv(v float64, mantissa, exponent int) int {
	i := int(v / decimal(mantissa, exponent))
	for decimal(i*mantissa, exponent) > v {
		i--
	}
	for decimal((i+1)*mantissa, exponent) <= v {
		i++
	}
	return i
}

func plainLabel(v float64, digits int) string { return strconv.FormatFloat(v, 'f', digits, 64) }

// percentLabel writes a share in per cent, which takes two digits fewer.
func percentLabel(v float64, digits int) string {
	return strconv.FormatFloat(100*v, 'f', max(0, digits-2), 64)
}

// logScale covers low to high, both above 0, on a logarithmic axis: each power
// of ten is labelled, and 2 and 5 times it too where there are few of them.
func logScale(low, high float64) scale {
	_, exponent := roundStep(low)
	exponent--
	s := scale{log: true}
	for e := exponent; decimal(1, e) <= high; e++ {
		for _, m := range []int{1, 2, 5} {
			s.ticks = append(s.ticks, tick{Value: decimal(m, e), Label: strconv.FormatFloat(decimal(m, e), 'g', -1, 64)})
		}
	}
	for len(s.ticks) > 2 && s.ticks[1].Value <= low {
		s.ticks = s.ticks[1:]
	}
	for len(s.ticks) > 2 && s.ticks[len(s.ticks)-2].Value >= high {
		s.ticks = s.ticks[:len(s.ticks)-1]
	}
	s.low, s.high = s.ticks[0].Value, s.ticks[len(s.ticks)-1].Value
	if len(s.ticks) > 9 {
		for i, t := range s.ticks {
			if !strings.HasPrefix(strings.TrimLeft(t.Label, "0."), "1") {
				s.ticks[i].Label = ""
			}
		}
	}
	return s
}

// epochScale labels whole epochs only.
func epochScale(first, last int) scale {
	step := 1
	for _, s := range []int{2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000} {
		if (last-first)/step > 12 {
			step = s
		}
	}
	s := scale{low: float64(first), high: float64(last)}
	for e := first; e <= last; e++ {
		if e%step == 0 || step == 1 || e == first {
			s.ticks = append(s.ticks, tick{Value: float64(e), Label: strconv.Itoa(e)})
		}
	}
	if first == last {
		s.low, s.high = s.low-0.5, s.high+0.5
	}
	return s
}
