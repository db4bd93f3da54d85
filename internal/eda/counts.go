package eda

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/blocktrain/blocktrain/internal/eda/stat"
)

// members counts the examples of each dataset.
func (s *survey) members() []Member {
	all := slices.Clone(s.Members)
	for _, i := range s.looked {
		if k := s.Data.Info(int(i)).Member; k < len(all) {
			all[k].Examples++
		}
	}
	return all
}

// groupKey is a group of a dataset.
type groupKey struct {
	member int
	name   string
}

// classes counts examples and groups.
func (s *survey) classes() []Class {
	all := make([]Class, len(s.Data.Classes()))
	for label, name := range s.Data.Classes() {
		all[label].Label = name
	}
	type pair struct {
		label int
		group groupKey
	}
	seen := map[pair]bool{}
	for _, i := range s.looked {
		info := s.Data.Info(int(i))
		all[info.Label].Examples++
		key := pair{info.Label, groupKey{info.Member, info.Group}}
		if info.Group == "" || !seen[key] {
			all[info.Label].Groups++
		}
		if info.Group != "" {
			seen[key] = true
		}
	}
	return all
}

// groups describes the groups.
func (s *survey) groups() *Groups {
	type group struct {
		size, label int
		mixed       bool
	}
	found := map[groupKey]*group{}
	var order []*group
	g := &Groups{}
	for _, i := range s.looked {
		info := s.Data.Info(int(i))
		if info.Group == "" {
			continue
		}
		key := groupKey{info.Member, info.Group}
		one := found[key]
		if one == nil {
			one = &group{label: info.Label}
			found[key], order = one, append(order, one)
		}
		one.size++
		one.mixed = one.mixed || one.label != info.Label
		g.Examples++
	}
	if len(order) == 0 {
		return nil
	}
	g.Count = len(order)
	var sizes []int64
	for _, one := range order {
		sizes = append(sizes, int64(one.size))
		if one.mixed {
			g.Mixed++
		}
	}
	g.Size = stat.Distribute(sizes, 1)
	return g
}

// maxSizes is how many sizes are listed.
const maxSizes = 12

// describe enters what is measured of each image.
func (s *survey) describe(r *Report) {
	r.Sizes = s.describeSizes()
	n := len(s.measured)
	aspect, level, contrast, sharp := make([]int64, n), make([]int64, n), make([]int64, n), make([]int64, n)
	for at, f := range s.measured {
		aspect[at] = (int64(f.width)*1000 + int64(f.height)/2) / int64(f.height)
		level[at], contrast[at], sharp[at] = int64(f.level), int64(f.contrast), int64(f.sharpness)
	}
	r.Aspect = stat.Distribute(aspect, 1000)
	r.Level, r.Contrast, r.Sharpness = stat.Distribute(level, unit), stat.Distribute(contrast, unit), stat.Distribute(sharp, unit)
}

func (s *survey) describeSizes() Sizes {
	sizes := Sizes{Range: s.sizes.Range, Channels: s.sizes.Channels, Uniform: s.sizes.Uniform, Common: []CommonSize{}}
	counts := map[[2]int32]int{}
	pixels := make([]int64, len(s.measured))
	first := s.measured[0]
	sizes.Sides = [2]SideExtents{{int(first.width), int(first.width)}, {int(first.height), int(first.height)}}
	for at, f := range s.measured {
		counts[[2]int32{f.width, f.height}]++
		pixels[at] = int64(f.width) * int64(f.height)
		for k, side := range [2]int{int(f.width), int(f.height)} {
			extents := &sizes.Sides[k]
			extents.Least, extents.Greatest = min(extents.Least, side), max(extents.Greatest, side)
		}
	}
	for size, n := range counts {
		sizes.Common = append(sizes.Common, CommonSize{int(size[0]), int(size[1]), n})
	}
	slices.SortFunc(sizes.Common, func(a, b CommonSize) int {
		return cmp.Or(b.Images-a.Images, a.Width*a.Height-b.Width*b.Height, a.Width-b.Width)
	})
	for _, c := range sizes.Common[min(maxSizes, len(sizes.Common)):] {
		sizes.Others += c.Images
	}
	sizes.Common = sizes.Common[:min(maxSizes, len(sizes.Common))]
	sizes.Pixels = stat.Distribute(pixels, 1)
	return sizes
}

// logarithm is 256 times the binary logarithm of n, which is above 0, rounded down.
func logarithm(n int64) int64 {
	whole := bits.Len64(uint64(n)) - 1
	mantissa := uint64(n) << (63 - whole) >> 32 // 31 bits behind the point
	result := int64(whole)
	for range 8 {
		mantissa = mantissa * mantissa >> 31
		result *= 2
		if mantissa>>32 > 0 {
			mantissa >>= 1
			result++
		}
	}
	return result
}
