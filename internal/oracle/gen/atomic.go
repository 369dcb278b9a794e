package gen

import "github.com/skipsw/skipsw/translate/bpf"

// atomic emits one atomic operation at displacement d from pointer v.
func (f *fn) atomic(v, size, d int) {
	op := bpf.AtomicAdd
	if f.o.has(AtomicFetch) && f.chance(65) {
		op = []bpf.AtomicOp{
			bpf.AtomicOr, bpf.AtomicAnd, bpf.AtomicXor, bpf.AtomicAdd | bpf.AtomicFetch,
			bpf.AtomicOr | bpf.AtomicFetch, bpf.AtomicAnd | bpf.AtomicFetch, bpf.AtomicXor | bpf.AtomicFetch,
			bpf.AtomicXchg, bpf.AtomicCmpXchg, bpf.AtomicCmpXchg, bpf.AtomicCmpXchg,
		}[f.r.IntN(11)]
	}
	if f.o.has(AcqRel) && f.chance(20) {
		if f.chance(50) {
			to := f.dst(v)
			f.Emit(atomic(size, uint8(to), d, uint8(v), bpf.AtomicLoadAcq))
			f.setScalar(to)
		} else {
			f.Emit(atomic(size, uint8(v), d, uint8(f.scalarReg(v)), bpf.AtomicStoreRel))
		}
		return
	}
	if op == bpf.AtomicCmpXchg {
		if v == 0 || f.isLocked(0) {
			return
		}
		switch {
		case f.chance(50):
			f.expect(v, size, d)
		case !f.is(0, scalar):
			f.constant(0)
		}
		f.exchange(v, size, d)
		return
	}
	src := f.freeScalar(v)
	if f.chance(20) {
		// Numbers of about 16 bits, which may go with the command.
		f.Emit(bpf.And.Imm(uint8(src), 1<<(15+f.r.IntN(3))-1))
	}
	f.Emit(atomic(size, uint8(v), d, uint8(src), op))
}

// stackAtomic emits an atomic operation on the stack.
func (f *fn) stackAtomic() {
	size := 4 << f.r.IntN(2)
	off := f.place8(8)
	if off == 0 {
		return
	}
	off += 8 - size
	if !f.st.readable(off, size) {
		if f.chance(50) {
			f.storeConst(size, 10, off, f.imm())
		} else {
			f.Emit(stx(size, 10, off, uint8(f.scalarReg())))
		}
		f.st.setStack(off, size)
	}
	if f.o.has(AtomicFetch) && f.chance(60) && !f.isLocked(0) {
		f.compareExchange(size, off)
	} else {
		f.atomic(10, size, off)
	}
	if f.chance(80) {
		f.stackKept(size, off)
	}
}

// compareExchange emits a compare-and-exchange on the stack that finds the
// value it expects, or one that differs in a high bit.
func (f *fn) compareExchange(size, off int) {
	f.expect(10, size, off)
	f.exchange(10, size, off)
}

// expect puts in R0 what is at displacement d from pointer v, or what differs from
// that in a high bit.
func (f *fn) expect(v, size, d int) {
	f.Emit(ldx(size, 0, uint8(v), d))
	f.setScalar(0)
	if f.chance(50) {
		t := f.dst(0, v)
		f.Emit(lddw(uint8(t), 0, 1<<f.r.IntN(31))...)
		f.setScalar(t)
		f.Emit(bpf.Xor.Reg(0, uint8(t)))
	}
}

// exchange emits a compare-and-exchange at displacement d from pointer v. For
// one of 4 bytes it clears the high word of R0: Linux 6.18 leaves it as it was
// where the exchange is made and its verifier has pruned the way on.
func (f *fn) exchange(v, size, d int) {
	if size == 4 {
		f.Emit(bpf.Lsh.Imm(0, 32), bpf.Rsh.Imm(0, 32))
	}
	f.Emit(atomic(size, uint8(v), d, uint8(f.scalarReg(v)), bpf.AtomicCmpXchg))
}
