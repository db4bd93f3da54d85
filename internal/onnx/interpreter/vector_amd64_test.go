//go:build !purego

package interpreter

func ways() []way {
	var list []way
	for _, v := range vectors() {
		list = append(list, way{name: v.name, multiplyGroup: v.multiplyGroup, clip: v.clipAll, scale: v.scaleAll, sumPlaces: func(weights []float32, distances []int, pixels []float32, bias float32, to *[placesTogether]float32) {
			v.places(&weights[0], &distances[0], len(distances), &pixels[0], bias, to)
		}})
	}
	return append(list, inGo)
}
