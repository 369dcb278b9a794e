package gen

import "github.com/skipsw/skipsw/translate/bpf"

// editSkb emits a call of one of the helpers by which tc programs change the
// frame.
func (f *fn) editSkb() {
	if !f.hasCtx {
		return
	}
	id := []bpf.HelperID{
		bpf.HelperSkbVlanPush, bpf.HelperSkbVlanPush, bpf.HelperSkbVlanPop, bpf.HelperSkbVlanPop,
		bpf.HelperSkbChangeTail, bpf.HelperSkbChangeHead, bpf.HelperSkbChangeType,
	}[f.r.IntN(7)]
	if id == bpf.HelperSkbVlanPush || id == bpf.HelperSkbChangeHead {
		// When the kernel has to move a frame for more room in front, it takes
		// the place of the transport header, which nobody set, for set.
		if !f.main() || f.inLoop > 0 || f.p.grown >= 5 {
			return
		}
		f.p.grown++
	}
	// The values first: their registers may be those of the arguments.
	x := f.scalarReg()
	switch id {
	case bpf.HelperSkbVlanPush:
		f.Emit(bpf.Mov.Reg(3, uint8(x)), bpf.Mov.Imm(2, []int32{0x0081, 0xa888, 0, 0x0008}[f.r.IntN(4)]))
	case bpf.HelperSkbChangeTail:
		f.Emit(bpf.Mov.Imm(2, int32([]int{14, 34, 60, 64, 100, f.r.IntN(200)}[f.r.IntN(6)])), bpf.Mov.Imm(3, int32(f.r.IntN(20)/19)))
	case bpf.HelperSkbChangeHead:
		f.Emit(bpf.Mov.Imm(2, int32(f.r.IntN(13))), bpf.Mov.Imm(3, int32(f.r.IntN(20)/19)))
	case bpf.HelperSkbChangeType:
		f.Emit(bpf.Mov.Imm(2, int32(f.r.IntN(5))))
	}
	f.ctxArg()
	f.Emit(bpf.CallHelper(id))
	f.changed()
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
