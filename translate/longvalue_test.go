package translate_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// TestLongValues updates maps with values that no window of local memory holds,
// from the stack and from other maps, reads what they hold and updates again.
func TestLongValues(t *testing.T) {
	for _, typ := range []bpf.MapType{bpf.MapTypeHash, bpf.MapTypeLRUHash, bpf.MapTypePerCPUHash, bpf.MapTypeArray} {
		for _, size := range []int{64, 68, 100, 128, 131, 200, 256, 384} {
			t.Run(fmt.Sprintf("%v/%d bytes", typ, size), func(t *testing.T) {
				at := -48 - (size+7)/8*8
				var fill []bpf.Insn
				for k := 0; k < (size+7)/8*8; k += 8 {
					fill = append(fill, store(8, 10, at+k, 6), bpf.Mul.Imm(6, 31), bpf.Add.Reg(6, 7))
				}
				update := func(m, key int, value []bpf.Insn) []bpf.Insn {
					return slices.Concat([]bpf.Insn{storeK(4, 10, -40, key)}, value, bpf.LoadMap(1, m), onStack(2, -40),
						[]bpf.Insn{bpf.Mov.Imm(4, 0), bpf.CallHelper(bpf.HelperMapUpdateElem)})
				}
				sum := []bpf.Insn{storeK(4, 10, -40, 1)}
				sum = slices.Concat(sum, bpf.LoadMap(1, 0), onStack(2, -40), []bpf.Insn{
					bpf.CallHelper(bpf.HelperMapLookupElem), bpf.JNe.Imm(0, 0, 2), movR0(3), bpf.Return(), bpf.Mov.Reg(9, 0),
				}, update(1, 2, []bpf.Insn{bpf.Mov.Reg(3, 9)}), []bpf.Insn{load(4, 0, 9, size/2&^3), load(1, 1, 9, size-1), bpf.Add.Reg(0, 1)})
				maps := []*object.Map{
					{Name: "one", Type: typ, KeySize: 4, ValueSize: uint32(size), MaxEntries: 4},
					{Name: "two", Type: typ, KeySize: 4, ValueSize: uint32(size), MaxEntries: 4},
				}
				must(t, withNumbers(maps, slices.Concat(fill, update(0, 1, onStack(3, at)), sum)...), "skipsw")
			})
		}
	}
}
