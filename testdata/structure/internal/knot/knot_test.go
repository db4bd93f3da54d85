package knot

func startTest() int { return start() }
