package verify

import "github.com/skipsw/skipsw/translate/bpf"

// ways are the ways of control backwards: from[first[i]:first[i+1]] are the
// slots from which it comes to slot i, by jumps, calls, or falling through.
type ways struct{ first, from []int32 }

// newWays finds the ways of code whose jumps and calls are known to be right.
func newWays(insns []bpf.Insn) ways {
	each := func(f func(from, to int)) {
		for pc, in := range bpf.Each(insns) {
			if t, ok := in.Target(pc); ok {
				f(pc, t)
			}
			if next := pc + in.Slots(); in.FallsThrough() && next < len(insns) {
				f(pc, next)
			}
		}
	}
	w := ways{first: make([]int32, len(insns)+1)}
	each(func(_, to int) { w.first[to+1]++ })
	for i := range insns {
		w.first[i+1] += w.first[i]
	}
	w.from = make([]int32, w.first[len(insns)])
	at := append([]int32(nil), w.first...)
	each(func(from, to int) {
		w.from[at[to]] = int32(from)
		at[to]++
	})
	return w
}

// backward visits all slots, the last first, and again those from which control
// comes to one whose visit has changed something, until none has.
func (w *ways) backward(visit func(i int) (changed bool)) {
	n := len(w.first) - 1
	work, due := make([]int32, n), make([]bool, n)
	for i := range work {
		work[i], due[i] = int32(i), true
	}
	for len(work) > 0 {
		i := work[len(work)-1]
		work = work[:len(work)-1]
		due[i] = false
		if !visit(int(i)) {
			continue
		}
		for _, p := range w.from[w.first[i]:w.first[i+1]] {
			if !due[p] {
				due[p] = true
				work = append(work, p)
			}
		}
	}
}
