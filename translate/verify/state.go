package verify

import (
	"github.com/skipsw/skipsw/translate/internal/number"
	"github.com/skipsw/skipsw/translate/internal/platform"
)

// reg is the state of a register or of a spilled one on one path. For
// pointers off is the constant part of the offset and the scalar the variable
// part.
type reg struct {
	number.Scalar
	kind  Kind
	frame uint8 // stack pointers: number of the frame
	// sum marks a scalar that equals the linked one with the same id plus off.
	sum sum
	// inner marks the map of a map-in-map: mp is the outer one.
	inner bool
	// lent says how a dynptr lent memory.
	lent lending
	off  int32
	// rng is the number of bytes proven readable for packet pointers (negative:
	// atEnd, beyondEnd), and the size for memory returned by a helper.
	rng int32
	mp  int32 // map index, for map pointers; function index, for pointers to functions
	// id links number.Scalars that are equal, pointers with the same variable part,
	// or-null pointers from the same call, and pointers to values with a lock from
	// the same lookup; 0 is no link.
	id uint32
	// node is where the scalar came from, for precision marks.
	node int32
	// ref is the reference that memory of a helper is held by, 0 for none.
	ref uint32
	// dyn is the number of the dynptr that memory belongs to, 0 for none.
	dyn uint32
	// check is 1 plus the slot of the jump that proved rng, for messages.
	check int32
}

// sum says in which arithmetic a scalar is another one plus a constant.
type sum uint8

const (
	sum64 sum = 1 << iota // 64-bit addition
	sum32                 // 32-bit addition to a number of at most 32 bits
)

// lending is how a dynptr lends its memory.
type lending uint8

const (
	byData      lending = iota // bpf_dynptr_data, or no dynptr has lent it
	bySlice                    // bpf_dynptr_slice_rdwr
	byReadSlice                // bpf_dynptr_slice: it may only be read
)

// dropLink ends a scalar's link.
func (r *reg) dropLink() { r.id, r.sum, r.off = 0, 0, 0 }

// Values of reg.rng for a packet pointer that a check has shown to point at
// the end or past it.
const (
	atEnd     = -1
	beyondEnd = -2
)

// stale in rng marks a scalar that was a packet pointer before a helper may
// have moved the packet, for messages.
const stale = 1

// returned in rng marks a scalar that pointed to a record which has been given
// back since, for messages.
const returned = 2

func scalarReg(s number.Scalar) reg { return reg{kind: Scalar, Scalar: s, mp: -1} }

func constReg(v uint64) reg { return reg{kind: Scalar, Scalar: number.Const(v), mp: -1} }

func unknownReg() reg { return reg{kind: Scalar, Scalar: number.Unknown(), mp: -1} }

func pointer(k Kind) reg { return reg{kind: k, Scalar: number.Const(0), mp: -1} }

// IsConst reports whether the register is a number, and a known one. (Of a
// pointer Scalar.IsConst says that the offset is known.)
func (r *reg) IsConst() bool { return r.kind == Scalar && r.Scalar.IsConst() }

// IsZero reports whether the register is the number 0, that is null.
func (r *reg) IsZero() bool { return r.kind == Scalar && r.Scalar.IsZero() }

func (r *reg) isPointer() bool { return r.kind != Scalar && r.kind != Uninit }

func (k Kind) maybeNull() bool {
	return k == PtrMapValueOrNull || k == PtrMemOrNull || k == PtrMapOrNull || k == PtrSliceOrNull || k == PtrSocketOrNull
}

func (k Kind) isPacket() bool { return k == PtrPacket || k == PtrPacketMeta }

// byteKind says what a stack byte holds.
type byteKind uint8

const (
	byteInvalid byteKind = iota // never written
	byteSpill                   // part of a spilled register
	byteMisc                    // some data
	byteZero                    // zero
	byteIter                    // part of an iterator
	byteDynptr                  // part of a dynptr
)

// slot is eight bytes of stack, aligned. Byte k is at the address of the slot
// plus k; a spilled register lies at the low end.
type slot struct {
	reg
	bytes [8]byteKind
}

func (s *slot) spilled() bool { return s.bytes[0] == byteSpill }

// allSpilled are the bytes of a slot with a whole register.
var allSpilled = [8]byteKind{byteSpill, byteSpill, byteSpill, byteSpill, byteSpill, byteSpill, byteSpill, byteSpill}

// width returns the bytes of the spilled register that are still there.
func (s *slot) width() int {
	if s.bytes == allSpilled {
		return len(s.bytes)
	}
	n := 0
	for n < 8 && s.bytes[n] == byteSpill {
		n++
	}
	return n
}

// scrub forgets the spilled register or iterator, if there is one, and leaves data of
// which nothing is known in the slot's written bytes.
func (s *slot) scrub() {
	if s.spilled() || s.iterates() {
		for k := range s.bytes {
			if s.bytes[k] != byteInvalid {
				s.bytes[k] = byteMisc
			}
		}
	}
	s.reg = reg{}
}

// frame is the registers and the stack of one active function.
type frame struct {
	regs  [11]reg
	stack []slot // slot k is at R10-8*(k+1)
	fn    int    // index into the program's functions
	call  int    // slot of the call instruction, for frames above the first
	chain int32  // number of the chain of calls
	// callback marks a function that a helper called: it returns to that call.
	callback bool
	// before is, for a callback, the state that its call came from.
	before *checkpoint
	// rounds is how often the way behind the function's current helper call has
	// gone through its callback.
	rounds int
	// written has bit k set when slot k was overwritten since the parent
	// checkpoint.
	written uint64
}

// state is the machine on one path.
type state struct {
	frames []*frame
	insn   int
	parent *checkpoint
	path   int32 // last entry of the path's jump history
	gotos  int   // may_goto rounds
	// refs are the references that are held, in the order in which they were
	// taken.
	refs []reference
	lock spinLock // the one that is held, if any
	// callbacks is how many calls of callbacks the path has made
	callbacks int
	// begun marks a state in the middle of its instruction, which is no new
	// visit of it.
	begun bool
	// logMark is where the log stood when the state was put aside
	logMark int
}

func (s *state) top() *frame { return s.frames[len(s.frames)-1] }

// each calls f for every register and spilled register of all frames.
func (s *state) each(f func(*reg)) {
	for _, fr := range s.frames {
		for k := range fr.regs {
			f(&fr.regs[k])
		}
		for k := range fr.stack {
			if fr.stack[k].spilled() {
				f(&fr.stack[k].reg)
			}
		}
	}
}

// checkpoint is a state kept at an instruction, for pruning later paths that
// reach it.
type checkpoint struct {
	state
	next     *checkpoint // older one at the same instruction
	branches int         // unfinished paths from here
	read     [platform.MaxFrames]uint64
	// written is what the way from the parent to here overwrote
	written [platform.MaxFrames]uint64
	hits    int
	misses  int
	// given says that it is not compared with any more; unfinished paths may
	// still come from it.
	given bool
}
