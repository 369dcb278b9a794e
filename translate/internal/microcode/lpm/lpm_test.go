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
	room        = 36 // bytes of a request
)

type ins = []nfpisa.Instr

// driver makes the image of a program that takes a key from the packet and
// answers with the address and the first word of its value.
func driver(t testing.TB, m lpm.Map) *image.Image {
	a, b, x, k := nfpisa.A, nfpisa.B, nfpisa.X, nfpisa.Const
	var code []nfpisa.Instr
	emit := func(in ...nfpisa.Instr) { code = append(code, in...) }
	emit(nfpisa.Mov(a(12), nfpisa.LMem(1, 2)), nfpisa.Immed(nfpisa.NoOperand, 1<<7|(room/4-1)<<8),
		nfpisa.Mem32(nfpisa.MemRead32Swap, 0, a(12), k(0), 1).CtxSwap(1).IndirectRef())
	for i := range int(m.KeySize+3) / 4 {
		emit(nfpisa.Mov(nfpisa.LMem(0, i), x(i)))
	}
	call := len(code)
	emit(nfpisa.Nop(), nfpisa.Immed(b(0), uint32(start+len(code)+2)))
	last := ins{nfpisa.Br(done).WithDefer(1), nfpisa.Immed(a(0), 2)}
	found := ins{
		nfpisa.Mem40(nfpisa.MemRead32Swap, 0, b(1), a(14), 1).CtxSwap(1), nfpisa.Mov(x(0), x(0)),
		nfpisa.Mem32(nfpisa.MemWrite32Swap, 0, a(12), k(8), 1).CtxSwap(1),
	}
	emit(nfpisa.Mov(x(0), a(0)), nfpisa.Mov(x(1), b(1)), nfpisa.Mov(a(14), a(0)),
		nfpisa.Mem32(nfpisa.MemWrite32Swap, 0, a(12), k(0), 2).CtxSwap(1))
	emit(nfpisa.BrClr(b(1), 29, start+len(code)+1+len(found)))
	emit(found...)
	emit(last...)
	code[call] = nfpisa.Br(start + len(code)).WithDefer(1)
	routine, err := m.Lookup(start + len(code))
	require.NoError(t, err)
	l := m.Layout()
	img := &image.Image{
		Target:   m.Target,
		Machine:  image.Machine{CodeStart: start, Done: done, StackSize: 64},
		Programs: []image.Program{{Name: "driver", Type: "xdp"}},
		Symbols:  []image.Symbol{{Name: "m.lookup", Word: uint32(len(code)), Size: uint32(len(routine)), Kind: image.SymRuntime}},
		Maps: []image.Map{{
			Name: "m", Type: "lpm_trie", Layout: string(l.Kind()), KeySize: m.KeySize, ValueSize: m.ValueSize, MaxEntries: m.MaxEntries,
			Base: m.Base, Stride: l.Stride, Params: l.Params(),
		}},
	}
	emit(routine...)
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

// TestAgainstModel changes prefixes from the host and looks keys up from
// program and host, beside a list that is searched from end to end.
func TestAgainstModel(t *testing.T) {
	for _, m := range []lpm.Map{
		{Shape: shape(8, 8, 100), Target: skipsw, Base: base},
		{Shape: shape(5, 4, 20), Target: skipsw, Base: base},
		{Shape: shape(10, 24, 30), Target: skipsw, Base: base},
		{Shape: shape(20, 4, 60), Target: skipsw, Base: base},
		{Shape: shape(32, 16, 10), Target: skipsw, Base: base},
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
			hits := 0
			for i := range 1200 {
				key := randomKey(rng, m, -1)
				switch rng.IntN(4) {
				case 0, 1:
					value := make([]byte, m.ValueSize)
					binary.LittleEndian.PutUint32(value, rng.Uint32())
					_, there := model[clip(key)]
					err := host.Update(key, value, 0)
					if !there && len(model) == int(m.MaxEntries) {
						require.ErrorContains(t, err, "no space")
						break
					}
					require.NoError(t, err)
					if !there {
						raw[clip(key)] = string(key)
					}
					model[clip(key)] = string(value)
				case 2:
					if rng.IntN(2) == 0 {
						key = []byte(smallest(raw, string(key)))
					}
					_, there := model[clip(key)]
					require.Equal(t, there, host.Delete(key) == nil, "operation %d", i)
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
				packet := make([]byte, room)
				copy(packet, probe)
				res := mach.Run(sim.Input{Packet: packet})
				require.Nil(t, res.Fault, "operation %d", i)
				lo, hi := binary.LittleEndian.Uint32(res.Packet), binary.LittleEndian.Uint32(res.Packet[4:])
				v, ok := host.Lookup(probe)
				require.Equal(t, best != "", ok, "operation %d: host", i)
				require.Equal(t, best != "", lo != 0, "operation %d: program", i)
				if best != "" {
					hits++
					require.EqualValues(t, base>>32<<24, hi)
					require.Equal(t, model[best], string(v))
					require.Equal(t, model[best][:4], string(res.Packet[8:12]))
				}
				require.Len(t, host.Entries(), len(model))
			}
			require.Greater(t, hits, 50)
			for _, e := range host.Entries() {
				require.Equal(t, model[clip(e.Key)], string(e.Value))
				require.NoError(t, host.Delete(e.Key))
			}
			for range m.MaxEntries { // every node is free again
				for host.Update(randomKey(rng, m, -1), make([]byte, m.ValueSize), 1) != nil {
				}
			}
		})
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
		packet := make([]byte, room)
		packet[0] = length
		res := mach.Run(sim.Input{Packet: packet})
		require.Nil(t, res.Fault)
		require.Equal(t, found, binary.LittleEndian.Uint32(res.Packet) != 0, "length %d", length)
	}
	require.ErrorContains(t, host.Update([]byte{33, 0, 0, 0, 0, 0, 0, 0}, []byte{1, 2, 3, 4}, 0), "invalid argument")
}

func TestBadMaps(t *testing.T) {
	for want, m := range map[string]lpm.Map{
		"keys of 4 bytes":       {Shape: shape(4, 4, 1), Target: skipsw, Base: base},
		"keys of 33 bytes":      {Shape: shape(33, 4, 1), Target: skipsw, Base: base},
		"values of 0 bytes":     {Shape: shape(8, 0, 1), Target: skipsw, Base: base},
		"0 entries":             {Shape: shape(8, 4, 0), Target: skipsw, Base: base},
		"must be a multiple of": {Shape: shape(8, 4, 1), Target: skipsw, Base: 12},
	} {
		_, err := m.Lookup(start)
		require.ErrorContains(t, err, want)
	}
}

// Example shows the size of a lookup for IPv4 routes.
func Example() {
	m := lpm.Map{Shape: shape(8, 8, 1024), Target: skipsw, Base: 0x20_0000_0100}
	code, _ := m.Lookup(100)
	fmt.Println(len(code), "instructions")
	fmt.Printf("%+v\n", m.Layout())
	// Output:
	// 37 instructions
	// {Nodes:2048 First:16 Value:32 Stride:40 KeySize:8}
}
