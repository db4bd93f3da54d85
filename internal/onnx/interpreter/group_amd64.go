//go:build !purego

package interpreter

//go:noescape
func sumGroup(weights, panel *float32, depth int, sums *[groupRows * panelColumns]float32)

// multiplyGroup is multiplyGroupGo, about seven times as fast.
func multiplyGroup(weights, panel []float32, sums *[groupRows * panelColumns]float32) {
	depth := len(weights) / groupRows
	if depth == 0 {
		*sums = [groupRows * panelColumns]float32{}
		return
	}
	_ = panel[depth*panelColumns-1]
	sumGroup(&weights[0], &panel[0], depth, sums)
}
