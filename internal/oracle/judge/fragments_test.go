package judge_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/oracletest"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// kernelLinear is how many bytes of a frame the kernel's test runs put between data
// and data_end: a page without the room around.
const kernelLinear = 4096 - 256 - 320

// longFrames are frames of up to 9,212 bytes with orders for odd/frags.c in them: the
// copies begin and end at, before and behind a number of bytes.
func longFrames(linear, count int) [][]byte {
	r := rand.New(rand.NewPCG(uint64(linear), 1))
	sizes := []int{22, 60, 200, linear - 1, linear, linear + 1, linear + 3, linear + 64, linear + 700, 9212}
	near := func(n int) uint16 { return uint16(max(0, n+r.IntN(160)-110)) }
	var out [][]byte
	for k := range count {
		f := make([]byte, min(sizes[k%len(sizes)], 9212))
		for i := range f {
			f[i] = byte(r.Uint32())
		}
		place := func() uint16 {
			switch r.IntN(4) {
			case 0:
				return uint16(r.IntN(len(f) + 40))
			case 1:
				return near(len(f))
			}
			return near(linear)
		}
		o := f[14:]
		binary.LittleEndian.PutUint16(o, place())
		binary.LittleEndian.PutUint16(o[2:], place())
		delta := -r.IntN(200)
		switch r.IntN(5) {
		case 0:
			delta = linear - len(f) + r.IntN(5) - 2
		case 1:
			delta = -len(f) + 12 + r.IntN(5)
		case 2, 3:
			delta = r.IntN(9)
		}
		binary.LittleEndian.PutUint16(o[6:], uint16(int16(delta)))
		out = append(out, f)
	}
	return out
}

func fragmentPrograms(t *testing.T) []*object.Program {
	t.Helper()
	obj, err := object.Load(filepath.Join("..", "..", "..", "testdata", "bpf", "odd", "frags.o"), object.Options{Fragments: true})
	require.NoError(t, err)
	require.Len(t, obj.Programs, 2)
	for _, p := range obj.Programs {
		require.True(t, p.Fragments, p.Name)
	}
	return obj.Programs
}

// TestFragments runs programs that take frames in several pieces on the card and in
// the interpreter, with the first piece ending at several places.
func TestFragments(t *testing.T) {
	for _, p := range fragmentPrograms(t) {
		v, err := verify.Verify(p, verify.Options{})
		require.NoError(t, err)
		for _, level := range []translate.Level{translate.LevelDefault, translate.LevelNone} {
			img, err := translate.Compile(v, translate.Options{OptLevel: level, CheckAllocation: true})
			require.NoError(t, err)
			require.True(t, img.Programs[0].Fragments)
			for _, linear := range []int{64, 129, kernelLinear, 0} {
				t.Run(fmt.Sprintf("%s/level %d/linear %d", p.Name, level, linear), func(t *testing.T) {
					spec := sim.DefaultSpec()
					spec.Linear = linear
					m, err := sim.New(img, spec)
					require.NoError(t, err)
					first := linear
					if first == 0 {
						first = m.MaxPacket()
					}
					vm, err := ebpf.New(p, ebpf.Options{Linear: first, Buffer: &ebpf.Buffer{Back: 84, Ahead: 120, End: 3520, Fragment: 8192}})
					require.NoError(t, err)
					behind := 0
					for k, frame := range longFrames(first, 120) {
						if len(frame) > m.MaxFrame(0) {
							continue
						}
						if len(frame) > first {
							behind++
						}
						want, err := vm.Run(ebpf.Input{Packet: frame})
						require.NoError(t, err)
						got := m.Run(sim.Input{Packet: frame})
						require.Nil(t, got.Fault, "frame %d: %v", k, got.Fault)
						require.Equal(t, uint32(want.R0), got.Verdict, "frame %d", k)
						require.Equal(t, want.Packet, got.Packet, "frame %d", k)
						mp, ok := m.Map("reports")
						require.True(t, ok)
						for j, e := range mp.Entries() {
							require.Equal(t, vm.Map("reports").Entries()[j].Value, e.Value, "frame %d of %d bytes, order %x", k, len(frame), frame[14:22])
						}
					}
					require.NotZero(t, behind)
				})
			}
		}
	}
}

// TestFragmentsLikeKernel holds the interpreter against the kernel, which puts a
// frame's first page between data and data_end.
func TestFragmentsLikeKernel(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	p := fragmentPrograms(t)[0]
	require.Equal(t, object.XDP, p.Type)
	k, err := oracle.LoadKernel(p, oracle.KernelOptions{})
	require.NoError(t, err)
	defer k.Close()
	vm, err := ebpf.New(p, ebpf.Options{Linear: kernelLinear})
	require.NoError(t, err)
	for n, frame := range longFrames(kernelLinear, 200) {
		want, err := k.Run(oracle.KernelInput{Packet: frame})
		require.NoError(t, err)
		got, err := vm.Run(ebpf.Input{Packet: frame})
		require.NoError(t, err)
		require.Equal(t, want.Verdict, uint32(got.R0), "frame %d", n)
		require.Equal(t, want.Packet, got.Packet, "frame %d of %d bytes, order %x", n, len(frame), frame[14:22])
		entries, err := k.Maps[0].Entries()
		require.NoError(t, err)
		for j, e := range entries {
			require.Equal(t, e.Value, vm.Map("reports").Entries()[j].Value, "frame %d of %d bytes, order %x", n, len(frame), frame[14:22])
		}
	}
}
