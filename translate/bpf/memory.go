package bpf

// SpinLockBytes is the size of struct bpf_spin_lock, and what it is aligned to.
const SpinLockBytes = 4

// Load returns "dst = *(size *)(src + off)".
func Load(s Size, dst, src uint8, off int16) Insn {
	return Insn{Op: MemOpcode(ClassLDX, ModeMEM, s), Dst: dst, Src: src, Off: off}
}

// LoadSX returns the load with sign extension, of 1, 2 or 4 bytes.
func LoadSX(s Size, dst, src uint8, off int16) Insn {
	return Insn{Op: MemOpcode(ClassLDX, ModeMEMSX, s), Dst: dst, Src: src, Off: off}
}

// Store returns "*(size *)(dst + off) = src".
func Store(s Size, dst uint8, off int16, src uint8) Insn {
	return Insn{Op: MemOpcode(ClassSTX, ModeMEM, s), Dst: dst, Src: src, Off: off}
}

// StoreImm returns "*(size *)(dst + off) = v".
func StoreImm(s Size, dst uint8, off int16, v int32) Insn {
	return Insn{Op: MemOpcode(ClassST, ModeMEM, s), Dst: dst, Off: off, Imm: v}
}

// LoadAbs returns the packet load of classic BPF at a constant offset, to R0.
func LoadAbs(s Size, off int32) Insn { return Insn{Op: MemOpcode(ClassLD, ModeABS, s), Imm: off} }

// LoadInd returns the packet load of classic BPF at a register plus a constant,
// to R0.
func LoadInd(s Size, src uint8, off int32) Insn {
	return Insn{Op: MemOpcode(ClassLD, ModeIND, s), Src: src, Imm: off}
}

// Offsets of packet loads of classic BPF from which on others are meant: from
// the network header, from the link header. SKF_NET_OFF and SKF_LL_OFF of the
// kernel's filter.h.
const (
	SkfNetOff = -0x100000
	SkfLLOff  = -0x200000
)

// Values of Src in a 64-bit immediate load.
const (
	PseudoMapFD    = 1 // Imm is the index of a map in the object's list
	PseudoMapValue = 2 // Imm is the index of a map, the next slot's Imm the offset
	PseudoFunc     = 4 // Imm is a relative slot offset to a function
)

// LoadImm64 returns the two slots of "dst = v ll".
func LoadImm64(dst uint8, v uint64) []Insn { return wide(dst, 0, int32(v), int32(v>>32)) }

// LoadMap returns the two slots that load the address of a map by its index in
// the object's list.
func LoadMap(dst uint8, index int) []Insn { return wide(dst, PseudoMapFD, int32(index), 0) }

// LoadMapValue returns the two slots that load an address inside the first value
// of a map.
func LoadMapValue(dst uint8, index int, off int32) []Insn {
	return wide(dst, PseudoMapValue, int32(index), off)
}

// LoadFunc returns the two slots that load the address of the function rel slots
// behind the first one's successor.
func LoadFunc(dst uint8, rel int32) []Insn { return wide(dst, PseudoFunc, rel, 0) }

func wide(dst, src uint8, lo, hi int32) []Insn {
	return []Insn{{Op: opWide, Dst: dst, Src: src, Imm: lo}, {Imm: hi}}
}

// AtomicOp is an atomic operation, the Imm of an instruction of mode ATOMIC.
type AtomicOp int32

// The atomic operations. AtomicFetch with one of the first four makes Src take
// the old value; the exchange does so always, and the compare and exchange
// compares with R0 and gives the old value there.
const (
	AtomicAdd      AtomicOp = 0x00
	AtomicOr       AtomicOp = 0x40
	AtomicAnd      AtomicOp = 0x50
	AtomicXor      AtomicOp = 0xa0
	AtomicFetch    AtomicOp = 0x01
	AtomicXchg     AtomicOp = 0xe1
	AtomicCmpXchg  AtomicOp = 0xf1
	AtomicLoadAcq  AtomicOp = 0x100 // a load, with the operands of one
	AtomicStoreRel AtomicOp = 0x110 // a store, with the operands of one
)

// Atomic returns the atomic operation on (dst + off) with src, of 4 or 8 bytes.
func Atomic(op AtomicOp, s Size, dst uint8, off int16, src uint8) Insn {
	return Insn{Op: MemOpcode(ClassSTX, ModeATOMIC, s), Dst: dst, Src: src, Off: off, Imm: int32(op)}
}

// LoadAcquire returns the load with acquire order.
func LoadAcquire(s Size, dst, src uint8, off int16) Insn {
	return Atomic(AtomicLoadAcq, s, dst, off, src)
}

// StoreRelease returns the store with release order.
func StoreRelease(s Size, dst uint8, off int16, src uint8) Insn {
	return Atomic(AtomicStoreRel, s, dst, off, src)
}
