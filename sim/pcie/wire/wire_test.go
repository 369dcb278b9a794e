package wire

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func sum(b []byte) (s uint32) {
	for i := 0; i+1 < len(b); i += 2 {
		s += uint32(be.Uint16(b[i:]))
	}
	for s>>16 != 0 {
		s = s&0xffff + s>>16
	}
	return s
}

// TestHost asks for its address and pings it; what is not for it gets no answer.
func TestHost(t *testing.T) {
	var got [][]byte
	h := &Host{MAC: [6]byte{2, 0, 0, 0, 0, 9}, Addr: netip.MustParseAddr("10.9.0.2"), To: func(f []byte) bool { got = append(got, f); return true }}
	me := []byte{2, 0, 0, 0, 0, 1}
	arp := append([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, me...)
	arp = append(arp, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1)
	arp = append(append(arp, me...), 10, 9, 0, 1, 0, 0, 0, 0, 0, 0, 10, 9, 0, 2)
	h.Send(arp)
	require.Len(t, got, 1)
	require.Equal(t, me, got[0][:6])
	require.Equal(t, h.MAC[:], got[0][22:28])
	require.EqualValues(t, 2, got[0][21])

	ping := append(append(h.MAC[:len(h.MAC):len(h.MAC)], me...), 8, 0,
		0x45, 0, 0, 38, 0, 1, 0, 0, 64, 1, 0, 0, 10, 9, 0, 1, 10, 9, 0, 2,
		8, 0, 0, 0, 0x12, 0x34, 0, 7, 'p', 'i', 'n', 'g', 0, 1, 2, 3, 4, 5)
	icmp := ping[34:]
	be.PutUint16(icmp[2:], ^uint16(sum(icmp)))
	h.Send(ping)
	require.Len(t, got, 2)
	reply := got[1]
	require.Equal(t, []byte{10, 9, 0, 2, 10, 9, 0, 1}, reply[26:34])
	require.EqualValues(t, 0, reply[34])
	require.EqualValues(t, 0xffff, sum(reply[34:]), "the checksum is right")
	require.Equal(t, ping[38:], reply[38:])

	other := append([]byte(nil), ping...)
	other[33] = 3
	arp[41] = 3
	for _, f := range [][]byte{other, arp, nil, ping[:40], make([]byte, 60)} {
		h.Send(f)
	}
	require.Len(t, got, 2)
}

func TestCableAndTap(t *testing.T) {
	var a, b, seen [][]byte
	endA, endB := Cable(func(f []byte) bool { a = append(a, f); return true }, func(f []byte) bool { b = append(b, f); return true })
	endA.Send([]byte{1})
	endB.Send([]byte{2})
	require.Equal(t, [][]byte{{2}}, a)
	require.Equal(t, [][]byte{{1}}, b)
	tap := &Tap{See: func(f []byte) { seen = append(seen, f) }, To: endA}
	tap.Send([]byte{3})
	(&Tap{See: tap.See}).Send([]byte{4})
	require.Equal(t, [][]byte{{3}, {4}}, seen)
	require.Equal(t, [][]byte{{1}, {3}}, b)
}

// TestPlayer waits for a port without room, and counts what is lost when it must
// not wait.
func TestPlayer(t *testing.T) {
	calls := 0
	p := &Player{Frames: [][]byte{{1}, {2}}, Times: 3, To: func([]byte) bool { calls++; return calls%2 == 0 }}
	p.Send([]byte{9})
	p.Play(nil)
	sent, lost := p.Counts()
	require.Equal(t, []uint64{6, 0, 12}, []uint64{sent, lost, uint64(calls)})

	p = &Player{Frames: [][]byte{{1}}, Times: 4, Gap: time.Microsecond, To: func([]byte) bool { calls++; return calls%2 == 0 }}
	p.Play(nil)
	sent, lost = p.Counts()
	require.Equal(t, []uint64{4, 2}, []uint64{sent, lost})

	stop := make(chan struct{})
	close(stop)
	(&Player{Frames: [][]byte{{1}}, To: func([]byte) bool { return false }}).Play(stop)
}
