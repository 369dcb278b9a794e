package judge

import (
	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/translate/bpf"
)

// numberArgs are the arguments of helpers that are numbers. The kernel lets a
// privileged user pass addresses there.
var numberArgs = map[bpf.HelperID]bpf.RegSet{
	bpf.HelperMapUpdateElem:   regs(4),
	bpf.HelperSkbStoreBytes:   regs(2, 4, 5),
	bpf.HelperL3CsumReplace:   regs(2, 3, 4, 5),
	bpf.HelperL4CsumReplace:   regs(2, 3, 4, 5),
	bpf.HelperSkbVlanPush:     regs(2, 3),
	bpf.HelperRedirect:        regs(1, 2),
	bpf.HelperPerfEventOutput: regs(3, 5),
	bpf.HelperSkbLoadBytes:    regs(2, 4),
	bpf.HelperCsumDiff:        regs(2, 4, 5),
	bpf.HelperSkbChangeType:   regs(2),
	bpf.HelperSkbChangeTail:   regs(2, 3),
	bpf.HelperSkbPullData:     regs(2),
	bpf.HelperCsumUpdate:      regs(2),
	bpf.HelperCsumLevel:       regs(2),
	bpf.HelperSetHash:         regs(2),
	bpf.HelperSkbChangeHead:   regs(2, 3),
	bpf.HelperXDPAdjustHead:   regs(2),
	bpf.HelperRedirectMap:     regs(2, 3),
	bpf.HelperXDPAdjustMeta:   regs(2),
	bpf.HelperXDPAdjustTail:   regs(2),
	bpf.HelperMapPushElem:     regs(3),
	bpf.HelperRingbufOutput:   regs(3, 4),
	bpf.HelperXDPLoadBytes:    regs(2, 4),
	bpf.HelperXDPStoreBytes:   regs(2, 4),
}

func regs(list ...uint8) (s bpf.RegSet) {
	for _, r := range list {
		s |= bpf.Reg(r)
	}
	return s
}

// addressKind returns what a number is the address of. Addresses that no pointer
// of a program can be are taken for numbers.
func addressKind(vm *ebpf.VM, v uint64) ebpf.RegionKind {
	const far = 1 << 20
	r := vm.Resolve(v)
	if r.Off <= -far || r.Off >= far || r.Entry >= far {
		return ebpf.NoRegion
	}
	return r.Kind
}

// leakWatch finds out whether a run takes an address for a number: what comes
// of it may look the same wherever memory lies, and still differ on a card.
type leakWatch struct {
	vm *ebpf.VM
	// kept are the slots of 8 bytes on the stack that hold addresses, by their
	// own address.
	kept  map[uint64]bool
	leaks bool
}

func (w *leakWatch) reset() {
	w.leaks = false
	clear(w.kept)
}

// step looks at the instruction that is about to run.
func (w *leakWatch) step(in bpf.Insn, regs *[11]uint64) {
	w.leaks = w.leaks || w.leaksBy(in, regs)
	switch in.Class() {
	case bpf.ClassST, bpf.ClassSTX:
		w.store(in, regs)
	case bpf.ClassJMP:
		if writesBuffer(in) {
			clear(w.kept)
		}
	}
}

// writesBuffer reports whether a call may overwrite the stack.
func writesBuffer(in bpf.Insn) bool {
	return in.IsCallOf(bpf.HelperSkbLoadBytes) || in.IsCallOf(bpf.HelperXDPLoadBytes)
}

// store notes what a store makes of the slots that it touches.
func (w *leakWatch) store(in bpf.Insn, regs *[11]uint64) {
	at := regs[in.Dst] + uint64(int64(in.Off))
	if w.vm.Resolve(at).Kind != ebpf.Stack {
		return
	}
	for _, slot := range w.slots(at, in.Bytes()) {
		delete(w.kept, slot)
	}
	whole := in.Class() == bpf.ClassSTX && in.Mode() == bpf.ModeMEM && in.Bytes() == 8
	if whole && addressKind(w.vm, regs[in.Src]) != ebpf.NoRegion {
		w.kept[at] = true
	}
}

// slots returns the slots that n bytes at an address on the stack lie in.
func (w *leakWatch) slots(at uint64, n int) [2]uint64 {
	down := func(a uint64) uint64 { return a - uint64((w.vm.Resolve(a).Off+ebpf.StackSize)&7) }
	return [2]uint64{down(at), down(at + uint64(n) - 1)}
}

// leaksBy reports whether an instruction takes an address for a number.
func (w *leakWatch) leaksBy(in bpf.Insn, regs *[11]uint64) bool {
	kind := func(v uint64) ebpf.RegionKind { return addressKind(w.vm, v) }
	isPtr := func(r uint8) bool { return kind(regs[r]) != ebpf.NoRegion }
	switch in.Class() {
	case bpf.ClassALU, bpf.ClassALU64:
		return w.computesWith(in, regs, kind)
	case bpf.ClassJMP32:
		return in.IsConditional() && (isPtr(in.Dst) || in.Source() == bpf.X && isPtr(in.Src))
	case bpf.ClassJMP:
		if in.IsHelperCall() {
			for r := uint8(bpf.R1); r <= bpf.R5; r++ {
				if numberArgs[in.Helper()].Has(r) && isPtr(r) {
					return true
				}
			}
		}
		return in.IsCompare() && comparesAddress(in, regs, kind)
	case bpf.ClassLDX:
		return w.loadsPart(in, regs)
	}
	return false
}

// computesWith reports whether arithmetic makes a number of an address.
func (w *leakWatch) computesWith(in bpf.Insn, regs *[11]uint64, kind func(uint64) ebpf.RegionKind) bool {
	op := in.ALUOp()
	dst := kind(regs[in.Dst]) != ebpf.NoRegion
	// The source bit of a byte swap says something else.
	src := op != bpf.End && in.Source() == bpf.X && kind(regs[in.Src]) != ebpf.NoRegion
	if in.Class() == bpf.ClassALU {
		return src || dst && op != bpf.Mov
	}
	switch op {
	case bpf.Mov:
		return src && in.Off != 0
	case bpf.Add:
		return dst && src
	case bpf.Sub:
		return src && (!dst || kind(regs[in.Dst]) != kind(regs[in.Src]))
	}
	return dst || src
}

// comparesAddress reports whether a comparison makes more of addresses than it
// may: they are compared with null, and with others of their region.
func comparesAddress(in bpf.Insn, regs *[11]uint64, kind func(uint64) ebpf.RegionKind) bool {
	dst := kind(regs[in.Dst]) != ebpf.NoRegion
	src := in.Source() == bpf.X && kind(regs[in.Src]) != ebpf.NoRegion
	if dst && src {
		return kind(regs[in.Dst]) != kind(regs[in.Src])
	}
	op := in.JumpOp()
	null := op == bpf.JEq || op == bpf.JNe
	switch {
	case dst && in.Source() == bpf.X:
		return !null || regs[in.Src] != 0
	case dst:
		return !null || in.Imm != 0
	}
	return src && (!null || regs[in.Dst] != 0)
}

// loadsPart reports whether a load takes a part of an address that is on the
// stack.
func (w *leakWatch) loadsPart(in bpf.Insn, regs *[11]uint64) bool {
	at := regs[in.Src] + uint64(int64(in.Off))
	if w.vm.Resolve(at).Kind != ebpf.Stack {
		return false
	}
	slots := w.slots(at, in.Bytes())
	if in.Bytes() == 8 && slots[0] == slots[1] {
		return false
	}
	return w.kept[slots[0]] || w.kept[slots[1]]
}
