package pipeline

import (
	"cmp"
	"fmt"
	"runtime"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/kernel"
)

// workers is the number of goroutines that compute.
func (s *Settings) workers() int {
	if s.Workers > 0 {
		return s.Workers
	}
	return runtime.GOMAXPROCS(0)
}

// execution describes this process and machine for run.json.
func execution(s *Settings) Execution {
	return Execution{
		Program: buildinfo.Program(), Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH,
		Machine: Machine(), SIMD: kernel.Implementations()[0], Workers: s.workers(), Settings: s.Values(config.Execution),
	}
}

// Machine names the processor and its number of cores.
func Machine() string {
	name := cmp.Or(readColumns("/proc/cpuinfo")["model name"], runtime.GOARCH+" processor")
	return fmt.Sprintf("%s, %d cores, %s/%s", name, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
}
