package hashmap_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate/internal/microcode/hashmap"
)

// A request is a packet: operation, flags, key padded to 64 bytes, a long one to 512,
// value padded to 64 bytes. The answer is in the packet: result low, result high, and after
// a successful lookup the value.
const (
	opLookup, opUpdate, opDelete = 0, 1, 2

	start, done = 16, 1
	keyAt       = 8
)

// valueAt returns where the value of a request with a key of n bytes is.
func valueAt(n uint32) int {
	if n > maplayout.HashNearKey {
		return keyAt + maplayout.HashMaxKey
	}
	return keyAt + maplayout.HashNearKey
}

func request(op, flags int, key, value []byte) []byte {
	at := valueAt(uint32(len(key)))
	b := make([]byte, at+64)
	b[0], b[4] = byte(op), byte(flags)
	copy(b[keyAt:], key)
	copy(b[at:], value)
	return b
}

// driver makes the image of a program that carries out requests on a map.
func driver(t testing.TB, m hashmap.Map) *image.Image {
	a, b, x, k, none := nfpisa.A, nfpisa.B, nfpisa.X, nfpisa.Const, nfpisa.NoOperand
	lm2 := nfpisa.Operand{Kind: nfpisa.LM, Index: 2, Mod: nfpisa.PostInc}
	var code []nfpisa.Instr
	emit := func(in ...nfpisa.Instr) { code = append(code, in...) }
	here := func() int { return start + len(code) }
	stackTo := func(off int) { // LM2 = stack base + off
		emit(nfpisa.Immed(b(3), uint32(off)), nfpisa.ALU(a(3), a(22), nfpisa.ALUAdd, b(3)), nfpisa.CSRWr(nfpisa.CSRActLMAddr2, a(3)), nfpisa.Nop(), nfpisa.Nop(), nfpisa.Nop())
	}
	emit(nfpisa.Mov(a(12), nfpisa.LMem(1, 2)))
	// A long key is in front of the value.
	second, last := 64, 64
	if m.KeySize > maplayout.HashNearKey {
		second, last = int(m.KeySize+3)&^3, 0
	}
	for _, part := range []struct {
		at, stack int
		size      uint32
	}{{keyAt, 0, m.KeySize}, {valueAt(m.KeySize), second, m.ValueSize}} {
		words := int(part.size+3) / 4
		for done := 0; done < words; done += 16 {
			emit(nfpisa.Immed(b(4), uint32(part.at+4*done)), nfpisa.Immed(none, 1<<7|15<<8),
				nfpisa.Mem32(nfpisa.MemRead32Swap, 0, a(12), b(4), 1).CtxSwap(1).IndirectRef())
			stackTo(part.stack + 4*done)
			for i := range min(16, words-done) {
				emit(nfpisa.Mov(lm2, x(i)))
			}
		}
	}
	emit(nfpisa.Mem32(nfpisa.MemRead32Swap, 0, a(12), k(0), 2).CtxSwap(1))
	stackTo(last)
	emit(nfpisa.Mov(a(8), x(1)), nfpisa.Mov(a(13), x(0)))
	update, remove := len(code), len(code)+1
	emit(nfpisa.Nop(), nfpisa.Nop())
	call := func() int {
		at := len(code)
		emit(nfpisa.Nop(), nfpisa.Immed(b(0), uint32(here()+2)))
		return at
	}
	setCall := func(at, to int) { code[at] = nfpisa.Br(to).WithDefer(1) }
	answer := func() []nfpisa.Instr {
		return []nfpisa.Instr{
			nfpisa.Mov(x(0), a(0)), nfpisa.Mov(x(1), b(1)), nfpisa.Mem32(nfpisa.MemWrite32Swap, 0, a(12), k(0), 2).CtxSwap(1),
			nfpisa.Br(done).WithDefer(1), nfpisa.Immed(a(0), 2),
		}
	}
	lookupCall := call()
	missing := len(code)
	emit(nfpisa.Nop())
	emit(nfpisa.Mov(a(14), a(0)), nfpisa.Mov(b(14), b(1)))
	vw := int(m.ValueSize+3) / 4
	at, _ := m.Near()
	if m.Taken == 0 {
		at = 2
		emit(nfpisa.Immed(none, 1<<7|uint32(vw-1)<<8), nfpisa.Mem40(nfpisa.MemRead32Swap, 2, b(14), a(14), 1).CtxSwap(1).IndirectRef())
	}
	for i := range vw {
		emit(nfpisa.Mov(x(2+i), x(at+i)))
	}
	emit(nfpisa.Immed(none, 1<<7|uint32(vw-1)<<8), nfpisa.Mem32(nfpisa.MemWrite32Swap, 2, a(12), k(8), 1).CtxSwap(1).IndirectRef())
	code[missing] = nfpisa.BrClr(b(1), 29, here())
	emit(answer()...)
	code[update] = nfpisa.BrSet(a(13), 0, here())
	updateCall := call()
	emit(answer()...)
	code[remove] = nfpisa.BrSet(a(13), 1, here())
	removeCall := call()
	emit(answer()...)
	var symbols []image.Symbol
	for _, r := range []struct {
		at   int
		make func(int) ([]nfpisa.Instr, error)
	}{{lookupCall, m.Lookup}, {updateCall, m.Update}, {removeCall, m.Delete}} {
		setCall(r.at, here())
		ins, err := r.make(here())
		require.NoError(t, err)
		symbols = append(symbols, image.Symbol{Name: "routine", Word: uint32(len(code)), Size: uint32(len(ins)), Kind: image.SymRuntime})
		emit(ins...)
	}
	l := m.Layout()
	img := &image.Image{
		Target:   m.Target,
		Machine:  image.Machine{CodeStart: start, Done: done, StackSize: 640},
		Programs: []image.Program{{Name: "driver", Type: "xdp"}},
		Symbols:  symbols,
		Maps: []image.Map{{
			Name: "h", Type: "hash", Layout: string(l.Kind()), KeySize: m.KeySize, ValueSize: m.ValueSize, MaxEntries: m.MaxEntries,
			Base: m.Base, Stride: l.Stride, Swapped: m.Swapped, Params: l.Params(),
		}},
	}
	for i, in := range code {
		w, err := nfpisa.Encode(in, nfpisa.Ctx4)
		require.NoError(t, err, "instruction %d: %v", i, in)
		img.Words = append(img.Words, w)
	}
	return img
}

const base = 0x20_0000_0100

var maps = []hashmap.Map{
	{Shape: shape(4, 8, 8), Target: skipsw, Base: base},
	{Shape: shape(4, 8, 9), Target: skipsw, Base: base, Taken: 2},
	{Shape: shape(13, 61, 7), Target: skipsw, Base: base, Taken: 16},
	{Shape: shape(64, 48, 16), Target: skipsw, Base: base, Swapped: true, Taken: 12},
	{Shape: shape(1, 1, 5), Target: skipsw, Base: base},
	{Shape: shape(6, 13, 3), Target: skipsw, Base: base},
	{Shape: shape(12, 16, 40), Target: skipsw, Base: base, Swapped: true},
	{Shape: shape(13, 36, 1), Target: skipsw, Base: base},
	{Shape: shape(28, 64, 9), Target: skipsw, Base: base, Swapped: true},
	{Shape: shape(64, 40, 16), Target: skipsw, Base: base},
	{Shape: shape(65, 8, 8), Target: skipsw, Base: base},
	{Shape: shape(100, 61, 5), Target: skipsw, Base: base, Swapped: true},
	{Shape: shape(256, 24, 20), Target: skipsw, Base: base},
	{Shape: shape(512, 64, 12), Target: skipsw, Base: base},
}

// skipsw is the target that routines are made for.
var skipsw = target.MustBuiltin("skipsw")

func shape(key, value, entries uint32) maplayout.Shape {
	return maplayout.Shape{KeySize: key, ValueSize: value, MaxEntries: entries}
}

func name(m hashmap.Map) string {
	return fmt.Sprintf("key %d value %d entries %d", m.KeySize, m.ValueSize, m.MaxEntries)
}

// randomKey gives one of few keys, so that they meet again.
func randomKey(rng *rand.Rand, m hashmap.Map) []byte {
	k := make([]byte, m.KeySize)
	n := rng.Uint32N(2*m.MaxEntries + 2)
	k[0] = byte(n)
	k[len(k)-1] ^= byte(n << 3)
	k[len(k)/2] ^= byte(n * 7)
	return k
}

// TestAgainstModel runs random operations from the program's side and the
// host's and holds every answer against a Go map with the kernel's rules.
func TestAgainstModel(t *testing.T) {
	for _, m := range maps {
		t.Run(name(m), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(uint64(m.KeySize), 7))
			mach, err := sim.New(driver(t, m), sim.DefaultSpec())
			require.NoError(t, err)
			host, _ := mach.Map("h")
			model := map[string]string{}
			for i := range 3000 {
				key := randomKey(rng, m)
				value := make([]byte, m.ValueSize)
				for j := range value {
					value[j] = byte(rng.Uint32())
				}
				op, flags := rng.IntN(3), rng.IntN(4)
				old, there := model[string(key)]
				want := int32(0)
				switch {
				case op == opUpdate && flags > 2:
					want = -22
				case op == opUpdate && there && flags == 1:
					want = -17
				case op == opUpdate && !there && flags == 2, op == opDelete && !there:
					want = -2
				case op == opUpdate && !there && len(model) == int(m.MaxEntries):
					want = -7
				case op == opUpdate:
					model[string(key)] = string(value)
				case op == opDelete:
					delete(model, string(key))
				}
				if rng.IntN(4) == 0 && op != opLookup { // the host does it
					if op == opUpdate {
						err = host.Update(key, value, uint64(flags))
					} else {
						err = host.Delete(key)
					}
					require.Equal(t, want == 0, err == nil, "%v", err)
					continue
				}
				res := mach.Run(sim.Input{Packet: request(op, flags, key, value)})
				require.Nil(t, res.Fault, "operation %d: %d", i, op)
				lo, hi := binary.LittleEndian.Uint32(res.Packet), binary.LittleEndian.Uint32(res.Packet[4:])
				if op != opLookup {
					require.Equal(t, int64(want), int64(uint64(hi)<<32|uint64(lo)), "operation %d: %d flags %d", i, op, flags)
					continue
				}
				require.Equal(t, there, lo != 0)
				if there {
					require.EqualValues(t, base>>32<<24, hi)
					got := append([]byte(nil), res.Packet[8:8+(m.ValueSize+3)&^3]...)
					if m.Swapped {
						for w := 0; w < len(got); w += 4 {
							got[w], got[w+1], got[w+2], got[w+3] = got[w+3], got[w+2], got[w+1], got[w]
						}
					}
					require.Equal(t, old, string(got[:m.ValueSize]))
				}
			}
			entries := host.Entries()
			require.Len(t, entries, len(model))
			for _, e := range entries {
				require.Equal(t, model[string(e.Key)], string(e.Value))
			}
		})
	}
}

// TestContexts lets the four contexts of a core change one map at once.
func TestContexts(t *testing.T) {
	m := maps[0]
	mach, err := sim.New(driver(t, m), sim.DefaultSpec())
	require.NoError(t, err)
	host, _ := mach.Map("h")
	rng := rand.New(rand.NewPCG(5, 5))
	for round := range 60 {
		require.NoError(t, mach.Reset())
		n := 0
		mach.Batch(func(in *sim.Input) bool {
			if n++; n > 400 {
				return false
			}
			// Updates insert only, so that each success changes the number of entries.
			in.Packet = request(1+rng.IntN(2), 1, randomKey(rng, m), make([]byte, m.ValueSize))
			return true
		}, func(r *sim.Result) {
			require.Nil(t, r.Fault)
		})
		entries := host.Entries()
		require.LessOrEqual(t, len(entries), int(m.MaxEntries))
		seen := map[string]bool{}
		for _, e := range entries {
			require.False(t, seen[string(e.Key)], "round %d: key %x twice", round, e.Key)
			seen[string(e.Key)] = true
			require.NoError(t, host.Delete(e.Key))
		}
		// Every entry is free again, exactly once.
		for i := range m.MaxEntries {
			require.NoError(t, host.Update([]byte{byte(i), 1, 1, 1}, make([]byte, m.ValueSize), 0), "round %d", round)
		}
		require.Error(t, host.Update([]byte{9, 9, 9, 9}, make([]byte, m.ValueSize), 0))
	}
}

func TestBadMaps(t *testing.T) {
	for _, tc := range []struct {
		m    hashmap.Map
		want string
	}{
		{hashmap.Map{Shape: shape(0, 1, 1), Target: skipsw, Base: base}, "keys of 0 bytes"},
		{hashmap.Map{Shape: shape(513, 1, 1), Target: skipsw, Base: base}, "keys of 513 bytes"},
		{hashmap.Map{Shape: shape(4, 0, 1), Target: skipsw, Base: base}, "values of 0 bytes"},
		{hashmap.Map{Shape: shape(4, 4, 0), Target: skipsw, Base: base}, "0 entries"},
		{hashmap.Map{Shape: shape(4, 4, 1), Target: skipsw, Base: base + 4}, "must be a multiple of 8"},
		{hashmap.Map{Shape: shape(4, 4, 1), Target: skipsw, Base: 0x20_0000_0000}, "must be a multiple of 8"},
	} {
		_, err := tc.m.Lookup(16)
		require.ErrorContains(t, err, tc.want)
		_, err = tc.m.Update(16)
		require.ErrorContains(t, err, tc.want)
		_, err = tc.m.Delete(16)
		require.ErrorContains(t, err, tc.want)
	}
}

// Example shows the size of the routines for a 4-byte key and an 8-byte value.
func Example() {
	m := hashmap.Map{Shape: shape(4, 8, 1024), Target: skipsw, Base: 0x20_0000_0100}
	lookup, _ := m.Lookup(100)
	update, _ := m.Update(100)
	remove, _ := m.Delete(100)
	fmt.Println(len(lookup), len(update), len(remove))
	fmt.Printf("%+v\n", m.Layout())
	// Output:
	// 31 96 76
	// {Buckets:1024 Heads:4112 First:28688 Key:8 Value:16 Stride:24 Entries:1024 LRU:false Inside:true Turns:0 Spin:{Has:false At:0} Copies:{CPUs:0 Step:0} Compared:false}
}

// BenchmarkOperations reports the simulated cycles of each operation.
func BenchmarkOperations(b *testing.B) {
	m := maps[0]
	m.Taken = 2
	for op, what := range []string{"lookup", "update", "delete"} {
		b.Run(what, func(b *testing.B) {
			mach, err := sim.New(driver(b, m), sim.DefaultSpec())
			require.NoError(b, err)
			host, _ := mach.Map("h")
			key := []byte{1, 2, 3, 4}
			var cycles uint64
			n := 0
			for b.Loop() {
				require.NoError(b, host.Update(key, make([]byte, 8), 0))
				res := mach.Run(sim.Input{Packet: request(op, 0, key, make([]byte, 8))})
				cycles += res.Cycles
				n++
			}
			b.ReportMetric(float64(cycles)/float64(n), "cycles/op")
		})
	}
}
