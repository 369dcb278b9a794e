package conform_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/internal/oracle/conform"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate/bpf"
)

// sequences makes sequences that read and write around in their memory, mostly
// inside, with pointers moved by numbers from the memory and loops counted by
// such numbers.
type sequences struct {
	*rand.Rand
	out    []bpf.Insn
	memory []byte
	place  conform.Place
	depth  int
}

// Registers: R1 and R2 as given, numbers in R0, R3 to R5, pointers in R6 to R8,
// the loop counter in R9.
func (s *sequences) number() uint8 { return []uint8{0, 3, 4, 5}[s.IntN(4)] }

func (s *sequences) pointer() uint8 { return []uint8{1, 6, 7, 8}[s.IntN(4)] }

func (s *sequences) moved() uint8 { return []uint8{6, 7, 8}[s.IntN(3)] }

func (s *sequences) emit(in ...bpf.Insn) { s.out = append(s.out, in...) }

func (s *sequences) offset() int16 {
	switch s.IntN(12) {
	case 0:
		return int16(len(s.memory) - s.IntN(9))
	case 1:
		return int16(-s.IntN(4))
	case 2:
		return int16(s.IntN(1<<16) - 1<<15)
	}
	return int16(s.IntN(max(1, len(s.memory)-8)))
}

// constant loads a number that may lead far away, but not by the interpreter's
// distance between two memories.
func (s *sequences) constant(dst uint8) {
	v := s.Uint64() >> s.IntN(64)
	switch s.IntN(4) {
	case 0:
		v = 1 << s.IntN(46)
	case 1:
		v = -(1 << s.IntN(46))
	}
	s.emit(bpf.LoadImm64(dst, v)...)
}

var sizes = []bpf.Size{bpf.SizeB, bpf.SizeH, bpf.SizeW, bpf.SizeDW}

func (s *sequences) step() {
	alu64 := func(op bpf.ALUOp, dst, src uint8) { s.emit(op.Reg(dst, src)) }
	n, p := s.number(), s.pointer()
	size := sizes[s.IntN(4)]
	switch s.IntN(16) {
	case 0, 1, 2:
		load := bpf.Load
		if size != bpf.SizeDW && s.IntN(4) == 0 {
			load = bpf.LoadSX
		}
		s.emit(load(size, n, p, s.offset()))
	case 3, 4:
		s.emit(bpf.Store(size, p, s.offset(), n))
	case 5:
		v := int32(s.Uint32())
		s.emit(bpf.StoreImm(size, p, s.offset(), v))
	case 6:
		alu64([]bpf.ALUOp{bpf.Add, bpf.Sub, bpf.Xor, bpf.Or, bpf.And}[s.IntN(5)], n, s.number())
	case 7:
		s.emit(bpf.And.Imm(n, int32(s.IntN(2*len(s.memory)))))
	case 8:
		if s.IntN(3) == 0 {
			s.constant(n)
		} else {
			s.emit(bpf.Mov.Imm(n, int32(s.IntN(len(s.memory)))))
		}
	case 9, 10:
		alu64([]bpf.ALUOp{bpf.Add, bpf.Add, bpf.Sub}[s.IntN(3)], s.moved(), n)
	case 11:
		s.emit(bpf.Add.Imm(s.moved(), int32(s.IntN(8)-2)))
	case 12:
		alu64(bpf.Mov, s.moved(), p)
	case 13:
		alu64(bpf.Mov, n, p)
		alu64(bpf.Sub, n, s.pointer())
	case 14:
		at := len(s.out)
		if s.IntN(4) == 0 {
			s.emit([]bpf.JumpOp{bpf.JEq, bpf.JNe}[s.IntN(2)].Reg(p, s.pointer(), 0))
		} else {
			op := []bpf.JumpOp{bpf.JEq, bpf.JNe, bpf.JGt, bpf.JSLt, bpf.JSet}[s.IntN(5)]
			s.emit(op.Imm(n, int32(s.IntN(300)-20), 0))
		}
		for range 1 + s.IntN(3) {
			s.step()
		}
		s.out[at], _ = s.out[at].WithTarget(at, len(s.out))
	case 15:
		if s.place == conform.InMap && s.IntN(2) == 0 {
			op := []bpf.AtomicOp{bpf.AtomicAdd, bpf.AtomicAdd | bpf.AtomicFetch, bpf.AtomicOr, bpf.AtomicXchg}[s.IntN(4)]
			s.emit(bpf.Atomic(op, sizes[2+s.IntN(2)], 1, s.offset()&^7, n))
			return
		}
		if s.depth > 0 {
			return
		}
		s.depth++
		s.emit(bpf.Load(bpf.SizeB, 9, 1, int16(s.IntN(len(s.memory)))),
			bpf.And.Imm(9, 7))
		head := len(s.out)
		for range 1 + s.IntN(4) {
			s.step()
		}
		s.emit(bpf.Add.Imm(9, -1))
		s.emit(bpf.JSGt.Imm(9, 0, int16(head-len(s.out)-1)))
		s.depth--
	}
}

// sequence makes the sequence of a seed.
func sequence(seed uint64, place conform.Place) ([]bpf.Insn, []byte) {
	s := &sequences{Rand: rand.New(rand.NewPCG(seed, 2)), place: place}
	s.memory = make([]byte, 1+s.IntN(40))
	for k := range s.memory {
		s.memory[k] = byte(s.Uint32())
		if s.IntN(2) == 0 {
			s.memory[k] = byte(s.IntN(len(s.memory)))
		}
	}
	for _, r := range []uint8{0, 3, 4, 5} {
		s.emit(bpf.Mov.Imm(r, int32(s.IntN(len(s.memory)))))
	}
	for r := uint8(6); r < 9; r++ {
		s.emit(bpf.Mov.Reg(r, 1))
	}
	for range 2 + s.IntN(12) {
		s.step()
	}
	s.emit(bpf.Return())
	return s.out, s.memory
}

func count(t *testing.T, n int) int {
	if v := os.Getenv("SKIPSW_N"); v != "" {
		k, err := strconv.Atoi(v)
		require.NoError(t, err)
		return k
	}
	return n
}

func first(t *testing.T) uint64 {
	k, err := strconv.ParseUint("0"+os.Getenv("SKIPSW_SEED"), 10, 64)
	require.NoError(t, err)
	return k
}

// outcome compares what the compiler and the simulator make of the sequence of
// a seed with what the interpreter says. ran and faulted tell what happened.
func outcome(t *testing.T, place conform.Place, seed uint64) (ran, faulted bool) {
	t.Helper()
	insns, memory := sequence(seed, place)
	text := func() string { return text(seed, insns, memory) }
	vm, err := ebpf.New(asProgram(insns), ebpf.Options{Raw: true, MaxSteps: 100_000})
	require.NoError(t, err)
	want, wrong := vm.Run(ebpf.Input{Memory: memory})
	got, refused, err := conform.RunIn(place, insns, memory, true)
	var f *sim.Fault
	switch {
	case refused || errors.Is(err, conform.ErrNotSupported):
		return false, false
	case wrong != nil:
		require.ErrorAs(t, err, &f, "%v\n%s", wrong, text())
		require.Contains(t, []sim.FaultKind{sim.FaultPacket, sim.FaultMemory, sim.FaultRunaway}, f.Kind, "%v\n%s", f, text())
		return true, true
	}
	require.NoError(t, err, text())
	require.Equal(t, want.R0, got, text())
	return true, false
}

func text(seed uint64, insns []bpf.Insn, memory []byte) string {
	out := fmt.Sprintf("seed %d, memory %x\n", seed, memory)
	for i, in := range insns {
		out += fmt.Sprintf("%3d %v\n", i, in)
	}
	return out
}

// The vectors that the verifier does not pass do the same with the memory in the
// packet and in a map value.
func TestUnprovenVectors(t *testing.T) {
	good, faults := 0, 0
	for _, v := range load(t) {
		if !v.Unproven {
			continue
		}
		if v.Fault {
			faults++
		} else {
			good++
		}
		for _, place := range []conform.Place{conform.InPacket, conform.InMap} {
			if place == conform.InPacket && v.Section == "5.3" || place == conform.InMap && len(v.Memory) == 0 {
				continue
			}
			_, refused, err := conform.RunIn(place, v.Insns, v.Memory, false)
			require.True(t, refused, "%s is proven", v.Name)
			require.Error(t, err, v.Name)
			got, refused, err := conform.RunIn(place, v.Insns, v.Memory, true)
			require.False(t, refused, "%s: %v", v.Name, err)
			if v.Fault {
				require.ErrorAs(t, err, new(*sim.Fault), v.Name)
				continue
			}
			require.NoError(t, err, v.Name)
			require.Equal(t, v.Result, got, v.Name)
		}
	}
	require.GreaterOrEqual(t, good, 40)
	require.GreaterOrEqual(t, faults, 20)
}

// Accesses of every size at every distance around memories of several lengths,
// at constant and at loaded offsets, fault exactly when a byte of them is
// outside. Atomic operations change the order of bytes in a map value.
func TestEdges(t *testing.T) {
	for _, tc := range []struct {
		name   string
		place  conform.Place
		atomic bool
	}{{"packet", conform.InPacket, false}, {"map", conform.InMap, false}, {"map with atomics", conform.InMap, true}} {
		t.Run(tc.name, func(t *testing.T) {
			good, faults := 0, 0
			for _, n := range []int{9, 12, 15} {
				for off := -9; off <= n+9; off++ {
					g, f := edge(t, tc.place, tc.atomic, n, off)
					good, faults = good+g, faults+f
				}
			}
			t.Logf("%d accesses inside, %d outside", good, faults)
			require.Greater(t, good, 60)
			require.Greater(t, faults, 150)
		})
	}
}

// edge makes the accesses at one offset in a memory of n bytes, and returns how
// many were inside and outside. Atomic operations let some not be supported.
func edge(t *testing.T, place conform.Place, atomic bool, n, off int) (good, faults int) {
	memory := binary.LittleEndian.AppendUint64(nil, uint64(off))
	for len(memory) < n {
		memory = append(memory, byte(len(memory)))
	}
	for k, size := range sizes {
		for _, access := range [][]bpf.Insn{
			{bpf.Load(size, 0, 1, int16(off))},
			{bpf.StoreImm(size, 1, int16(off), 0)},
			{
				bpf.Load(bpf.SizeDW, 3, 1, 0),
				bpf.Add.Reg(1, 3),
				bpf.Load(size, 0, 1, 0),
			},
		} {
			code := []bpf.Insn{bpf.Mov.Imm(5, 0)}
			if atomic {
				code = append(code, bpf.Atomic(bpf.AtomicOr, bpf.SizeDW, 1, 0, 5))
			}
			code = append(append(code, access...), bpf.Mov.Imm(0, 77), bpf.Return())
			got, refused, err := conform.RunIn(place, code, memory, true)
			if atomic && errors.Is(err, conform.ErrNotSupported) {
				continue
			}
			require.False(t, refused)
			if off < 0 || off+1<<k > n {
				require.ErrorAs(t, err, new(*sim.Fault), "%d bytes at %d of %d", 1<<k, off, n)
				faults++
				continue
			}
			require.NoError(t, err, "%d bytes at %d of %d", 1<<k, off, n)
			require.EqualValues(t, 77, got)
			good++
		}
	}
	return good, faults
}

// Sequences that no verifier passes give the interpreter's answer, or end in a
// fault where it finds one.
func TestUnprovenBesideInterpreter(t *testing.T) {
	for name, place := range map[string]conform.Place{"packet": conform.InPacket, "map": conform.InMap} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := count(t, 1500)
			ran, faults := 0, 0
			for k := range uint64(n) {
				r, f := outcome(t, place, first(t)+k)
				if r {
					ran++
				}
				if f {
					faults++
				}
			}
			t.Logf("of %d sequences %d run, %d of them to a fault", n, ran, faults)
			require.Greater(t, ran, n/2)
			require.Greater(t, faults, n/10)
			require.Greater(t, ran-faults, n/10)
		})
	}
}
