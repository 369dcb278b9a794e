package translate_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// Arguments of helpers anywhere on the stack: R6 to R9 are numbers of the
// packet, and what the stack holds in the end is the verdict.

func load(size int, dst, base uint8, off int) bpf.Insn {
	return bpf.Load(bpf.SizeOf(size), dst, base, int16(off))
}

func store(size int, base uint8, off int, src uint8) bpf.Insn {
	return bpf.Store(bpf.SizeOf(size), base, int16(off), src)
}

func storeK(size int, base uint8, off, v int) bpf.Insn {
	return bpf.StoreImm(bpf.SizeOf(size), base, int16(off), int32(v))
}

// onStack puts the address of the stack's byte off in a register.
func onStack(dst uint8, off int) []bpf.Insn {
	return []bpf.Insn{bpf.Mov.Reg(dst, 10), bpf.Add.Imm(dst, int32(off))}
}

const stackWords = 5 // 8-byte words of stack that the programs use

// withNumbers is a program whose packet has 14 bytes: R9 is the context, R6 to
// R8 are numbers of the packet, all words of the stack are numbers, R0 is 0. It
// ends with the sum of R0 and the stack.
func withNumbers(maps []*object.Map, body ...bpf.Insn) *object.Program {
	head := []bpf.Insn{
		bpf.Mov.Reg(9, 1), load(4, 2, 1, 4), load(4, 1, 1, 0),
		bpf.Mov.Reg(3, 1), bpf.Add.Imm(3, 14),
		bpf.JLe.Reg(3, 2, 2),
		movR0(1), exitInsn,
		load(4, 6, 1, 0), load(2, 7, 1, 12), load(1, 8, 1, 5),
		bpf.Mov.Reg(0, 6), bpf.Lsh.Imm(0, 32), bpf.Add.Reg(0, 7),
	}
	for k := range stackWords {
		head = append(head, bpf.Mul.Imm(0, 2654435761&0x7fffffff), bpf.Add.Imm(0, 77), store(8, 10, -8-8*k, 0))
	}
	tail := []bpf.Insn{}
	for k := range stackWords {
		tail = append(tail, bpf.Mul.Imm(0, 31), load(8, 1, 10, -8-8*k), bpf.Add.Reg(0, 1), bpf.Rsh.Imm(1, 32), bpf.Add.Reg(0, 1))
	}
	return small(maps, slices.Concat(head, []bpf.Insn{movR0(0)}, body, tail, []bpf.Insn{exitInsn})...)
}

// everywhere holds a program against the interpreter on both targets.
func everywhere(t *testing.T, p *object.Program) {
	t.Helper()
	for _, name := range target.Names() {
		tg, err := target.Builtin(name)
		require.NoError(t, err)
		generous(tg)
		for _, level := range []translate.Level{translate.LevelDefault, translate.LevelNone} {
			runs, err := differ(p, 7, tg, level)
			if !tg.Direct() && errors.Is(err, translate.ErrNotSupported) {
				continue
			}
			require.NoError(t, err, "%s, level %d", name, level)
			require.NotZero(t, runs)
		}
	}
}

func arrayMap() *object.Map {
	m := &object.Map{Name: "array", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 4}
	for k := range 4 {
		m.Initial = append(m.Initial, object.Entry{Key: []byte{byte(k), 0, 0, 0}, Value: []byte{byte(k + 1), 2, 3, 4, 5, 6, 7, 8}})
	}
	return m
}

// TestKeysAnywhere looks up keys at each offset in and beside a constant of each
// width.
func TestKeysAnywhere(t *testing.T) {
	for _, size := range []int{1, 2, 4, 8} {
		for at := range 13 {
			for _, known := range []int{0, 2} {
				t.Run(fmt.Sprintf("%d bytes of %d, key at %d", size, known, at), func(t *testing.T) {
					everywhere(t, withNumbers([]*object.Map{arrayMap()}, slices.Concat(
						[]bpf.Insn{storeK(8, 10, -24, 0), storeK(2, 10, -20, 0), storeK(8, 10, -16, 0), store(1, 10, -24+at, 8), storeK(size, 10, -24, known)},
						onStack(2, -24+at), bpf.LoadMap(1, 0),
						[]bpf.Insn{bpf.CallHelper(bpf.HelperMapLookupElem), bpf.JNe.Imm(0, 0, 2), movR0(99), bpf.Goto(1), load(8, 0, 0, 0)},
					)...))
				})
			}
		}
	}
}

// TestValuesAnywhere updates maps with keys and values at each offset, and reads
// the entry back.
func TestValuesAnywhere(t *testing.T) {
	for _, typ := range []bpf.MapType{bpf.MapTypeHash, bpf.MapTypeArray} {
		for _, size := range []int{1, 3, 4, 6, 8, 11} {
			for at := range 8 {
				t.Run(fmt.Sprintf("map type %v, value of %d at %d", typ, size, at), func(t *testing.T) {
					m := &object.Map{Name: "m", Type: typ, KeySize: 4, ValueSize: uint32(size), MaxEntries: 4}
					key := -40 + (at+3)%5
					everywhere(t, withNumbers([]*object.Map{m}, slices.Concat(
						[]bpf.Insn{storeK(8, 10, -40, 0), storeK(1, 10, key, at%4)},
						onStack(2, key), onStack(3, -32+at), bpf.LoadMap(1, 0), []bpf.Insn{bpf.Mov.Imm(4, 0), bpf.CallHelper(bpf.HelperMapUpdateElem), bpf.Mov.Reg(6, 0)},
						onStack(2, key), bpf.LoadMap(1, 0),
						[]bpf.Insn{bpf.CallHelper(bpf.HelperMapLookupElem), bpf.JNe.Imm(0, 0, 2), movR0(99), bpf.Goto(1), load(1, 0, 0, size-1), bpf.Add.Reg(0, 6)},
					)...))
				})
			}
		}
	}
}

// TestBuffersAnywhere copies bytes of the packet to and from each offset.
func TestBuffersAnywhere(t *testing.T) {
	for _, size := range []int{1, 2, 3, 4, 5, 7, 8, 11, 14} {
		for at := range 8 {
			t.Run(fmt.Sprintf("%d bytes at %d", size, at), func(t *testing.T) {
				for _, id := range []bpf.HelperID{bpf.HelperXDPLoadBytes, bpf.HelperXDPStoreBytes} {
					everywhere(t, withNumbers(nil, slices.Concat(
						[]bpf.Insn{bpf.Mov.Reg(1, 9), bpf.Mov.Imm(2, int32(14-size))}, onStack(3, -32+at), []bpf.Insn{bpf.Mov.Imm(4, int32(size)), bpf.CallHelper(id)},
					)...))
				}
			})
		}
	}
}

// TestIndexBetweenPlaces indexes the stack with numbers whose least lies between
// two of the places that they can mean.
func TestIndexBetweenPlaces(t *testing.T) {
	for _, least := range []int{1, 2, 7, 8, 9, 15} {
		body := []bpf.Insn{
			bpf.Mov.Reg(1, 8), bpf.And.Imm(1, 0x18), bpf.JGe.Imm(1, int32(least), 1), bpf.Mov.Imm(1, 16),
			bpf.Mov.Reg(2, 10), bpf.Add.Reg(2, 1), store(8, 2, -40, 6), load(8, 0, 2, -32),
		}
		everywhere(t, withNumbers(nil, body...))
	}
}

// TestSamePlaceOfTwoFrames lets a pointer lead to the same offset of a function's
// own frame or of its caller's.
func TestSamePlaceOfTwoFrames(t *testing.T) {
	call := bpf.CallFunc(0)
	p := withNumbers(nil, slices.Concat(onStack(1, -8), []bpf.Insn{bpf.Mov.Reg(2, 8), call})...)
	at := len(p.Insns)
	p.Insns = append(p.Insns, slices.Concat(
		[]bpf.Insn{storeK(8, 10, -8, 5), bpf.And.Imm(2, 1), bpf.JEq.Imm(2, 0, 2)}, onStack(1, -8),
		[]bpf.Insn{load(8, 0, 1, 0), exitInsn},
	)...)
	for k := range p.Insns {
		if in := &p.Insns[k]; in.Op == call.Op && in.Src == call.Src {
			in.Imm = int32(at - k - 1)
		}
	}
	p.Funcs = append(p.Funcs, object.Func{Name: "callee", Start: at})
	must(t, p, target.Names()...)
}

// TestFarStackAddress compares addresses 64 KiB apart.
func TestFarStackAddress(t *testing.T) {
	everywhere(t, withNumbers(nil,
		bpf.Mov.Reg(2, 10), bpf.Add.Imm(2, 1<<16),
		bpf.JNe.Reg(2, 10, 1), movR0(99),
		bpf.Add.Imm(2, -1<<16-8), load(8, 1, 2, 0), bpf.Add.Reg(0, 1),
	))
}

// TestPackedKey runs a program whose key is inside a packed structure: no packet
// finds an entry.
func TestPackedKey(t *testing.T) {
	const drop = 1
	obj, err := object.Load(filepath.Join("..", "testdata", "bpf", "odd", "packed_key.o"), object.Options{})
	require.NoError(t, err)
	packets, err := pcap.ReadFile(filepath.Join("..", "testdata", "pcap", "acl.pcap"))
	require.NoError(t, err)
	v, err := verify.Verify(obj.Programs[0], verify.Options{})
	require.NoError(t, err)
	for _, name := range target.Names() {
		tg, err := target.Builtin(name)
		require.NoError(t, err)
		img, err := translate.Compile(v, translate.Options{Target: tg, CheckAllocation: true})
		require.NoError(t, err)
		m, err := sim.New(img, sim.DefaultSpec())
		require.NoError(t, err)
		for k := range packets {
			res := m.Run(sim.Input{Packet: packets[k].Data})
			require.Nil(t, res.Fault, "packet %d", k)
			require.EqualValues(t, drop, res.Verdict, "%s, packet %d", name, k)
		}
	}
}

// TestStackPlaceByPath reads and writes the stack where a number of two values
// leads from a pointer below it or above it.
func TestStackPlaceByPath(t *testing.T) {
	for _, c := range []struct{ from, a, b int }{{-40, 14, 18}, {-40, 0, 28}, {-16, -20, -8}, {0, -12, -36}, {-24, -8, 12}} {
		for _, size := range []int{1, 2, 4} {
			t.Run(fmt.Sprintf("%d bytes at %d, %d or %d", size, c.from, c.a, c.b), func(t *testing.T) {
				place := slices.Concat(
					onOdd([]bpf.Insn{bpf.Mov.Imm(3, int32(c.a&^(size-1)))}, []bpf.Insn{bpf.Mov.Imm(3, int32(c.b&^(size-1)))}),
					onStack(2, c.from), []bpf.Insn{bpf.Add.Reg(2, 3)},
				)
				must(t, withNumbers(nil, slices.Concat(place, []bpf.Insn{load(size, 0, 2, 0), store(size, 2, 0, 7), bpf.Add.Reg(0, 7)})...), "skipsw", "agilio")
			})
		}
	}
}
