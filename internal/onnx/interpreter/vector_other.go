//go:build !amd64 || purego

package interpreter

func multiplyGroup(weights, panel []float32, bias *[groupRows]float32, to []float32, apart int) {
	multiplyGroupGo(weights, panel, bias, to, apart)
}

func sumPlacesTogether(weights []float32, distances []int, pixels []float32, bias float32, to *[placesTogether]float32) {
	sumPlacesGo(weights, distances, pixels, bias, to)
}

func clip(out, in []float32, low, high float32) { clipGo(out, in, low, high) }

func scale(out, in []float32, factor, offset float64) { scaleGo(out, in, factor, offset) }
