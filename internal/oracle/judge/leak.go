package judge

import (
	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/translate/bpf"
)

// numberArgs are the arguments of helpers that are numbers, by bit, R1 being
// bit 0. The kernel lets a privileged user pass addresses there.
var numberArgs = map[int32]uint8{
	2:   1 << 3,             // map_update_elem: flags
	9:   1<<1 | 1<<3 | 1<<4, // skb_store_bytes: offset, length, flags
	10:  1<<1 | 1<<2 | 1<<3 | 1<<4,
	11:  1<<1 | 1<<2 | 1<<3 | 1<<4, // l3_ and l4_csum_replace
	18:  1<<1 | 1<<2,               // skb_vlan_push
	23:  1<<0 | 1<<1,               // redirect
	25:  1<<2 | 1<<4,               // perf_event_output
	26:  1<<1 | 1<<3,               // skb_load_bytes
	28:  1<<1 | 1<<3 | 1<<4,        // csum_diff
	32:  1 << 1,                    // skb_change_type
	38:  1<<1 | 1<<2,               // skb_change_tail
	39:  1 << 1,                    // skb_pull_data
	40:  1 << 1,                    // csum_update
	43:  1<<1 | 1<<2,               // skb_change_head
	44:  1 << 1,                    // xdp_adjust_head
	51:  1<<1 | 1<<2,               // redirect_map
	54:  1 << 1,                    // xdp_adjust_meta
	65:  1 << 1,                    // xdp_adjust_tail
	87:  1 << 2,                    // map_push_elem
	130: 1<<2 | 1<<3,               // ringbuf_output
	189: 1<<1 | 1<<3,               // xdp_load_bytes
	190: 1<<1 | 1<<3,               // xdp_store_bytes
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
	const skbLoadBytes, xdpLoadBytes = 26, 189
	return in.Op&0xf0 == bpf.CALL && in.Src == 0 && (in.Imm == skbLoadBytes || in.Imm == xdpLoadBytes)
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
	whole := in.Class() == bpf.ClassSTX && in.Op&0xe0 == bpf.ModeMEM && in.Bytes() == 8
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
	op := in.Op & 0xf0
	dst := isPtr(in.Dst)
	swap := op == bpf.END && (in.Class() == bpf.ClassALU || in.Class() == bpf.ClassALU64) // its X says something else
	src := in.Op&bpf.X != 0 && !swap && isPtr(in.Src)
	switch in.Class() {
	case bpf.ClassALU64:
		switch op {
		case bpf.MOV:
			return src && in.Off != 0
		case bpf.ADD:
			return dst && src
		case bpf.SUB:
			return src && (!dst || kind(regs[in.Dst]) != kind(regs[in.Src]))
		}
		return dst || src
	case bpf.ClassALU:
		return src || dst && op != bpf.MOV
	case bpf.ClassJMP32:
		return op != bpf.JA && (dst || src)
	case bpf.ClassJMP:
		switch {
		case op == bpf.CALL && in.Src == 0:
			for k := range uint8(5) {
				if numberArgs[in.Imm]>>k&1 != 0 && isPtr(1+k) {
					return true
				}
			}
			return false
		case op == bpf.CALL, op == bpf.EXIT, op == bpf.JA, op == bpf.JCOND:
			return false
		}
		return comparesAddress(in, regs, dst, src, kind)
	case bpf.ClassLDX:
		return w.loadsPart(in, regs)
	}
	return false
}

// comparesAddress reports whether a comparison makes more of addresses than it
// may: they are compared with null, and with others of their region.
func comparesAddress(in bpf.Insn, regs *[11]uint64, dst, src bool, kind func(uint64) ebpf.RegionKind) bool {
	if dst && src {
		return kind(regs[in.Dst]) != kind(regs[in.Src])
	}
	op := in.Op & 0xf0
	null := op == bpf.JEQ || op == bpf.JNE
	switch {
	case dst && in.Op&bpf.X != 0:
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
