//go:build !purego

package interpreter

func multiplyWays() []multiplyWay {
	var ways []multiplyWay
	for _, s := range groupSummers() {
		ways = append(ways, multiplyWay{s.name, s.multiply})
	}
	return append(ways, multiplyWay{"go", multiplyGroupGo})
}
