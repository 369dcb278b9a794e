package conform

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Place says what stands for the memory of a program.
type Place uint8

// The places.
const (
	// InPacket is the usual place: the memory is the packet.
	InPacket Place = iota
	// InMap is a map value: atomic operations work there and not on packets.
	InMap
)

// resultMap is the map that takes R0, memoryMap the one that holds the memory.
const (
	resultMap = "result"
	memoryMap = "memory"
)

// Wrap makes a whole XDP program of a sequence that expects the address of its
// memory in R1 and the length in R2: what comes before loads them and proves
// the memory to be there, and what comes after adds R0 to the map "result", which is
// 0: there are targets that can add to maps, but not store.
// The exits of the sequence become jumps to that, if it has any; a sequence with
// functions of its own is called instead, since a function must lie in one
// piece. The registers that a sequence does not start with stay unset.
func Wrap(insns []bpf.Insn, memory []byte, place Place) (*object.Program, error) {
	mark, err := reached(insns)
	if err != nil {
		return nil, err
	}
	p := &object.Program{
		Object: "conformance", Name: "conformance", Section: "xdp", Type: object.XDP, License: "GPL",
		Maps: []*object.Map{{Name: resultMap, Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}},
	}
	before := prologue(p, memory, place)
	if calls(insns) {
		after := epilogue()
		p.Insns = append(before, bpf.CallFunc(int32(len(after))))
		p.Insns = append(append(p.Insns, after...), insns...)
		p.Funcs = functions(p)
		return p, nil
	}
	out := append(before, insns...)
	end, exits := len(out), false
	for i, in := range insns {
		if mark[i] && in.IsExit() {
			at := len(before) + i
			if end-at-1 > math.MaxInt16 {
				return nil, fmt.Errorf("%w: a program of more than 32767 instructions, because its exits become jumps", unsupported.Err)
			}
			out[at] = bpf.Goto(int16(end - at - 1))
			exits = true
		}
	}
	if exits {
		out = append(out, epilogue()...)
	}
	p.Insns = out
	p.Funcs = functions(p)
	return p, nil
}

// first returns the slot of a wrapped program where the sequence begins.
func first(p *object.Program, insns []bpf.Insn, memory []byte, place Place) int {
	if calls(insns) {
		return len(p.Insns) - len(insns)
	}
	return len(prologue(&object.Program{}, memory, place))
}

func calls(insns []bpf.Insn) bool { return slices.ContainsFunc(insns, bpf.Insn.IsFuncCall) }

func functions(p *object.Program) []object.Func {
	out := []object.Func{{Name: p.Name}}
	for _, start := range bpf.FuncStarts(p.Insns) {
		out = append(out, object.Func{Name: fmt.Sprintf("sub_%d", len(out)), Start: start})
	}
	return out
}

func prologue(p *object.Program, memory []byte, place Place) []bpf.Insn {
	n := int32(len(memory))
	length := bpf.Mov.Imm(bpf.R2, n)
	switch {
	case n == 0:
		return []bpf.Insn{bpf.Mov.Imm(bpf.R1, 0), length}
	case place == InMap:
		p.Maps = append(p.Maps, &object.Map{
			Name: memoryMap, Type: bpf.MapTypeArray, KeySize: 4, ValueSize: uint32(n), MaxEntries: 1,
			Initial: []object.Entry{{Key: make([]byte, 4), Value: memory}},
		})
		return append(bpf.LoadMapValue(bpf.R1, 1, 0), length)
	}
	return []bpf.Insn{
		bpf.Load(bpf.SizeW, bpf.R2, bpf.R1, bpf.XDPMdDataEnd),
		bpf.Load(bpf.SizeW, bpf.R1, bpf.R1, bpf.XDPMdData),
		bpf.Add.Imm(bpf.R1, n),
		bpf.JGe.Reg(bpf.R2, bpf.R1, 2),
		bpf.Mov.Imm(bpf.R0, 0),
		bpf.Return(),
		bpf.Add.Imm(bpf.R1, -n),
		length,
	}
}

func epilogue() []bpf.Insn {
	return slices.Concat([]bpf.Insn{
		bpf.Mov.Reg(bpf.R6, bpf.R0),
		bpf.Mov.Imm(bpf.R1, 0),
		bpf.Store(bpf.SizeW, bpf.FP, -4, bpf.R1),
		bpf.Mov.Reg(bpf.R2, bpf.FP),
		bpf.Add.Imm(bpf.R2, -4),
	}, bpf.LoadMap(bpf.R1, 0), []bpf.Insn{
		bpf.CallHelper(bpf.HelperMapLookupElem),
		bpf.JEq.Imm(bpf.R0, 0, 2),
		bpf.Atomic(bpf.AtomicAdd, bpf.SizeDW, bpf.R0, 0, bpf.R6),
		bpf.Mov.Imm(bpf.R0, int32(bpf.XDPPass)),
		bpf.Return(),
	})
}

// reached marks the slots that some path reaches. A way out of the sequence
// without an exit is an error: behind its end stands what Wrap appends.
func reached(insns []bpf.Insn) ([]bool, error) {
	mark, leaves := bpf.Reach(insns)
	for pc, in := range bpf.Each(insns) {
		switch {
		case !in.Wide() || !mark[pc]:
		case pc+1 >= len(insns):
			return nil, errors.New("malformed: the last 64-bit immediate load has no second half")
		case in.Src != 0:
			return nil, fmt.Errorf("%w: the address of a map, a variable or a function, because a sequence has none of its own", unsupported.Err)
		}
	}
	if leaves >= 0 {
		return nil, errors.New("malformed: the program can leave its own code without an exit")
	}
	return mark, nil
}
