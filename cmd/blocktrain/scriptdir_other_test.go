//go:build !linux

package main

import "testing"

// memoryDir is empty: the scripts work where temporary files are.
func memoryDir(*testing.T) string { return "" }
