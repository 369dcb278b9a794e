package core

import "github.com/skipsw/skipsw/nfpisa"

// A stretch is words one behind the other that take a cycle each and do nothing but
// compute in registers: no branch, no command, no operand that needs looking at. Their
// flag is fStraight, and target says how many there are from a word on. Between them
// nobody can tell what is kept for a neighbour, so that the last one alone keeps it.

// straight reports whether a word can be one of a stretch.
func (u *uop) straight() bool {
	if u.flags&(fSrcSpecial|fDstSpecial|fXferOut|fPost) != 0 {
		return false
	}
	switch u.op {
	case opB, opNotB, opAdd, opAdd16, opAdd8, opSub, opRevSub, opAnd, opNotAnd, opAndNot, opOr, opXor, opShr, opShl, opImmed, opImmedPart:
		return true
	case opShf, opLdField:
		return u.amount != 0 || u.shift == uint8(nfpisa.ShiftRot)
	}
	return false
}

// findStretches marks the words of stretches.
func (cd *Code) findStretches() {
	n := uint32(0)
	for i := cd.words - 1; i >= 0; i-- {
		u := &cd.ops[i]
		if !u.straight() {
			n = 0
			continue
		}
		n++
		u.flags |= fStraight
		u.target = n
	}
}

// stretch executes the words of a stretch from pc on, up to one that uses bits that
// nobody wrote. It returns how many.
func (x *Context) stretch(ops []uop, pc uint32, logic uint8) uint32 {
	regs := &x.regs
	words := ops[pc : pc+ops[pc].target]
	cc, cv := x.cc, x.cv
	var l, r, w uint64
	var v uint32
	var n int
	for n = range words {
		u := &words[n]
		fl, fr := regs[u.l&slotMask], regs[u.r&slotMask]
		if (fl|fr)>>32 != 0 {
			goto out
		}
		l, r = fl, fr
		a, b := uint32(l), uint32(r)
		f := cv&flagC | logic
		switch u.op {
		case opB:
			v = b
		case opNotB:
			v = ^b
		case opAdd:
			v, f = add(a, b, 0)
		case opAdd16:
			v, f = add(a, b&0xffff, 0)
		case opAdd8:
			v, f = add(a, b&0xff, 0)
		case opSub:
			v, f = sub(a, b, 1)
		case opRevSub:
			v, f = sub(b, a, 1)
		case opAnd:
			v = a & b
		case opNotAnd:
			v = ^a & b
		case opAndNot:
			v = a &^ b
		case opOr:
			v = a | b
		case opXor:
			v = a ^ b
		case opShr:
			v = b >> (u.amount & 31)
		case opShl:
			v = b << (u.amount & 31)
		case opShf:
			if u.shift == uint8(nfpisa.ShiftDouble) {
				v = shift32(u.shift, u.amount, a, b)
			} else {
				v = combine(u.sub, a, shift32(u.shift, u.amount, a, b))
			}
		case opLdField:
			v = a&^u.mask | shift32(u.shift, u.amount, a, b)&u.mask
		case opImmed:
			v = u.imm
		case opImmedPart:
			v = a&^u.mask | u.imm
		}
		w = uint64(v)
		regs[u.d&slotMask] = w
		regs[u.d2&slotMask] = w
		if u.flags&fCC != 0 {
			cc, cv = w, f
		}
	}
	n = len(words)
out:
	if n > 0 {
		x.cc, x.cv = cc, cv
		x.prevALU, x.prevA, x.prevPC = w, l, pc+uint32(n)-1
	}
	return uint32(n)
}
