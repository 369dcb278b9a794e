package translate_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// litmus are programs whose results tell if commands pass each other that must
// not. They begin with the packet in r6, of which 80 bytes are there, and the
// value of map m for key 0 in r7, of 64 bytes.
var litmus = []struct{ name, text string }{
	{"write, read of the same bytes", `*(u32 *)(r6 + 0) = r9
		*(u16 *)(r6 + 4) = r9
		call get_prandom_u32
		r8 = *(u64 *)(r6 + 0)
		r8 += 1
		*(u64 *)(r6 + 16) = r8`},
	{"two writes of the same bytes", `*(u32 *)(r6 + 0) = r9
		r9 += 1
		call get_prandom_u32
		*(u32 *)(r6 + 0) = r9`},
	{"writes that overlap", `*(u64 *)(r6 + 0) = r9
		call get_prandom_u32
		*(u32 *)(r6 + 6) = r9
		call get_prandom_u32
		*(u16 *)(r6 + 5) = r9`},
	{"a write on one way only", `*(u32 *)(r6 + 0) = r9
		if r9 & 1 goto odd
		*(u32 *)(r6 + 20) = r9
		odd: r9 += 1`},
	{"a read on one way only", `*(u32 *)(r6 + 0) = r9
		if r9 & 1 goto odd
		r8 = *(u32 *)(r6 + 40)
		*(u32 *)(r7 + 0) = r8
		odd: r9 += 1`},
	{"a write of the packet, then of the map", `*(u32 *)(r6 + 0) = r9
		*(u32 *)(r7 + 0) = r9`},
	{"a write of the map, then of the packet", `*(u32 *)(r7 + 0) = r9
		*(u32 *)(r6 + 0) = r9`},
	{"a write of the map, then an addition", `*(u64 *)(r7 + 0) = r9
		lock *(u64 *)(r7 + 0) += r9
		r8 = *(u64 *)(r7 + 0)
		*(u64 *)(r6 + 8) = r8`},
	{"an addition, then a write", `lock *(u64 *)(r7 + 0) += r9
		*(u64 *)(r7 + 0) = r9
		*(u64 *)(r7 + 8) = r9`},
	{"a write before a call", `*(u32 *)(r6 + 0) = r9
		*(u32 *)(r10 - 4) = r9
		r2 = r10
		r2 += -4
		r1 = map[h]
		call map_lookup_elem
		*(u32 *)(r6 + 32) = r9`},
	{"the same words twice", `*(u64 *)(r6 + 0) = r9
		call get_prandom_u32
		*(u64 *)(r6 + 24) = r9
		*(u64 *)(r7 + 24) = r9`},
	{"many writes", `*(u32 *)(r6 + 0) = r9
		*(u32 *)(r6 + 5) = r9
		*(u32 *)(r6 + 10) = r9
		*(u32 *)(r6 + 15) = r9
		*(u32 *)(r6 + 20) = r9
		*(u32 *)(r6 + 25) = r9
		*(u32 *)(r6 + 30) = r9
		*(u32 *)(r6 + 35) = r9
		*(u32 *)(r6 + 40) = r9
		*(u32 *)(r6 + 45) = r9
		*(u32 *)(r6 + 50) = r9
		*(u32 *)(r6 + 55) = r9`},
	{"writes in a loop", `r8 = 0
		again: r1 = r6
		r1 += r8
		*(u8 *)(r1 + 0) = r9
		r9 += 3
		r8 += 2
		if r8 < 40 goto again`},
	{"reads and writes in a loop", `r8 = 0
		again: r1 = r6
		r1 += r8
		r2 = *(u8 *)(r1 + 0)
		r9 += r2
		*(u8 *)(r1 + 1) = r9
		r8 += 1
		if r8 < 40 goto again`},
}

const litmusHead = `r9 = r1
	r6 = *(u32 *)(r1 + 0)
	r2 = *(u32 *)(r1 + 4)
	r0 = 1
	r3 = r6
	r3 += 80
	if r3 > r2 goto out
	*(u64 *)(r10 - 8) = 0
	r2 = r10
	r2 += -8
	r1 = map[m]
	call map_lookup_elem
	if r0 == 0 goto out
	r7 = r0
	r9 = *(u32 *)(r6 + 60)
`

const litmusTail = `
	r0 = 2
	out: exit`

// litmusProgram assembles one.
func litmusProgram(t testing.TB, body string) *verify.Program {
	l, err := bpf.Parse(litmusHead+body+litmusTail, "m", "h")
	require.NoError(t, err)
	p := small([]*object.Map{
		{Name: "m", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 64, MaxEntries: 1},
		{Name: "h", Type: bpf.MapTypeHash, KeySize: 4, ValueSize: 8, MaxEntries: 4},
	}, l.Insns...)
	v, err := verify.Verify(p, verify.Options{})
	require.NoError(t, err)
	return v
}

// speeds are memories that raise signals in different orders.
func speeds() (list []map[string]target.Memory) {
	for _, c := range []struct{ ctm, emem, busy uint32 }{{60, 200, 1}, {1, 400, 1}, {400, 1, 1}, {5, 5, 40}} {
		list = append(list, map[string]target.Memory{
			"ctm":  {Read: c.ctm, Write: c.ctm + 7, Atomic: c.ctm + 3, PerWord: 1, Busy: c.busy},
			"emem": {Read: c.emem + 9, Write: c.emem, Atomic: c.emem + 2, PerWord: 2, Busy: c.busy},
		})
	}
	return list
}

// TestOrder runs the litmus programs with each pass of the scheduler alone, all
// and none of them, under memories of several speeds, by one context and by all
// contexts of three cores, and holds packets and maps against the interpreter.
func TestOrder(t *testing.T) {
	passes := []string{"spread-writes", "post-writes", "fill-commands", "fill-slots", "fill-branches", "fill-from-join", "wait-and-branch"}
	settings := []map[string]bool{{}}
	none := map[string]bool{}
	for _, p := range passes {
		none[p] = false
	}
	settings = append(settings, none)
	for _, on := range passes {
		one := map[string]bool{}
		for _, p := range passes {
			one[p] = p == on
		}
		settings = append(settings, one)
	}
	packet := make([]byte, 80)
	for k := range packet {
		packet[k] = byte(3*k + 1)
	}
	for _, l := range litmus {
		t.Run(l.name, func(t *testing.T) {
			v := litmusProgram(t, l.text)
			vm, err := ebpf.New(v.Source(), ebpf.Options{})
			require.NoError(t, err)
			want, err := vm.Run(ebpf.Input{Packet: bytes.Clone(packet)})
			require.NoError(t, err)
			value := vm.Map("m").Entries()[0].Value
			for k, on := range settings {
				img, err := translate.Compile(v, translate.Options{Passes: on, CheckAllocation: true})
				require.NoError(t, err)
				for _, mem := range speeds() {
					spec := sim.DefaultSpec()
					spec.Memories = mem
					m, err := sim.New(img, spec)
					require.NoError(t, err)
					got := m.Run(sim.Input{Packet: packet})
					require.Nil(t, got.Fault, "settings %d", k)
					require.Equal(t, want.Packet, got.Packet, "settings %d", k)
					mp, _ := m.Map("m")
					require.Equal(t, value, mp.Entries()[0].Value, "settings %d", k)
					runTogether(t, img, spec, packet, func(r *sim.Result) {
						require.Nil(t, r.Fault, "settings %d", k)
						if l.name != "a write of the map, then an addition" { // cores add to one value
							require.Equal(t, want.Packet, r.Packet, "settings %d", k)
						}
					})
				}
			}
		})
	}
}

// runTogether runs a packet by all contexts of three cores.
func runTogether(t *testing.T, img *image.Image, spec sim.Spec, packet []byte, done func(*sim.Result)) {
	const cores, each = 3, 6
	s, err := sim.NewSystem(img, spec, cores)
	require.NoError(t, err)
	var left [cores]int
	require.NoError(t, s.Start(func(core int, in *sim.Input) bool {
		left[core]++
		in.Packet = packet
		return left[core] <= each
	}, func(_ int, r *sim.Result) { done(r) }))
	s.Run()
}
