package translate_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// compareSource does what the packet's first byte says to a value of map a, or of b where
// the second byte is not 0: compare and exchange (0), write (1), add (2), exchange (3),
// update (4), write beside (5). W is u32 or u64.
const compareSource = `
	r6 = *(u32 *)(r1 +0)
	r2 = *(u32 *)(r1 +4)
	r0 = 1
	r3 = r6
	r3 += 64
	if r3 > r2 goto out
	r7 = *(u8 *)(r6 +0)
	r9 = *(u64 *)(r6 +16)
	r1 = *(u32 *)(r6 +4)
	*(u32 *)(r10 -4) = r1
	*(u64 *)(r10 -24) = r9
	*(u64 *)(r10 -16) = r9
	r8 = *(u8 *)(r6 +1)
	r2 = r10
	r2 += -4
	if r7 == 4 goto update
	if r8 != 0 goto other
	r1 = map[a]
	call map_lookup_elem
	if r0 == 0 goto out
	r8 = r0
	goto have
	other: r1 = map[b]
	call map_lookup_elem
	if r0 == 0 goto out
	r8 = r0
	have: if r7 == 0 goto compare
	if r7 == 1 goto write
	if r7 == 2 goto add
	if r7 == 3 goto swap
	*(u32 *)(r8 +12) = r9
	r0 = 7
	goto done
	write: *(W *)(r8 +0) = r9
	r0 = 7
	goto done
	add: r0 = r9
	r0 = atomic_fetch_add((W *)(r8 +0), r0)
	goto done
	swap: r0 = r9
	r0 = atomic_xchg((W *)(r8 +0), r0)
	goto done
	update: r3 = r10
	r3 += -24
	r4 = 0
	r1 = map[a]
	call map_update_elem
	goto done
	compare: r0 = *(u64 *)(r6 +8)
	r0 = atomic_cmpxchg((W *)(r8 +0), r0, r9)
	done: *(u64 *)(r6 +24) = r0
	r0 = 2
	out: exit`

// TestCompareExchange holds compare-and-exchange on map values of each type, also of one
// of two maps, against the interpreter, with the other ways to write beside it.
func TestCompareExchange(t *testing.T) {
	array := func(name string) *object.Map {
		return &object.Map{Name: name, Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 16, MaxEntries: 2}
	}
	for _, typ := range []bpf.MapType{bpf.MapTypeArray, bpf.MapTypePerCPUArray, bpf.MapTypeHash, bpf.MapTypePerCPUHash, bpf.MapTypeLRUHash} {
		for _, w := range []string{"u32", "u64"} {
			for _, two := range []bool{false, true} {
				t.Run(fmt.Sprintf("%v/%s/two maps %v", typ, w, two), func(t *testing.T) {
					src := strings.ReplaceAll(compareSource, "W", w)
					if !two {
						src = strings.Replace(src, "if r8 != 0 goto other\n", "", 1)
						i, k := strings.Index(src, "other:"), strings.Index(src, "have:")
						src = src[:i] + src[k:]
					}
					if w == "u32" {
						src = strings.Replace(src, "r0 = atomic_cmpxchg", "w0 = w0\nr0 = atomic_cmpxchg", 1)
						for _, op := range []string{"atomic_fetch_add", "atomic_xchg"} {
							src = strings.Replace(src, "r0 = "+op+"((u32 *)(r8 +0), r0)", "w0 = "+op+"((u32 *)(r8 +0), w0)", 1)
						}
						src = strings.Replace(src, "r0 = atomic_cmpxchg((u32 *)(r8 +0), r0, r9)", "w0 = atomic_cmpxchg((u32 *)(r8 +0), w0, w9)", 1)
					}
					l, err := bpf.Parse(src, "a", "b")
					require.NoError(t, err)
					a := &object.Map{Name: "a", Type: typ, KeySize: 4, ValueSize: 16, MaxEntries: 4}
					p := &object.Program{
						Name: "compare", Section: "xdp", Type: object.XDP, License: "GPL", Insns: l.Insns, Funcs: []object.Func{{Name: "compare"}},
						Maps: []*object.Map{a, array("b")},
					}
					vm, err := ebpf.New(p, ebpf.Options{})
					require.NoError(t, err)
					m := ringMachine(t, p, nil)
					rng := rand.New(rand.NewPCG(uint64(typ), uint64(len(w))))
					succeeded := 0
					for range 600 {
						in := make([]byte, 64)
						in[0], in[1] = byte(rng.IntN(6)), byte(rng.IntN(2))
						binary.LittleEndian.PutUint32(in[4:], rng.Uint32N(4))
						binary.LittleEndian.PutUint64(in[8:], rng.Uint64N(2)<<32|rng.Uint64N(3))
						binary.LittleEndian.PutUint64(in[16:], rng.Uint64N(2)<<32|rng.Uint64N(3))
						want, err := vm.Run(ebpf.Input{Packet: in})
						require.NoError(t, err)
						got := m.Run(sim.Input{Packet: in})
						require.Nil(t, got.Fault)
						require.Equal(t, want.Packet, got.Packet, "%x", in)
						if in[0] == 0 && want.R0 == 2 && want.Packet[24] == in[8] {
							succeeded++
						}
						for _, name := range []string{"a", "b"} {
							host, _ := m.Map(name)
							require.False(t, host.Locked(nil))
							entries := host.Entries()
							for k, e := range vm.Map(name).Entries() {
								require.Equal(t, e.Value, entries[k].Value, "%s: key %x", name, e.Key)
							}
						}
					}
					require.Greater(t, succeeded, 5)
				})
			}
		}
	}
}

// TestCompareInnerRefused: a compare-and-exchange on values of maps that a map of maps
// holds is refused by name.
func TestCompareInnerRefused(t *testing.T) {
	inner := &object.Map{Name: "inner", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}
	l, err := bpf.Parse(`
	*(u32 *)(r10 -4) = 0
	r1 = map[outer]
	r2 = r10
	r2 += -4
	call map_lookup_elem
	if r0 == 0 goto out
	r1 = r0
	r2 = r10
	r2 += -4
	call map_lookup_elem
	if r0 == 0 goto out
	r8 = r0
	r0 = 0
	r1 = 1
	r0 = atomic_cmpxchg((u64 *)(r8 +0), r0, r1)
	out: r0 = 2
	exit`, "outer")
	require.NoError(t, err)
	p := &object.Program{
		Name: "inner", Section: "xdp", Type: object.XDP, License: "GPL", Insns: l.Insns, Funcs: []object.Func{{Name: "inner"}},
		Maps: []*object.Map{{Name: "outer", Type: bpf.MapTypeArrayOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 2, Inner: inner, Inners: map[uint32]*object.Map{0: inner}}},
	}
	v, err := verify.Verify(p, verify.Options{})
	require.NoError(t, err)
	_, err = translate.Compile(v, translate.Options{})
	require.ErrorContains(t, err, "a compare-and-exchange on a value of an inner map")
}
