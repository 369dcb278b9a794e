package conform

import (
	"errors"
	"fmt"

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

// done is the verdict of a wrapped program that came to its end (XDP_PASS).
const done = 2

// enum bpf_map_type and bpf_func_id of the kernel.
const (
	mapArray    = 2
	fnMapLookup = 1
)

// Wrap makes a whole XDP program of a sequence that expects the address of its
// memory in R1 and the length in R2: what comes before loads them and proves
// the memory to be there, and what comes after stores R0 in the map "result".
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
		Maps: []*object.Map{{Name: resultMap, Type: mapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}},
	}
	before := prologue(p, memory, place)
	if calls(insns) {
		after := epilogue()
		p.Insns = append(before, bpf.Insn{Op: bpf.ClassJMP | bpf.CALL, Src: bpf.PseudoCall, Imm: int32(len(after))})
		p.Insns = append(append(p.Insns, after...), insns...)
		p.Funcs = functions(p)
		return p, nil
	}
	out := append(before, insns...)
	end, exits := len(out), false
	for i, in := range insns {
		if mark[i] && in.Op == bpf.ClassJMP|bpf.EXIT {
			at := len(before) + i
			if end-at-1 > 0x7fff {
				return nil, errors.New("not supported: a program of more than 32767 instructions, because its exits become jumps")
			}
			out[at] = bpf.Insn{Op: bpf.ClassJMP | bpf.JA, Off: int16(end - at - 1)}
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

func calls(insns []bpf.Insn) bool {
	for _, in := range insns {
		if in.Op == bpf.ClassJMP|bpf.CALL && in.Src == bpf.PseudoCall {
			return true
		}
	}
	return false
}

func functions(p *object.Program) []object.Func {
	starts := map[int]bool{}
	for i, in := range p.Insns {
		if in.Op == bpf.ClassJMP|bpf.CALL && in.Src == bpf.PseudoCall {
			starts[i+1+int(in.Imm)] = true
		}
	}
	out := []object.Func{{Name: p.Name}}
	for i := 1; i < len(p.Insns); i++ {
		if starts[i] {
			out = append(out, object.Func{Name: fmt.Sprintf("sub_%d", len(out)), Start: i})
		}
	}
	return out
}

func prologue(p *object.Program, memory []byte, place Place) []bpf.Insn {
	n := int32(len(memory))
	length := bpf.Insn{Op: bpf.ClassALU64 | bpf.MOV, Dst: 2, Imm: n}
	switch {
	case n == 0:
		return []bpf.Insn{{Op: bpf.ClassALU64 | bpf.MOV, Dst: 1}, length}
	case place == InMap:
		p.Maps = append(p.Maps, &object.Map{
			Name: memoryMap, Type: mapArray, KeySize: 4, ValueSize: uint32(n), MaxEntries: 1,
			Initial: []object.Entry{{Key: make([]byte, 4), Value: memory}},
		})
		return []bpf.Insn{{Op: bpf.ClassLD | bpf.SizeDW, Dst: 1, Src: bpf.PseudoMapValue, Imm: 1}, {}, length}
	}
	load := func(dst uint8, off int16) bpf.Insn {
		return bpf.Insn{Op: bpf.ClassLDX | bpf.ModeMEM | bpf.SizeW, Dst: dst, Src: 1, Off: off}
	}
	return []bpf.Insn{
		load(2, 4),
		load(1, 0),
		{Op: bpf.ClassALU64 | bpf.ADD, Dst: 1, Imm: n},
		{Op: bpf.ClassJMP | bpf.JGE | bpf.X, Dst: 2, Src: 1, Off: 2},
		{Op: bpf.ClassALU64 | bpf.MOV, Dst: 0},
		{Op: bpf.ClassJMP | bpf.EXIT},
		{Op: bpf.ClassALU64 | bpf.ADD, Dst: 1, Imm: -n},
		length,
	}
}

func epilogue() []bpf.Insn {
	return []bpf.Insn{
		{Op: bpf.ClassALU64 | bpf.MOV | bpf.X, Dst: 6, Src: 0},
		{Op: bpf.ClassALU64 | bpf.MOV, Dst: 1},
		{Op: bpf.ClassSTX | bpf.ModeMEM | bpf.SizeW, Dst: 10, Src: 1, Off: -4},
		{Op: bpf.ClassALU64 | bpf.MOV | bpf.X, Dst: 2, Src: 10},
		{Op: bpf.ClassALU64 | bpf.ADD, Dst: 2, Imm: -4},
		{Op: bpf.ClassLD | bpf.SizeDW, Dst: 1, Src: bpf.PseudoMapFD},
		{},
		{Op: bpf.ClassJMP | bpf.CALL, Imm: fnMapLookup},
		{Op: bpf.ClassJMP | bpf.JEQ, Dst: 0, Off: 2},
		{Op: bpf.ClassSTX | bpf.ModeMEM | bpf.SizeDW, Dst: 0, Src: 6},
		{Op: bpf.ClassALU64 | bpf.MOV, Dst: 0, Imm: done},
		{Op: bpf.ClassJMP | bpf.EXIT},
	}
}

// reached marks the slots that some path reaches. A way out of the sequence
// without an exit is an error: behind its end stands what Wrap appends.
func reached(insns []bpf.Insn) ([]bool, error) {
	mark := make([]bool, len(insns))
	work := []int{0}
	for len(work) > 0 {
		i := work[len(work)-1]
		work = work[:len(work)-1]
		if i < 0 || i >= len(insns) {
			return nil, errors.New("malformed: the program can leave its own code without an exit")
		}
		if mark[i] {
			continue
		}
		mark[i] = true
		in := insns[i]
		op, c := in.Op&0xf0, in.Class()
		switch {
		case in.Wide():
			if i+1 >= len(insns) {
				return nil, errors.New("malformed: the last 64-bit immediate load has no second half")
			}
			if in.Src != 0 {
				return nil, errors.New("not supported: the address of a map, a variable or a function, because a sequence has none of its own")
			}
			mark[i+1] = true
			work = append(work, i+2)
		case c == bpf.ClassJMP && op == bpf.EXIT:
		case c == bpf.ClassJMP && op == bpf.JA:
			work = append(work, i+1+int(in.Off))
		case c == bpf.ClassJMP32 && op == bpf.JA:
			work = append(work, i+1+int(in.Imm))
		case (c == bpf.ClassJMP || c == bpf.ClassJMP32) && op != bpf.CALL && op != bpf.EXIT:
			work = append(work, i+1+int(in.Off), i+1)
		default:
			work = append(work, i+1)
			if in.Op == bpf.ClassJMP|bpf.CALL && in.Src == bpf.PseudoCall {
				work = append(work, i+1+int(in.Imm))
			}
		}
	}
	return mark, nil
}
