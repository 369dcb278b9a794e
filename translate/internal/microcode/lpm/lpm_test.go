package lpm_test

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
	"github.com/skipsw/skipsw/translate/internal/microcode/lpm"
)

const (
	start, done = 16, 1
	base        = 0x20_0000_0100

	// A request is a packet: operation, flags, key and value, padded. The answer is in the
	// packet: result low, result high, and after a lookup the first word of the value.
	opLookup, opUpdate, opDelete = 0, 1, 2
	keyAt, valueAt, requestLen   = 8, 280, 376
)

func request(op, flags int, key, value []byte) []byte {
	b := make([]byte, requestLen)
	b[0], b[4] = byte(op), byte(flags)
	copy(b[keyAt:], key)
	copy(b[valueAt:], value)
	return b
}

type ins = []nfpisa.Instr

// driver makes the image of a program that carries out requests on a map.
func driver(t testing.TB, m lpm.Map) *image.Image {
	a, b, x, k, none := nfpisa.A, nfpisa.B, nfpisa.X, nfpisa.Const, nfpisa.NoOperand
	lm2 := nfpisa.Operand{Kind: nfpisa.LM, Index: 2, Mod: nfpisa.PostInc}
	var code []nfpisa.Instr
	emit := func(in ...nfpisa.Instr) { code = append(code, in...) }
	here := func() int { return start + len(code) }
	stackTo := func(off int) { // LM2 = stack base + off
		emit(nfpisa.Immed(b(3), uint32(off)), nfpisa.ALU(a(3), a(22), nfpisa.ALUAdd, b(3)), nfpisa.CSRWr(nfpisa.CSRActLMAddr2, a(3)),
			nfpisa.Nop(), nfpisa.Nop(), nfpisa.Nop())
	}
	emit(nfpisa.Mov(a(12), nfpisa.LMem(1, 2)))
	// A long key is in front of the value.
	second, last := 64, 64
	if m.KeySize > maplayout.LPMNearKey {
		second, last = int(m.KeySize+3)&^3, 0
	}
	for _, part := range []struct {
		at, stack int
		size      uint32
	}{{keyAt, 0, m.KeySize}, {valueAt, second, m.ValueSize}} {
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
	answer := ins{
		nfpisa.Mov(x(0), a(0)), nfpisa.Mov(x(1), b(1)), nfpisa.Mem32(nfpisa.MemWrite32Swap, 0, a(12), k(0), 2).CtxSwap(1),
		nfpisa.Br(done).WithDefer(1), nfpisa.Immed(a(0), 2),
	}
	calls := []int{call()}
	found := ins{
		nfpisa.Mov(a(14), a(0)), nfpisa.Mov(b(14), b(1)),
		nfpisa.Mem40(nfpisa.MemRead32Swap, 0, b(14), a(14), 1).CtxSwap(1), nfpisa.Mov(x(0), x(0)),
		nfpisa.Mem32(nfpisa.MemWrite32Swap, 0, a(12), k(8), 1).CtxSwap(1),
	}
	emit(nfpisa.BrClr(b(1), 29, here()+1+len(found)))
	emit(found...)
	emit(answer...)
	code[update] = nfpisa.BrSet(a(13), 0, here())
	calls = append(calls, call())
	emit(answer...)
	code[remove] = nfpisa.BrSet(a(13), 1, here())
	calls = append(calls, call())
	emit(answer...)
	var symbols []image.Symbol
	for i, routine := range []func(int) ([]nfpisa.Instr, error){m.Lookup, m.Update, m.Delete} {
		code[calls[i]] = nfpisa.Br(here()).WithDefer(1)
		list, err := routine(here())
		require.NoError(t, err)
		symbols = append(symbols, image.Symbol{Name: "routine", Word: uint32(len(code)), Size: uint32(len(list)), Kind: image.SymRuntime})
		emit(list...)
	}
	l := m.Layout()
	img := &image.Image{
		Target:   m.Target,
		Machine:  image.Machine{CodeStart: start, Done: done, StackSize: 640},
		Programs: []image.Program{{Name: "driver", Type: "xdp"}},
		Symbols:  symbols,
		Maps: []image.Map{{
			Name: "m", Type: "lpm_trie", Layout: string(l.Kind()), KeySize: m.KeySize, ValueSize: m.ValueSize, MaxEntries: m.MaxEntries,
			Base: m.Base, Stride: l.Stride, Params: l.Params(),
		}},
	}
	for i, in := range code {
		w, err := nfpisa.Encode(in, nfpisa.Ctx4)
		require.NoError(t, err, "instruction %d: %v", i, in)
		img.Words = append(img.Words, w)
	}
	return img
}

// covers reports whether prefix p covers key k.
func covers(p, k string) bool {
	n := binary.LittleEndian.Uint32([]byte(p))
	if n > binary.LittleEndian.Uint32([]byte(k)) {
		return false
	}
	for i := range n {
		if (p[4+i/8]^k[4+i/8])>>(7-i%8)&1 != 0 {
			return false
		}
	}
	return true
}

// skipsw is the target that routines are made for.
var skipsw = target.MustBuiltin("skipsw")

func shape(key, value, entries uint32) maplayout.Shape {
	return maplayout.Shape{KeySize: key, ValueSize: value, MaxEntries: entries}
}

// randomKey gives keys whose prefixes overlap often.
func randomKey(rng *rand.Rand, m lpm.Map, length int) []byte {
	k := make([]byte, m.KeySize)
	bits := int(m.KeySize-4) * 8
	if length < 0 {
		length = rng.IntN(bits + 1)
	}
	binary.LittleEndian.PutUint32(k, uint32(length))
	for i := 4; i < len(k); i++ {
		k[i] = []byte{0, 0xff, 0x80, 0x0a}[rng.IntN(4)]
		if rng.IntN(8) == 0 {
			k[i] = byte(rng.Uint32())
		}
	}
	return k
}

// TestAgainstModel changes prefixes and looks keys up from program and host, beside a
// list that is searched from end to end.
func TestAgainstModel(t *testing.T) {
	for _, m := range []lpm.Map{
		{Shape: shape(8, 8, 100), Target: skipsw, Base: base},
		{Shape: shape(5, 4, 20), Target: skipsw, Base: base},
		{Shape: shape(10, 24, 30), Target: skipsw, Base: base},
		{Shape: shape(11, 61, 30), Target: skipsw, Base: base},
		{Shape: shape(20, 4, 60), Target: skipsw, Base: base},
		{Shape: shape(32, 16, 10), Target: skipsw, Base: base},
		{Shape: shape(33, 4, 40), Target: skipsw, Base: base},
		{Shape: shape(36, 12, 40), Target: skipsw, Base: base},
		{Shape: shape(71, 9, 40), Target: skipsw, Base: base},
		{Shape: shape(260, 40, 20), Target: skipsw, Base: base},
	} {
		t.Run(fmt.Sprintf("key %d", m.KeySize), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(uint64(m.KeySize), 3))
			mach, err := sim.New(driver(t, m), sim.DefaultSpec())
			require.NoError(t, err)
			host, _ := mach.Map("m")
			model := map[string]string{} // by key with the bits behind the prefix cleared
			raw := map[string]string{}
			clip := func(k []byte) string {
				c := append([]byte(nil), k...)
				n := binary.LittleEndian.Uint32(k)
				for i := n; i < uint32(len(k)-4)*8; i++ {
					c[4+i/8] &^= 0x80 >> (i % 8)
				}
				return string(c)
			}
			run := func(op, flags int, key, value []byte) ([]byte, int64) {
				packet := request(op, flags, key, value)
				for k := keyAt + len(key); k < valueAt && m.KeySize <= maplayout.LPMNearKey; k++ {
					packet[k] = 0xa5 // what is behind a key is nobody's
				}
				res := mach.Run(sim.Input{Packet: packet})
				require.Nil(t, res.Fault)
				return res.Packet, int64(binary.LittleEndian.Uint64(res.Packet))
			}
			hits, changes := 0, 0
			for i := range 1500 {
				key := randomKey(rng, m, -1)
				byHost := rng.IntN(3) == 0
				if rng.IntN(2) == 0 {
					key = []byte(smallest(raw, string(key)))
				}
				_, there := model[clip(key)]
				switch rng.IntN(4) {
				case 0, 1:
					value := make([]byte, m.ValueSize)
					for k := range value {
						value[k] = byte(rng.Uint32())
					}
					flags := rng.IntN(4)
					want := int64(0)
					switch {
					case flags > 2:
						want = -22
					case flags == 1 && there:
						want = -17
					case flags == 2 && !there:
						want = -2
					case !there && len(model) == int(m.MaxEntries):
						want = -28
					default:
						model[clip(key)], raw[clip(key)] = string(value), string(key)
						changes++
					}
					if byHost {
						require.Equal(t, want == 0, host.Update(key, value, uint64(flags)) == nil, "operation %d", i)
						break
					}
					_, got := run(opUpdate, flags, key, value)
					require.Equal(t, want, got, "operation %d: update, flags %d", i, flags)
				case 2:
					want := int64(0)
					if !there {
						want = -2
					}
					if byHost {
						require.Equal(t, there, host.Delete(key) == nil, "operation %d", i)
					} else {
						_, got := run(opDelete, 0, key, nil)
						require.Equal(t, want, got, "operation %d: delete", i)
					}
					delete(model, clip(key))
					delete(raw, clip(key))
				}
				probe := randomKey(rng, m, []int{-1, int(m.KeySize-4) * 8}[rng.IntN(2)])
				if p := smallest(raw, ""); p != "" && rng.IntN(2) == 0 {
					copy(probe[4:len(probe)-rng.IntN(len(probe)-4)], p[4:])
				}
				best := ""
				for p := range model {
					if covers(p, string(probe)) && (best == "" || binary.LittleEndian.Uint32([]byte(p)) > binary.LittleEndian.Uint32([]byte(best))) {
						best = p
					}
				}
				packet, got := run(opLookup, 0, probe, nil)
				v, ok := host.Lookup(probe)
				require.Equal(t, best != "", ok, "operation %d: host", i)
				require.Equal(t, best != "", uint32(got) != 0, "operation %d: program", i)
				if best != "" {
					hits++
					require.EqualValues(t, base>>32<<24, got>>32)
					require.Equal(t, model[best], string(v))
					require.Equal(t, model[best][:4], string(packet[8:12]))
				}
				entries := host.Entries()
				require.Len(t, entries, len(model))
				for _, e := range entries {
					require.Equal(t, raw[clip(e.Key)], string(e.Key), "operation %d", i)
					require.Equal(t, model[clip(e.Key)], string(e.Value), "operation %d", i)
				}
			}
			require.Greater(t, hits, 50)
			require.Greater(t, changes, 50)
			for _, e := range host.Entries() {
				_, got := run(opDelete, 0, e.Key, nil)
				require.Zero(t, got)
			}
			for range m.MaxEntries { // every node is free again
				for host.Update(randomKey(rng, m, -1), make([]byte, m.ValueSize), 1) != nil {
				}
			}
		})
	}
}

// TestContexts lets the four contexts of a core change one trie at once.
func TestContexts(t *testing.T) {
	m := lpm.Map{Shape: shape(8, 8, 12), Target: skipsw, Base: base}
	mach, err := sim.New(driver(t, m), sim.DefaultSpec())
	require.NoError(t, err)
	host, _ := mach.Map("m")
	rng := rand.New(rand.NewPCG(5, 5))
	for round := range 40 {
		require.NoError(t, mach.Reset())
		n := 0
		mach.Batch(func(in *sim.Input) bool {
			if n++; n > 300 {
				return false
			}
			in.Packet = request(1+rng.IntN(2), 0, randomKey(rng, m, -1), make([]byte, m.ValueSize))
			return true
		}, func(r *sim.Result) {
			require.Nil(t, r.Fault)
		})
		for _, e := range host.Entries() {
			require.NoError(t, host.Delete(e.Key), "round %d", round)
		}
		for i := range m.MaxEntries { // every node is free again, exactly once
			require.NoError(t, host.Update([]byte{32, 0, 0, 0, byte(i), byte(37 * i), 1, 1}, make([]byte, m.ValueSize), 0), "round %d", round)
		}
	}
}

// smallest returns the least key of a set, or other if it is empty.
func smallest(set map[string]string, other string) string {
	best := other
	for k := range set {
		if best == other || k < best {
			best = k
		}
	}
	return best
}

func TestTooLong(t *testing.T) {
	m := lpm.Map{Shape: shape(8, 4, 2), Target: skipsw, Base: base}
	mach, err := sim.New(driver(t, m), sim.DefaultSpec())
	require.NoError(t, err)
	host, _ := mach.Map("m")
	require.NoError(t, host.Update([]byte{0, 0, 0, 0, 0, 0, 0, 0}, []byte{1, 2, 3, 4}, 0))
	for length, found := range map[byte]bool{0: true, 32: true, 33: false, 255: false} {
		res := mach.Run(sim.Input{Packet: request(opLookup, 0, []byte{length, 0, 0, 0, 0, 0, 0, 0}, nil)})
		require.Nil(t, res.Fault)
		require.Equal(t, found, binary.LittleEndian.Uint32(res.Packet) != 0, "length %d", length)
	}
	require.ErrorContains(t, host.Update([]byte{33, 0, 0, 0, 0, 0, 0, 0}, []byte{1, 2, 3, 4}, 0), "invalid argument")
}

func TestBadMaps(t *testing.T) {
	for want, m := range map[string]lpm.Map{
		"keys of 4 bytes":       {Shape: shape(4, 4, 1), Target: skipsw, Base: base},
		"keys of 261 bytes":     {Shape: shape(261, 4, 1), Target: skipsw, Base: base},
		"values of 0 bytes":     {Shape: shape(8, 0, 1), Target: skipsw, Base: base},
		"0 entries":             {Shape: shape(8, 4, 0), Target: skipsw, Base: base},
		"must be a multiple of": {Shape: shape(8, 4, 1), Target: skipsw, Base: 12},
	} {
		for _, routine := range []func(int) ([]nfpisa.Instr, error){m.Lookup, m.Update, m.Delete} {
			_, err := routine(start)
			require.ErrorContains(t, err, want)
		}
	}
}

// Example shows the size of the routines for IPv4 routes.
func Example() {
	m := lpm.Map{Shape: shape(8, 8, 1024), Target: skipsw, Base: 0x20_0000_0100}
	lookup, _ := m.Lookup(100)
	update, _ := m.Update(100)
	remove, _ := m.Delete(100)
	fmt.Println(len(lookup), len(update), len(remove))
	fmt.Printf("%+v\n", m.Layout())
	// Output:
	// 37 362 153
	// {Nodes:2304 First:9240 Value:32 Stride:40 KeySize:8 Key:16}
}
