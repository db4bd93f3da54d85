package interpreter

import "testing"

// TestSumPlaces compares all that this machine can use with sums one by one, to the bit.
func TestSumPlaces(t *testing.T) {
	for _, way := range ways() {
		t.Run(way.name, func(t *testing.T) {
			number := numbers()
			for taps := 1; taps < 30; taps += 4 {
				weights, distances, pixels := make([]float32, taps), make([]int, taps), make([]float32, 3*taps+placesTogether)
				for k := range weights {
					weights[k], distances[k] = number(), k*7%(3*taps+1)
				}
				for i := range pixels {
					pixels[i] = number()
				}
				bias := number()
				var got [placesTogether]float32
				way.sumPlaces(weights, distances, pixels, bias, &got)
				for i, found := range got {
					var want float32
					for k, d := range distances {
						want += float32(weights[k] * pixels[d+i])
					}
					if want += bias; !same(found, want) {
						t.Errorf("%d taps, place %d: %v, want %v", taps, i, found, want)
					}
				}
			}
		})
	}
}

// TestSumPlacesOfAnyNumber checks that nothing but the places that are asked for is written.
func TestSumPlacesOfAnyNumber(t *testing.T) {
	pixels := make([]float32, 210)
	for i := range pixels {
		pixels[i] = float32(i)
	}
	for n := range 200 { // more than manyPlaces three times
		to := make([]float32, n+1)
		to[n] = -1
		sumPlaces([]float32{2, 1}, []int{0, 10}, pixels[:n+10], 0.5, to[:n])
		for i, found := range to[:n] {
			if want := 2*pixels[i] + pixels[i+10] + 0.5; found != want {
				t.Errorf("%d places: place %d is %v, want %v", n, i, found, want)
			}
		}
		if to[n] != -1 {
			t.Errorf("%d places: one more was written", n)
		}
	}
}
