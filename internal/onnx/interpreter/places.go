package interpreter

const (
	// placesTogether is how many places sumPlaces computes at a time.
	placesTogether = 16
	// manyPlaces is how many it computes at a time where it can: sums of 16 each are under way
	// side by side, so that none has to wait for the one before.
	manyPlaces = 64
)

// sumPlaces sets to[i], of places that lie side by side, to bias plus the sum, in their order, of
// weights[k]*pixels[distances[k]+i].
func sumPlaces(weights []float32, distances []int, pixels []float32, bias float32, to []float32) {
	for _, d := range distances {
		_ = pixels[d:][:len(to)]
	}
	if len(to) < placesTogether || len(weights) == 0 {
		for i := range to {
			var sum float32
			for k, d := range distances {
				sum += float32(weights[k] * pixels[d+i])
			}
			to[i] = sum + bias
		}
		return
	}
	done := 0
	for done+manyPlaces <= len(to) && sumManyPlaces(weights, distances, pixels[done:], bias, (*[manyPlaces]float32)(to[done:])) {
		done += manyPlaces
	}
	for i := done; i < len(to); i += placesTogether {
		i = min(i, len(to)-placesTogether) // the last of them have some places again
		sumPlacesTogether(weights, distances, pixels[i:], bias, (*[placesTogether]float32)(to[i:]))
	}
}

// sumPlacesGo is sumPlaces for placesTogether places, of which sums of four are under way at a
// time.
func sumPlacesGo(weights []float32, distances []int, pixels []float32, bias float32, to *[placesTogether]float32) {
	for i := 0; i < placesTogether; i += 4 {
		var s0, s1, s2, s3 float32
		for k, d := range distances {
			w, x := weights[k], (*[4]float32)(pixels[d+i:])
			s0, s1, s2, s3 = s0+float32(w*x[0]), s1+float32(w*x[1]), s2+float32(w*x[2]), s3+float32(w*x[3])
		}
		to[i], to[i+1], to[i+2], to[i+3] = s0+bias, s1+bias, s2+bias, s3+bias
	}
}
