package oracle_test

import (
	"encoding/binary"
	"testing"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/oracletest"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Helper ids, enum bpf_func_id of the kernel.
const (
	fnMapLookup  = 1
	fnTailCall   = 12
	fnAdjustHead = 44
	fnAdjustTail = 65
)

func movImm(dst uint8, v int32) bpf.Insn {
	return bpf.Insn{Op: bpf.ClassALU64 | bpf.MOV | bpf.K, Dst: dst, Imm: v}
}

var exitInsn = bpf.Insn{Op: bpf.ClassJMP | bpf.EXIT}

func program(t object.Type, insns ...bpf.Insn) *object.Program {
	return &object.Program{Name: "p", Type: t, License: "GPL", Insns: insns, Funcs: []object.Func{{Name: "p"}}}
}

func load(t *testing.T, p *object.Program, o oracle.KernelOptions) *oracle.KernelProgram {
	t.Helper()
	k, err := oracle.LoadKernel(p, o)
	require.NoError(t, err)
	t.Cleanup(k.Close)
	return k
}

func TestKernelVerdict(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	for _, typ := range []object.Type{object.XDP, object.TC} {
		t.Run(typ.String(), func(t *testing.T) {
			k := load(t, program(typ, movImm(0, 2), exitInsn), oracle.KernelOptions{})
			pkt := make([]byte, 64)
			pkt[20] = 7
			r, err := k.Run(oracle.KernelInput{Packet: pkt})
			require.NoError(t, err)
			require.Equal(t, uint32(2), r.Verdict)
			require.Equal(t, pkt, r.Packet)
		})
	}
}

func TestKernelReject(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	_, err := oracle.LoadKernel(program(object.XDP, exitInsn), oracle.KernelOptions{})
	var rej *oracle.KernelReject
	require.ErrorAs(t, err, &rej)
	require.Equal(t, unix.EACCES, rej.Errno)
	require.Contains(t, rej.Log, "R0 !read_ok")
	require.ErrorContains(t, err, "R0 !read_ok")
	require.ErrorIs(t, err, unix.EACCES)
}

func TestKernelLog(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	k := load(t, program(object.XDP, movImm(0, 2), exitInsn), oracle.KernelOptions{LogLevel: 2})
	require.Contains(t, k.Log, "processed 2 insns")
}

func TestKernelRunt(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	k := load(t, program(object.XDP, movImm(0, 2), exitInsn), oracle.KernelOptions{})
	_, err := k.Run(oracle.KernelInput{Packet: make([]byte, 13)})
	require.ErrorContains(t, err, "13 bytes")
}

// adjust moves the head by delta and passes.
func adjust(helper, delta int32) []bpf.Insn {
	return []bpf.Insn{
		movImm(2, delta),
		{Op: bpf.ClassJMP | bpf.CALL, Imm: helper},
		movImm(0, 2),
		exitInsn,
	}
}

func TestKernelHeadAndTail(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	pkt := make([]byte, 64)
	for i := range pkt {
		pkt[i] = byte(i)
	}
	tests := []struct {
		name   string
		helper int32
		delta  int32
		want   int
	}{
		{"head grows", fnAdjustHead, -20, 84},
		{"head shrinks", fnAdjustHead, 20, 44},
		{"tail grows", fnAdjustTail, 20, 84},
		{"tail shrinks", fnAdjustTail, -20, 44},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k := load(t, program(object.XDP, adjust(tt.helper, tt.delta)...), oracle.KernelOptions{})
			r, err := k.Run(oracle.KernelInput{Packet: pkt})
			require.NoError(t, err)
			require.Len(t, r.Packet, tt.want)
		})
	}
}

// count adds 1 to the first word of the entry with key 1 of map 0.
func count(typ object.Type, m *object.Map) *object.Program {
	p := program(
		typ,
		bpf.Insn{Op: bpf.ClassST | bpf.ModeMEM | bpf.SizeW, Dst: 10, Off: -4, Imm: 1},
		bpf.Insn{Op: bpf.ClassALU64 | bpf.MOV | bpf.X, Dst: 2, Src: 10},
		bpf.Insn{Op: bpf.ClassALU64 | bpf.ADD | bpf.K, Dst: 2, Imm: -4},
		bpf.Insn{Op: bpf.ClassLD | bpf.ModeIMM | bpf.SizeDW, Dst: 1, Src: bpf.PseudoMapFD, Imm: 0},
		bpf.Insn{},
		bpf.Insn{Op: bpf.ClassJMP | bpf.CALL, Imm: fnMapLookup},
		bpf.Insn{Op: bpf.ClassJMP | bpf.JEQ | bpf.K, Dst: 0, Off: 2},
		movImm(1, 1),
		bpf.Insn{Op: bpf.ClassSTX | bpf.ModeATOMIC | bpf.SizeW, Dst: 0, Src: 1, Imm: bpf.AtomicAdd},
		movImm(0, 2),
		exitInsn,
	)
	p.Maps = []*object.Map{m}
	return p
}

func key(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }

func TestKernelMaps(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	value := func(v uint32) []byte { return append(key(v), 0, 0, 0, 0, 9, 9) }
	for _, tt := range []struct {
		name string
		typ  bpf.MapType
		all  bool // entries that were not given are there, with zeros
	}{
		{"array", bpf.MapTypeArray, true},
		{"hash", bpf.MapTypeHash, false},
		{"lru hash", bpf.MapTypeLRUHash, false},
		{"per-CPU array", bpf.MapTypePerCPUArray, true},
		{"per-CPU hash", bpf.MapTypePerCPUHash, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := &object.Map{
				Name: "counts", Type: tt.typ, KeySize: 4, ValueSize: 10, MaxEntries: 3,
				Initial: []object.Entry{{Key: key(1), Value: value(41)}},
			}
			k := load(t, count(object.XDP, m), oracle.KernelOptions{})
			for range 2 {
				_, err := k.Run(oracle.KernelInput{Packet: make([]byte, 64)})
				require.NoError(t, err)
			}
			got, err := k.Map("counts").Entries()
			require.NoError(t, err)
			want := []object.Entry{{Key: key(1), Value: value(43)}}
			if tt.all {
				zero := make([]byte, 10)
				want = []object.Entry{{Key: key(0), Value: zero}, want[0], {Key: key(2), Value: zero}}
			}
			require.Equal(t, want, got)

			require.NoError(t, k.Reset())
			v, ok, err := k.Maps[0].Lookup(key(1))
			require.NoError(t, err)
			require.True(t, ok)
			require.Equal(t, value(41), v)
		})
	}
}

func TestKernelTailCall(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	jump := &object.Map{
		Name: "jmp", Type: unix.BPF_MAP_TYPE_PROG_ARRAY, KeySize: 4, ValueSize: 4, MaxEntries: 2,
		Programs: map[uint32]string{1: "second"},
	}
	first := program(
		object.XDP,
		bpf.Insn{Op: bpf.ClassLD | bpf.ModeIMM | bpf.SizeDW, Dst: 2, Src: bpf.PseudoMapFD},
		bpf.Insn{},
		movImm(3, 1),
		bpf.Insn{Op: bpf.ClassJMP | bpf.CALL, Imm: fnTailCall},
		movImm(0, 1), exitInsn,
	)
	first.Maps = []*object.Map{jump}
	second := program(object.XDP, movImm(0, 3), exitInsn)
	second.Name = "second"
	k := load(t, first, oracle.KernelOptions{Tail: []*object.Program{second}})
	r, err := k.Run(oracle.KernelInput{Packet: make([]byte, 64)})
	require.NoError(t, err)
	require.Equal(t, uint32(3), r.Verdict)

	_, err = oracle.LoadKernel(first, oracle.KernelOptions{})
	require.ErrorContains(t, err, `"second"`)
}

func TestKernelBadMapIndex(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	p := count(object.XDP, &object.Map{Name: "m", Type: unix.BPF_MAP_TYPE_ARRAY, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	p.Maps = nil
	_, err := oracle.LoadKernel(p, oracle.KernelOptions{})
	require.ErrorContains(t, err, "loads map 0 of 0")
}

func BenchmarkKernelLoad(b *testing.B) {
	p := program(object.XDP, movImm(0, 2), exitInsn)
	for b.Loop() {
		k, err := oracle.LoadKernel(p, oracle.KernelOptions{})
		require.NoError(b, err)
		k.Close()
	}
}

func BenchmarkKernelRun(b *testing.B) {
	k, err := oracle.LoadKernel(program(object.XDP, movImm(0, 2), exitInsn), oracle.KernelOptions{})
	require.NoError(b, err)
	defer k.Close()
	in := oracle.KernelInput{Packet: make([]byte, 64)}
	for b.Loop() {
		_, err := k.Run(in)
		require.NoError(b, err)
	}
}
