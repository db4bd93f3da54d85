package main

// maxPool emits one strip of channels of one pixel.
func maxPool(p *strip) {
	x, table, left, tap := p.pointer("x"), p.value("offsets"), p.value("taps"), p.gp()
	p.op("MOVD", immediate(-1), tap)
	var offset gp
	next := func(label, otherwise string) {
		p.function.label(p.label + label)
		p.op("SUBS", immediate(1), left)
		p.branch("BLT", p.label+otherwise)
		offset = p.nextOffset(table)
		p.op("ADD", immediate(1), tap)
		p.branch("TBNZ", p.label+label, immediate(31), offset)
		p.op("ADD", shifted{offset, 2}, x, offset)
	}
	next("First", "Skip") // a window without any pixel leaves its output as it was
	top, won := p.read(offset), make([]vec, p.vectors)
	for i := range won {
		won[i] = p.everyLane(tap)
	}
	next("Next", "Store")
	index := p.everyLane(tap)
	for i, v := range p.read(offset) {
		beats := p.drop(p.notLess(top[i], v), p.equal(top[i], top[i]))
		p.replace(beats, top[i], v)
		p.replace(beats, won[i], index)
	}
	p.branch("JMP", p.label+"Next")
	p.function.label(p.label + "Store")
	p.write(top, p.pointer("dst"))
	to := p.bytePointer()
	p.each(func(i, disp int) { p.storeBytes(won[i], p.lanes, at(to, disp/4)) })
	p.function.label(p.label + "Skip")
}

// bytePointer returns the parameter index moved on to the present column.
func (p *strip) bytePointer() gp {
	column, to := p.gp(), p.value("index")
	p.op("LSR", immediate(2), p.column, column)
	p.op("ADD", column, to)
	return to
}

// maxPoolGradient emits one strip of channels of one pixel.
func maxPoolGradient(p *strip) {
	dy, won := p.read(p.pointer("dy"))[0], p.loadBytes(at(p.bytePointer(), 0), p.lanes)
	dx, table, taps, tap := p.pointer("dx"), p.value("offsets"), p.value("taps"), p.gp()
	p.op("MOVD", immediate(0), tap)
	p.function.label(p.label + "Tap")
	to := p.nextOffset(table)
	p.branch("TBNZ", p.label+"Next", immediate(31), to)
	p.op("ADD", shifted{to, 2}, dx, to)
	before, wins := p.read(to), p.vec()
	p.op("VCMEQ", p.everyLane(tap).s4(), won.s4(), wins.s4())
	p.replace(wins, before[0], p.add(before[0], dy))
	p.write(before, to)
	p.function.label(p.label + "Next")
	p.op("ADD", immediate(1), tap)
	p.countDown(taps, p.label+"Tap")
}
