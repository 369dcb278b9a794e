package gen

import "github.com/skipsw/skipsw/translate/bpf"

// editSkb emits a call of one of the helpers by which tc programs change the
// frame or a checksum in it.
func (f *fn) editSkb() {
	if !f.hasCtx {
		return
	}
	id := []bpf.HelperID{
		bpf.HelperSkbVlanPush, bpf.HelperSkbVlanPush, bpf.HelperSkbVlanPop, bpf.HelperSkbVlanPop, bpf.HelperL3CsumReplace, bpf.HelperL4CsumReplace, bpf.HelperL3CsumReplace, bpf.HelperL4CsumReplace,
		bpf.HelperSkbChangeTail, bpf.HelperSkbChangeHead, bpf.HelperSkbPullData, bpf.HelperCsumUpdate, bpf.HelperSetHashInvalid, bpf.HelperSkbChangeType,
	}[f.r.IntN(14)]
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
	case bpf.HelperL3CsumReplace, bpf.HelperL4CsumReplace:
		f.csumFields(id == bpf.HelperL4CsumReplace, x)
	case bpf.HelperSkbChangeTail:
		f.Emit(bpf.Mov.Imm(2, int32([]int{14, 34, 60, 64, 100, f.r.IntN(200)}[f.r.IntN(6)])), bpf.Mov.Imm(3, int32(f.r.IntN(20)/19)))
	case bpf.HelperSkbChangeHead:
		f.Emit(bpf.Mov.Imm(2, int32(f.r.IntN(13))), bpf.Mov.Imm(3, int32(f.r.IntN(20)/19)))
	case bpf.HelperSkbPullData:
		f.Emit(bpf.Mov.Imm(2, int32(f.r.IntN(80))))
	case bpf.HelperCsumUpdate:
		f.Emit(bpf.Mov.Reg(2, uint8(x)))
	case bpf.HelperSkbChangeType:
		f.Emit(bpf.Mov.Imm(2, int32(f.r.IntN(5))))
	}
	f.ctxArg()
	f.Emit(bpf.CallHelper(id))
	f.changed()
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
	f.Emit(bpf.Mov.Imm(2, at), bpf.Mov.Imm(5, flags))
}
