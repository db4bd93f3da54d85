//go:build !amd64 || purego

package interpreter

func multiplyGroup(weights, panel []float32, sums *[groupRows * panelColumns]float32) {
	multiplyGroupGo(weights, panel, sums)
}
