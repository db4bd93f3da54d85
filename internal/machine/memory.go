package machine

import (
	"bufio"
	"errors"
	"os"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// Demand is a training as far as its memory is concerned.
type Demand struct {
	Graph   *nn.Graph
	Batch   int // examples of a step
	Shard   int
	Workers int
	Batches int // of images that are held at a time
}

// ErrMemory is what a training needs more of than the machine has.
var ErrMemory = errors.New("memory")

// Check refuses a training that cannot fit into the memory that the machine has left,
// before it takes it.
func (d Demand) Check() error {
	_, available := Memory()
	return d.check(available)
}

// check is Check for so many bytes; 0 are not known.
func (d Demand) check(available int64) error {
	least := d.least()
	if available == 0 || least <= float64(available) {
		return nil
	}
	const unit = 1e9
	return config.Usagef("training needs more than %.1f GB of %w, of which %.1f GB are available: use smaller images, a smaller model, smaller batches (--batch-size) and shards (--shard-size), or fewer workers",
		least/unit, ErrMemory, float64(available)/unit)
}

// least is what training takes at the least, in bytes: the batches of images, the
// parameters with their gradients, and, for the examples of one shard for each worker,
// a sixth of what all layers make of them: a plan shares memory between layers. A test
// compares it with what plans take.
func (d Demand) least() float64 {
	values, parameters := 0.0, 0.0
	for _, n := range d.Graph.Nodes {
		values += float64(n.Shape.Elements())
	}
	for _, p := range d.Graph.Params {
		parameters += float64(p.Elements())
	}
	shard := min(d.Shard, d.Batch)
	workers := min(d.Workers, (d.Batch+shard-1)/shard)
	const floatSize = 4
	images := float64(d.Batches * d.Batch * d.Graph.Input().Shape.Elements())
	return images + float64(floatSize*(float64(2*parameters)+float64(values*float64(shard*workers)/6)))
}

// Memory is the machine's memory and what of it this process can still have, in
// bytes; 0 is unknown.
func Memory() (total, available int64) {
	columns := readColumns("/proc/meminfo")
	total, available = kilobytes(columns["MemTotal"]), kilobytes(columns["MemAvailable"])
	if limit := number("/sys/fs/cgroup/memory.max"); limit > 0 { // of a container
		total, available = min(total, limit), min(available, limit)
	}
	return total, available
}

// readColumns reads the first "name: value" line of each name in a file of /proc; on
// other systems there is none.
func readColumns(path string) map[string]string {
	columns := map[string]string{}
	f, err := os.Open(path)
	if err != nil {
		return columns
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, value, found := strings.Cut(lines.Text(), ":")
		name = strings.TrimSpace(name)
		if _, known := columns[name]; found && !known {
			columns[name] = strings.TrimSpace(value)
		}
	}
	return columns
}

// kilobytes reads "123 kB".
func kilobytes(s string) int64 {
	number, _, _ := strings.Cut(s, " ")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0
	}
	return n << 10
}

// number reads a file that holds one number; 0 where it does not.
func number(path string) int64 {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	if err != nil { // "max": no limit
		return 0
	}
	return n
}

// PeakMemory is the largest resident size that the process has had, in bytes; 0
// where the system does not say.
func PeakMemory() int64 { return kilobytes(readColumns("/proc/self/status")["VmHWM"]) }
