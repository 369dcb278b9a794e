package translate_test

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle/gen"
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// edges are the numbers that fuzzing puts in place of constants and offsets:
// around the ends of 8, 15, 16, 30, 31 and 32 bits.
var edges = func() (out []int32) {
	for _, end := range []int64{0, 1 << 8, 512, 1 << 14, 1 << 15, 1 << 16, 1 << 29, 1 << 30, 1 << 31, 1 << 32} {
		for d := int64(-9); d <= 9; d += 1 + (d&1)*2 {
			out = append(out, int32(uint32(end+d)))
		}
		out = append(out, int32(uint32(end-1)), int32(uint32(end+1)), int32(uint32(-end)))
	}
	return out
}()

// put applies edits of three bytes to a program: a slot, a place in it, an edge.
func put(insns []bpf.Insn, edits []byte) {
	for ; len(edits) >= 3 && len(insns) > 0; edits = edits[3:] {
		in, v := &insns[int(edits[0])%len(insns)], edges[int(edits[2])%len(edges)]
		switch edits[1] % 4 {
		case 0:
			in.Off = int16(v)
		case 1: // next to what was there
			in.Off += int16(v)
		case 2:
			in.Imm = v
		default:
			in.Imm += v
		}
	}
}

// Bits of the shape of a fuzzed program.
const (
	shapeTC = 1 << iota
	shapeAllMaps
	shapeGlobals
)

// shaped makes a program of instructions. Functions begin where calls lead.
func shaped(insns []bpf.Insn, shape uint8) *object.Program {
	p := &object.Program{
		Name: "fuzz", Type: object.XDP, License: "GPL", Insns: insns, Funcs: []object.Func{{Name: "fuzz"}},
		Maps: []*object.Map{
			{Name: "array", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 16, MaxEntries: 4},
			{Name: "hash", Type: bpf.MapTypeHash, KeySize: 5, ValueSize: 9, MaxEntries: 4},
		},
	}
	if shape&shapeTC != 0 {
		p.Type = object.TC
	}
	if shape&shapeAllMaps != 0 {
		p.Maps = append(
			p.Maps, &object.Map{Name: "data", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 32, MaxEntries: 1},
			&object.Map{Name: "lpm", Type: bpf.MapTypeLPMTrie, KeySize: 8, ValueSize: 4, MaxEntries: 4, Flags: 1},
			&object.Map{Name: "lru", Type: bpf.MapTypeLRUHash, KeySize: 16, ValueSize: 8, MaxEntries: 16},
		)
	}
	var starts []int
	for i, in := range insns {
		at := in.FuncTarget(i)
		if in.IsFuncCall() && at > 0 && at < len(insns) {
			starts = append(starts, at)
		}
	}
	slices.Sort(starts)
	for _, at := range slices.Compact(starts) {
		f := object.Func{Name: "callee", Start: at, Global: shape&shapeGlobals != 0}
		if f.Global {
			f.Args = []object.Arg{{Kind: object.ArgScalar}, {Kind: object.ArgMem, Size: 8}}
		}
		p.Funcs = append(p.Funcs, f)
	}
	return p
}

// line takes a program from its instructions to words for each target, and runs
// them. Each stage takes the program or says why not; the words are
// instructions, and no run leaves the program's memory.
func line(t *testing.T, p *object.Program) {
	v, err := verify.Verify(p, verify.Options{Budget: 20_000})
	var refusal *verify.Error
	if errors.As(err, &refusal) {
		return
	}
	require.NoError(t, err)
	for _, name := range target.Names() {
		tg, err := target.Builtin(name)
		require.NoError(t, err)
		img, err := translate.Compile(v, translate.Options{Target: tg, CheckAllocation: true})
		if errors.Is(err, translate.ErrNotSupported) {
			continue
		}
		require.NoError(t, err, name)
		for k, w := range img.Words {
			_, err := nfpisa.Decode(w, img.Machine.Mode)
			require.NoError(t, err, "%s, word %d", name, k)
		}
		b, err := img.Marshal()
		require.NoError(t, err)
		again, err := image.Read(b)
		require.NoError(t, err)
		require.Equal(t, img.Words, again.Words)
		spec := sim.DefaultSpec()
		spec.Budget = 20_000
		m, err := sim.New(again, spec)
		require.NoError(t, err)
		for _, packet := range gen.Packets(1, 3, gen.PacketOptions{Min: 14, Max: 300}) {
			f := m.Run(sim.Input{Packet: bytes.Clone(packet), IngressIfindex: 1}).Fault
			if f != nil && f.Kind != sim.FaultRunaway && f.Kind != sim.FaultUndefined {
				t.Fatalf("%s: %v", name, f)
			}
		}
	}
}

// FuzzLine takes arbitrary instructions, with numbers near the ends of their
// ranges put in, from bytes to words.
func FuzzLine(f *testing.F) {
	for seed := range uint64(48) {
		for k, p := range []*object.Program{gen.Program(seed, gen.Options{}), gen.NearMiss(seed, gen.Options{})} {
			f.Add(bpf.Encode(nil, p.Insns), []byte{byte(3 * seed), byte(seed), byte(7 * seed)}[:3*k], byte(seed))
		}
	}
	for _, name := range []string{"far_offset", "packed_key", "calls"} {
		o, err := object.Load(filepath.Join("..", "testdata", "bpf", "odd", name+".o"), object.Options{Type: object.XDP})
		require.NoError(f, err)
		for _, p := range o.Programs {
			for k := range byte(8) {
				f.Add(bpf.Encode(nil, p.Insns), []byte{5 + 2*k, k, 31 * k}, k)
			}
		}
	}
	for k, v := range []int{math.MaxInt32, math.MinInt32, math.MaxUint16} {
		p := withNumbers(nil, bpf.Mov.Imm(2, int32(v)), onStack(3, -24)[0], onStack(3, -24)[1], bpf.Mov.Imm(4, 9), bpf.Mov.Reg(1, 9), bpf.CallHelper(bpf.HelperXDPLoadBytes))
		f.Add(bpf.Encode(nil, p.Insns), []byte{}, byte(k))
	}
	f.Fuzz(func(t *testing.T, code, edits []byte, shape byte) {
		if len(code) > 8*1024 {
			return
		}
		insns, err := bpf.Decode(code[:len(code)&^7])
		require.NoError(t, err)
		put(insns, edits)
		line(t, shaped(insns, shape))
	})
}

// FuzzObjectLine takes the programs of arbitrary objects from bytes to words.
func FuzzObjectLine(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("..", "testdata", "bpf", "odd", "*.o"))
	require.NoError(f, err)
	for _, path := range append(files, filepath.Join("..", "testdata", "bpf", "pass.o"), filepath.Join("..", "testdata", "bpf", "lpm_route.o")) {
		b, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(b, true)
		f.Add(b, false)
	}
	f.Fuzz(func(t *testing.T, b []byte, tc bool) {
		typ := object.XDP
		if tc {
			typ = object.TC
		}
		o, err := object.LoadBytes("x.o", b, object.Options{Type: typ})
		if err != nil {
			return
		}
		for _, p := range o.Programs {
			if p.Refused == nil && len(p.Insns) <= 4096 {
				line(t, p)
			}
		}
	})
}
