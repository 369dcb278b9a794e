package verify

import (
	"fmt"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/number"
	"github.com/skipsw/skipsw/translate/internal/platform"
	"github.com/skipsw/skipsw/translate/object"
)

// load reads size bytes at register base plus off. strict asks for natural
// alignment, as atomic accesses need it.
func (v *verifier) load(base uint8, off, size int, strict bool) (reg, *Error) {
	p := v.reg(base)
	if err := v.aligned(p, base, off, size, strict); err != nil {
		return reg{}, err
	}
	switch p.kind {
	case PtrCtx:
		return v.loadCtx(p, base, off, size)
	case PtrStack:
		return v.loadStack(p, base, off, size)
	case PtrMapValue:
		if err := v.inMapValue(p, base, off, size, false); err != nil {
			if v.assumed(err) {
				break
			}
			return reg{}, err
		}
		if c, ok := v.rodata(p, off, size); ok {
			return constReg(c), nil
		}
	default:
		if err := v.inMemory(p, base, off, size, size, false); err != nil && !v.assumed(err) {
			return reg{}, err
		}
	}
	return scalarReg(number.OfBytes(size)), nil
}

// store writes the low size bytes of src, or an immediate, at register base
// plus off.
func (v *verifier) store(base uint8, off, size int, src *reg, imm bool) *Error {
	p := v.reg(base)
	if err := v.aligned(p, base, off, size, false); err != nil {
		return err
	}
	switch p.kind {
	case PtrCtx:
		return v.storeCtx(p, base, off, size)
	case PtrStack:
		return v.storeStack(p, base, off, size, src, imm)
	}
	var err *Error
	if p.kind == PtrMapValue {
		err = v.inMapValue(p, base, off, size, true)
	} else {
		err = v.inMemory(p, base, off, size, size, true)
	}
	if v.assumed(err) {
		return nil
	}
	return err
}

// What an instruction has accessed on the paths so far.
const (
	theContext uint8 = iota + 1
	otherMemory
)

// oneObject refuses an instruction that accesses the context on one path and
// other memory on another: its code depends on which it is.
func (v *verifier) oneObject(base uint8) *Error {
	now := otherMemory
	if v.reg(base).kind == PtrCtx {
		now = theContext
	}
	if was := v.objects[v.slot]; was != 0 && was != now {
		return unsafef("R%d is %s on this path, and on another the same instruction accesses %s", base, v.reg(base).kind.name(),
			map[uint8]string{theContext: "the context", otherMemory: "other memory"}[was]).
			hint("access the context in code of its own")
	}
	v.objects[v.slot] = now
	return nil
}

// atomic executes an atomic operation, load-acquire or store-release.
func (v *verifier) atomic(in bpf.Insn) *Error {
	base := in.Dst
	if in.AtomicOp() == bpf.AtomicLoadAcq {
		base = in.Src
	} else if err := v.needReg(in.Src); err != nil {
		return err
	}
	if err := v.needReg(base); err != nil {
		return err
	}
	if in.AtomicOp() == bpf.AtomicCmpXchg {
		if err := v.needReg(0); err != nil {
			return err
		}
	}
	switch k := v.reg(base).kind; k {
	case PtrCtx, PtrPacket, PtrPacketMeta:
		return unsafef("atomic operation on %s (R%d)", k.name(), base).
			hint("atomic operations work on map values and the stack")
	}
	fetched := in.Src
	if in.AtomicOp() == bpf.AtomicCmpXchg {
		fetched = 0
	}
	if in.AtomicOp()&bpf.AtomicFetch != 0 && fetched == base {
		return unsafef("atomic operation that fetches into its own address register (R%d)", base)
	}
	off, size := int(in.Off), in.Bytes()
	switch in.AtomicOp() {
	case bpf.AtomicLoadAcq:
		if err := v.oneObject(base); err != nil {
			return err
		}
		r, err := v.load(base, off, size, true)
		if err == nil {
			v.set(in.Dst, r)
		}
		return err
	case bpf.AtomicStoreRel:
		if err := v.oneObject(base); err != nil {
			return err
		}
		if err := v.aligned(v.reg(base), base, off, size, true); err != nil {
			return err
		}
		return v.store(base, off, size, v.reg(in.Src), false)
	}
	if p := v.reg(base); p.kind == PtrStack && !p.Scalar.IsConst() {
		return unsafef("atomic operation on the stack at a variable offset (R%d)", base).hint("use a constant offset, or a map value")
	}
	old, err := v.load(base, off, size, true) // a spilled pointer comes back as such
	if err != nil {
		return err
	}
	u := unknownReg()
	if err := v.store(base, off, size, &u, false); err != nil {
		return err
	}
	if v.reg(base).kind == PtrStack {
		v.dataOnStack(v.reg(base), off, size)
	}
	switch {
	case in.AtomicOp() == bpf.AtomicCmpXchg:
		v.set(0, old)
	case in.AtomicOp()&bpf.AtomicFetch != 0:
		v.set(in.Src, old)
	}
	return nil
}

// aligned checks the accesses that must be naturally aligned: all to the
// stack, and strict ones.
func (v *verifier) aligned(p *reg, base uint8, off, size int, strict bool) *Error {
	if !strict && p.kind != PtrStack {
		return nil
	}
	t := p.Bits.Add(number.ConstTnum(uint64(int64(p.off) + int64(off))))
	if (t.Value|t.Mask)&uint64(size-1) != 0 {
		return unsafef("access of %d bytes to %s at offset %d is not aligned", size, p.kind.name(), int(p.off)+off)
	}
	return nil
}

func verb(write bool) string {
	if write {
		return "written"
	}
	return "read"
}

// span describes the bytes lo..hi-1 of an object.
func span(lo, hi int64) string {
	if hi-lo == 1 {
		return fmt.Sprint(lo)
	}
	return fmt.Sprintf("%d..%d", lo, hi-1)
}

// inMemory checks an access to packet, packet metadata or helper memory: from
// off on, at least size bytes (the size may be a variable's maximum).
func (v *verifier) inMemory(p *reg, base uint8, off, size, width int, write bool) *Error {
	lo := int64(p.off) + int64(off)
	switch p.kind {
	case PtrPacket, PtrPacketMeta, PtrMem, PtrSlice:
	case PtrMapKey, PtrNum:
		return v.readOnly(p, base, off, size, write)
	case PtrMapValueOrNull, PtrMemOrNull, PtrMapOrNull, PtrSliceOrNull, PtrSocketOrNull:
		return unsafef("R%d may be null here", base).hint("compare the pointer with NULL before it is used")
	case PtrPacketEnd:
		return unsafef("R%d is the end of the packet, nothing can be %s there", base, verb(write))
	case PtrSocket:
		if !write && lo == 0 && size == 4 {
			return unsupportedf("the queue of a socket (bpf_xdp_sock.queue_id), because a card knows that there is a socket, and no more of it")
		}
		return unsafef("R%d is a socket, of which bytes 0..3 can be read together, not bytes %s %s", base, span(lo, lo+int64(size)), verb(write))
	case PtrMap:
		name := v.p.Maps[p.mp].Name
		if !write && lo >= 0 {
			return unsupportedf("members of struct bpf_map, because a card has none: R%d is map %q itself, not a value of it", base, name).
				hint("look a value up with bpf_map_lookup_elem")
		}
		return unsafef("R%d is map %q itself, not a value of it", base, name).hint("look the value up with bpf_map_lookup_elem")
	case Scalar:
		if p.IsZero() {
			return unsafef("R%d is null", base)
		}
		if p.rng == stale {
			return unsafef("R%d was a packet pointer, but a helper called since may have moved the packet", base).
				hint("load ctx->data and ctx->data_end again and check again")
		}
		if p.rng == returned {
			return unsafef("R%d was a record that has been submitted or discarded since", base).
				hint("write the record before it is submitted")
		}
		return unsafef("R%d is a number, not a pointer", base).
			hint("pointers loaded from a map or the packet, or changed by arithmetic other than + and -, cannot be used")
	default:
		return unsafef("R%d is %s, nothing can be %s through it", base, p.kind.name(), verb(write))
	}
	what := map[Kind]string{PtrPacket: "packet", PtrPacketMeta: "packet metadata", PtrMem: "memory", PtrSlice: "memory"}[p.kind]
	if write && p.lent == byReadSlice {
		return unsafef("write to memory of bpf_dynptr_slice (R%d), which programs may only read", base).hint("ask for it with bpf_dynptr_slice_rdwr")
	}
	if p.SMin < 0 {
		return unsafef("%s offset R%d may be negative (from %d on)", what, base, p.SMin+lo).outOfBounds().
			hint("make the index unsigned or test it with >= 0")
	}
	room := int64(max(p.rng, 0))
	if p.kind == PtrMem || p.kind == PtrSlice {
		lo += int64(p.SMin)
		if p.UMax >= platform.MaxOffset {
			return unsafef("memory offset R%d is unbounded", base).hint("%s", boundHint)
		}
		room -= int64(p.UMax) - int64(p.SMin)
	}
	if lo >= 0 && lo+int64(size) <= room {
		return nil
	}
	if p.kind == PtrMem || p.kind == PtrSlice {
		return unsafef("memory byte %s %s, the object has %d bytes", span(lo, lo+int64(size)), verb(write), p.rng)
	}
	e := unsafef("%s byte %s %s, %s", what, span(lo, lo+int64(max(size, 1))), verb(write), v.proven(p, room)).outOfBounds()
	if p.kind == PtrPacket {
		switch most := p.UMax + uint64(max(lo, 0)) + uint64(size); {
		case p.Scalar.IsConst():
		case most > platform.MaxPacket:
			e.Reason += fmt.Sprintf(": no check counts for it, it may end at byte %d and packets end at %d", most, platform.MaxPacket)
			return e.hint("bound the variable offset before it is added (if (len > 1500) leave), then check the pointer against data_end")
		default:
			return e.hint("check the pointer against data_end after the variable offset was added")
		}
		return e.hint("before the access, test data + %d > data_end and leave", lo+int64(size))
	}
	return e
}

// boundHint is how an index is bounded. Compilers make a multiplication of %, and
// what it leaves is not known to the verifier, as to the kernel's.
const boundHint = "bound the index before it is used, by a comparison or & MASK; what % leaves does not count, compare it again"

// proven words what is known of the packet's length.
func (v *verifier) proven(p *reg, room int64) string {
	if room == 0 {
		return "no bounds check has proven any of it"
	}
	if l := v.p.PlaceAt(int(p.check) - 1); p.check > 0 && l != nil {
		return fmt.Sprintf("only %d bytes proven by the check at line %d", room, l.LineNo)
	}
	return fmt.Sprintf("only %d bytes proven by the check at instruction %d", room, p.check-1)
}

// mapOf returns the map that a pointer belongs to.
func (v *verifier) mapOf(p *reg) *object.Map {
	m := v.p.Maps[p.mp]
	if p.inner {
		return m.Inner
	}
	return m
}

// inMapValue checks an access to a map value.
func (v *verifier) inMapValue(p *reg, base uint8, off, size int, write bool) *Error {
	m := v.mapOf(p)
	if write && (m.Flags&bpf.FRdonlyProg != 0 || rules.Map(m.Type).ReadOnly) {
		return unsafef("write to map %q, which programs may only read", m.Name)
	}
	if !write && m.Flags&bpf.FWronlyProg != 0 {
		return unsafef("read from map %q, which programs may only write", m.Name)
	}
	fixed := int64(p.off) + int64(off)
	what := fmt.Sprintf("value of map %q (%d bytes)", m.Name, m.ValueSize)
	if p.SMin+fixed < 0 {
		return unsafef("byte %d of the %s %s", p.SMin+fixed, what, verb(write)).outOfBounds().
			hint("make the index unsigned or test it with >= 0")
	}
	if p.UMax >= platform.MaxOffset {
		return unsafef("%s %s at an unbounded offset (R%d)", what, verb(write), base).outOfBounds().
			hint("%s", boundHint)
	}
	if hi := int64(p.UMax) + fixed + int64(size); hi > int64(m.ValueSize) {
		e := unsafef("byte %s of the %s %s", span(p.SMin+fixed, hi), what, verb(write)).outOfBounds()
		if p.Scalar.IsConst() {
			return e
		}
		return e.hint("compare the index with the number of elements before it is used")
	}
	return v.touchesLock(p, base, fixed, size)
}

// rodata returns the constant at a fixed place of a map that never changes.
func (v *verifier) rodata(p *reg, off, size int) (uint64, bool) {
	m := v.mapOf(p)
	val, ok := m.Constant()
	if !ok || !rules.Map(m.Type).Direct || !p.Scalar.IsConst() {
		return 0, false
	}
	at := int(p.off) + int(p.Bits.Value) + off
	var c uint64
	for k := range size {
		if at+k < len(val) {
			c |= uint64(val[at+k]) << (8 * k)
		}
	}
	return c, true
}
