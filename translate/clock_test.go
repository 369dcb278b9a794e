package translate_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// clockProgram writes what a clock shows twice into the packet.
func clockProgram(helper bpf.HelperID) *object.Program {
	return &object.Program{
		Object: "clock.o", Name: "clock", Section: "xdp", Type: object.XDP, License: "GPL", Funcs: []object.Func{{Name: "clock"}},
		Insns: []bpf.Insn{
			bpf.Load(bpf.SizeW, 6, 1, bpf.XDPMdData), bpf.Load(bpf.SizeW, 2, 1, bpf.XDPMdDataEnd), bpf.Mov.Imm(0, int32(bpf.XDPDrop)),
			bpf.Mov.Reg(3, 6), bpf.Add.Imm(3, 16), bpf.JLe.Reg(3, 2, 1), bpf.Return(),
			bpf.CallHelper(helper), bpf.Store(bpf.SizeDW, 6, 0, 0),
			bpf.CallHelper(helper), bpf.Store(bpf.SizeDW, 6, 8, 0),
			bpf.Mov.Imm(0, int32(bpf.XDPPass)), bpf.Return(),
		},
	}
}

// clockMachine compiles the program for cores of so many megahertz.
func clockMachine(t *testing.T, helper bpf.HelperID, mhz int) *sim.Machine {
	v, err := verify.Verify(clockProgram(helper), verify.Options{})
	require.NoError(t, err)
	tg := target.MustBuiltin("skipsw")
	tg.Clock.MHz = mhz
	img, err := translate.Compile(v, translate.Options{Target: tg, CheckAllocation: true})
	require.NoError(t, err)
	m, err := sim.New(img, sim.DefaultSpec())
	require.NoError(t, err)
	return m
}

// readings runs a packet and returns what the clock showed.
func readings(t *testing.T, m *sim.Machine) (first, second uint64) {
	r := m.Run(sim.Input{Packet: make([]byte, 64)})
	require.Nil(t, r.Fault)
	require.EqualValues(t, bpf.XDPPass, r.Verdict)
	return binary.LittleEndian.Uint64(r.Packet), binary.LittleEndian.Uint64(r.Packet[8:])
}

// TestClocks sets the time to where words change and holds what programs read
// against it: to the nanosecond while the clock stands, and within the cycles of
// the packet while it runs.
func TestClocks(t *testing.T) {
	const word = 1 << 32
	for _, helper := range []bpf.HelperID{bpf.HelperKtimeGetNs, bpf.HelperKtimeGetBootNs, bpf.HelperKtimeGetCoarseNs} {
		for _, mhz := range []int{800, 1000, 400, 1} {
			t.Run(fmt.Sprintf("%v/%d MHz", helper, mhz), func(t *testing.T) {
				m := clockMachine(t, helper, mhz)
				tick := uint64(16_000 / mhz)
				for _, ns := range []uint64{0, 1, tick - 1, tick, 7*tick + 3, word - 1, word, word*tick - 1, word * tick, word*tick + 1, 1_700_000_000_123_456_789, 1<<63 - 1} {
					require.NoError(t, m.SetTime(ns, true))
					first, second := readings(t, m)
					require.Equal(t, ns/tick*tick, first, "at %d", ns)
					require.Equal(t, first, second, "at %d", ns)
				}
				for _, ns := range []uint64{0, 12_345, 1_700_000_000_123_456_789} {
					require.NoError(t, m.SetTime(ns, false))
					last := ns / tick * tick
					for range 50 {
						first, second := readings(t, m)
						require.GreaterOrEqual(t, first, last)
						require.GreaterOrEqual(t, second, first)
						last = m.Time()
						require.GreaterOrEqual(t, last, second)
						require.Less(t, last-first, 2000*tick)
					}
				}
			})
		}
	}
}

// TestClockCarries lets the low word of the timestamp begin anew at each cycle
// of a packet: no reading may go back, or ahead.
func TestClockCarries(t *testing.T) {
	m := clockMachine(t, bpf.HelperKtimeGetNs, 800)
	const tick, carry = 20, 1 << 32
	cycles := m.Run(sim.Input{Packet: make([]byte, 64)}).Cycles
	for back := range cycles/16 + 2 {
		start := (carry - back) * tick
		require.NoError(t, m.SetTime(start, false))
		first, second := readings(t, m)
		require.GreaterOrEqual(t, first, start)
		require.GreaterOrEqual(t, second, first)
		require.LessOrEqual(t, second, m.Time())
	}
}

// TestClockOfSeveralCores checks that cores that run side by side have one
// clock.
func TestClockOfSeveralCores(t *testing.T) {
	v, err := verify.Verify(clockProgram(bpf.HelperKtimeGetNs), verify.Options{})
	require.NoError(t, err)
	img, err := translate.Compile(v, translate.Options{})
	require.NoError(t, err)
	s, err := sim.NewSystem(img, sim.DefaultSpec(), 3)
	require.NoError(t, err)
	sent := 0
	last := [3]uint64{}
	require.NoError(t, s.Start(func(_ int, in *sim.Input) bool {
		in.Packet = make([]byte, 64)
		sent++
		return sent <= 300
	}, func(core int, res *sim.Result) {
		require.Nil(t, res.Fault)
		last[core] = max(last[core], binary.LittleEndian.Uint64(res.Packet[8:]))
	}))
	s.Run()
	for core, through := range s.Throughput() {
		require.NotZero(t, last[core])
		require.LessOrEqual(t, last[core], through.Cycles*1000/800)
		require.Less(t, through.Cycles*1000/800-last[core], uint64(5000))
	}
}
