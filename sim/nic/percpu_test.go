package nic

import (
	"context"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// perCPUProgram counts packets by reading, adding and writing back, and uses a second value
// as scratch memory for a number of the packet, with time between. A number that is
// another by then is counted by an atomic addition.
const perCPUProgram = `
	r6 = *(u32 *)(r1 +0)
	r2 = *(u32 *)(r1 +4)
	r3 = r6
	r3 += 42
	if r3 > r2 goto out
	r8 = *(u64 *)(r6 +26)
	*(u32 *)(r10 -4) = 0
	r1 = map[counts]
	r2 = r10
	r2 += -4
	call map_lookup_elem
	if r0 == 0 goto out
	r7 = r0
	*(u32 *)(r10 -4) = 1
	r1 = map[counts]
	r2 = r10
	r2 += -4
	call map_lookup_elem
	if r0 == 0 goto out
	r9 = r0
	*(u64 *)(r9 +0) = r8
	r1 = *(u64 *)(r7 +0)
	r1 += 1
	*(u64 *)(r10 -16) = r1
	r1 = map[mixed] value +0
	r2 = *(u64 *)(r1 +8)
	r3 = *(u64 *)(r1 +16)
	r2 += r3
	r1 = *(u64 *)(r10 -16)
	*(u64 *)(r7 +0) = r1
	r1 = *(u64 *)(r9 +0)
	if r1 == r8 goto out
	r1 = map[mixed] value +0
	r2 = 1
	lock *(u64 *)(r1 +0) += r2
	out: r0 = 1
	exit`

func perCPUImage(t testing.TB, typ bpf.MapType) *image.Image {
	counts := &object.Map{Name: "counts", Type: typ, KeySize: 4, ValueSize: 8, MaxEntries: 2}
	mixed := &object.Map{Name: "mixed", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 24, MaxEntries: 1}
	l, err := bpf.Parse(perCPUProgram, "counts", "mixed")
	require.NoError(t, err)
	p := &object.Program{
		Name: "percpu", Section: "xdp", Type: object.XDP, License: "GPL", Insns: l.Insns,
		Funcs: []object.Func{{Name: "percpu"}}, Maps: []*object.Map{counts, mixed},
	}
	v, err := verify.Verify(p, verify.Options{})
	require.NoError(t, err)
	img, err := translate.Compile(v, translate.Options{Target: target.MustBuiltin("skipsw")})
	require.NoError(t, err)
	return img
}

// Every context has a value of its own in a per-CPU map, which nobody else changes; in an
// array they share one.
func TestPerCPU(t *testing.T) {
	for _, typ := range []bpf.MapType{bpf.MapTypePerCPUArray, bpf.MapTypeArray} {
		t.Run(typ.String(), func(t *testing.T) {
			s := newScene(perCPUImage(t, typ), nil)
			s.traffic.Flows = 20_000
			card, err := New(s.img, s.spec)
			require.NoError(t, err)
			res, err := card.Run(context.Background(), s.inputs(t))
			require.NoError(t, err)
			requireConserved(t, res)
			value := func(name string, i byte) []byte {
				m, ok := card.System().Map(name)
				require.True(t, ok)
				v, ok := m.Lookup([]byte{i, 0, 0, 0})
				require.True(t, ok)
				return v
			}
			sum, busy := uint64(0), 0
			counts := value("counts", 0)
			for at := 0; at < len(counts); at += 8 {
				n := binary.LittleEndian.Uint64(counts[at:])
				if sum += n; n > 0 {
					busy++
				}
			}
			mixed := binary.LittleEndian.Uint64(value("mixed", 0))
			if typ == bpf.MapTypeArray {
				require.Less(t, sum, res.Drops[DropProgram])
				require.Positive(t, mixed)
				return
			}
			require.Len(t, counts, 8*s.spec.Contexts())
			require.Greater(t, busy, s.spec.Contexts()/2)
			require.Equal(t, res.Drops[DropProgram], sum)
			require.Zero(t, mixed)
		})
	}
}

// A program may name its own CPU as the one that an event is for, on every context.
func TestEventsOfOwnCPU(t *testing.T) {
	events := &object.Map{Name: "events", Type: bpf.MapTypePerfEventArray, KeySize: 4, ValueSize: 4}
	l, err := bpf.Parse(`
		r6 = r1
		call get_smp_processor_id
		*(u32 *)(r10 -8) = r0
		r3 = r0
		r1 = r6
		r2 = map[events]
		r4 = r10
		r4 += -8
		r5 = 4
		call perf_event_output
		if r0 != 0 goto out
		r0 = 1
		exit
		out: r0 = 0
		exit`, "events")
	require.NoError(t, err)
	p := &object.Program{Name: "own", Section: "xdp", Type: object.XDP, License: "GPL", Insns: l.Insns, Funcs: []object.Func{{Name: "own"}}, Maps: []*object.Map{events}}
	v, err := verify.Verify(p, verify.Options{})
	require.NoError(t, err)
	img, err := translate.Compile(v, translate.Options{Target: target.MustBuiltin("skipsw")})
	require.NoError(t, err)
	s := newScene(img, func(s *scene) { s.traffic.Packets = 200 })
	card, err := New(s.img, s.spec)
	require.NoError(t, err)
	res, err := card.Run(context.Background(), s.inputs(t))
	require.NoError(t, err)
	require.EqualValues(t, 400, res.Drops[DropProgram])
}
