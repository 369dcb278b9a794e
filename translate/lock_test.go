package translate_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/btfvalue"
	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// lockShapes are values with a lock.
var lockShapes = []struct{ key, size, at uint32 }{
	{4, 4, 0}, {4, 8, 0}, {4, 8, 4}, {4, 12, 4}, {4, 16, 8}, {4, 10, 4}, {4, 7, 0}, {4, 40, 8}, {4, 44, 40}, {4, 64, 32}, {4, 80, 44}, {100, 24, 8}, {68, 8, 4},
}

// lockProgram updates map 0 where the packet's first byte is 0, with the key, the
// flags and the value that come behind it, and else adds 1 to each byte of the
// key's value under its lock. It writes the helper's result back.
func lockProgram(m *object.Map) *object.Program {
	n, at := int(m.ValueSize), 0
	off, _, _ := m.SpinLock()
	at = int(off)
	src := fmt.Sprintf(`
	r6 = *(u32 *)(r1 +0)
	r2 = *(u32 *)(r1 +4)
	r0 = 1
	r3 = r6
	r3 += %d
	if r3 > r2 goto out
	r1 = *(u32 *)(r6 +4)
	*(u32 *)(r10 -104) = r1
	*(u32 *)(r10 -100) = 7
	*(u64 *)(r10 -96) = 1
	*(u64 *)(r10 -88) = 1
	*(u64 *)(r10 -80) = 1
	*(u64 *)(r10 -72) = 1
	*(u64 *)(r10 -64) = 1
	*(u64 *)(r10 -56) = 1
	*(u64 *)(r10 -48) = 1
	*(u64 *)(r10 -40) = 1
	*(u64 *)(r10 -32) = 1
	*(u64 *)(r10 -24) = 1
	*(u64 *)(r10 -16) = 1
	*(u64 *)(r10 -8) = 1
	r1 = *(u8 *)(r6 +0)
	if r1 != 0 goto change
`, 16+n)
	base := (n+7)&^7 + 104
	for k := range n {
		src += fmt.Sprintf("r1 = *(u8 *)(r6 +%d)\n*(u8 *)(r10 %d) = r1\n", 16+k, k-base)
	}
	src += fmt.Sprintf(`
	r2 = r10
	r2 += -104
	r3 = r10
	r3 += %d
	r4 = *(u64 *)(r6 +8)
	r1 = map[m]
	call map_update_elem
	goto done
	change:
	r2 = r10
	r2 += -104
	r1 = map[m]
	call map_lookup_elem
	if r0 == 0 goto done
	r7 = r0
	r1 = r7
	r1 += %d
	call spin_lock
`, -base, at)
	for k := range n {
		if k < at || k >= at+bpf.SpinLockBytes {
			src += fmt.Sprintf("r1 = *(u8 *)(r7 +%d)\nr1 += 1\n*(u8 *)(r7 +%d) = r1\n", k, k)
		}
	}
	src += fmt.Sprintf(`
	r1 = r7
	r1 += %d
	call spin_unlock
	r0 = 7
	done: *(u64 *)(r6 +8) = r0
	r0 = 2
	out: exit`, at)
	l, err := bpf.Parse(src, "m")
	if err != nil {
		panic(err)
	}
	return &object.Program{
		Object: "lock.o", Name: "lock", Section: "xdp", Type: object.XDP, License: "GPL",
		Insns: l.Insns, Funcs: []object.Func{{Name: "lock"}}, Maps: []*object.Map{m},
	}
}

// TestLocksBesideInterpreter updates values with locks with all flags, and changes
// them under their lock, with each pass left out in turn: results and maps are the
// interpreter's, and no lock is left.
func TestLocksBesideInterpreter(t *testing.T) {
	for _, typ := range []bpf.MapType{bpf.MapTypeArray, bpf.MapTypeHash} {
		for _, s := range lockShapes {
			if typ == bpf.MapTypeArray && s.key != 4 {
				continue
			}
			t.Run(fmt.Sprintf("%v/key of %d, value of %d bytes, lock at %d", typ, s.key, s.size, s.at), func(t *testing.T) {
				p := lockProgram(&object.Map{Name: "m", Type: typ, KeySize: s.key, ValueSize: s.size, MaxEntries: 4, ValueType: btfvalue.Locked(s.size, s.at)})
				vm, err := ebpf.New(p, ebpf.Options{})
				require.NoError(t, err)
				machines := []*sim.Machine{ringMachine(t, p, nil)}
				for _, pass := range translate.Passes() {
					if !pass.Required && s.size == 16 {
						machines = append(machines, ringMachine(t, p, map[string]bool{pass.Name: false}))
					}
				}
				rng := rand.New(rand.NewPCG(uint64(s.size), uint64(typ)))
				for range 300 {
					in := make([]byte, 16+s.size)
					in[0] = byte(rng.IntN(2))
					binary.LittleEndian.PutUint32(in[4:], rng.Uint32N(6))
					flags := rng.Uint64N(10)
					if rng.IntN(10) == 0 {
						flags |= 1 << (3 + rng.IntN(61))
					}
					binary.LittleEndian.PutUint64(in[8:], flags)
					for k := range s.size {
						in[16+k] = byte(rng.Uint32())
					}
					want, err := vm.Run(ebpf.Input{Packet: in})
					require.NoError(t, err)
					for _, m := range machines {
						got := m.Run(sim.Input{Packet: in})
						require.Nil(t, got.Fault)
						require.Equal(t, want.Packet, got.Packet, "%x", in)
						host, _ := m.Map("m")
						entries := host.Entries()
						require.Len(t, entries, len(vm.Map("m").Entries()))
						for k, e := range vm.Map("m").Entries() {
							require.Equal(t, e.Value, entries[k].Value, "key %x", e.Key)
							require.False(t, host.Held(e.Key))
						}
					}
				}
			})
		}
	}
}
