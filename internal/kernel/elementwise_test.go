package kernel

import "testing"

func TestElementwise(t *testing.T) { eachImplementation(t, testElementwise) }

func testElementwise(t *testing.T) {
	for n := range 35 {
		x, y := values(1, n), values(2, n)
		sum := append([]float32(nil), x...)
		Add(sum, y)
		scaled := append([]float32(nil), x...)
		Scale(scaled, 0.3)
		average := append([]float32(nil), x...)
		MovingAverage(average, y, 0.01)
		for i := range x {
			if sum[i] != x[i]+y[i] || scaled[i] != x[i]*0.3 {
				t.Fatalf("n %d, element %d: Add %v, Scale %v", n, i, sum[i], scaled[i])
			}
			if want := exactFMA(0.01, y[i]-x[i], x[i]); average[i] != want {
				t.Fatalf("n %d, element %d: MovingAverage %v, want %v", n, i, average[i], want)
			}
		}
	}
}
