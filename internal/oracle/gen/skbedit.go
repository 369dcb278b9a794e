package gen

import "github.com/skipsw/skipsw/translate/bpf"

// editSkb emits a call of a helper by which tc programs change a frame's type or
// time.
func (f *fn) editSkb() {
	if !f.hasCtx {
		return
	}
	id := bpf.HelperSkbChangeType
	if f.chance(50) {
		f.Emit(bpf.Mov.Imm(2, int32(f.r.IntN(5))))
	} else {
		id = bpf.HelperSkbSetTstamp
		f.Emit(bpf.Mov.Reg(2, uint8(f.scalarReg())), bpf.Mov.Imm(3, int32(f.r.IntN(4))))
		if f.chance(20) {
			f.Emit(bpf.Mov.Imm(2, 0))
		}
	}
	f.ctxArg()
	f.Emit(bpf.CallHelper(id))
	f.changed()
	f.keep(0)
}

// tagSkb emits a call of one of the helpers that put a VLAN tag beside a frame or
// take one off.
func (f *fn) tagSkb() {
	if !f.hasCtx {
		return
	}
	id := bpf.HelperSkbVlanPop
	if f.chance(50) && f.grows(4) {
		id = bpf.HelperSkbVlanPush
		// The value first: its register may be that of an argument.
		f.Emit(bpf.Mov.Reg(3, uint8(f.scalarReg())), bpf.Mov.Imm(2, []int32{0x0081, 0xa888, 0, 0x0008}[f.r.IntN(4)]))
	}
	f.ctxArg()
	f.Emit(bpf.CallHelper(id))
	f.changed()
}

// maxGrown is how many bytes a program may put in front of a frame. When the
// kernel has to move a frame for more room in front, it takes the place of the
// transport header, which nobody set, for set.
const maxGrown = 60

// grows reports whether a frame may become longer at its start by n bytes here.
func (f *fn) grows(n int) bool {
	// Programs that call each other would do it again and again.
	if !f.main() || f.inLoop > 0 || f.o.has(TailCalls) || f.p.grown+n > maxGrown {
		return false
	}
	f.p.grown += n
	return true
}

// resizeSkb emits a call of one of the helpers by which tc programs make frames
// longer and shorter.
func (f *fn) resizeSkb() {
	if !f.hasCtx {
		return
	}
	x := f.scalarReg()
	flags := int32(f.r.IntN(20) / 19)
	switch f.r.IntN(6) {
	case 5:
		if !f.grows(20) {
			return
		}
		f.p.cut = true
		f.Emit(bpf.Mov.Imm(2, []int32{0x0008, 0xdd86, 0xdd86, 0x0081}[f.r.IntN(4)]), bpf.Mov.Imm(3, flags))
		f.ctxArg()
		f.Emit(bpf.CallHelper(bpf.HelperSkbChangeProto))
	case 0, 1:
		if f.p.widened {
			return
		}
		f.p.cut = true
		f.Emit(bpf.Mov.Reg(2, uint8(x)), bpf.And.Imm(2, 0x7f))
		if f.chance(60) {
			f.Emit(bpf.Mov.Imm(2, int32([]int{14, 34, 60, 64, 100, f.r.IntN(200)}[f.r.IntN(6)])))
		}
		f.Emit(bpf.Mov.Imm(3, flags))
		f.ctxArg()
		f.Emit(bpf.CallHelper(bpf.HelperSkbChangeTail))
	case 2:
		n := f.r.IntN(13)
		if !f.grows(n) {
			return
		}
		f.Emit(bpf.Mov.Imm(2, int32(n)), bpf.Mov.Imm(3, flags))
		f.ctxArg()
		f.Emit(bpf.CallHelper(bpf.HelperSkbChangeHead))
	default:
		if !f.adjustRoom(x) {
			return
		}
	}
	f.changed()
}

// adjustRoom emits a call that makes room in a frame or takes some out. Frames
// that lack a part of the headers get no room: the kernel moves what lies behind
// them then.
func (f *fn) adjustRoom(x int) bool {
	flags := []int32{0, 0, 0, 1, 2, 4, 0x0a, 0x12, 0x20, 0x42, 6, 0x200}[f.r.IntN(12)]
	n := f.r.IntN(29)
	switch {
	case f.chance(50):
		if f.p.cut || !f.grows(n) {
			return false
		}
		// Behind an outer header of IPv6 there may be less than one.
		f.p.widened, f.p.cut = true, flags&bpf.FAdjRoomEncapL3IPv6 != 0
	default:
		n = -f.r.IntN(40)
		if f.chance(60) {
			flags = []int32{0, 0, 0, 1, 0x20, 0x80, 0x100, 0x180}[f.r.IntN(8)]
		}
	}
	if n < 0 && f.chance(30) {
		f.Emit(bpf.Mov.Reg(2, uint8(x)), bpf.Or.Imm(2, -64))
	} else {
		f.Emit(bpf.Mov.Imm(2, int32(n)))
	}
	mode := int32(f.r.IntN(12)) % 2
	if f.chance(3) {
		mode = 2
	}
	f.Emit(bpf.Mov.Imm(3, mode), bpf.Mov.Imm(4, flags))
	f.ctxArg()
	f.Emit(bpf.CallHelper(bpf.HelperSkbAdjustRoom))
	return true
}

// editInPlace emits a call of one of the helpers by which tc programs change a
// checksum in the frame or what is said of it, or ask for its bytes in one piece.
func (f *fn) editInPlace() {
	if !f.hasCtx {
		return
	}
	// The values first: their registers may be those of the arguments.
	x := f.scalarReg()
	var id bpf.HelperID
	switch f.r.IntN(12) {
	case 0:
		id = bpf.HelperCsumUpdate
		f.Emit(bpf.Mov.Reg(2, uint8(x)))
	case 1, 2:
		id = bpf.HelperCsumLevel
		f.Emit(bpf.Mov.Reg(2, uint8(x)), bpf.And.Imm(2, 3))
		if f.chance(70) {
			f.Emit(bpf.Mov.Imm(2, []int32{0, 0, 1, 1, 2, 3, 4, -1}[f.r.IntN(8)]))
		}
	case 3, 4:
		id = bpf.HelperL3CsumReplace
		f.csumFields(false, x)
	case 5, 6:
		id = bpf.HelperSkbPullData
		f.Emit(bpf.Mov.Imm(2, int32(f.r.IntN(80))))
		if f.chance(30) {
			f.Emit(bpf.Mov.Reg(2, uint8(x)))
		}
	case 7:
		id = bpf.HelperSetHashInvalid
	case 8:
		id = bpf.HelperSetHash
		f.Emit(bpf.Mov.Reg(2, uint8(x)))
	default:
		id = bpf.HelperL4CsumReplace
		f.csumFields(true, x)
	}
	f.ctxArg()
	f.Emit(bpf.CallHelper(id))
	f.changed()
	f.keep(0)
}

// csumFields sets the arguments of the checksum helpers: the field's place,
// what goes, what comes, and how wide they are.
func (f *fn) csumFields(l4 bool, x int) {
	size := int32([]int{0, 2, 2, 4, 4}[f.r.IntN(5)])
	f.Emit(bpf.Mov.Reg(4, uint8(x)))
	if size == 0 {
		f.Emit(bpf.Mov.Imm(3, 0))
	} else {
		f.Emit(bpf.Mov.Imm(3, f.imm()))
	}
	at, flags := int32(24), size
	if l4 {
		at = []int32{40, 50}[f.r.IntN(2)]
		flags |= []int32{0, bpf.FPseudoHdr, bpf.FMarkMangled0, bpf.FMarkMangled0 | bpf.FMarkEnforce}[f.r.IntN(4)]
	}
	if f.chance(20) {
		at = int32(f.r.IntN(64))
	}
	if f.chance(15) { // a size that only a run knows
		f.Emit(bpf.Mov.Reg(5, 4), bpf.And.Imm(5, []int32{6, 0x16, 0x66, 0xf}[f.r.IntN(4)]))
	} else {
		f.Emit(bpf.Mov.Imm(5, flags))
	}
	f.Emit(bpf.Mov.Imm(2, at))
}
