package packetrun

import (
	"fmt"
	"io"

	"github.com/skipsw/skipsw/internal/pcap"
)

// List is a Source of packets in memory.
type List struct{ Packets []pcap.Packet }

// Next implements Source.
func (l *List) Next() (pcap.Packet, error) {
	if len(l.Packets) == 0 {
		return pcap.Packet{}, io.EOF
	}
	p := l.Packets[0]
	l.Packets = l.Packets[1:]
	return p, nil
}

// mostBytes is the longest packet that is filled up: no card takes one, and what
// a damaged capture says does not eat the host's memory.
const mostBytes = 1 << 18

// Fill gives a packet that was cut when it was captured its length, with zeros in
// the place of what is missing, as Run does.
func Fill(p *pcap.Packet) error { return (&filler{}).fill(p) }

// filler gives packets their length on the wire.
type filler struct{ buf []byte }

// fill puts zeros in the place of what the capture does not have. Data is then
// valid until the next call.
func (f *filler) fill(p *pcap.Packet) error {
	if p.Length > mostBytes {
		return fmt.Errorf("the capture has %d bytes of it and says that there were %d", len(p.Data), p.Length)
	}
	f.buf = append(f.buf[:0], p.Data...)
	for len(f.buf) < p.Length {
		f.buf = append(f.buf, 0)
	}
	p.Data = f.buf
	return nil
}

// CountCut returns how many packets were cut when they were captured; strict
// refuses them.
func CountCut(packets []pcap.Packet, strict bool) (cut int, err error) {
	for i := range packets {
		if p := &packets[i]; p.Length > len(p.Data) {
			if cut++; strict {
				return cut, cutError(i+1, p)
			}
		}
	}
	return cut, nil
}

func cutError(number int, p *pcap.Packet) error {
	return fmt.Errorf("packet %d was cut to %d of its %d bytes when it was captured", number, len(p.Data), p.Length)
}
