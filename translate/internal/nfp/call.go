package nfp

import (
	"fmt"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/regalloc"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// eBPF numbers of the helpers that firmware routines implement.
const (
	helperLookup = 1
	helperUpdate = 2
	helperDelete = 3
	helperEvent  = 25
)

// helperNames gives the names under which targets list routine addresses.
var helperNames = map[uint32]string{
	helperLookup: "map_lookup_elem", helperUpdate: "map_update_elem",
	helperDelete: "map_delete_elem", helperEvent: "perf_event_output",
}

// lmValue is the local-memory index for the value of an update, which lies
// valueWord words above the key.
const (
	lmValue   = 2
	valueWord = 16
)

// argWords returns the words at the stack base that a call puts arguments in.
func (s *selector) argWords(v *ssa.Value) int {
	switch v.Imm {
	case helperUpdate:
		return int(v.Size)
	case helperEvent:
		return len(v.Args) - 6
	}
	return len(v.Args) - 1
}

// clobbers are the registers that a routine may change: all but keptByCalls.
var clobbers = regalloc.RegSet{
	regalloc.A: ^keptByCalls, regalloc.B: ^keptByCalls, regalloc.In: ^uint64(0), regalloc.Out: ^uint64(0),
}

// keptByCalls are the registers 12..22 of both banks.
const keptByCalls = uint64(0x7ff000)

// fixedPair adds a 64-bit eBPF register as a fixed operand of a call.
func (s *selector) fixedPair(n *node, reg uint8, lo, hi ssa.ID) {
	for half, id := range [2]ssa.ID{lo, hi} {
		n.ops = append(n.ops, regalloc.Operand{
			V: s.copyOf(id), Flags: regalloc.Fixed, Loc: regalloc.Loc{File: regalloc.Both, Num: 2*reg + uint8(half)},
		})
	}
}

// copyOf returns a register with a value that nothing else uses.
func (s *selector) copyOf(id ssa.ID) regalloc.VReg {
	r := s.newReg()
	s.move(r, id)
	return r
}

// call selects a call of a routine of the firmware or of a map: arguments go to the stack base,
// registers as the target's interface says.
func (s *selector) call(id ssa.ID, v *ssa.Value) {
	name := helperNames[v.Imm]
	if s.t.Helper(name).By != target.HelperFirmware && !s.t.Direct() {
		s.fail(fmt.Sprintf("helper %d", v.Imm), "target "+s.t.Name+" has no routine for it")
		return
	}
	n := newNode(formCall)
	n.val, n.table = v.Imm, -1
	set := clobbers
	n.clob = &set
	switch v.Imm {
	case helperUpdate:
		s.updateArgs(&n, v)
	case helperEvent:
		s.eventArgs(&n, v)
	default:
		s.keyWords(v.Args[1:])
	}
	switch {
	case v.Imm == helperEvent:
	case s.t.Direct():
		// Each map has routines of its own.
		n.table = v.Aux
	default:
		if c, ok := s.f.IsConst(v.Args[0]); ok && nfpisa.CanImmed(c) {
			n.l = ref{op: -1, fixed: nfpisa.Const(0)}
			n.bit, n.x = 1, noRef
			n.csr = uint16(c)
		} else {
			n.ops = append(n.ops, regalloc.Operand{
				V: s.copyOf(v.Args[0]), Flags: regalloc.Fixed, Loc: regalloc.Loc{File: regalloc.A, Num: 0},
			})
		}
	}
	for _, w := range s.words[id] {
		r := s.regs[w]
		if r == regalloc.NoVReg {
			continue
		}
		n.ops = append(n.ops, regalloc.Operand{
			V: r, Flags: regalloc.Def | regalloc.Fixed, Loc: regalloc.Loc{File: regalloc.Both, Num: uint8(s.f.V(w).Imm)},
		})
	}
	s.add(n)
}

// keyWords writes words to the stack base.
func (s *selector) keyWords(words []ssa.ID) {
	if len(words) > fullReach {
		s.fail(fmt.Sprintf("%d bytes passed to a helper", 4*len(words)), fmt.Sprintf("the compiler passes at most %d", 4*fullReach))
		return
	}
	for k, w := range words {
		s.storeLM(lmStack, k, w)
	}
}

// updateArgs prepares map_update_elem: arguments table, flags low and high, key
// words (Size of them), value words, stack base.
func (s *selector) updateArgs(n *node, v *ssa.Value) {
	key := v.Args[3 : 3+v.Size]
	value := v.Args[3+v.Size : len(v.Args)-1]
	if len(value) > fullReach {
		s.fail(fmt.Sprintf("a map value of %d bytes", 4*len(value)), fmt.Sprintf("the compiler passes at most %d", 4*fullReach))
		return
	}
	s.code.farWords = max(s.code.farWords, valueWord+len(value))
	base := s.newReg()
	s.alu(base, v.Args[len(v.Args)-1], nfpisa.ALUAdd, s.f.Const(4*valueWord))
	w := newNode(formCSRWr)
	w.csr = nfpisa.CSRActLMAddr(lmValue)
	w.r = w.read(base, regalloc.GPRSet, 0)
	s.add(w)
	s.keyWords(key)
	for k := len(key); k < s.t.LocalMemory.PointerDelay; k++ {
		s.add(newNode(formNop))
	}
	for k, x := range value {
		s.storeLM(lmValue, k, x)
	}
	s.fixedPair(n, 4, v.Args[1], v.Args[2])
}

// eventArgs prepares perf_event_output: arguments map, flags low and high, size,
// data pointer low and high, and the words to be put at the stack base if that
// is where the pointer leads. Size is the pointer's type.
func (s *selector) eventArgs(n *node, v *ssa.Value) {
	zero := s.f.Const(0)
	s.keyWords(v.Args[6:])
	s.fixedPair(n, 2, v.Args[0], zero)
	s.fixedPair(n, 3, v.Args[1], v.Args[2])
	s.fixedPair(n, 4, v.Args[4], v.Args[5])
	s.fixedPair(n, 5, v.Args[3], zero)
	n.bit, n.csr = 2, uint16(v.Size)
}

// HelperName returns the name of a firmware routine by eBPF helper number.
func HelperName(id uint32) string { return helperNames[id] }
