package lower

import (
	"strings"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// eBPF numbers of the helpers that have a translation.
const (
	mapLookupElem  = 1
	mapUpdateElem  = 2
	mapDeleteElem  = 3
	prandomU32     = 7
	processorID    = 8
	skbStoreBytes  = 9
	skbLoadBytes   = 26
	csumDifference = 28
	numaNode       = 42
	xdpBuffLen     = 188
	xdpLoadBytes   = 189
	xdpStoreBytes  = 190
	perfEvent      = 25
	xdpAdjustHead  = 44
	xdpAdjustTail  = 65
)

// Negated error numbers that helpers return.
const (
	errInval = ^uint32(22) + 1
	errExist = ^uint32(17) + 1
	err2Big  = ^uint32(7) + 1
)

// Types of maps that have a translation, enum bpf_map_type.
const (
	mapHash        = 1
	mapArray       = 2
	mapPerCPUHash  = 5
	mapLRUHash     = 9
	mapLRUCPUHash  = 10
	mapLPMTrie     = 11
	mapPerCPUArray = 6
)

// Helpers makes helper calls for a target. It implements ssa.Helpers.
type Helpers struct{ Target *target.Target }

// Call makes a call of a helper into the current block.
func (h *Helpers) Call(b *ssa.Builder, helper int32) error {
	if !h.Target.HasHelper(strings.TrimPrefix(verify.HelperName(helper), "bpf_")) {
		return b.Unsupported("helper "+verify.HelperName(helper), "target "+h.Target.Name+" does not have it")
	}
	switch helper {
	case mapUpdateElem:
		return h.update(b)
	case mapLookupElem, mapDeleteElem:
		if h.Target.Direct() {
			return h.directMap(b, helper)
		}
		return h.routine(b, helper)
	case perfEvent:
		return h.event(b)
	case prandomU32:
		b.SetReg(0, b.Add(ssa.Value{Op: ssa.Random}), b.Const(0))
		return nil
	case xdpAdjustHead:
		h.adjustHead(b)
		return nil
	case xdpAdjustTail:
		h.adjustTail(b)
		return nil
	}
	return inline(b, helper)
}

// inline makes a helper that is code of the program's own.
func inline(b *ssa.Builder, helper int32) error {
	switch helper {
	case processorID, numaNode:
		// The card counts as one processor.
		b.SetReg(0, b.Const(0), b.Const(0))
	case xdpBuffLen:
		_, length := b.Packet()
		b.SetReg(0, length, b.Const(0))
	case skbLoadBytes, xdpLoadBytes:
		return loadBytes(b, helper == xdpLoadBytes)
	case skbStoreBytes, xdpStoreBytes:
		return storeBytes(b, helper == xdpStoreBytes)
	case csumDifference:
		return csumDiff(b)
	default:
		return b.Unsupported("helper "+verify.HelperName(helper), "the compiler has no code for it")
	}
	return nil
}

// theMap returns the map that register 1 names.
func theMap(b *ssa.Builder) (*object.Map, int, error) {
	k := b.Fact(1).Map
	if k < 0 {
		return nil, 0, b.Unsupported("a call with one of several maps", "the map must be the same on all paths")
	}
	return b.Prog.Source().Maps[k], k, nil
}

// setResult writes a helper's result as a signed number.
func setResult(b *ssa.Builder, lo ssa.ID) { b.SetReg(0, lo, b.Shift(ssa.Sar, lo, 31)) }

// routine calls the routine for a lookup or a deletion: the firmware's, or the
// map's own.
func (h *Helpers) routine(b *ssa.Builder, helper int32) error {
	table, _ := b.Reg(1)
	call := ssa.Value{Op: ssa.Call, Imm: uint32(helper)}
	keySize := 0
	if k := b.Fact(1).Map; k >= 0 {
		keySize = int(b.Prog.Source().Maps[k].KeySize)
		call.Aux = int32(k)
	} else {
		for _, other := range b.Prog.Source().Maps {
			if keySize != 0 && keySize != int(other.KeySize) {
				return b.Unsupported("a call with one of several maps", "their keys differ in size")
			}
			keySize = int(other.KeySize)
		}
	}
	key, err := b.Behind(2, keySize)
	if err != nil {
		return err
	}
	call.Args = append([]ssa.ID{table}, key...)
	setResults(b, b.Add(call))
	return nil
}

// setResults writes the two words that a call returns.
func setResults(b *ssa.Builder, call ssa.ID) {
	lo := b.Add(ssa.Value{Op: ssa.Result, Args: []ssa.ID{call}})
	hi := b.Add(ssa.Value{Op: ssa.Result, Imm: 1, Args: []ssa.ID{call}})
	b.SetReg(0, lo, hi)
}

// Types of the data pointer that event output takes.
const (
	eventMapValue = 4
	eventStack    = 6
)

// event calls the firmware's routine that sends data to the host.
func (h *Helpers) event(b *ssa.Builder) error {
	table, _ := b.Reg(2)
	flo, fhi := b.Reg(3)
	plo, phi := b.Reg(4)
	size, _ := b.Reg(5)
	call := ssa.Value{Op: ssa.Call, Imm: perfEvent}
	switch b.Fact(4).Kind {
	case verify.PtrStack:
		n, ok := b.F.IsConst(size)
		if !ok {
			return b.Unsupported("event data of a size known at run time only", "stack bytes are kept in registers")
		}
		words, err := b.Behind(4, int(n))
		if err != nil {
			return err
		}
		call.Size = eventStack
		call.Args = append([]ssa.ID{table, flo, fhi, size, b.StackBase(), b.Const(0)}, words...)
	case verify.PtrMapValue:
		call.Size = eventMapValue
		call.Args = []ssa.ID{table, flo, fhi, size, plo, phi}
	default:
		return b.Unsupported("event data that is neither on the stack nor in a map value", "the firmware takes no other")
	}
	setResults(b, b.Add(call))
	return nil
}
