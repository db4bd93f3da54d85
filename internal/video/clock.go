package video

// A clock gives frames their times and finds what is wrong with them.
type clock struct {
	base        Rational
	counted     bool // the stream has no time stamps: frames are counted
	step        int64
	frames      int
	first, last int64
	shortest    int64
	longest     int64
	told        map[Kind]bool
	reopened    int
}

// defaultRate is that of streams which say none.
var defaultRate = Rational{25, 1}

// newClock makes the clock of a stream. Where its frames have no time stamps, the time base
// becomes that of the frame rate.
func newClock(info *Info, timed bool) clock {
	c := clock{step: 1, told: map[Kind]bool{}}
	rate := info.Rate
	if !rate.Known() || rate.Num <= 0 {
		rate = defaultRate
	}
	if !timed || !info.TimeBase.Known() {
		c.counted = true
		info.TimeBase = Rational{rate.Den, rate.Num}
	} else {
		c.step = max(1, info.TimeBase.Den*rate.Den/max(1, info.TimeBase.Num*rate.Num))
	}
	c.base = info.TimeBase
	return c
}

// stamp sets the times of a frame. It returns what is wrong with them, each kind once.
func (c *clock) stamp(f *Frame, s *stamped) *Error {
	f.PTS = s.pts
	switch {
	case c.counted:
		f.PTS = int64(c.frames)
	case !s.timed:
		f.PTS = c.last + c.step
	}
	flaw := c.compare(f)
	if c.frames == 0 {
		c.first = f.PTS
	}
	c.frames++
	c.last = f.PTS
	f.Time = c.seconds(f.PTS)
	f.Elapsed = c.seconds(f.PTS - c.first)
	return flaw
}

func (c *clock) seconds(ticks int64) Rational {
	return Rational{ticks * c.base.Num, c.base.Den}
}

// compare looks at the step from the frame before. Steps may differ by rounding: by a twentieth,
// and by one unit of the time base where a step has four or more.
func (c *clock) compare(f *Frame) *Error {
	step := f.PTS - c.last
	if c.frames == 0 || f.Reopened != c.reopened {
		c.reopened = f.Reopened
		return nil
	}
	if step <= 0 {
		return c.tell(Backwards, "frame %d is at %s s and the one before at %s s: write new time stamps, as with ffmpeg -i IN -vf setpts=N/25/TB -r 25 OUT.mkv for 25 frames a second",
			f.Index, c.seconds(f.PTS).Decimal(3), c.seconds(c.last).Decimal(3))
	}
	if c.shortest == 0 {
		c.shortest, c.longest = step, step
	}
	c.step, c.shortest, c.longest = step, min(c.shortest, step), max(c.longest, step)
	tolerance := c.shortest / 20
	if c.shortest >= 4 {
		tolerance = max(tolerance, 1)
	}
	if c.longest-c.shortest > tolerance {
		return c.tell(Variable, "the frame rate varies: at frame %d, steps are from %s to %s s: write it at one rate, as with ffmpeg -i IN -vf fps=25 OUT.mkv for 25 frames a second; labels by frame must follow",
			f.Index, c.seconds(c.shortest).Decimal(4), c.seconds(c.longest).Decimal(4))
	}
	return nil
}

func (c *clock) tell(kind Kind, format string, args ...any) *Error {
	if c.told[kind] {
		return nil
	}
	c.told[kind] = true
	return failf("", kind, format, args...)
}
