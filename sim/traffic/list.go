package traffic

import (
	"errors"
	"fmt"

	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/internal/unsupported"
)

// list is a Source of given frames.
type list struct {
	frames  []pcap.Packet
	packets uint64
	given   uint64
	longest int
}

// FromCapture returns a Source of the frames of a capture, which are repeated
// until there were so many packets; 0 stands for once. The times in the capture
// say nothing: a Pace does.
func FromCapture(frames []pcap.Packet, packets uint64) (Source, error) {
	if len(frames) == 0 {
		return nil, errors.New("traffic: the capture has no frames")
	}
	l := &list{frames: frames, packets: packets}
	if packets == 0 {
		l.packets = uint64(len(frames))
	}
	for i, f := range frames {
		if f.Length > len(f.Data) {
			return nil, fmt.Errorf("traffic: %w", unsupported.New(fmt.Sprintf("frame %d, cut to %d of %d bytes", i+1, len(f.Data), f.Length), "a program would see the bytes that are missing"))
		}
		if Wire(len(f.Data)) > MaxFrame {
			return nil, fmt.Errorf("traffic: frame %d has %d bytes; Ethernet has up to %d with the check sequence", i+1, len(f.Data)+FCS, MaxFrame)
		}
		l.longest = max(l.longest, len(f.Data))
	}
	return l, nil
}

// Next implements Source.
func (l *list) Next(p *Packet) bool {
	if l.given == l.packets {
		return false
	}
	p.Index = uint32(l.given % uint64(len(l.frames)))
	p.Length = len(l.frames[p.Index].Data)
	l.given++
	return true
}

// Frame implements Source.
func (l *list) Frame(p *Packet) []byte { return l.frames[p.Index].Data }

// Packets implements Source.
func (l *list) Packets() uint64 { return l.packets }

// Longest implements Source.
func (l *list) Longest() int { return l.longest }
