package track

import (
	"math"
	"time"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/kernel"
)

// FeatureCount is how many features a window of a track has: 6 of the blob and 22 of its
// motion.
const FeatureCount = 28

// FeatureWindow is how many frames features look at, FeatureHop how many come between the
// beginnings of two windows.
const (
	FeatureWindow = 64
	FeatureHop    = FeatureWindow / 2
)

// Observation is what features need of a point.
type Observation struct {
	Time   time.Duration
	Box    clips.Box
	Shape  Shape
	Missed bool // the point is not used, and what is between its neighbours is
}

// nominal is the rate that speeds are given at, frames a second.
const nominal = 30

// The deviations of the filters that motion is told apart by, in frames.
const (
	motionDeviation = 1.5 // before speeds are taken
	jitterDeviation = 3
	trendDeviation  = 10
)

// series are the measures of a window, one number a frame.
type series struct{ x, y, peak, least, flux, area, elongation, side []float64 }

// Features are the motion and blob features of a window of one track, [FeatureCount]. Of a
// window in which every observation is missed, or that is empty, all are 0.
func Features(window []Observation) []float32 {
	features := make([]float32, 0, FeatureCount)
	s, found := seriesOf(window)
	if !found {
		return features[:FeatureCount]
	}
	rate := rateOf(window)
	features = append(features,
		logOf(medianOf(s.area)+1), float32(medianOf(logs(s.elongation, 0))), logOf(medianOf(s.peak)+1),
		logOf(max(-medianOf(s.least), 0.5)), float32(medianOf(s.flux)), logOf(medianOf(s.side)))
	features = append(features, motionOf(s, rate)...)
	features = append(features, spectrum(s.flux, rate)...)
	features = append(features, spectrum(logs(s.area, 1), rate)...)
	features = append(features, spectrum(logs(s.elongation, 0), rate)...)
	return append(features, spectrum(s.peak, rate)[0])
}

// seriesOf takes the measures out of the observations, and puts what lies between its
// neighbours where one is missed.
func seriesOf(window []Observation) (s series, found bool) {
	last := -1
	for i, o := range window {
		if o.Missed {
			continue
		}
		found = true
		v := o.Shape
		now := []float64{v.X, v.Y, v.Peak, v.Least, float64(kernel.Log(float32(v.Flux + 10))), v.Area, max(v.Elongation, 1e-6), max(v.Side, 1)}
		for k, list := range s.lists() {
			before := now[k]
			if last >= 0 {
				before = (*list)[last]
			}
			for at := last + 1; at < i; at++ {
				share := float64(at-last) / float64(i-last)
				*list = append(*list, before+float64((now[k]-before)*share))
			}
			*list = append(*list, now[k])
		}
		last = i
	}
	for at := last + 1; found && at < len(window); at++ {
		for _, list := range s.lists() {
			*list = append(*list, (*list)[last])
		}
	}
	return s, found
}

func (s *series) lists() []*[]float64 {
	return []*[]float64{&s.x, &s.y, &s.peak, &s.least, &s.flux, &s.area, &s.elongation, &s.side}
}

// rateOf is the mean rate of the frames of a window, frames a second.
func rateOf(window []Observation) float64 {
	length := window[len(window)-1].Time - window[0].Time
	if length <= 0 {
		return nominal
	}
	return float64(len(window)-1) * 1e9 / float64(length)
}

func logOf(v float64) float32 { return kernel.Log(float32(v)) }

// logs are the logarithms of values, to which more is added.
func logs(values []float64, more float64) []float64 {
	list := make([]float64, len(values))
	for i, v := range values {
		list[i] = float64(logOf(v + more))
	}
	return list
}

// motionOf are the six features of speed, acceleration and jitter, at the nominal rate.
func motionOf(s series, rate float64) []float32 {
	speed := rate / nominal
	vx, vy := slope(smooth(s.x, motionDeviation)), slope(smooth(s.y, motionDeviation))
	ax, ay := slope(vx), slope(vy)
	turn := hypots(ax, ay)
	return []float32{
		logOf(float64(medianOf(hypots(vx, vy))*speed) + 0.02),
		logOf(float64(float64(meanOf(turn)*speed)*speed) + 0.01),
		logOf(deviation(less(s.x, smooth(s.x, jitterDeviation))) + 0.02),
		logOf(deviation(less(s.y, smooth(s.y, jitterDeviation))) + 0.02),
		logOf(float64(math.Abs(medianOf(vx))*speed) + 0.02),
		logOf(float64(math.Abs(medianOf(vy))*speed) + 0.02),
	}
}

// bands are the limits of the frequencies whose shares are features, in Hz.
var bands = [...]float64{1, 3, 6, 10, 15.1}

// spectrum is how much values change, without what is slower than some 10 frames, and the
// shares of the bands in it, [5], in logarithms.
func spectrum(values []float64, rate float64) []float32 {
	v := less(values, smooth(values, trendDeviation))
	n := len(v)
	features := []float32{logOf(deviation(v) + 0.01)}
	power := powers(v)
	total := 1e-6
	for _, p := range power {
		total += p
	}
	for band := range len(bands) - 1 {
		sum := 0.0
		for k, p := range power {
			if f := float64(k) * rate / float64(n); f >= bands[band] && f < bands[band+1] {
				sum += p
			}
		}
		features = append(features, logOf(sum/total+1e-3))
	}
	return features
}

// powers are the squares of the discrete Fourier transform of values under a Hann window,
// [n/2+1], each summed in the order of the values.
func powers(values []float64) []float64 {
	n := len(values)
	cosine := make([]float64, n)
	for i := range cosine {
		cosine[i] = float64(kernel.Cos(float32(float64(2*math.Pi*float64(i)) / float64(n))))
	}
	tapered := make([]float64, n)
	for i, v := range values {
		weight := 1.0
		if n > 1 {
			weight = 0.5 - float64(0.5*float64(kernel.Cos(float32(float64(2*math.Pi*float64(i))/float64(n-1)))))
		}
		tapered[i] = float64(v * weight)
	}
	list := make([]float64, n/2+1)
	for k := range list {
		var re, im float64
		for i, v := range tapered {
			re += float64(v * cosine[i*k%n])
			im += float64(v * float64(kernel.Sin(float32(float64(2*math.Pi*float64(i*k%n))/float64(n)))))
		}
		list[k] = float64(re*re) + float64(im*im)
	}
	return list
}

// smooth is the Gaussian filter of a deviation in samples, cut off at four of them; beyond
// the ends the values are mirrored, the outermost repeated.
func smooth(values []float64, deviation float64) []float64 {
	radius := int(float64(4*deviation) + 0.5)
	weights := make([]float64, radius+1)
	total := 0.0
	for i := range weights {
		z := float64(i) / deviation
		weights[i] = float64(kernel.Exp(float32(float64(-0.5*z) * z)))
		total += weights[i]
		if i > 0 {
			total += weights[i]
		}
	}
	n := len(values)
	list := make([]float64, n)
	for at := range list {
		sum := 0.0
		for d := -radius; d <= radius; d++ {
			sum += float64(values[mirror(at+d, n)] * weights[max(d, -d)])
		}
		list[at] = sum / total
	}
	return list
}

// mirror is the place of a sample beyond the ends: of -1 it is 0, of n it is n-1.
func mirror(at, n int) int {
	at %= 2 * n
	if at < 0 {
		at += 2 * n
	}
	return min(at, 2*n-1-at)
}

// slope is half the difference of the neighbours, at the ends the difference itself.
func slope(values []float64) []float64 {
	n := len(values)
	list := make([]float64, n)
	for i := range list {
		before, after := max(i-1, 0), min(i+1, n-1)
		if after > before {
			list[i] = (values[after] - values[before]) / float64(after-before)
		}
	}
	return list
}

func hypots(a, b []float64) []float64 {
	list := make([]float64, len(a))
	for i := range a {
		list[i] = math.Sqrt(float64(a[i]*a[i]) + float64(b[i]*b[i]))
	}
	return list
}

func less(a, b []float64) []float64 {
	list := make([]float64, len(a))
	for i := range a {
		list[i] = a[i] - b[i]
	}
	return list
}

func meanOf(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// deviation is the standard deviation.
func deviation(values []float64) float64 {
	mean, sum := meanOf(values), 0.0
	for _, v := range values {
		sum += float64((v - mean) * (v - mean))
	}
	return math.Sqrt(sum / float64(len(values)))
}
