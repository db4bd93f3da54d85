//go:build !linux

package runtest

func memoryDir() string { return "" }
