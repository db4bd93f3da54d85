package jpeg

// prepareProgressive checks the parameters of a progressive scan, clause G.1.1.1, and
// notes what it makes known of the coefficients.
func (s *scanning) prepareProgressive() error {
	bands := s.start == 0 && s.end == 0 || s.start > 0 && s.start <= s.end && s.end <= 63 && len(s.members) == 1
	if !bands || s.high > 0 && s.low != s.high-1 || s.low > 13 {
		return damaged("a progressive scan of %d components has coefficients %d to %d and bits %d to %d, which no such scan has",
			len(s.members), s.start, s.end, s.high, s.low)
	}
	for _, m := range s.members {
		if s.start > 0 && m.accuracy[0] < 0 {
			return damaged("a progressive scan comes before the direct coefficients that it needs")
		}
		for k := s.start; k <= s.end; k++ {
			if int(max(m.accuracy[k], 0)) != s.high {
				return damaged("a progressive scan does not go on where the scan before it ended")
			}
			m.accuracy[k] = int8(s.low)
		}
	}
	switch {
	case s.start == 0 && s.high == 0:
		s.decode = (*scanning).directFirst
	case s.start == 0:
		s.decode = (*scanning).directRefine
	case s.high == 0:
		s.decode = (*scanning).otherFirst
	default:
		s.decode = (*scanning).otherRefine
	}
	return nil
}

// directFirst reads the high bits of a direct coefficient, clause G.1.2.1.
func (s *scanning) directFirst(m *member, b *block) error {
	s.bits.refill()
	size := s.bits.symbol(m.dc)
	if size < 0 {
		return errNoCode
	}
	if size > 0 {
		m.last += extend(s.bits.take(uint(size)), size)
	}
	b[0] = int16(m.last << s.low)
	return nil
}

// directRefine reads one more bit of a direct coefficient, clause G.1.2.1.
func (s *scanning) directRefine(_ *member, b *block) error {
	s.bits.refill()
	b[0] |= int16(s.bits.take(1) << s.low)
	return nil
}

// otherFirst reads the high bits of the other coefficients, clause G.1.2.2.
func (s *scanning) otherFirst(m *member, b *block) error {
	if s.eobRun > 0 {
		s.eobRun--
		return nil
	}
	for k := s.start; k <= s.end; k++ {
		s.bits.refill()
		symbol := s.bits.symbol(m.ac)
		if symbol < 0 {
			return errNoCode
		}
		run, size := symbol>>4, symbol&15
		switch {
		case size > 0:
			k += run
			b[zigzag[k]] = int16(extend(s.bits.take(uint(size)), size) << s.low)
		case run == 15:
			k += 15
		default:
			s.eobRun = s.endOfBlocks(run) - 1
			return nil
		}
	}
	return nil
}

// endOfBlocks reads for how many blocks there is nothing more, this one included, table
// G.1.
func (s *scanning) endOfBlocks(size int) int32 {
	run := int32(1) << size
	if size > 0 {
		s.bits.refill()
		run += s.bits.take(uint(size))
	}
	return run
}

// otherRefine reads one more bit of the other coefficients, clause G.1.2.3 and figure G.7.
func (s *scanning) otherRefine(m *member, b *block) error {
	plus, minus := int16(1)<<s.low, int16(-1)<<s.low
	k := s.start
	if s.eobRun == 0 {
		for ; k <= s.end; k++ {
			s.bits.refill()
			symbol := s.bits.symbol(m.ac)
			if symbol < 0 {
				return errNoCode
			}
			run, size := symbol>>4, symbol&15
			value := int16(0)
			switch {
			case size > 1:
				return damaged("its data refines a coefficient by %d bits: want 1", size)
			case size == 1 && s.bits.take(1) == 1:
				value = plus
			case size == 1:
				value = minus
			case run != 15:
				s.eobRun = s.endOfBlocks(run)
			}
			if s.eobRun > 0 {
				break
			}
			k = s.refine(b, k, run, plus)
			if value != 0 {
				b[zigzag[k]] = value
			}
		}
	}
	if s.eobRun > 0 {
		s.refine(b, k, 64, plus)
		s.eobRun--
	}
	return nil
}

// refine reads a bit for each coefficient from k on that is not zero, until it has passed
// the given number of zeros, and returns the place of the zero after them.
func (s *scanning) refine(b *block, k, zeros int, plus int16) int {
	for ; k <= s.end; k++ {
		c := &b[zigzag[k]]
		if *c == 0 {
			if zeros == 0 {
				break
			}
			zeros--
			continue
		}
		s.bits.refill()
		if s.bits.take(1) == 1 && *c&plus == 0 {
			if *c > 0 {
				*c += plus
			} else {
				*c -= plus
			}
		}
	}
	return k
}

// smoothed is how many coefficients of a block libjpeg-turbo guesses where they are not
// sent in full: those of the first diagonals.
const smoothed = 10

// checkComplete refuses a file that does not say all of the picture.
func (d *decoder) checkComplete() error {
	for i := range d.components {
		c := &d.components[i]
		if !c.sent {
			return damaged("component %d of %d is in no scan", i+1, len(d.components))
		}
		if !d.progressive {
			continue
		}
		if c.accuracy[0] < 0 {
			return damaged("component %d of %d has no direct coefficients", i+1, len(d.components))
		}
		for _, bit := range c.accuracy[:smoothed] {
			if bit != 0 {
				return unsupported("progressive scans that leave coefficients unsent, which decoders guess")
			}
		}
	}
	return nil
}
