package conform_test

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/conform"
	"github.com/skipsw/skipsw/internal/oracle/gen"
	"github.com/skipsw/skipsw/internal/oracle/oracletest"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/stretchr/testify/require"
)

const vectors = "../../../testdata/conformance"

func load(t testing.TB) []conform.Vector {
	t.Helper()
	vs, err := conform.Load(vectors)
	require.NoError(t, err)
	require.Greater(t, len(vs), 1000)
	return vs
}

func asProgram(insns []bpf.Insn) *object.Program {
	p := &object.Program{Name: "vector", Type: object.XDP, License: "GPL", Insns: insns, Funcs: []object.Func{{Name: "vector"}}}
	for i, in := range insns {
		if in.IsFuncCall() {
			p.Funcs = append(p.Funcs, object.Func{Name: "sub", Start: in.FuncTarget(i)})
		}
	}
	return p
}

// The vectors were written from the RFC; the interpreter, which was not, must
// give the same answers.
func TestVectorsAgainstTheInterpreter(t *testing.T) {
	for _, v := range load(t) {
		if v.Refused || v.Unverified {
			continue
		}
		vm, err := ebpf.New(asProgram(v.Insns), ebpf.Options{Raw: true, MaxSteps: 1 << 20})
		require.NoError(t, err, v.Name)
		r, err := vm.Run(ebpf.Input{Memory: v.Memory})
		if v.Fault {
			require.Error(t, err, v.Name)
			continue
		}
		require.NoError(t, err, v.Name)
		require.Equal(t, v.Result, r.R0, v.Name)
	}
}

// leastPacket is the length in bytes of the shortest packet that the kernel runs.
const leastPacket = 14

// backward reports a jump to before itself.
func backward(in bpf.Insn) bool { return in.IsJump() && in.JumpTarget(0) <= 0 }

// And so must the kernel, which refuses what cannot be proven.
func TestVectorsAgainstTheKernel(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	n, isa := 0, oracle.KernelISA()
	for _, v := range load(t) {
		if slices.ContainsFunc(v.Insns, func(in bpf.Insn) bool { return gen.ISAOf(in) > isa }) {
			continue
		}
		if v.Unproven && slices.ContainsFunc(v.Insns, backward) {
			continue // the kernel walks such loops for seconds before it refuses them
		}
		place := conform.InPacket
		if strings.HasPrefix(v.Section, "5.3") || len(v.Memory) < leastPacket {
			place = conform.InMap
		}
		p, err := conform.Wrap(v.Insns, v.Memory, place)
		if v.Refused && err != nil {
			continue
		}
		require.NoError(t, err, v.Name)
		k, err := oracle.LoadKernel(p, oracle.KernelOptions{Flags: oracle.AnyAlignment})
		if v.Refused || v.Unverified || v.Unproven {
			require.Error(t, err, v.Name)
			continue
		}
		require.NoError(t, err, v.Name)
		packet := v.Memory
		if len(packet) < leastPacket {
			packet = make([]byte, leastPacket)
		}
		_, err = k.Run(oracle.KernelInput{Packet: packet})
		require.NoError(t, err)
		got, ok, err := k.Map("result").Lookup(make([]byte, 4))
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, v.Result, binary.LittleEndian.Uint64(got), v.Name)
		k.Close()
		n++
	}
	require.Greater(t, n, 1000)
}
