package packetrun_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/packetrun"
	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
)

// clockImage makes a program whose verdict is the low word of the timestamp.
func clockImage(t *testing.T, name string) *image.Image {
	tg := target.MustBuiltin(name)
	img := &image.Image{
		Target:   tg,
		Machine:  image.Machine{CodeStart: uint16(tg.Core.CodeStart), Done: uint16(tg.Core.Done), StackSize: 64},
		Programs: []image.Program{{Name: "clock", Type: "xdp"}},
	}
	for _, in := range []nfpisa.Instr{
		nfpisa.CSRRd(nfpisa.CSRTimestampLow), nfpisa.Immed(tg.Exit.Register.Operand(), 0), nfpisa.Br(int(tg.Core.Done)),
	} {
		w, err := nfpisa.Encode(in, nfpisa.Ctx4)
		require.NoError(t, err)
		img.Words = append(img.Words, w)
	}
	return img
}

// TestClock runs packets by each clock and counts the ticks of 20 nanoseconds
// that they saw.
func TestClock(t *testing.T) {
	at := func(ns ...int64) (list []pcap.Packet) {
		for _, n := range ns {
			list = append(list, pcap.Packet{Data: make([]byte, 64), Time: time.Unix(0, n)})
		}
		return list
	}
	for _, c := range []struct {
		name, clock string
		packets     []pcap.Packet
		want        map[string]int
	}{
		{"stamps by default", "", at(2000, 4000), map[string]int{"100": 1, "200": 1}},
		{"stamps between counts", "capture", at(2019), map[string]int{"100": 1}},
		{"a stamp before the last one", "capture", at(4000, 2000), map[string]int{"200": 2}},
		{"no stamps", "", at(0, 0), map[string]int{"XDP_ABORTED": 2}},
		{"no year that a stamp can have", "", []pcap.Packet{{Data: make([]byte, 64)}}, map[string]int{"XDP_ABORTED": 1}},
		{"cycles in spite of stamps", "cycles", at(2000, 4000), map[string]int{"XDP_ABORTED": 2}},
		{"fixed", "fixed:140", at(2000, 4000, 6000), map[string]int{"7": 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			img := clockImage(t, "skipsw")
			m, err := sim.New(img, sim.DefaultSpec())
			require.NoError(t, err)
			clock, err := packetrun.ParseClock(c.clock)
			require.NoError(t, err)
			sum, err := packetrun.Run(t.Context(), m, img, &packetrun.List{Packets: c.packets}, packetrun.Options{Clock: clock})
			require.NoError(t, err)
			require.Zero(t, sum.Faults)
			require.Equal(t, c.want, sum.Verdicts)
		})
	}
}

// TestNoClock: a target without one is told no time, and packets with stamps run
// on it as they are.
func TestNoClock(t *testing.T) {
	img := clockImage(t, "agilio")
	m, err := sim.New(img, sim.DefaultSpec())
	require.NoError(t, err)
	for _, word := range []string{"capture", "cycles", "fixed:7"} {
		clock, err := packetrun.ParseClock(word)
		require.NoError(t, err)
		_, err = packetrun.Run(t.Context(), m, img, &packetrun.List{}, packetrun.Options{Clock: clock})
		require.ErrorIs(t, err, sim.ErrNotSupported)
		require.EqualError(t, err, "not supported: a time for the packets, because target agilio has no clock")
	}
	_, err = packetrun.Run(t.Context(), m, img, &packetrun.List{Packets: []pcap.Packet{{Data: make([]byte, 64), Time: time.Unix(1, 0)}}}, packetrun.Options{})
	require.NoError(t, err)
}

func TestBadClock(t *testing.T) {
	for _, word := range []string{"host", "fixed", "fixed:", "fixed:-1", "fixed:9223372036854775808", "12"} {
		_, err := packetrun.ParseClock(word)
		require.ErrorContains(t, err, "must be capture, cycles, or fixed:", word)
	}
}
