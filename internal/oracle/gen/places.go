package gen

import "github.com/skipsw/skipsw/translate/bpf"

// Places of helpers' arguments on the stack: at every offset, with constants
// and numbers of every width around them, so that what is known of one piece of
// the stack is no knowledge of the piece beside it.

// argPlace is where an argument of a helper lies.
type argPlace struct {
	off  int // first byte, 0 if there is no room
	skew int // bytes of the place before it
}

// argument finds room for n bytes of an argument and puts numbers around it.
func (f *fn) argument(n int) argPlace {
	if !f.o.has(OddPlaces) || !f.chance(60) {
		return argPlace{off: f.place8(n)}
	}
	skew := f.r.IntN(8)
	slot := f.place8(n + skew)
	if slot == 0 {
		return argPlace{}
	}
	room := (n + skew + 7) &^ 7
	for range 1 + f.r.IntN(2) {
		size := f.size()
		at := slot + size*f.r.IntN(room/size)*f.r.IntN(2)
		f.number(size, at)
	}
	return argPlace{slot + skew, skew}
}

// number stores a small constant or any number on the stack.
func (f *fn) number(size, at int) {
	if f.chance(70) {
		f.storeConst(size, 10, at, int32(f.r.IntN(6)))
	} else {
		f.Emit(stx(size, 10, at, uint8(f.scalarReg())))
	}
	f.st.setStack(at, size)
}

// before stores a number in front of an argument that has been written, in the
// slot where it begins.
func (f *fn) before(p argPlace) {
	size := f.size()
	if p.skew < size || f.chance(40) {
		return
	}
	f.number(size, p.off-p.skew)
}

// alignedPieces cuts n bytes of the stack at off into aligned accesses.
func alignedPieces(off, n int, visit func(at, size int)) {
	for at := 0; at < n; {
		size := 8
		for size > n-at || (off+at)%size != 0 {
			size /= 2
		}
		visit(at, size)
		at += size
	}
}

// passed writes n bytes on the stack for a helper and returns their offset, or
// 0.
func (f *fn) passed(n int) int {
	p := f.argument(n)
	if p.off == 0 {
		return 0
	}
	alignedPieces(p.off, n, func(at, size int) {
		if f.chance(50) {
			f.storeConst(size, 10, p.off+at, f.imm())
		} else {
			f.Emit(stx(size, 10, p.off+at, uint8(f.scalarReg())))
		}
	})
	f.st.setStack(p.off, n)
	f.before(p)
	return p.off
}

// numberArg puts a small constant in an argument register, now and then by way
// of the stack, where it is the low end of a slot that holds more.
func (f *fn) numberArg(r uint8, v int32) {
	if f.o.has(OddPlaces) && f.chance(30) {
		if slot := f.place8(8); slot != 0 {
			// The other arguments are in their registers: only this one is free.
			around, size := f.size(), 2<<f.r.IntN(3)
			f.Emit(bpf.Mov.Imm(r, f.imm()), stx(around, 10, slot, r), bpf.Mov.Imm(r, v), stx(size, 10, slot, r), bpf.Mov.Imm(r, 0), ldx(size, r, 10, slot))
			f.st.setStack(slot, max(around, size))
			return
		}
	}
	f.Emit(bpf.Mov.Imm(r, v))
}

// fromStack loads any number that is on the stack, whole or a piece of it.
func (f *fn) fromStack(r uint8) bool {
	for range 8 {
		size := f.size()
		if off := -size * (1 + f.r.IntN(f.stackMax/size)); f.st.readable(off, size) {
			f.Emit(ldx(size, r, 10, off))
			return true
		}
	}
	return false
}
