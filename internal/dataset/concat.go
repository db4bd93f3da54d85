package dataset

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// concat is several datasets one after the other.
type concat struct {
	members []detailed
	starts  []int   // index of each member's first example; then the length
	labels  [][]int // of each member: its label -> label of the whole
	classes []string
	digest  string
}

// Concat joins datasets: the examples one after the other, the classes united
// by name in the order of first appearance. Info.Member says which dataset an
// example came from. A single dataset is returned as it is; a joined one is
// taken apart into its members. The same dataset twice is an error, since its
// copies would end up in different parts of a split.
func Concat(datasets ...Dataset) (Dataset, error) {
	c := &concat{starts: []int{0}}
	for _, d := range datasets {
		if err := c.add(d); err != nil {
			return nil, err
		}
	}
	if len(datasets) == 0 {
		return nil, errors.New("no dataset to join: want at least one")
	}
	if len(datasets) == 1 {
		return datasets[0], nil
	}
	if c.Len() > maxExamples {
		return nil, fmt.Errorf("%d images in all: want at most %d", c.Len(), maxExamples)
	}
	var members []Dataset
	for _, member := range c.members {
		members = append(members, member)
	}
	c.digest = digestDerived("concat", members...).hex()
	return c, nil
}

func (c *concat) add(d Dataset) error {
	if joined, ok := d.(*concat); ok {
		for _, member := range joined.members {
			if err := c.add(member); err != nil {
				return err
			}
		}
		return nil
	}
	for i, member := range c.members {
		if member.Digest() == d.Digest() {
			return config.Usagef("datasets %d and %d have the same content: name each once", i+1, len(c.members)+1)
		}
	}
	labels := make([]int, len(d.Classes()))
	for i, name := range d.Classes() {
		if labels[i] = slices.Index(c.classes, name); labels[i] < 0 {
			labels[i] = len(c.classes)
			c.classes = append(c.classes, name)
		}
	}
	c.members = append(c.members, detail(d))
	c.labels = append(c.labels, labels)
	c.starts = append(c.starts, c.Len()+d.Len())
	return nil
}

// locate returns the member that example i is of and its index there.
func (c *concat) locate(i int) (member, index int) {
	next, _ := slices.BinarySearch(c.starts, i+1) // the first member that begins after i
	return next - 1, i - c.starts[next-1]
}

func (c *concat) Len() int          { return c.starts[len(c.starts)-1] }
func (c *concat) Classes() []string { return c.classes }
func (c *concat) Digest() string    { return c.digest }

func (c *concat) Info(i int) Info {
	member, index := c.locate(i)
	info := c.members[member].Info(index).relabelled(c.labels[member])
	info.Member = member
	return info
}

func (c *concat) Source(i int) string {
	member, index := c.locate(i)
	return c.members[member].Source(index)
}

func (c *concat) Image(i int) (imaging.Image, error) { return c.imageIn(i, nil) }

func (c *concat) imageIn(i int, buffer []uint8) (imaging.Image, error) {
	member, index := c.locate(i)
	return c.members[member].imageIn(index, buffer)
}

func (c *concat) pixelHash(i int) (pixelHash, error) {
	member, index := c.locate(i)
	return c.members[member].pixelHash(index)
}

func (c *concat) shape(i int) (shape, error) {
	member, index := c.locate(i)
	return c.members[member].shape(index)
}

// grouping lists the members' own, separated by commas.
func (c *concat) grouping() string {
	var keys []string
	for _, member := range c.members {
		keys = append(keys, member.grouping())
	}
	return strings.Join(keys, ",")
}
