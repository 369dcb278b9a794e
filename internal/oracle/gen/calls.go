package gen

import (
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// argKind is what a function's parameter is.
type argKind uint8

const (
	argScalar argKind = iota
	argMem            // 16 bytes on the caller's stack, written
	argCtx
	argPkt // a packet pointer with some proven bytes
)

// argBytes is the size of what argMem and argPkt point to.
const argBytes = 16

// sig is the contract of a function.
type sig struct {
	args []argKind
	void bool // it returns nothing: its exits leave R0 as it may be
	// global makes it a function that verifiers prove on its own.
	global bool
	// callback makes it one that helpers call: it returns 0 or 1.
	callback bool
	// elements is 1 plus the map whose elements a callback is for, 0 for others;
	// unordered says that they may come in any order.
	elements  int
	unordered bool
}

// parameters describes a global function's arguments.
func (s *sig) parameters() []object.Arg {
	if !s.global {
		return nil
	}
	var out []object.Arg
	for _, a := range s.args {
		switch a {
		case argScalar:
			out = append(out, object.Arg{Kind: object.ArgScalar})
		case argMem:
			out = append(out, object.Arg{Kind: object.ArgMem, Size: argBytes, NonNull: true})
		case argCtx:
			out = append(out, object.Arg{Kind: object.ArgCtx})
		case argPkt:
			panic("BUG: a global function takes a packet pointer")
		}
	}
	return out
}

// signature makes a random contract.
func (p *program) signature() sig {
	if p.o.has(Callbacks|Stack) && p.r.IntN(4) == 0 {
		if s, ok := p.elementsSig(); ok {
			return s
		}
	}
	if p.o.has(Callbacks|Stack) && p.r.IntN(3) == 0 {
		return sig{args: []argKind{argScalar, argMem}, callback: true}
	}
	s := sig{void: p.r.IntN(6) == 0}
	for range p.r.IntN(4) {
		s.args = append(s.args, argScalar)
	}
	if p.o.has(Stack) && p.r.IntN(3) == 0 {
		s.args = append(s.args, argMem)
	}
	switch {
	case p.r.IntN(3) == 0 || p.o.has(TailCalls) && p.r.IntN(2) == 0:
		s.args = append(s.args, argCtx)
	case p.o.has(PacketLoad) && p.r.IntN(4) == 0:
		s.args = append(s.args, argPkt)
	}
	s.global = p.o.has(GlobalCalls) && !s.void && !slices.Contains(s.args, argPkt) && p.r.IntN(2) == 0
	p.r.Shuffle(len(s.args), func(i, k int) { s.args[i], s.args[k] = s.args[k], s.args[i] })
	return s
}

// enter sets the state of a function at its first instruction.
func (f *fn) enter(s sig) {
	if s.elements > 0 && !s.unordered {
		f.enterElement(s)
	}
	for i, a := range s.args {
		r := i + 1
		switch a {
		case argScalar:
			f.setScalar(r)
		case argMem:
			f.set(r, reg{kind: memAt, id: argBytes})
		case argCtx:
			f.set(r, reg{kind: ctx})
		case argPkt:
			id := f.newRange()
			f.set(r, reg{kind: pkt, id: id})
			f.st.ranges[id] = argBytes
		}
	}
}

// keepCtx moves the context from register r to where it stays: a register that
// calls preserve, or the stack.
func (f *fn) keepCtx(r int) {
	f.hasCtx = true
	if f.o.has(Spill) && f.chance(25) {
		if off := f.place8(8); off != 0 {
			f.Emit(stx(8, 10, off, uint8(r)))
			f.lockBytes(off, 8, true)
			f.st.setPointer(off, reg{kind: ctx})
			f.ctxReg, f.ctxSlot = -1, off
			return
		}
	}
	f.ctxReg = 6 + f.r.IntN(4)
	f.Emit(bpf.Mov.Reg(uint8(f.ctxReg), uint8(r)))
	f.set(f.ctxReg, reg{kind: ctx})
	f.locked |= 1 << f.ctxReg
}

// callFunc emits a call of one of the functions that this one may call.
func (f *fn) callFunc() {
	if len(f.callees) == 0 || f.holding {
		return
	}
	callee := f.callees[f.r.IntN(len(f.callees))]
	s := f.p.sigs[callee]
	if s.callback {
		f.loopCall(callee)
		return
	}
	mem, packet := 0, -1
	for _, a := range s.args {
		switch a {
		case argMem:
			if mem = f.buffer(argBytes); mem == 0 {
				return
			}
		case argCtx:
			if !f.hasCtx {
				return
			}
		case argPkt:
			if packet = f.packetAccess(argBytes); packet < 0 {
				return
			}
		}
	}
	// A packet pointer in an argument register could be overwritten before
	// its turn comes.
	if packet >= 0 && packet <= 5 {
		if f.isLocked(0) {
			return
		}
		f.Emit(bpf.Mov.Reg(0, uint8(packet)))
		f.set(0, f.st.regs[packet])
		packet = 0
	}
	for i, a := range s.args {
		r := i + 1
		switch a {
		case argScalar:
			src := f.pickReg(func(k int, v *reg) bool { return v.kind == scalar && (k > 5 || k >= r) })
			if src < 0 {
				f.constant(r)
			} else if src != r {
				f.Emit(bpf.Mov.Reg(uint8(r), uint8(src)))
			}
		case argMem:
			f.Emit(bpf.Mov.Reg(uint8(r), 10), bpf.Add.Imm(uint8(r), int32(mem)))
		case argCtx:
			if f.ctxReg >= 0 {
				f.Emit(bpf.Mov.Reg(uint8(r), uint8(f.ctxReg)))
			} else {
				f.Emit(ldx(8, uint8(r), 10, f.ctxSlot))
			}
		case argPkt:
			f.Emit(bpf.Mov.Reg(uint8(r), uint8(packet)))
		}
		f.setScalar(r) // not to be taken for a pointer any more
	}
	f.call(callee)
	f.st.clobber()
	if !s.void {
		f.setScalar(0)
	}
	if f.p.moves[callee] {
		f.st.dropPacket()
		f.p.moves[f.index] = true
		if f.passes() && f.chance(50) {
			f.findField()
		}
	}
}

// memAccess reads or writes the caller's buffer.
func (f *fn) memAccess() {
	m := f.pointer(memAt)
	if m < 0 {
		return
	}
	size := f.size()
	at := f.r.IntN(argBytes/size) * size
	if f.chance(50) {
		d := f.dst(m)
		f.Emit(f.load(size, d, uint8(m), at))
		f.setScalar(d)
		return
	}
	f.Emit(stx(size, uint8(m), at, uint8(f.scalarReg(m))))
}
