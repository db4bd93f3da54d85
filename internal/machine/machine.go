// Package machine says what the machine is and what it has: processor, memory, and
// whether a training fits into it.
package machine

import (
	"cmp"
	"fmt"
	"runtime"
)

// Name names the processor and its number of cores.
func Name() string {
	name := cmp.Or(readColumns("/proc/cpuinfo")["model name"], runtime.GOARCH+" processor")
	return fmt.Sprintf("%s, %d cores, %s/%s", name, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
}
