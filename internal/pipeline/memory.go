package pipeline

import (
	"bufio"
	"os"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// checkMemory refuses a training that cannot fit into so many bytes, before it
// takes them; 0 bytes are not known.
func (r *session) checkMemory(graph *nn.Graph, available int64) error {
	least := r.leastMemory(graph)
	if available == 0 || least <= float64(available) {
		return nil
	}
	const unit = 1e9
	return config.Usagef("training needs more than %.1f GB of memory, of which %.1f GB are available: use smaller images (--image-size), a smaller model, smaller batches (--batch-size) and shards (--shard-size), or fewer workers",
		least/unit, float64(available)/unit)
}

// leastMemory is what training takes at the least, in bytes: three batches of
// images, the parameters with their gradients, and, for the examples of one shard
// for each worker, half of what all layers make of them. A plan shares memory
// between layers and needs 0.54 to 1.22 of the whole.
func (r *session) leastMemory(graph *nn.Graph) float64 {
	values, parameters := 0.0, 0.0
	for _, n := range graph.Nodes {
		values += float64(n.Shape.Elements())
	}
	for _, p := range graph.Params {
		parameters += float64(p.Elements())
	}
	batch := min(r.settings.BatchSize, len(r.data.trainList(r.settings)))
	shard := min(r.settings.ShardSize, batch)
	workers := min(r.settings.workers(), (batch+shard-1)/shard)
	const floatSize = 4
	images := float64(3 * batch * graph.Input().Shape.Elements())
	return images + float64(floatSize*(float64(2*parameters)+float64(values*float64(shard*workers)/2)))
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
