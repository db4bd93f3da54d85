package pipeline

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"

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
	name := runtime.GOARCH + " processor"
	if f, err := os.Open("/proc/cpuinfo"); err == nil {
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
				name = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%s, %d cores, %s/%s", name, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
}
