package ebpf

import (
	"encoding/binary"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

var le, be = binary.LittleEndian, binary.BigEndian

func readInt(b []byte) uint64 {
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(le.Uint16(b))
	case 4:
		return uint64(le.Uint32(b))
	}
	return le.Uint64(b)
}

func writeInt(b []byte, v uint64) {
	switch len(b) {
	case 1:
		b[0] = byte(v)
	case 2:
		le.PutUint16(b, uint16(v))
	case 4:
		le.PutUint32(b, uint32(v))
	default:
		le.PutUint64(b, v)
	}
}

func signExtend(v uint64, bytes int) uint64 {
	s := 64 - 8*bytes
	return uint64(int64(v<<s) >> s)
}

// loadStore does the loads, stores and atomics between registers and memory.
func (vm *VM) loadStore(pc int, in bpf.Insn) error {
	mode, n := in.Mode(), in.Bytes()
	switch in.Class() {
	case bpf.ClassLDX:
		addr := vm.regs[in.Src] + uint64(int64(in.Off))
		if mode != bpf.ModeMEM && (mode != bpf.ModeMEMSX || n == 8) {
			return vm.faultAt(pc, "is no instruction: %02x", in.Op)
		}
		v, err := vm.load(pc, addr, n)
		if err != nil {
			return err
		}
		if mode == bpf.ModeMEMSX {
			v = signExtend(v, n)
		}
		vm.regs[in.Dst] = v
		return nil
	case bpf.ClassST:
		if mode != bpf.ModeMEM {
			return vm.faultAt(pc, "is no instruction: %02x", in.Op)
		}
		return vm.store(pc, vm.regs[in.Dst]+uint64(int64(in.Off)), n, uint64(int64(in.Imm)))
	}
	switch mode {
	case bpf.ModeMEM:
		return vm.store(pc, vm.regs[in.Dst]+uint64(int64(in.Off)), n, vm.regs[in.Src])
	case bpf.ModeATOMIC:
		return vm.atomic(pc, in, n)
	}
	return vm.faultAt(pc, "is no instruction: %02x", in.Op)
}

func (vm *VM) load(pc int, addr uint64, n int) (uint64, error) {
	if region, off := vm.split(addr); region == regCtx {
		return vm.loadCtx(pc, off, n)
	}
	b := vm.mem(addr, n, false)
	if b == nil {
		return 0, vm.faultAt(pc, "%s", vm.explainAccess(addr, n, false))
	}
	return readInt(b), nil
}

func (vm *VM) store(pc int, addr uint64, n int, v uint64) error {
	if region, off := vm.split(addr); region == regCtx {
		return vm.storeCtx(pc, off, n, v)
	}
	b := vm.mem(addr, n, true)
	if b == nil {
		return vm.faultAt(pc, "%s", vm.explainAccess(addr, n, true))
	}
	writeInt(b, v)
	return nil
}

// atomic does the atomic operations; with one CPU they are plain ones.
func (vm *VM) atomic(pc int, in bpf.Insn, n int) error {
	op := in.AtomicOp()
	switch op {
	case bpf.AtomicLoadAcq:
		v, err := vm.load(pc, vm.regs[in.Src]+uint64(int64(in.Off)), n)
		if err == nil {
			vm.regs[in.Dst] = v
		}
		return err
	case bpf.AtomicStoreRel:
		return vm.store(pc, vm.regs[in.Dst]+uint64(int64(in.Off)), n, vm.regs[in.Src])
	}
	if n < 4 {
		return vm.faultAt(pc, "is no instruction: atomic operation on %d bytes", n)
	}
	vm.mem(vm.regs[in.Dst]+uint64(int64(in.Off)), n, false) // it reads, too
	addr := vm.regs[in.Dst] + uint64(int64(in.Off))
	b := vm.mem(addr, n, true)
	if b == nil {
		return vm.faultAt(pc, "%s", vm.explainAccess(addr, n, true))
	}
	old, src := readInt(b), vm.regs[in.Src]
	if n == 4 {
		src = uint64(uint32(src))
	}
	switch op &^ bpf.AtomicFetch {
	case bpf.AtomicAdd:
		writeInt(b, old+src)
	case bpf.AtomicOr:
		writeInt(b, old|src)
	case bpf.AtomicAnd:
		writeInt(b, old&src)
	case bpf.AtomicXor:
		writeInt(b, old^src)
	case bpf.AtomicXchg &^ bpf.AtomicFetch:
		writeInt(b, src)
	case bpf.AtomicCmpXchg &^ bpf.AtomicFetch:
		want := vm.regs[0]
		if n == 4 {
			want = uint64(uint32(want))
		}
		if old == want {
			writeInt(b, src)
		}
	default:
		return vm.faultAt(pc, "is no atomic operation: %#x", in.Imm)
	}
	switch op {
	case bpf.AtomicXchg &^ bpf.AtomicFetch, bpf.AtomicCmpXchg &^ bpf.AtomicFetch:
		return vm.faultAt(pc, "is no atomic operation: %#x", in.Imm)
	case bpf.AtomicCmpXchg:
		vm.regs[0] = old
	default:
		if op&bpf.AtomicFetch != 0 {
			vm.regs[in.Src] = old
		}
	}
	return nil
}

// loadAbs does the packet loads of classic BPF, which tc programs may use. ok
// is false when the packet is too short: the program then returns 0.
func (vm *VM) loadAbs(pc int, in bpf.Insn) (ok bool, err error) {
	mode, n := in.Mode(), in.Bytes()
	if mode != bpf.ModeABS && mode != bpf.ModeIND || n == 8 {
		return false, vm.faultAt(pc, "is no instruction: %02x", in.Op)
	}
	if vm.byTyp != object.TC || vm.Resolve(vm.regs[6]) != (Ref{Kind: Ctx}) {
		return false, vm.faultAt(pc, "packet load of classic BPF without a tc program's context in r6")
	}
	off := int64(in.Imm)
	if mode == bpf.ModeIND {
		off = int64(int32(uint32(in.Imm) + uint32(vm.regs[in.Src])))
	}
	vm.clobber()
	at := vm.legacyOffset(off)
	if at < 0 || at+int64(n) > int64(vm.end) {
		return false, nil
	}
	b := vm.buf[at:]
	switch n {
	case 1:
		vm.regs[0] = uint64(b[0])
	case 2:
		vm.regs[0] = uint64(binary.BigEndian.Uint16(b))
	default:
		vm.regs[0] = uint64(binary.BigEndian.Uint32(b))
	}
	return true, nil
}

// legacyOffset returns the place in the buffer that an offset of a packet load
// of classic BPF means; negative for none.
func (vm *VM) legacyOffset(off int64) int64 {
	switch {
	case off >= 0:
		return int64(vm.data) + off
	case off >= bpf.SkfNetOff:
		return int64(vm.network) + off - bpf.SkfNetOff
	case off >= bpf.SkfLLOff:
		return int64(vm.data) + off - bpf.SkfLLOff
	}
	return -1
}
