//go:build !purego

package interpreter

import "golang.org/x/sys/cpu"

//go:noescape
func sumGroupSSE(weights, panel *float32, depth int, bias *[groupRows]float32, to *float32, apart int)

//go:noescape
func sumGroupAVX2(weights, panel *float32, depth int, bias *[groupRows]float32, to *float32, apart int)

//go:noescape
func sumGroupAVX512(weights, panel *float32, depth int, bias *[groupRows]float32, to *float32, apart int)

//go:noescape
func sumPlacesSSE(weights *float32, distances *int, taps int, pixels *float32, bias float32, to *[placesTogether]float32)

//go:noescape
func sumPlacesAVX2(weights *float32, distances *int, taps int, pixels *float32, bias float32, to *[placesTogether]float32)

//go:noescape
func sumPlacesAVX512(weights *float32, distances *int, taps int, pixels *float32, bias float32, to *[placesTogether]float32)

//go:noescape
func sumGroupsAVX512(weights, panel *float32, depth int, bias *[groupRows]float32, to *float32, apart int)

//go:noescape
func sumManyPlacesAVX512(weights *float32, distances *int, taps int, pixels *float32, bias float32, to *[manyPlaces]float32)

//go:noescape
func clipAVX2(out, in *float32, eights int, low, high float32)

//go:noescape
func scaleAVX2(out, in *float32, eights int, factor, offset float64)

// vector computes in vector instructions. All give the same bits.
type vector struct {
	name   string
	group  func(weights, panel *float32, depth int, bias *[groupRows]float32, to *float32, apart int)
	places func(weights *float32, distances *int, taps int, pixels *float32, bias float32, to *[placesTogether]float32)
	// groups computes two groups at a time, and many computes manyPlaces. There may be neither.
	groups func(weights, panel *float32, depth int, bias *[groupRows]float32, to *float32, apart int)
	many   func(weights *float32, distances *int, taps int, pixels *float32, bias float32, to *[manyPlaces]float32)
	// clip and scale are for eight values at a time. There may be neither.
	clip  func(out, in *float32, eights int, low, high float32)
	scale func(out, in *float32, eights int, factor, offset float64)
}

var used = vectors()[0]

// vectors lists those that this processor can run, the fastest first.
func vectors() []vector {
	var list []vector
	x := &cpu.X86
	if x.HasAVX && x.HasAVX2 && x.HasAVX512F {
		list = append(list, vector{"avx512", sumGroupAVX512, sumPlacesAVX512, sumGroupsAVX512, sumManyPlacesAVX512, clipAVX2, scaleAVX2})
	}
	if x.HasAVX && x.HasAVX2 {
		list = append(list, vector{"avx2", sumGroupAVX2, sumPlacesAVX2, nil, nil, clipAVX2, scaleAVX2})
	}
	return append(list, vector{"sse", sumGroupSSE, sumPlacesSSE, nil, nil, nil, nil})
}

// multiplyGroups is multiplyGroup for two groups, whose weights, biases and sums lie one behind
// the other. It says whether it has done them.
func multiplyGroups(weights, panel []float32, bias [][groupRows]float32, to []float32, apart int) bool {
	return used.multiplyGroups(weights, panel, bias, to, apart)
}

func (v vector) multiplyGroups(weights, panel []float32, bias [][groupRows]float32, to []float32, apart int) bool {
	depth := len(weights) / (2 * groupRows)
	if depth == 0 || v.groups == nil {
		return false
	}
	_, _, _ = panel[depth*panelColumns-1], bias[1], to[(2*groupRows-1)*apart+panelColumns-1]
	v.groups(&weights[0], &panel[0], depth, &bias[0], &to[0], apart)
	return true
}

// multiplyGroup is multiplyGroupGo in vector instructions.
func multiplyGroup(weights, panel []float32, bias *[groupRows]float32, to []float32, apart int) {
	used.multiplyGroup(weights, panel, bias, to, apart)
}

func (v vector) multiplyGroup(weights, panel []float32, bias *[groupRows]float32, to []float32, apart int) {
	depth := len(weights) / groupRows
	if depth == 0 {
		multiplyGroupGo(weights, panel, bias, to, apart)
		return
	}
	_, _ = panel[depth*panelColumns-1], to[(groupRows-1)*apart+panelColumns-1]
	v.group(&weights[0], &panel[0], depth, bias, &to[0], apart)
}

// sumPlacesTogether is sumPlacesGo in vector instructions. There is a weight at least, and the
// caller has checked that there are pixels at all distances.
func sumPlacesTogether(weights []float32, distances []int, pixels []float32, bias float32, to *[placesTogether]float32) {
	used.places(&weights[0], &distances[0], len(distances), &pixels[0], bias, to)
}

// sumManyPlaces is sumPlacesTogether for manyPlaces places, where the caller has checked that
// there are pixels for them. It says whether it has computed them.
func sumManyPlaces(weights []float32, distances []int, pixels []float32, bias float32, to *[manyPlaces]float32) bool {
	if used.many == nil {
		return false
	}
	used.many(&weights[0], &distances[0], len(distances), &pixels[0], bias, to)
	return true
}

// clip is clipGo in vector instructions.
func clip(out, in []float32, low, high float32) { used.clipAll(out, in, low, high) }

func (v vector) clipAll(out, in []float32, low, high float32) {
	out, whole := out[:len(in)], 0
	if len(in) >= 8 && v.clip != nil {
		whole = len(in) &^ 7
		v.clip(&out[0], &in[0], whole/8, low, high)
	}
	clipGo(out[whole:], in[whole:], low, high)
}

// scale is scaleGo in vector instructions.
func scale(out, in []float32, factor, offset float64) { used.scaleAll(out, in, factor, offset) }

func (v vector) scaleAll(out, in []float32, factor, offset float64) {
	out, whole := out[:len(in)], 0
	if len(in) >= 8 && v.scale != nil {
		whole = len(in) &^ 7
		v.scale(&out[0], &in[0], whole/8, factor, offset)
	}
	scaleGo(out[whole:], in[whole:], factor, offset)
}
