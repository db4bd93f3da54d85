//go:build !purego

package interpreter

import "golang.org/x/sys/cpu"

//go:noescape
func sumGroupSSE(weights, panel *float32, depth int, sums *[groupRows * panelColumns]float32)

//go:noescape
func sumGroupAVX2(weights, panel *float32, depth int, sums *[groupRows * panelColumns]float32)

//go:noescape
func sumGroupAVX512(weights, panel *float32, depth int, sums *[groupRows * panelColumns]float32)

// groupSummer multiplies a group; all give the same bits.
type groupSummer struct {
	name string
	sum  func(weights, panel *float32, depth int, sums *[groupRows * panelColumns]float32)
}

var usedSummer = groupSummers()[0]

// groupSummers lists those that this processor can run, the fastest first.
func groupSummers() []groupSummer {
	var list []groupSummer
	x := &cpu.X86
	if x.HasAVX && x.HasAVX2 && x.HasAVX512F {
		list = append(list, groupSummer{"avx512", sumGroupAVX512})
	}
	if x.HasAVX && x.HasAVX2 {
		list = append(list, groupSummer{"avx2", sumGroupAVX2})
	}
	return append(list, groupSummer{"sse", sumGroupSSE})
}

// multiplyGroup is multiplyGroupGo in vector instructions.
func multiplyGroup(weights, panel []float32, sums *[groupRows * panelColumns]float32) {
	usedSummer.multiply(weights, panel, sums)
}

func (s groupSummer) multiply(weights, panel []float32, sums *[groupRows * panelColumns]float32) {
	depth := len(weights) / groupRows
	if depth == 0 {
		*sums = [groupRows * panelColumns]float32{}
		return
	}
	_ = panel[depth*panelColumns-1]
	s.sum(&weights[0], &panel[0], depth, sums)
}
