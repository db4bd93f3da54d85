package main

// norm emits batch normalisation, whose result may be limited to a range.
type norm struct{ clamped bool }

var plain, clamped = norm{false}, norm{true}

// hat returns (x - mean) * inverse.
func (p *panel) hat(x, mean, inverse vec) vec { return p.multiply(p.subtract(x, mean), inverse) }

func (n norm) normalize(p *panel) (row, finish func()) {
	mean, inverse, weight, bias := p.channel("mean"), p.channel("inverse"), p.channel("weight"), p.channel("bias")
	var low, high vec
	if n.clamped {
		low, high = p.constant("low"), p.constant("high")
	}
	return func() {
		p.every(func(i int) {
			z := p.fma(p.hat(p.load("x", i), mean[i], inverse[i]), weight[i], bias[i])
			if n.clamped {
				z = p.atMost(high, p.atLeast(low, z))
			}
			p.store("dst", i, z)
		})
	}, nil
}

// within returns what selects the gradients of results inside of the range.
func (n norm) within(p *panel) func(i int, hat, dy vec) vec {
	if !n.clamped {
		return func(_ int, _, dy vec) vec { return dy }
	}
	weight, bias, low, high := p.channel("weight"), p.channel("bias"), p.constant("low"), p.constant("high")
	return func(i int, hat, dy vec) vec {
		z := p.fma(hat, weight[i], bias[i])
		return p.keep(p.and(p.greater(z, low), p.greater(high, z)), dy)
	}
}

func (n norm) sums(p *panel) (row, finish func()) {
	dweight, dbias, mean, inverse := p.sums("dweight"), p.sums("dbias"), p.channel("mean"), p.channel("inverse")
	within := n.within(p)
	row = func() {
		p.every(func(i int) {
			hat := p.hat(p.load("x", i), mean[i], inverse[i])
			dy := within(i, hat, p.load("dy", i))
			p.addTo(dbias[p.way][i], dy)
			p.multiplyAdd(dweight[p.way][i], hat, dy)
		})
	}
	return row, func() { p.setSums("dweight", dweight); p.setSums("dbias", dbias) }
}

func (n norm) gradient(p *panel) (row, finish func()) {
	mean, inverse, factor := p.channel("mean"), p.channel("inverse"), p.channel("weight")
	dweight, dbias, count := p.channel("dweight"), p.channel("dbias"), p.constant("count")
	p.every(func(i int) {
		p.applyTo(factor[i], floatMultiply, factor[i], inverse[i])
		p.applyTo(dweight[i], floatDivide, dweight[i], count)
		p.applyTo(dbias[i], floatDivide, dbias[i], count)
	})
	within := n.within(p)
	return func() {
		p.every(func(i int) {
			hat := p.hat(p.load("x", i), mean[i], inverse[i])
			dz := within(i, hat, p.load("dy", i))
			d := p.fmaNegated(hat, dweight[i], p.subtract(dz, dbias[i]))
			p.store("dx", i, p.multiply(factor[i], d))
		})
	}, nil
}
