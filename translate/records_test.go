package translate_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/hostmap"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// recordsOf compiles a program of statements that sends records to a map.
func recordsOf(t *testing.T, m *object.Map, text string, spec sim.Spec, cores int) *sim.System {
	l, err := bpf.Parse(text, m.Name)
	require.NoError(t, err)
	p := &object.Program{
		Name: "records", Section: "xdp", Type: object.XDP, License: "GPL", Insns: l.Insns,
		Funcs: []object.Func{{Name: "records"}}, Maps: []*object.Map{m},
	}
	v, err := verify.Verify(p, verify.Options{})
	require.NoError(t, err)
	img, err := translate.Compile(v, translate.Options{Target: target.MustBuiltin("skipsw"), CheckAllocation: true})
	require.NoError(t, err)
	s, err := sim.NewSystem(img, spec, cores)
	require.NoError(t, err)
	return s
}

// reserving sends, for a packet that begins with its number N, a record of N, of N
// times 3 and of its complement, with a pause between the halves, or discards
// it when N is a multiple of 5; and then sends the number alone. It returns 16 for
// a first record that was submitted, 32 for one that was discarded, and 1 for
// the second.
const reserving = `
	r6 = r1
	r2 = *(u32 *)(r1 +0)
	r3 = *(u32 *)(r1 +4)
	r0 = 0
	r4 = r2
	r4 += 60
	if r4 > r3 goto out
	r7 = *(u32 *)(r2 +0)
	r8 = *(u32 *)(r2 +4)
	r8 &= 31
	r9 = 0
	r1 = map[q]
	r2 = 24
	r3 = 0
	call ringbuf_reserve
	if r0 == 0 goto second
	*(u64 *)(r0 +0) = r7
	r1 = r7
	r1 *= 3
	*(u64 *)(r0 +8) = r1
wait:	r8 += -1
	if r8 s> 0 goto wait
	r1 = r7
	r1 ^= -1
	*(u64 *)(r0 +16) = r1
	r1 = r7
	r1 %= 5
	r2 = 0
	if r1 == 0 goto drop
	r1 = r0
	call ringbuf_submit
	r9 = 16
	goto second
drop:	r1 = r0
	call ringbuf_discard
	r9 = 32
second:	*(u64 *)(r10 -8) = r7
	r1 = map[q]
	r2 = r10
	r2 += -8
	r3 = 8
	r4 = 0
	call ringbuf_output
	if r0 != 0 goto end
	r9 += 1
end:	r0 = r9
out:	exit`

// TestRecordsFromManyContexts lets the contexts of several cores send records to
// one ring while a host that is too slow drains it at odd times: what a program
// was told was sent comes whole, once and in the order of its context; what it
// was told was not sent never comes, and is counted.
func TestRecordsFromManyContexts(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3} {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			const cores, packets = 4, 120
			r := rand.New(rand.NewPCG(seed, 0))
			spec := sim.DefaultSpec()
			spec.KeepRecords = true
			s := recordsOf(t, &object.Map{Name: "q", Type: bpf.MapTypeRingbuf, MaxEntries: 4096}, reserving, spec, cores)
			m, _ := s.Map("q")
			q, ok := m.Queue()
			require.True(t, ok)

			next, sent, missed := 0, map[string]int{}, 0
			require.NoError(t, s.Start(func(_ int, in *sim.Input) bool {
				if next == cores*packets {
					return false
				}
				in.Packet = make([]byte, 60)
				binary.LittleEndian.PutUint32(in.Packet, uint32(next))
				binary.LittleEndian.PutUint32(in.Packet[4:], r.Uint32N(40))
				next++
				return true
			}, func(_ int, res *sim.Result) {
				require.Nil(t, res.Fault)
				require.Empty(t, res.Events)
				n := binary.LittleEndian.Uint32(res.Packet)
				switch res.Verdict &^ 1 {
				case 16:
					sent[fmt.Sprint("long ", n)]++
				case 0:
					missed++
				}
				if res.Verdict&1 != 0 {
					sent[fmt.Sprint("short ", n)]++
				} else {
					missed++
				}
			}))
			last, position := map[uint32]uint32{}, uint64(0)
			took := func(rec hostmap.Record) {
				require.GreaterOrEqual(t, rec.Position, position)
				position = rec.Position + 1
				n := binary.LittleEndian.Uint32(rec.Data)
				name := fmt.Sprint("short ", n)
				if len(rec.Data) == 24 {
					name = fmt.Sprint("long ", n)
					require.Equal(t, 3*uint64(n), binary.LittleEndian.Uint64(rec.Data[8:]))
					require.Equal(t, ^uint64(n), binary.LittleEndian.Uint64(rec.Data[16:]))
				} else {
					require.Len(t, rec.Data, 8)
				}
				sent[name]-- // perhaps before the program has said so
				if before, ok := last[rec.Writer]; ok {
					require.LessOrEqual(t, before, n, "a context takes its packets in order")
				}
				last[rec.Writer] = n
			}
			for until, busy := uint64(0), true; busy; {
				until += 500 + r.Uint64N(20000)
				busy = s.Step(until)
				for k := r.IntN(8); k > 0; k-- {
					if rec, ok := q.Next(); ok {
						took(rec)
					}
				}
			}
			for rec, ok := q.Next(); ok; rec, ok = q.Next() {
				took(rec)
			}
			for name, n := range sent {
				require.Zero(t, n, name)
			}
			require.EqualValues(t, missed, q.Lost())
			require.NotZero(t, missed, "the ring was never full")
			require.Len(t, last, 4*cores)
		})
	}
}

// TestRecordsOfPackets gives each packet what it has sent, however many contexts
// are at work.
func TestRecordsOfPackets(t *testing.T) {
	const cores, packets = 2, 60
	s := recordsOf(t, &object.Map{Name: "q", Type: bpf.MapTypeRingbuf, MaxEntries: 4096}, reserving, sim.DefaultSpec(), cores)
	next, done := 0, 0
	require.NoError(t, s.Start(func(_ int, in *sim.Input) bool {
		in.Packet = make([]byte, 60)
		binary.LittleEndian.PutUint32(in.Packet, uint32(next))
		binary.LittleEndian.PutUint32(in.Packet[4:], uint32(next*7%50))
		next++
		return next <= cores*packets
	}, func(_ int, res *sim.Result) {
		require.Nil(t, res.Fault)
		done++
		n := binary.LittleEndian.Uint32(res.Packet)
		want := 2
		if n%5 == 0 {
			want = 1
		}
		require.Len(t, res.Events, want)
		for _, e := range res.Events {
			require.Equal(t, n, binary.LittleEndian.Uint32(e.Data))
		}
	}))
	s.Run()
	require.Equal(t, cores*packets, done)
}

// TestRingFillsUp counts the records that one packet can send before there is no
// room, as the interpreter does.
func TestRingFillsUp(t *testing.T) {
	m := &object.Map{Name: "q", Type: bpf.MapTypeRingbuf, MaxEntries: 4096}
	l, err := bpf.Parse(`
		r6 = 0
		r7 = 0
	again:	*(u64 *)(r10 -8) = r6
		r1 = map[q]
		r2 = r10
		r2 += -8
		r3 = 8
		r4 = 0
		call ringbuf_output
		if r0 != 0 goto full
		r7 += 1
	full:	r6 += 1
		if r6 < 300 goto again
		r0 = r7
		exit`, m.Name)
	require.NoError(t, err)
	p := &object.Program{
		Name: "fills", Section: "xdp", Type: object.XDP, License: "GPL", Insns: l.Insns, Funcs: []object.Func{{Name: "fills"}}, Maps: []*object.Map{m},
	}
	v, err := verify.Verify(p, verify.Options{})
	require.NoError(t, err)
	img, err := translate.Compile(v, translate.Options{CheckAllocation: true})
	require.NoError(t, err)
	machine, err := sim.New(img, sim.DefaultSpec())
	require.NoError(t, err)
	vm, err := ebpf.New(p, ebpf.Options{})
	require.NoError(t, err)
	for range 3 {
		want, err := vm.Run(ebpf.Input{Packet: make([]byte, 60)})
		require.NoError(t, err)
		got := machine.Run(sim.Input{Packet: make([]byte, 60)})
		require.Nil(t, got.Fault)
		require.EqualValues(t, want.R0, got.Verdict)
		require.Len(t, got.Events, len(want.Events))
		require.EqualValues(t, 4096/16-1, got.Verdict)
	}
}
