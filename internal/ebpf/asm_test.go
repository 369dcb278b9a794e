package ebpf_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// A small assembler for the tests: each function gives slots.

type code []bpf.Insn

func seq(parts ...code) code { return slices.Concat(parts...) }

func op64(op uint8, dst uint8, imm int32) code {
	return code{{Op: bpf.ClassALU64 | op | bpf.K, Dst: dst, Imm: imm}}
}

func op64r(op uint8, dst, src uint8) code {
	return code{{Op: bpf.ClassALU64 | op | bpf.X, Dst: dst, Src: src}}
}

func mov(dst uint8, imm int32) code { return op64(bpf.MOV, dst, imm) }

func movr(dst, src uint8) code { return op64r(bpf.MOV, dst, src) }

func ldx(size, dst, src uint8, off int16) code {
	return code{{Op: bpf.ClassLDX | bpf.ModeMEM | size, Dst: dst, Src: src, Off: off}}
}

func stx(size, dst uint8, off int16, src uint8) code {
	return code{{Op: bpf.ClassSTX | bpf.ModeMEM | size, Dst: dst, Src: src, Off: off}}
}

func st(size, dst uint8, off int16, imm int32) code {
	return code{{Op: bpf.ClassST | bpf.ModeMEM | size, Dst: dst, Off: off, Imm: imm}}
}

func jmp(op, dst uint8, imm int32, off int) code {
	return code{{Op: bpf.ClassJMP | op | bpf.K, Dst: dst, Imm: imm, Off: int16(off)}}
}

func jmpr(op, dst, src uint8, off int) code {
	return code{{Op: bpf.ClassJMP | op | bpf.X, Dst: dst, Src: src, Off: int16(off)}}
}

func call(helper int32) code { return code{{Op: bpf.ClassJMP | bpf.CALL, Imm: helper}} }

func exit() code { return code{{Op: bpf.ClassJMP | bpf.EXIT}} }

func wide(dst, src uint8, lo, hi int32) code {
	return code{{Op: bpf.ClassLD | bpf.ModeIMM | bpf.SizeDW, Dst: dst, Src: src, Imm: lo}, {Imm: hi}}
}

func mapfd(dst uint8, index int32) code { return wide(dst, bpf.PseudoMapFD, index, 0) }

// room is the packet bytes that withPacket proves.
const room = 64

// withPacket runs body with r6 = data and r9 = ctx, and returns 2 if the
// packet has fewer than 64 bytes.
func withPacket(t object.Type, body ...code) code {
	data, end := int16(0), int16(4)
	if t == object.TC {
		data, end = 76, 80
	}
	b := seq(body...)
	return seq(
		movr(9, 1), ldx(bpf.SizeW, 6, 1, data), ldx(bpf.SizeW, 2, 1, end),
		movr(3, 6), op64(bpf.ADD, 3, room), jmpr(bpf.JGT, 3, 2, len(b)),
		b, mov(0, 2), exit(),
	)
}

func newProgram(t object.Type, body code, maps ...*object.Map) *object.Program {
	return &object.Program{Name: "test", Type: t, License: "GPL", Insns: body, Maps: maps, Funcs: []object.Func{{Name: "test"}}}
}

// frame is a packet of n bytes with operands at 16, 24 and 32.
func frame(n int, operands ...uint64) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 7)
	}
	copy(b, []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5})
	for i, v := range operands {
		binary.LittleEndian.PutUint64(b[16+8*i:], v)
	}
	return b
}

// pair runs a program in the interpreter and, as root, in the kernel.
type pair struct {
	vm   *ebpf.VM
	k    *oracle.KernelProgram
	prog *object.Program
}

func newPair(t testing.TB, p *object.Program, tail ...*object.Program) *pair {
	t.Helper()
	out := &pair{prog: p}
	var err error
	if asksKernel(t) {
		out.k, err = oracle.LoadKernel(p, oracle.KernelOptions{Tail: tail})
		require.NoError(t, err)
		t.Cleanup(out.k.Close)
	}
	out.vm, err = ebpf.New(p, ebpf.Options{Tail: tail})
	require.NoError(t, err)
	return out
}

// same runs both on a packet and compares all that they leave behind. It
// returns the interpreter's result.
func (p *pair) same(t testing.TB, packet []byte) ebpf.Result {
	t.Helper()
	got, err := p.vm.Run(ebpf.Input{Packet: packet})
	require.NoError(t, err, "%x", packet)
	if p.k == nil {
		return got
	}
	want, err := p.k.Run(oracle.KernelInput{Packet: packet})
	require.NoError(t, err)
	require.Equal(t, want.Verdict, uint32(got.R0), "%x", packet)
	// The kernel gives the metadata with the packet.
	require.Equal(t, want.Packet, slices.Concat(got.Meta, got.Packet), "%x", packet)
	for i, m := range p.prog.Maps {
		if oracle.PlainMap(m.Type) {
			entries, err := p.k.Maps[i].Entries()
			require.NoError(t, err)
			require.Equal(t, entries, p.vm.Maps()[i].Entries(), m.Name)
		}
	}
	return got
}
