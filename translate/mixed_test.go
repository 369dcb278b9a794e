package translate_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// TestPointersOfDifferentKinds reads, writes and passes memory that is a map value,
// the packet or the stack, by the path.
func TestPointersOfDifferentKinds(t *testing.T) {
	const at = -32
	value := func(key int) []bpf.Insn {
		return slices.Concat([]bpf.Insn{storeK(4, 10, -40, key)}, bpf.LoadMap(1, 0), onStack(2, -40),
			[]bpf.Insn{bpf.CallHelper(bpf.HelperMapLookupElem), bpf.JNe.Imm(0, 0, 2), movR0(7), bpf.Return(), bpf.Mov.Reg(9, 0)})
	}
	// R9 points to 16 bytes of a kind or another.
	stack := onStack(9, at)
	packet := []bpf.Insn{
		load(4, 3, 9, 4), load(4, 2, 9, 0), bpf.Mov.Reg(4, 2), bpf.Add.Imm(4, 40), bpf.JLe.Reg(4, 3, 2), movR0(5), bpf.Return(),
		bpf.Add.Imm(2, 15), bpf.Mov.Reg(9, 2),
	}
	fill := []bpf.Insn{storeK(8, 10, at, 0x1234567), store(8, 10, at+8, 6)}
	points := map[string][]bpf.Insn{
		"stack or value":  slices.Concat(fill, onOdd(stack, value(1))),
		"packet or value": slices.Concat(fill, onOdd(packet, value(1))),
		"packet or stack": slices.Concat(fill, onOdd(packet, stack)),
	}
	sum := func(reg uint8, off int) []bpf.Insn {
		return []bpf.Insn{load(8, 3, reg, off), bpf.Mul.Imm(0, 31), bpf.Add.Reg(0, 3)}
	}
	cases := map[string][]bpf.Insn{
		"variable place": slices.Concat(
			[]bpf.Insn{bpf.Mov.Reg(1, 7), bpf.And.Imm(1, 7), bpf.Add.Reg(9, 1), load(1, 0, 9, 3), store(1, 9, 8, 6), bpf.Mov.Reg(2, 9), bpf.Add.Imm(2, -8), load(1, 3, 2, 8), bpf.Add.Reg(0, 3)},
		),
		"key": slices.Concat(bpf.LoadMap(1, 1), []bpf.Insn{bpf.Mov.Reg(2, 9), bpf.CallHelper(bpf.HelperMapLookupElem), bpf.JEq.Imm(0, 0, 1), load(8, 0, 0, 0)}),
		"value": slices.Concat([]bpf.Insn{storeK(8, 10, -40, 3)}, bpf.LoadMap(1, 1), onStack(2, -40),
			[]bpf.Insn{bpf.Mov.Reg(3, 9), bpf.Mov.Imm(4, 0), bpf.CallHelper(bpf.HelperMapUpdateElem)}),
	}
	for _, n := range []int{1, 2, 4, 8} {
		cases[fmt.Sprintf("load of %d bytes", n)] = []bpf.Insn{load(n, 0, 9, 0), load(n, 3, 9, 8), bpf.Add.Reg(0, 3)}
		cases[fmt.Sprintf("store of %d bytes", n)] = slices.Concat(
			[]bpf.Insn{store(n, 9, 0, 8), store(n, 9, 16-n, 7), movR0(0)}, sum(9, 0), sum(9, 8), sum(10, at), sum(10, at+8))
	}
	for _, typ := range []bpf.MapType{bpf.MapTypeArray, bpf.MapTypeHash} {
		for what, point := range points {
			for name, code := range cases {
				if name == "variable place" && what != "stack or value" {
					continue // no bounds check proves it for the packet
				}
				t.Run(fmt.Sprintf("%v/%s/%s", typ, what, name), func(t *testing.T) {
					maps := []*object.Map{filled("left", typ, 4, 16), filled("right", bpf.MapTypeHash, 8, 8)}
					must(t, withNumbers(maps, slices.Concat(point, code)...), "skipsw")
				})
			}
		}
	}
}

// TestKeysOfDifferentKinds looks up a long key in the packet or a short one on the
// stack, by the path, in a map each.
func TestKeysOfDifferentKinds(t *testing.T) {
	packet := slices.Concat([]bpf.Insn{
		load(4, 3, 9, 4), load(4, 2, 9, 0), bpf.Mov.Reg(4, 2), bpf.Add.Imm(4, 40), bpf.JLe.Reg(4, 3, 2), movR0(5), bpf.Return(), bpf.Add.Imm(2, 14),
	}, bpf.LoadMap(1, 0))
	stack := slices.Concat([]bpf.Insn{storeK(8, 10, -8, 0), bpf.Mov.Reg(3, 7), bpf.And.Imm(3, 1), store(4, 10, -8, 3)}, onStack(2, -8), bpf.LoadMap(1, 1))
	maps := []*object.Map{filled("long", bpf.MapTypeHash, 16, 8), filled("short", bpf.MapTypeHash, 8, 8)}
	must(t, withNumbers(maps, slices.Concat(onOdd(packet, stack), []bpf.Insn{
		bpf.CallHelper(bpf.HelperMapLookupElem), bpf.JEq.Imm(0, 0, 1), load(8, 0, 0, 0),
	})...), "skipsw")
}

// TestCopyPacketAndMap copies bytes between the packet and map values, of numbers
// that are known when the program is compiled and of others, near and beyond the
// packet's end.
func TestCopyPacketAndMap(t *testing.T) {
	helpers := map[object.Type][2]bpf.HelperID{
		object.XDP: {bpf.HelperXDPLoadBytes, bpf.HelperXDPStoreBytes}, object.TC: {bpf.HelperSkbLoadBytes, bpf.HelperSkbStoreBytes},
	}
	value := func() []bpf.Insn {
		return slices.Concat([]bpf.Insn{storeK(4, 10, -40, 1)}, bpf.LoadMap(1, 0), onStack(2, -40),
			[]bpf.Insn{bpf.CallHelper(bpf.HelperMapLookupElem), bpf.JNe.Imm(0, 0, 2), movR0(7), bpf.Return(), bpf.Mov.Reg(3, 0)})
	}
	for typ, ids := range helpers {
		for _, n := range []int{1, 2, 3, 4, 7, 32, 61, 200, 0} {
			for dir, id := range ids {
				t.Run(fmt.Sprintf("%v/%d bytes/%v", typ, n, id), func(t *testing.T) {
					size := []bpf.Insn{bpf.Mov.Imm(4, int32(n))}
					if n == 0 {
						size = []bpf.Insn{bpf.Mov.Reg(4, 7), bpf.And.Imm(4, 127), bpf.Add.Imm(4, 1)}
					}
					move := slices.Concat(value(), size, []bpf.Insn{
						bpf.Mov.Reg(2, 6), bpf.And.Imm(2, 63), bpf.Mov.Imm(5, 0), bpf.Mov.Reg(1, 9), bpf.CallHelper(id),
					})
					if dir == 1 {
						// Something else than zeros.
						move = slices.Concat(value(), []bpf.Insn{store(8, 3, 0, 6), store(8, 3, 16, 7), store(4, 3, 100, 8)}, move)
					}
					p := withNumbers([]*object.Map{filled("bytes", bpf.MapTypeHash, 4, 208)}, move...)
					if typ == object.TC {
						p = asTC(p)
					}
					must(t, p, "skipsw")
				})
			}
		}
	}
}
