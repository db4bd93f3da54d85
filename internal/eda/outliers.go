package eda

import (
	"cmp"
	"math"
	"slices"
)

// outlierLimit is the score above which an image is an outlier, in 1/1000.
const outlierLimit = 6000

// definition says in words what an outlier is.
const definition = "The score of an image is the greatest of its scores in: pixels and aspect (logarithms), level, contrast, sharpness, and distance to the mean of its class " +
	"(root mean square of the differences of 16x16 thumbnails in grey). A score is the distance from the median, divided by 1.4826 times the median of all such distances " +
	"(the MAD, which is the standard deviation of a normal distribution) or by the least spread that counts: 1 grey level, or 19 % of a size. " +
	"Each image is compared with those of its class, and where these are fewer than 8 with all, but not by the distance to the mean. Low distances to the mean do not count."

// maxListed is how many outliers and candidates for wrong labels are listed.
const maxListed = 200

// aspects are what outliers are found by.
var aspects = []string{"pixels", "aspect", "level", "contrast", "sharpness", "distance to the class"}

// The least spreads that count, in the units in which figures are kept.
const (
	leastGrey = unit     // 1 grey level
	leastLog  = unit / 4 // a fourth of a factor of 2, so that landscape among portraits is no outlier
)

// field is a figure of every example that is looked at.
type field struct {
	values   []int64
	least    int64 // spread
	distance bool  // to the mean of the class: low values do not count
}

// standing is how far out an example is.
type standing struct {
	score  int64 // in 1/1000
	aspect int   // that is furthest out
	median int64 // of what its value was compared with
}

// outliers finds the images that are unlike the others.
func (s *survey) outliers() Outliers {
	o := Outliers{Definition: definition, Limit: outlierLimit / 1000.0, Counts: []Reason{}, Listed: []Outlier{}}
	fields := s.fields()
	standings := make([]standing, len(s.looked))
	all, classes := s.places()
	for aspect := range fields {
		fields[aspect].score(standings, aspect, all, classes)
	}
	counts := make([]int, len(fields))
	var out []int
	for at, is := range standings {
		if is.score > outlierLimit {
			counts[is.aspect]++
			out = append(out, at)
		}
	}
	o.Images = len(out)
	for aspect, n := range counts {
		if n > 0 {
			o.Counts = append(o.Counts, Reason{aspects[aspect], n})
		}
	}
	slices.SortStableFunc(out, func(a, b int) int { return cmp.Compare(standings[b].score, standings[a].score) })
	for _, at := range out[:min(maxListed, len(out))] {
		is := standings[at]
		o.Listed = append(o.Listed, Outlier{
			Example: s.example(int(s.looked[at])), Score: float64(is.score) / 1000, Figure: aspects[is.aspect],
			Value: shown(is.aspect, fields[is.aspect].values[at]), Median: shown(is.aspect, is.median),
		})
	}
	return o
}

// shown is a value as people know it: sizes and aspects without their logarithm, rounded to
// four digits.
func shown(aspect int, v int64) float64 {
	if aspect > 1 {
		return float64(v) / unit
	}
	return power(v)
}

// power is 2 to the v/256, to about four digits.
func power(v int64) float64 {
	whole := v >> 8
	fraction := float64(1)
	for k, root := 0, math.Sqrt2; k < 8; k++ { // roots of 2, of 4th root of 2 and so on
		if v&(128>>k) != 0 {
			fraction = float64(fraction * root)
		}
		root = math.Sqrt(root)
	}
	for ; whole > 0; whole-- {
		fraction *= 2
	}
	for ; whole < 0; whole++ {
		fraction /= 2
	}
	return math.RoundToEven(fraction*1000) / 1000
}

// fields are the figures, in the order of aspects.
func (s *survey) fields() []field {
	n := len(s.looked)
	fields := []field{{least: leastLog}, {least: leastLog}, {least: leastGrey}, {least: leastGrey}, {least: leastGrey}, {least: leastGrey, distance: true}}
	for k := range fields {
		fields[k].values = make([]int64, n)
	}
	distances := s.distances()
	for at, f := range s.measured {
		width, height := int64(f.width), int64(f.height)
		values := [...]int64{logarithm(width * height), logarithm(width) - logarithm(height), int64(f.level), int64(f.contrast), int64(f.sharpness), distances[at]}
		for k, v := range values {
			fields[k].values[at] = v
		}
	}
	return fields
}

// distances are how far each example's thumbnail is from the mean of those of its class: the
// root mean square of the differences, in 1/256 of a grey level.
func (s *survey) distances() []int64 {
	classes := len(s.Data.Classes())
	sums, counts := make([]thumbSum, classes), make([]int64, classes)
	for _, i := range s.looked {
		label := s.Data.Info(int(i)).Label
		counts[label]++
		for k, v := range s.thumbs[i] {
			sums[label][k] += int64(v)
		}
	}
	distances := make([]int64, len(s.looked))
	inParallel(len(s.looked), func(at int) {
		i := s.looked[at]
		label := s.Data.Info(int(i)).Label
		n, squares := counts[label], int64(0)
		for k, v := range s.thumbs[i] {
			difference := int64(v)*unit - (sums[label][k]*unit+n/2)/n
			squares += difference * difference
		}
		distances[at] = int64(math.Sqrt(float64(squares) / float64(len(thumb{}))))
	})
	return distances
}

// thumbSum is a sum of thumbnails.
type thumbSum [thumbSide * thumbSide]int64

// fewInClass is below how many examples a class is not compared with itself.
const fewInClass = 8

// places are those of every example in looked, and those of each class.
func (s *survey) places() (all []int, classes [][]int) {
	classes = make([][]int, len(s.Data.Classes()))
	for at, i := range s.looked {
		label := s.Data.Info(int(i)).Label
		all, classes[label] = append(all, at), append(classes[label], at)
	}
	return all, classes
}

// score raises the standing of the examples that a field says are further out.
func (f *field) score(standings []standing, aspect int, all []int, classes [][]int) {
	overall, around := medianSpread(f.values, all)
	for _, class := range classes {
		middle, spread := overall, around
		switch few := len(class) < fewInClass; {
		case len(class) == 0, len(all) < fewInClass, few && f.distance:
			continue
		case !few:
			middle, spread = medianSpread(f.values, class)
		}
		below := max(spread*14826/10000, f.least)
		for _, at := range class {
			difference := f.values[at] - middle
			if difference < 0 && f.distance {
				continue
			}
			if score := max(difference, -difference) * 1000 / below; score > standings[at].score {
				standings[at] = standing{score, aspect, middle}
			}
		}
	}
}

// medianSpread returns the median of the values at places, and the median of their distances
// from it; of an even number the lower one of the two in the middle.
func medianSpread(values []int64, places []int) (median, spread int64) {
	sorted := make([]int64, len(places))
	for k, at := range places {
		sorted[k] = values[at]
	}
	middle := (len(sorted) - 1) / 2
	slices.Sort(sorted)
	median = sorted[middle]
	for k, v := range sorted {
		sorted[k] = max(v-median, median-v)
	}
	slices.Sort(sorted)
	return median, sorted[middle]
}
