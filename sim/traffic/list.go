package traffic

import (
	"errors"
	"fmt"
	"hash/fnv"

	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/internal/unsupported"
)

// list is a Source of given frames.
type list struct {
	frames  []pcap.Packet
	flows   []uint32
	packets uint64
	given   uint64
	cut     uint64
	longest int
	whole   []byte // of a frame that was cut
}

// FromCapture returns a Source of the frames of a capture, which are repeated
// until there were so many packets; 0 stands for once. The times in the capture
// say nothing: a Pace does. Frames that were cut are refused.
func FromCapture(frames []pcap.Packet, packets uint64) (Source, error) {
	for i, f := range frames {
		if f.Length > len(f.Data) {
			return nil, fmt.Errorf("traffic: %w", unsupported.New(fmt.Sprintf("frame %d, cut to %d of %d bytes", i+1, len(f.Data), f.Length), "a program would see the bytes that are missing"))
		}
	}
	return FromCutCapture(frames, packets)
}

// FromCutCapture is FromCapture for captures with frames that were cut: they have
// their original lengths, and zeros where bytes are missing.
func FromCutCapture(frames []pcap.Packet, packets uint64) (Source, error) {
	if len(frames) == 0 {
		return nil, errors.New("traffic: the capture has no frames")
	}
	l := &list{frames: frames, packets: packets, flows: make([]uint32, len(frames))}
	if packets == 0 {
		l.packets = uint64(len(frames))
	}
	for i := range frames {
		n := l.length(i)
		if Wire(n) > MaxFrame {
			return nil, fmt.Errorf("traffic: frame %d has %d bytes; Ethernet has up to %d with the check sequence", i+1, n+FCS, MaxFrame)
		}
		l.longest = max(l.longest, n)
		l.flows[i] = flowOf(frames[i].Data)
	}
	return l, nil
}

// length returns the bytes of a frame on the wire.
func (l *list) length(i int) int { return max(l.frames[i].Length, len(l.frames[i].Data)) }

// flowOf returns a number for the addresses, protocol and ports of a frame.
func flowOf(f []byte) uint32 {
	h := fnv.New32a()
	const ends = ipAt + 12 // of the addresses in an IPv4 header
	if len(f) < transportAt || be.Uint16(f[12:]) != etherTypeIPv4 {
		_, _ = h.Write(f[:min(len(f), ipAt)])
		return h.Sum32()
	}
	_, _ = h.Write(f[ends : ends+8])
	_, _ = h.Write(f[ipAt+9 : ipAt+10])
	ports := ipAt + int(f[ipAt]&15)*4
	if whole := be.Uint16(f[ipAt+6:])&0x3fff == 0; whole && len(f) >= ports+4 {
		_, _ = h.Write(f[ports : ports+4])
	}
	return h.Sum32()
}

// Next implements Source.
func (l *list) Next(p *Packet) bool {
	if l.given == l.packets {
		return false
	}
	p.Index = uint32(l.given % uint64(len(l.frames)))
	p.Length = l.length(int(p.Index))
	if p.Length > len(l.frames[p.Index].Data) {
		l.cut++
	}
	l.given++
	return true
}

// Frame implements Source.
func (l *list) Frame(p *Packet) []byte {
	data := l.frames[p.Index].Data
	if len(data) == p.Length {
		return data
	}
	if l.whole == nil {
		l.whole = make([]byte, l.longest)
	}
	out := l.whole[:p.Length]
	clear(out[copy(out, data):])
	return out
}

// Flow implements Flows.
func (l *list) Flow(p *Packet) uint32 { return l.flows[p.Index] }

// CutFrames implements Cut.
func (l *list) CutFrames() uint64 { return l.cut }

// Packets implements Source.
func (l *list) Packets() uint64 { return l.packets }

// Longest implements Source.
func (l *list) Longest() int { return l.longest }
