//go:build !amd64 || purego

package interpreter

func multiplyWays() []multiplyWay { return []multiplyWay{{"go", multiplyGroupGo}} }
