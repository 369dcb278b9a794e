package verify

import (
	"github.com/skipsw/skipsw/translate/bpf"
)

// note returns the note of the instruction that reads or writes frame fr: the
// current one, or the call that left that frame.
func (v *verifier) note(fr int) (n *stackNote, own bool) {
	i := v.slot
	own = fr == len(v.cur.frames)-1
	if !own {
		i = v.cur.frames[fr+1].call
	}
	if v.noteOf[i] == 0 {
		v.noteOf[i] = int32(len(v.notes))
		v.notes = append(v.notes, stackNote{})
	}
	return &v.notes[v.noteOf[i]], own
}

func (v *verifier) noteStackRead(fr, lo, hi int) {
	n, _ := v.note(fr)
	setBytes(&n.read, lo, hi)
}

// stackWrite notes a write of bytes lo..hi-1, or of some of them.
func (v *verifier) stackWrite(fr, lo, hi int, all bool) {
	n, own := v.note(fr)
	if !own {
		return
	}
	if !all || n.decided && (n.lo != lo || n.hi != hi) {
		lo, hi = 0, 0
	}
	n.decided, n.lo, n.hi = true, lo, hi
}

// setBytes sets the bits of the stack bytes lo..hi-1: bit k is byte -1-k.
func setBytes(m *[8]uint64, lo, hi int) {
	for o := lo; o < hi; o++ {
		k := -1 - o
		m[k>>6] |= 1 << (k & 63)
	}
}

// stackLiveness computes which stack bytes may be read later, backwards over
// the walked ways.
func (v *verifier) stackLiveness() {
	if len(v.notes) == 1 {
		return
	}
	v.ways.backward(func(i int) bool {
		if !v.at[i].reached {
			return false
		}
		var live [8]uint64
		v.each(i, func(next int) {
			for w := range live {
				live[w] |= v.at[next].stackLive[w]
			}
		})
		if k := v.noteOf[i]; k != 0 {
			n := &v.notes[k]
			var kill [8]uint64
			setBytes(&kill, n.lo, n.hi)
			for w := range live {
				live[w] = live[w]&^kill[w] | n.read[w]
			}
		}
		if live == v.at[i].stackLive {
			return false
		}
		v.at[i].stackLive = live
		return true
	})
}

// each calls f for the instructions that were walked after i in its function.
func (v *verifier) each(i int, f func(int)) {
	in := v.insns[i]
	jump, cond := in.IsJump(), in.IsConditional()
	switch {
	case in.IsExit():
	case jump && !cond:
		f(in.JumpTarget(i))
	case jump:
		if v.at[i].branch&1 != 0 {
			f(i + 1)
		}
		if v.at[i].branch&2 != 0 {
			f(in.JumpTarget(i))
		}
	case in.Wide():
		f(i + 2)
	default:
		f(i + 1)
	}
}

// finish makes the proven program.
func (v *verifier) finish() (*Program, *Error) {
	v.framePointers()
	if err := v.settleFacts(); err != nil {
		return nil, err
	}
	v.stackLiveness()
	live := v.solve(func(i int) uint8 { return v.at[i].branch & 3 })
	for i := range v.at {
		f := &v.at[i]
		if !f.reached {
			continue
		}
		f.regLive = v.liveAfter(live, i, func(i int) uint8 { return v.at[i].branch & 3 })
		if in := v.insns[i]; in.IsFuncCall() {
			// R0 comes from the called function; R1 to R5 are gone.
			f.regLive &= savedRegs | bpf.Reg(bpf.R0)
		}
	}
	return &Program{src: v.p, funcs: v.funcs, fn: v.fn, fps: v.fps, uses: v.stackUses, callbacks: v.callbacks, dynptrs: v.dynptrs, facts: v.at, depth: v.depth, walked: v.walked, kept: v.keptCount(), log: v.log.text(), unproven: v.o.Unproven}, nil
}

// framePointers gives R10 its fact everywhere, with its frame number where it
// is the same for all calls.
func (v *verifier) framePointers() {
	level := make([]int, len(v.funcs)) // 0 unknown, else frame number + 1, -1 differs
	var visit func(f, n int)
	visit = func(f, n int) {
		if level[f] == n+1 || level[f] == -1 {
			return
		}
		if level[f] == 0 {
			level[f] = n + 1
		} else {
			level[f] = -1
			n = -1
		}
		for i := v.funcs[f].Start; i < v.end(f); i++ {
			callee, ok := v.callbacks[i]
			if in := v.insns[i]; in.IsFuncCall() {
				callee, ok = int(v.fn[in.FuncTarget(i)]), true
			}
			switch {
			case !ok || !v.at[i].reached:
			case n < 0:
				level[callee] = -1
			default:
				visit(callee, n+1)
			}
		}
	}
	visit(0, 0)
	v.fps = make([]Reg, len(v.funcs))
	for f, l := range level {
		v.fps[f] = Reg{Kind: PtrStack, OffKnown: true, Map: -1, Frame: max(l, 0) - 1}
	}
}

func (v *verifier) keptCount() int {
	n := 0
	for _, c := range v.kept {
		for ; c != nil; c = c.next {
			n++
		}
	}
	return n
}
