package main

import "slices"

// interval is the part of a function, in lines, in which a register is in use.
type interval struct {
	register    *register
	first, last int
}

// intervals lists the intervals by their first line. One that began in front of
// a loop and is used in it lasts until the loop ends.
func intervals(lines []line) []*interval {
	var list []*interval
	of := map[*register]*interval{}
	for i, l := range lines {
		for _, r := range l.registers {
			if r.taken {
				continue
			}
			if of[r] == nil {
				of[r] = &interval{register: r, first: i}
				list = append(list, of[r])
			}
			of[r].last = i
		}
	}
	for extended := true; extended; {
		extended = false
		for _, l := range loops(lines) {
			for _, r := range list {
				if r.first < l.first && l.first <= r.last && r.last < l.last {
					r.last, extended = l.last, true
				}
			}
		}
	}
	return list
}

// loops lists the branches back, from label to branch.
func loops(lines []line) []interval {
	var list []interval
	labels := map[string]int{}
	for i, l := range lines {
		if l.label != "" {
			labels[l.label] = i
		}
		if first, back := labels[l.target]; back {
			list = append(list, interval{first: first, last: i})
		}
	}
	return list
}

// vectors is the number of vector registers.
const vectors = 32

// taken counts the vector registers, the last ones, that have their numbers already.
func taken(lines []line) int {
	n := 0
	for _, l := range lines {
		for _, r := range l.registers {
			if r.taken {
				n = max(n, vectors-r.number)
			}
		}
	}
	return n
}

// allocate gives every register a number. A result may take the register of an
// operand that is not used again.
func allocate(name string, lines []line) {
	// Not to be used: 16 and 17 belong to the linker, 18 to the system, 26 is the
	// closure's, 27 the assembler's, and from 28 on the run time's.
	general := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 19, 20, 21, 22, 23, 24, 25}
	free := map[bool][]int{false: general}
	for i := range vectors - taken(lines) {
		free[true] = append(free[true], i)
	}
	var used []*interval
	for _, next := range intervals(lines) {
		kept := used[:0]
		for _, u := range used {
			if u.last > next.first {
				kept = append(kept, u)
				continue
			}
			free[u.register.vector] = append(free[u.register.vector], u.register.number)
		}
		used = append(kept, next)
		list := free[next.register.vector]
		if len(list) == 0 {
			panic(name + " needs too many registers")
		}
		i := choose(list, lines[next.first])
		next.register.number = list[i]
		free[next.register.vector] = slices.Delete(list, i, i+1)
	}
}

// choose returns which of the free registers the result of a line takes: that
// which was freed first, since its last use is the farthest back, or the source
// of a move, which is then in vain.
func choose(free []int, l line) int {
	if l.move {
		if i := slices.Index(free, l.registers[0].number); i >= 0 {
			return i
		}
	}
	return 0
}
