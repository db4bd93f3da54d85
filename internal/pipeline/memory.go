package pipeline

import (
	"bufio"
	"os"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// demand is a training as far as its memory is concerned.
type demand struct {
	graph   *nn.Graph
	batch   int // examples of a step
	shard   int
	workers int
	batches int // of images that are held at a time
}

// check refuses a training that cannot fit into so many bytes, before it takes them;
// 0 bytes are not known.
func (d demand) check(available int64) error {
	least := d.least()
	if available == 0 || least <= float64(available) {
		return nil
	}
	const unit = 1e9
	return config.Usagef("training needs more than %.1f GB of memory, of which %.1f GB are available: use smaller images, a smaller model, smaller batches (--batch-size) and shards (--shard-size), or fewer workers",
		least/unit, float64(available)/unit)
}

// least is what training takes at the least, in bytes: the batches of images, the
// parameters with their gradients, and, for the examples of one shard for each worker,
// a quarter of what all layers make of them: a plan shares memory between layers. A test
// compares it with what plans take.
func (d demand) least() float64 {
	values, parameters := 0.0, 0.0
	for _, n := range d.graph.Nodes {
		values += float64(n.Shape.Elements())
	}
	for _, p := range d.graph.Params {
		parameters += float64(p.Elements())
	}
	shard := min(d.shard, d.batch)
	workers := min(d.workers, (d.batch+shard-1)/shard)
	const floatSize = 4
	images := float64(d.batches * d.batch * d.graph.Input().Shape.Elements())
	return images + float64(floatSize*(float64(2*parameters)+float64(values*float64(shard*workers)/4)))
}

// demand is that of the run's training with a network.
func (r *session) demand(graph *nn.Graph) demand {
	s := r.settings
	const loaded = 3 // one in use, the next ones being made
	return demand{graph, min(s.BatchSize, len(r.data.trainList(s))), s.ShardSize, s.workers(), loaded}
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
