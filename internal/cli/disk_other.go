//go:build !(linux || darwin || freebsd)

package cli

// freeDisk is unknown on other systems.
func freeDisk(string) int64 { return 0 }
