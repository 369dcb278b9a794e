package translate_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// forEach calls bpf_for_each_map_elem on map m with function f and the stack at off.
func forEach(m int, f int32, off, flags int) []bpf.Insn {
	return slices.Concat(bpf.LoadMap(1, m), bpf.LoadFunc(2, f), onStack(3, off), []bpf.Insn{bpf.Mov.Imm(4, int32(flags)), bpf.CallHelper(bpf.HelperForEachMapElem)})
}

// TestForEach goes through the elements of maps of each kind, with callbacks that read
// keys, change values, end early and delete.
func TestForEach(t *testing.T) {
	sum := []bpf.Insn{
		load(4, 1, 2, 0), load(8, 5, 3, 0), bpf.Mul.Reg(5, 1), load(8, 1, 4, 0), bpf.Add.Reg(1, 5), store(8, 4, 0, 1),
		load(2, 1, 2, 2), bpf.Add.Reg(1, 5), store(8, 3, 8, 1), movR0(0), exitInsn,
	}
	second := []bpf.Insn{load(8, 1, 4, 0), bpf.Add.Imm(1, 1), store(8, 4, 0, 1), movR0(0), bpf.And.Imm(1, 3), bpf.JNe.Imm(1, 2, 1), movR0(1), exitInsn}
	remove := []bpf.Insn{
		load(8, 5, 3, 0), bpf.And.Imm(5, 1), bpf.JEq.Imm(5, 0, 3), bpf.CallHelper(bpf.HelperMapDeleteElem), movR0(0), exitInsn, movR0(0), exitInsn,
	}
	count := []bpf.Insn{bpf.Mov.Imm(1, 5), bpf.Atomic(bpf.AtomicAdd, bpf.SizeDW, 3, 8, 1), load(8, 1, 3, 8), load(8, 5, 4, 0), bpf.Xor.Reg(5, 1), store(8, 4, 0, 5), movR0(0), exitInsn}
	for _, typ := range []bpf.MapType{
		bpf.MapTypeArray, bpf.MapTypePerCPUArray, bpf.MapTypeHash, bpf.MapTypePerCPUHash, bpf.MapTypeLRUHash, bpf.MapTypeLRUPerCPUHash,
	} {
		m := &object.Map{Name: "m", Type: typ, KeySize: 4, ValueSize: 16, MaxEntries: 7}
		if typ == bpf.MapTypeLRUHash || typ == bpf.MapTypeLRUPerCPUHash {
			m.MaxEntries = 100
		}
		for k := range byte(7) {
			m.Initial = append(m.Initial, object.Entry{Key: []byte{k, 0, k & 1, 0}[:4:4], Value: []byte{3 * k, 1, 0, 0, 0, 0, 0, 0, k, 0, 0, 0, 0, 0, 0, 0}})
			if m.Type == bpf.MapTypeArray || m.Type == bpf.MapTypePerCPUArray {
				m.Initial[k].Key[2] = 0
			}
		}
		for name, c := range map[string]struct {
			f     []bpf.Insn
			flags int
		}{"sum": {sum, 0}, "second": {second, 0}, "remove": {remove, 0}, "count": {count, 0}, "flags": {sum, 1}} {
			t.Run(fmt.Sprintf("%v/%s", typ, name), func(t *testing.T) {
				body := slices.Concat(forEach(0, 1, -8, c.flags), []bpf.Insn{bpf.Mov.Reg(7, 0)}, forEach(0, 1, -8, c.flags), []bpf.Insn{bpf.Mul.Imm(0, 100), bpf.Add.Reg(0, 7)})
				must(t, linked(withNumbers([]*object.Map{m}, body...), c.f), "skipsw")
			})
		}
	}
}

// TestForEachSmall goes through hash maps at whose end there is less than a command reads.
func TestForEachSmall(t *testing.T) {
	sum := []bpf.Insn{load(8, 5, 3, 0), load(8, 1, 4, 0), bpf.Add.Reg(1, 5), store(8, 4, 0, 1), movR0(0), exitInsn}
	for _, typ := range []bpf.MapType{bpf.MapTypeHash, bpf.MapTypeLRUHash} {
		for _, entries := range []uint32{1, 2, 3, 5, 9} {
			for _, value := range []uint32{8, 16, 104, 200} {
				t.Run(fmt.Sprintf("%v/%d/%d", typ, entries, value), func(t *testing.T) {
					m := &object.Map{Name: "m", Type: typ, KeySize: 4, ValueSize: value, MaxEntries: entries}
					for k := range byte(entries) {
						m.Initial = append(m.Initial, object.Entry{Key: []byte{k, 0, 0, 0}, Value: slices.Repeat([]byte{k}, int(value))})
					}
					must(t, linked(withNumbers([]*object.Map{m}, forEach(0, 1, -8, 0)...), sum), "skipsw")
				})
			}
		}
	}
}

// TestForEachNested goes through the elements of inner maps, and of one of two maps.
func TestForEachNested(t *testing.T) {
	sum := []bpf.Insn{load(8, 5, 3, 0), load(8, 1, 4, 0), bpf.Add.Reg(1, 5), bpf.Add.Imm(1, 1), store(8, 4, 0, 1), store(8, 3, 8, 1), movR0(0), exitInsn}
	for _, typ := range []bpf.MapType{bpf.MapTypeArray, bpf.MapTypeHash} {
		t.Run(typ.String(), func(t *testing.T) {
			body := slices.Concat(lookupNested(), []bpf.Insn{bpf.Mov.Reg(1, 9)}, bpf.LoadFunc(2, 1), onStack(3, -8), []bpf.Insn{bpf.Mov.Imm(4, 0), bpf.CallHelper(bpf.HelperForEachMapElem)})
			must(t, linked(withNumbers([]*object.Map{nest(bpf.MapTypeArrayOfMaps, object.Map{
				Type: typ, KeySize: 4, ValueSize: 16, MaxEntries: 3, Initial: []object.Entry{{Key: make([]byte, 4), Value: slices.Repeat([]byte{1}, 16)}},
			})}, body...), sum), "skipsw")
		})
	}
	t.Run("one of two", func(t *testing.T) {
		one := &object.Map{Name: "one", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 16, MaxEntries: 2}
		two := &object.Map{Name: "two", Type: bpf.MapTypeHash, KeySize: 4, ValueSize: 16, MaxEntries: 3, Initial: []object.Entry{{Key: make([]byte, 4), Value: make([]byte, 16)}}}
		body := slices.Concat(bpf.LoadMap(1, 0), []bpf.Insn{bpf.JGt.Imm(8, 100, 2)}, bpf.LoadMap(1, 1), bpf.LoadFunc(2, 1), onStack(3, -8),
			[]bpf.Insn{bpf.Mov.Imm(4, 0), bpf.CallHelper(bpf.HelperForEachMapElem)})
		must(t, linked(withNumbers([]*object.Map{one, two}, body...), sum), "skipsw")
	})
}

// numbers makes an iterator at R10-8 over what R2 and R3 have, and a loop of body
// over its numbers, which are in R1; the result of new is added to R7.
func numbers(body ...bpf.Insn) []bpf.Insn {
	head := slices.Concat(onStack(1, -8), []bpf.Insn{bpf.CallKfunc(int32(bpf.KfuncIterNumNew)), bpf.Mov.Reg(7, 0)})
	next := slices.Concat(onStack(1, -8), []bpf.Insn{bpf.CallKfunc(int32(bpf.KfuncIterNumNext))})
	loop := slices.Concat(next, []bpf.Insn{bpf.JEq.Imm(0, 0, int16(len(body)+2)), load(4, 1, 0, 0)}, body)
	loop = append(loop, bpf.Goto(int16(-len(loop)-1)))
	return slices.Concat(head, loop, onStack(1, -8), []bpf.Insn{bpf.CallKfunc(int32(bpf.KfuncIterNumDestroy)), storeK(8, 10, -8, 5), bpf.Mov.Reg(0, 7)})
}

// TestIterators loops over numbers between all kinds of bounds.
func TestIterators(t *testing.T) {
	body := []bpf.Insn{bpf.Mul.Imm(7, 31), bpf.Add.Reg(7, 1), load(1, 2, 0, 1), bpf.Add.Reg(7, 2), load(2, 2, 0, 2), bpf.Xor.Reg(7, 2)}
	for name, bounds := range map[string][]bpf.Insn{
		"none":             {bpf.Mov.Imm(2, 4), bpf.Mov.Imm(3, 4)},
		"five":             {bpf.Mov.Imm(2, 0), bpf.Mov.Imm(3, 5)},
		"negative":         {bpf.Mov.Imm(2, -3), bpf.Mov.Imm(3, 2)},
		"backwards":        {bpf.Mov.Imm(2, 9), bpf.Mov.Imm(3, 2)},
		"too many":         {bpf.Mov.Imm(2, -1), bpf.Mov.Imm(3, 8<<20)},
		"from end to end":  {bpf.Mov.Imm(2, -0x80000000), bpf.Mov.Imm(3, 0x7fffffff)},
		"least":            {bpf.Mov.Imm(2, -0x80000000), bpf.Mov.Imm(3, -0x7ffffffd)},
		"greatest":         {bpf.Mov.Imm(2, 0x7ffffffd), bpf.Mov.Imm(3, 0x7fffffff)},
		"of the packet":    {bpf.Mov.Imm(2, 0), bpf.Mov.Reg(3, 8), bpf.And.Imm(3, 15)},
		"from the packet":  {bpf.Mov.Reg(2, 8), bpf.And.Imm(2, 15), bpf.Mov.Imm(3, 12)},
		"both":             {bpf.Mov.Reg(2, 8), bpf.And.Imm(2, 15), bpf.Mov.Reg(3, 7), bpf.And.Imm(3, 31)},
		"any":              {bpf.Mov.Reg(2, 6), bpf.Mov.Reg(3, 6), bpf.Add.Imm(3, 7)},
		"wide":             {bpf.Mov.Reg(2, 6), bpf.Mov.Reg(3, 6), bpf.Lsh.Imm(3, 3), bpf.Or.Imm(3, 1), bpf.Lsh.Imm(2, 40), bpf.Or.Imm(2, 1), bpf.And.Imm(3, 0xff)},
		"constant failure": {bpf.Mov.Imm(2, 1), bpf.Mov.Imm(3, -1)},
	} {
		t.Run(name, func(t *testing.T) {
			must(t, withNumbers(nil, slices.Concat(bounds, numbers(body...))...), "skipsw")
		})
	}
	t.Run("number that moves on", func(t *testing.T) {
		again := slices.Concat([]bpf.Insn{bpf.Mov.Reg(6, 0)}, onStack(1, -8), []bpf.Insn{
			bpf.CallKfunc(int32(bpf.KfuncIterNumNext)), load(4, 1, 6, 0), bpf.Mul.Imm(7, 31), bpf.Add.Reg(7, 1),
		})
		must(t, withNumbers(nil, slices.Concat([]bpf.Insn{bpf.Mov.Imm(2, 2), bpf.Mov.Imm(3, 9)}, numbers(again...))...), "skipsw")
	})
	t.Run("in a function", func(t *testing.T) {
		f := slices.Concat([]bpf.Insn{bpf.Mov.Reg(6, 1), bpf.Mov.Imm(7, 0)}, []bpf.Insn{
			bpf.Mov.Reg(1, 6), bpf.CallKfunc(int32(bpf.KfuncIterNumNext)), bpf.JEq.Imm(0, 0, 3), load(4, 1, 0, 0), bpf.Add.Reg(7, 1), bpf.Goto(-6),
			bpf.Mov.Reg(0, 7), exitInsn,
		})
		p := withNumbers(nil, slices.Concat(onStack(1, -8), []bpf.Insn{bpf.Mov.Imm(2, 2), bpf.Mov.Reg(3, 8), bpf.And.Imm(3, 15), bpf.CallKfunc(int32(bpf.KfuncIterNumNew))},
			onStack(1, -8), []bpf.Insn{bpf.CallFunc(1), bpf.Mov.Reg(7, 0)}, onStack(1, -8), []bpf.Insn{bpf.CallKfunc(int32(bpf.KfuncIterNumDestroy)), storeK(8, 10, -8, 5), bpf.Mov.Reg(0, 7)})...)
		must(t, linked(p, f), "skipsw")
	})
}
