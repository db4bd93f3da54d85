package cli

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strconv"

	"golang.org/x/sys/cpu"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/machine"
)

// findings are what the doctor finds. Sizes are in bytes, 0 where unknown.
type findings struct {
	Schema    int    `json:"schema"`
	Version   string `json:"version"`
	Go        string `json:"go"`
	Platform  string `json:"platform"`
	Processor string `json:"processor"`
	Cores     int    `json:"cores"`
	Memory    int64  `json:"memory"`
	Available int64  `json:"memory_available"`
	SIMD      string `json:"simd"`
	UsedSIMD  string `json:"simd_used"`
	RunsDir   string `json:"runs_dir"`
	FreeDisk  int64  `json:"free_disk"`
	Writable  bool   `json:"runs_dir_writable"`
}

func doctorCommand() *command {
	var asJSON bool
	return &command{
		use: "doctor", short: "show what this machine offers", group: groupAbout,
		long: `Shows cores, memory, vector instructions and disk space. Nothing but this
program is needed to train, judge and package.`,
		example: `  blocktrain doctor
  blocktrain doctor --json`,
		own: func(o *config.Options) { o.Bool(&asJSON, "json", false, "write JSON") },
		run: func(_ context.Context, c *call) error {
			m := examine("runs")
			if asJSON {
				return writeJSON(c.stdout, m)
			}
			m.write(c.stdout)
			return nil
		},
	}
}

// examine looks at the machine; runs is the folder of run directories.
func examine(runs string) findings {
	info := buildinfo.Get()
	total, available := machine.Memory()
	dir := fileio.NearestDir(runs)
	return findings{
		Schema: 1, Version: info.Version, Go: info.Go, Platform: info.Platform,
		Processor: machine.Name(), Cores: runtime.GOMAXPROCS(0),
		Memory: total, Available: available,
		SIMD: simdLevel(), UsedSIMD: kernel.Implementations()[0],
		RunsDir: runs, FreeDisk: freeDisk(dir), Writable: fileio.TryDir(dir) == nil,
	}
}

func (m findings) write(w io.Writer) {
	line := func(name, format string, args ...any) {
		writeEntry(w, name, 12, fmt.Sprintf(format, args...))
	}
	line("program", "blocktrain %s, %s", m.Version, m.Go)
	line("processor", "%s", m.Processor)
	line("workers", "%d unless --workers says otherwise", m.Cores)
	line("memory", "%s, %s available", size(m.Memory), size(m.Available))
	line("vectors", "processor: %s; used: %s", m.SIMD, m.UsedSIMD)
	line("disk", "%s free for %s/%s", size(m.FreeDisk), m.RunsDir, map[bool]string{false: ", where nothing can be written"}[m.Writable])
	line("python", "not needed")
	line("GPU", "not used")
}

// simdLevel names the widest vector instructions that the processor and the
// operating system offer.
func simdLevel() string {
	switch {
	case cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL:
		return "AVX-512"
	case cpu.X86.HasAVX2 && cpu.X86.HasFMA:
		return "AVX2"
	case runtime.GOARCH == "arm64":
		return "NEON"
	}
	return "none"
}

// size writes a number of bytes for people.
func size(bytes int64) string {
	if bytes <= 0 {
		return "unknown"
	}
	return strconv.FormatFloat(float64(bytes)/(1<<30), 'f', 1, 64) + " GiB"
}
