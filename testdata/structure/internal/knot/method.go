package knot

func (t thing) method() int { return t.value }
