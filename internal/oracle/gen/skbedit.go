package gen

// editSkb emits a call of one of the helpers by which tc programs change the
// frame or a checksum in it.
func (f *fn) editSkb() {
	if !f.hasCtx {
		return
	}
	id := []int32{
		fnVlanPush, fnVlanPush, fnVlanPop, fnVlanPop, fnL3Csum, fnL4Csum, fnL3Csum, fnL4Csum,
		fnChangeTail, fnChangeHead, fnPullData, fnCsumUpdate, fnHashInvalid, fnChangeType,
	}[f.r.IntN(14)]
	if id == fnVlanPush || id == fnChangeHead {
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
	case fnVlanPush:
		f.emit(mov(3, uint8(x)), movK(2, []int32{0x0081, 0xa888, 0, 0x0008}[f.r.IntN(4)]))
	case fnL3Csum, fnL4Csum:
		f.csumFields(id == fnL4Csum, x)
	case fnChangeTail:
		f.emit(movK(2, int32([]int{14, 34, 60, 64, 100, f.r.IntN(200)}[f.r.IntN(6)])), movK(3, int32(f.r.IntN(20)/19)))
	case fnChangeHead:
		f.emit(movK(2, int32(f.r.IntN(13))), movK(3, int32(f.r.IntN(20)/19)))
	case fnPullData:
		f.emit(movK(2, int32(f.r.IntN(80))))
	case fnCsumUpdate:
		f.emit(mov(2, uint8(x)))
	case fnChangeType:
		f.emit(movK(2, int32(f.r.IntN(5))))
	}
	f.ctxArg()
	f.emit(callHelper(id))
	f.changed()
}

// csumFields sets the arguments of the checksum helpers: the field's place,
// what goes, what comes, and how wide they are.
func (f *fn) csumFields(l4 bool, x int) {
	size := int32([]int{0, 2, 2, 4, 4}[f.r.IntN(5)])
	f.emit(mov(4, uint8(x)))
	if size == 0 {
		f.emit(movK(3, 0))
	} else {
		f.emit(movK(3, f.imm()))
	}
	at, flags := int32(24), size
	if l4 {
		at = []int32{40, 50}[f.r.IntN(2)]
		flags |= []int32{0, 0x10, 0x20, 0x60}[f.r.IntN(4)]
	}
	if f.chance(20) {
		at = int32(f.r.IntN(64))
	}
	f.emit(movK(2, at), movK(5, flags))
}
