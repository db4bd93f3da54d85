package metric

// GroupShare is how many of the examples of a group are right, or count in another way.
type GroupShare struct{ Examples, Correct int }

// GroupInterval is the 95 % interval by groups of the share of examples that are right, as that
// of [Evaluation.ByGroups]; nil without an example. Use tells the draws of several figures
// apart; it is at least 1<<22, below which other figures take theirs.
func GroupInterval(groups []GroupShare, use uint32) *Interval {
	var shares []share
	for _, g := range groups {
		if g.Examples > 0 {
			shares = append(shares, share{g.Examples, g.Correct})
		}
	}
	if len(shares) == 0 {
		return nil
	}
	i := intervalByGroups(shares, use)
	return &i
}

// Quotient is n over d, the nearest number; nil where d is 0.
func Quotient(n, d int) *float64 {
	if d == 0 {
		return nil
	}
	q := ratio(n, d)
	return &q
}
