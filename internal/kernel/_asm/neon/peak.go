package main

// peak emits independent chains of multiply-adds. Processors that begin four of
// them in a cycle have up to 16 under way: one round after the other goes to two
// sets of chains in turn.
func peak(out *file) {
	const chains = 12
	f := out.function("multiplyAdd", "(rounds int)", "does rounds of 12 fused multiply-adds on whole vectors.")
	sets := [2][]vec{f.zeros(chains), f.zeros(chains)}
	factor, rounds := f.zeros(1)[0], f.value("rounds")
	f.label("round")
	for i, set := range sets {
		for _, v := range set {
			f.multiplyAdd(v, factor, factor)
		}
		f.op("SUBS", immediate(1), rounds)
		f.branch([]string{"BEQ", "BNE"}[i], []string{"done", "round"}[i])
	}
	f.label("done")
	f.end()
}
