//go:build !amd64 || purego

package interpreter

func multiplyGroup(weights, panel []float32, bias *[groupRows]float32, to []float32, apart int) {
	multiplyGroupGo(weights, panel, bias, to, apart)
}

func multiplyGroups(_, _ []float32, _ [][groupRows]float32, _ []float32, _ int) bool { return false }

func sumManyPlaces(_ []float32, _ []int, _ []float32, _ float32, _ *[manyPlaces]float32) bool {
	return false
}

func sumPlacesTogether(weights []float32, distances []int, pixels []float32, bias float32, to *[placesTogether]float32) {
	sumPlacesGo(weights, distances, pixels, bias, to)
}

func clip(out, in []float32, low, high float32) { clipGo(out, in, low, high) }

func scale(out, in []float32, factor, offset float64) { scaleGo(out, in, factor, offset) }
