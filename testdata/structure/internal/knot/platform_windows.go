package knot

func elsewhere() int { return start() }
