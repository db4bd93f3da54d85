package kernel

// MultiplyAdds does n rounds of fused multiply-adds that wait for nothing, and
// returns how many there were. Timed, they give the peak that no kernel exceeds.
func MultiplyAdds(n int) (count int) {
	if active.multiplyAdd == nil {
		x := make([]float32, active.width)
		for range n {
			axpyGeneric(x, x, 0.5)
		}
		return n * len(x)
	}
	active.multiplyAdd(n)
	return 12 * n * active.width
}
