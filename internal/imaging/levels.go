package imaging

import (
	"fmt"
	"strconv"
	"strings"
)

// Levels says how values of 16 bits become values of 8: Low and what is below becomes
// 0, High and what is above 255, and a value v between them, with d = High - Low and
// rounded to nearest, halves up,
//
//	(510*(v-Low) + d) / (2*d)
//
// where a/b is rounded down. A value of 8 bits stands for 257 times itself.
type Levels struct {
	Low  int `json:"low"`  // 0 to 65534
	High int `json:"high"` // above Low, at most 65535
}

// ParseLevels reads the form "LOW,HIGH".
func ParseLevels(s string) (Levels, error) {
	low, high, _ := strings.Cut(s, ",")
	var l Levels
	var err1, err2 error
	l.Low, err1 = strconv.Atoi(strings.TrimSpace(low))
	l.High, err2 = strconv.Atoi(strings.TrimSpace(high))
	if err1 != nil || err2 != nil {
		return Levels{}, fmt.Errorf("levels %q: want two whole numbers as in 0,4095", s)
	}
	return l, l.check()
}

// String is the form that ParseLevels reads.
func (l Levels) String() string { return fmt.Sprintf("%d,%d", l.Low, l.High) }

func (l Levels) check() error {
	if l.Low < 0 || l.Low >= l.High || l.High > 0xffff {
		return fmt.Errorf("levels %s: want LOW,HIGH with 0 <= LOW < HIGH <= 65535", l)
	}
	return nil
}

// value is what becomes of v.
func (l Levels) value(v int) uint8 {
	d := l.High - l.Low
	return uint8((510*min(max(v-l.Low, 0), d) + d) / (2 * d))
}

// apply brings img to 8 bits.
func (l Levels) apply(img Image) Image {
	out := img.Black(img.Width, img.Height)
	out.Levelled = true
	for i, v := range img.Wide {
		out.Pix[i] = l.value(int(v))
	}
	if img.Wide != nil {
		return out
	}
	var table [256]uint8
	for v := range table {
		table[v] = l.value(257 * v)
	}
	for i, v := range img.Pix {
		out.Pix[i] = table[v]
	}
	return out
}
