package kernel

// Add computes dst += src. src has at least the length of dst.
func Add(dst, src []float32) {
	active.add(dst, src[:len(dst)])
}

func addGeneric(dst, src []float32) {
	src = src[:len(dst)]
	for i, v := range src {
		dst[i] += v
	}
}

// Scale computes x *= a.
func Scale(x []float32, a float32) {
	active.scale(x, a)
}

func scaleGeneric(x []float32, a float32) {
	for i := range x {
		x[i] *= a
	}
}

// MovingAverage moves an exponential moving average towards p by the share
// rate, which is one minus its decay:
//
//	average = fma(rate, p - average, average)
func MovingAverage(average, p []float32, rate float32) {
	active.movingAverage(average, p[:len(average)], rate)
}

func movingAverageGeneric(average, p []float32, rate float32) {
	p = p[:len(average)]
	for i, v := range average {
		average[i] = FMA32(rate, p[i]-v, v)
	}
}
