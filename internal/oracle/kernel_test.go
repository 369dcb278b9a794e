package oracle_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/oracletest"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

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
			k := load(t, program(typ, bpf.Mov.Imm(0, 2), bpf.Return()), oracle.KernelOptions{})
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
	_, err := oracle.LoadKernel(program(object.XDP, bpf.Return()), oracle.KernelOptions{})
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
	k := load(t, program(object.XDP, bpf.Mov.Imm(0, 2), bpf.Return()), oracle.KernelOptions{LogLevel: 2})
	require.Contains(t, k.Log, "processed 2 insns")
}

func TestKernelRunt(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	k := load(t, program(object.XDP, bpf.Mov.Imm(0, 2), bpf.Return()), oracle.KernelOptions{})
	_, err := k.Run(oracle.KernelInput{Packet: make([]byte, 13)})
	require.ErrorContains(t, err, "13 bytes")
}

// adjust moves the head by delta and passes.
func adjust(helper bpf.HelperID, delta int32) []bpf.Insn {
	return []bpf.Insn{
		bpf.Mov.Imm(2, delta),
		bpf.CallHelper(helper),
		bpf.Mov.Imm(0, 2),
		bpf.Return(),
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
		helper bpf.HelperID
		delta  int32
		want   int
	}{
		{"head grows", bpf.HelperXDPAdjustHead, -20, 84},
		{"head shrinks", bpf.HelperXDPAdjustHead, 20, 44},
		{"tail grows", bpf.HelperXDPAdjustTail, 20, 84},
		{"tail shrinks", bpf.HelperXDPAdjustTail, -20, 44},
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
	p := program(typ, slices.Concat([]bpf.Insn{
		bpf.StoreImm(bpf.SizeW, 10, -4, 1),
		bpf.Mov.Reg(2, 10),
		bpf.Add.Imm(2, -4),
	}, bpf.LoadMap(1, 0), []bpf.Insn{
		bpf.CallHelper(bpf.HelperMapLookupElem),
		bpf.JEq.Imm(0, 0, 2),
		bpf.Mov.Imm(1, 1),
		bpf.Atomic(bpf.AtomicAdd, bpf.SizeW, 0, 0, 1),
		bpf.Mov.Imm(0, 2),
		bpf.Return(),
	})...)
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
		Name: "jmp", Type: bpf.MapTypeProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 2,
		Programs: map[uint32]string{1: "second"},
	}
	first := program(object.XDP, append(bpf.LoadMap(2, 0),
		bpf.Mov.Imm(3, 1),
		bpf.CallHelper(bpf.HelperTailCall),
		bpf.Mov.Imm(0, 1), bpf.Return(),
	)...)
	first.Maps = []*object.Map{jump}
	second := program(object.XDP, bpf.Mov.Imm(0, 3), bpf.Return())
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
	p := count(object.XDP, &object.Map{Name: "m", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	p.Maps = nil
	_, err := oracle.LoadKernel(p, oracle.KernelOptions{})
	require.ErrorContains(t, err, "loads map 0 of 0")
}

func BenchmarkKernelLoad(b *testing.B) {
	p := program(object.XDP, bpf.Mov.Imm(0, 2), bpf.Return())
	for b.Loop() {
		k, err := oracle.LoadKernel(p, oracle.KernelOptions{})
		require.NoError(b, err)
		k.Close()
	}
}

func BenchmarkKernelRun(b *testing.B) {
	k, err := oracle.LoadKernel(program(object.XDP, bpf.Mov.Imm(0, 2), bpf.Return()), oracle.KernelOptions{})
	require.NoError(b, err)
	defer k.Close()
	in := oracle.KernelInput{Packet: make([]byte, 64)}
	for b.Loop() {
		_, err := k.Run(in)
		require.NoError(b, err)
	}
}
