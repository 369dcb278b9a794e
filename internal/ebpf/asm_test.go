package ebpf_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// code is a piece of a program.
type code []bpf.Insn

// seq joins pieces: single instructions and slices of them.
func seq(parts ...any) code {
	var out code
	for _, p := range parts {
		switch p := p.(type) {
		case bpf.Insn:
			out = append(out, p)
		case []bpf.Insn:
			out = append(out, p...)
		case code:
			out = append(out, p...)
		default:
			panic(fmt.Sprintf("%T is no code", p))
		}
	}
	return out
}

// room is the packet bytes that withPacket proves.
const room = 64

// withPacket runs body with r6 = data and r9 = ctx, and returns 2 if the
// packet has fewer than 64 bytes.
func withPacket(t object.Type, body ...any) code { return withRoom(t, room, body...) }

// withRoom is withPacket for n bytes.
func withRoom(t object.Type, n int32, body ...any) code {
	data, end := int16(0), int16(4)
	if t == object.TC {
		data, end = 76, 80
	}
	b := seq(body...)
	return seq(
		bpf.Mov.Reg(9, 1), bpf.Load(bpf.SizeW, 6, 1, data), bpf.Load(bpf.SizeW, 2, 1, end),
		bpf.Mov.Reg(3, 6), bpf.Add.Imm(3, n), bpf.JGt.Reg(3, 2, int16(len(b))),
		b, bpf.Mov.Imm(0, 2), bpf.Return(),
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
