package conform_test

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/skipsw/skipsw/internal/oracle/conform"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/stretchr/testify/require"
)

// hide makes the constants of a vector's 64-bit immediate loads unknown to the
// compiler: they stand behind the memory and are loaded from there. Without
// that most vectors would only test how it folds constants. ok is false where
// nothing can be hidden.
func hide(v conform.Vector) (hidden conform.Vector, ok bool) {
	hidden = v
	hidden.Insns = []bpf.Insn{bpf.Mov.Reg(9, 1)}
	hidden.Memory = append([]byte{}, v.Memory...)
	for i := 0; i < len(v.Insns); i++ {
		in := v.Insns[i]
		if in.Dst == 9 || in.Src == 9 || in.IsCall() {
			return v, false
		}
		if !in.Wide() || in.Src != 0 || i+1 == len(v.Insns) {
			hidden.Insns = append(hidden.Insns, in)
			continue
		}
		ok = true
		i++
		hidden.Insns = append(hidden.Insns,
			bpf.Load(bpf.SizeDW, in.Dst, 9, int16(len(hidden.Memory))),
			bpf.Goto(0))
		hidden.Memory = binary.LittleEndian.AppendUint32(hidden.Memory, uint32(in.Imm))
		hidden.Memory = binary.LittleEndian.AppendUint32(hidden.Memory, uint32(v.Insns[i].Imm))
	}
	return hidden, ok
}

// run checks a vector: it gives its answer, or is refused where that is
// allowed; passed tells which.
func run(t *testing.T, v conform.Vector) (passed bool) {
	t.Helper()
	got, err := conform.Run(v.Insns, v.Memory, conform.Options{})
	switch {
	case v.Refused:
		require.Error(t, err, v.Name)
		require.False(t, errors.As(err, new(*sim.Fault)), "%s: %v", v.Name, err)
		return true
	case v.Fault:
		require.ErrorAs(t, err, new(*sim.Fault), v.Name)
		return true
	case errors.Is(err, conform.ErrNotSupported):
		require.Equal(t, "5.3", v.Section, "%s: %v", v.Name, err)
		return false
	}
	require.NoError(t, err, v.Name)
	require.Equal(t, v.Result, got, v.Name)
	return true
}

// Every vector gives its answer or is refused by name.
func TestVectorsCompiled(t *testing.T) {
	passed, refused := 0, 0
	for _, v := range load(t) {
		if run(t, v) {
			passed++
		} else {
			refused++
		}
	}
	t.Logf("%d vectors pass, %d are refused as not supported", passed, refused)
}

func TestVectorsCompiledWithHiddenConstants(t *testing.T) {
	passed, refused := 0, 0
	for _, v := range load(t) {
		h, ok := hide(v)
		if !ok || v.Refused || v.Unverified || v.Unproven {
			continue
		}
		if run(t, h) {
			passed++
		} else {
			refused++
		}
	}
	t.Logf("%d vectors pass, %d are refused as not supported", passed, refused)
	require.Greater(t, passed, 2500)
}

func TestRunRefusesLargeMemory(t *testing.T) {
	code, err := bpf.Parse("r0 = 0\nexit")
	require.NoError(t, err)
	_, err = conform.Run(code.Insns, make([]byte, 5000), conform.Options{})
	require.ErrorContains(t, err, "5000 bytes")
}

// Addresses far from their memory are numbers of 64 bits, whatever the machine's
// words; a safe program may compare and subtract them.
func TestAddressesAsNumbers(t *testing.T) {
	memory := []byte{0xff, 0xff, 0xff, 0xff, 100}
	for _, tc := range []struct {
		name, code string
		want       uint64
	}{
		{"constant before", "r4 = r1\nr4 += -200\nr0 = r1\nr0 -= r4\nexit", 200},
		{"variable before", "r4 = r1\nr3 = *(u8 *)(r1 +4)\nr4 -= r3\nr0 = r1\nr0 -= r4\nexit", 100},
		{"4 GiB behind", "r4 = r1\nr3 = *(u32 *)(r1 +0)\nr4 += r3\nr0 = r4\nr0 -= r1\nexit", 0xffffffff},
		{"8 GiB behind", "r4 = r1\nr3 = *(u32 *)(r1 +0)\nr4 += r3\nr4 += r3\nr0 = r1\nr0 -= r4\nexit", 1<<64 - 2*0xffffffff},
		{"comparison before", "r4 = r1\nr4 += -200\nr0 = 1\nif r4 < r1 goto pc+1\nr0 = 0\nexit", 1},
		{"comparison behind", "r4 = r1\nr3 = *(u32 *)(r1 +0)\nr4 += r3\nr0 = 1\nif r4 > r1 goto pc+1\nr0 = 0\nexit", 1},
		{"back in the memory", "r1 += -200\nr0 = *(u8 *)(r1 +204)\nexit", 100},
		{"spilled before", "r4 = r1\nr4 += -200\n*(u64 *)(r10 -8) = r4\nr5 = *(u64 *)(r10 -8)\nr0 = r1\nr0 -= r5\nexit", 200},
	} {
		code, err := bpf.Parse(tc.code)
		require.NoError(t, err, tc.name)
		for _, place := range []conform.Place{conform.InPacket, conform.InMap} {
			got, _, err := conform.RunIn(place, code.Insns, memory, false)
			require.NoError(t, err, "%s, place %d", tc.name, place)
			require.Equal(t, tc.want, got, "%s, place %d", tc.name, place)
		}
	}
}

// On a target whose programs can add to maps and not store, results come back all the same.
func TestVectorsOnAgilio(t *testing.T) {
	agilio, err := target.Load("agilio")
	require.NoError(t, err)
	passed, refused := 0, map[string]int{}
	for _, v := range load(t) {
		got, err := conform.Run(v.Insns, v.Memory, conform.Options{Target: agilio})
		switch {
		case v.Refused:
			require.Error(t, err, v.Name)
		case errors.Is(err, conform.ErrNotSupported):
			refused[v.Section]++
		case v.Fault:
			require.ErrorAs(t, err, new(*sim.Fault), v.Name)
			passed++
		default:
			require.NoError(t, err, v.Name)
			require.Equal(t, v.Result, got, v.Name)
			passed++
		}
	}
	t.Logf("%d vectors pass; refused as not supported, by section: %v", passed, refused)
	require.Greater(t, passed, 2500)
}

func TestUnsetResult(t *testing.T) {
	for _, test := range []struct {
		name, code, want string
	}{
		{"alone", "exit", "instruction 0: exit"},
		{"second of two exits", "if r1 == 0 goto pc+2\nr0 = 1\nexit\nr3 = 1\nexit", "instruction 4: exit"},
		{"with a function", "call pc+1\nexit\nr3 = 1\nexit", "instruction 1: exit"},
		{"not of the result", "r0 = r4\nexit", "instruction 0: r0 = r4"},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, err := bpf.Parse(test.code)
			require.NoError(t, err)
			_, err = conform.Run(code.Insns, nil, conform.Options{})
			require.ErrorContains(t, err, "was never set")
			require.ErrorContains(t, err, test.want)
		})
	}
}
