package wire

import (
	"sync/atomic"
	"time"
)

// Player brings frames to a port, one after the other. It takes what leaves the
// port and does nothing with it.
type Player struct {
	Frames [][]byte
	Times  int           // how often all of them; 0 is once
	Gap    time.Duration // from one frame to the next; 0 is as fast as the port takes them
	To     Deliver

	sent, lost atomic.Uint64
}

// Send implements nfp.Wire.
func (p *Player) Send([]byte) {}

// Counts returns how many frames were brought, and how many of them the port had
// no room for.
func (p *Player) Counts() (sent, lost uint64) { return p.sent.Load(), p.lost.Load() }

// patience is how long a player without a gap waits for a port that has no room.
const patience = 100 * time.Microsecond

// Play brings the frames until they are over or stop is closed.
func (p *Player) Play(stop <-chan struct{}) {
	for range max(p.Times, 1) {
		for _, f := range p.Frames {
			if !p.bring(f, stop) {
				return
			}
		}
	}
}

// bring brings a copy of a frame; false means that stop was closed.
func (p *Player) bring(f []byte, stop <-chan struct{}) bool {
	wait := p.Gap
	for !p.To(append([]byte(nil), f...)) {
		if p.Gap > 0 {
			p.lost.Add(1)
			break
		}
		select {
		case <-stop:
			return false
		case <-time.After(patience):
		}
	}
	p.sent.Add(1)
	if wait == 0 {
		return true
	}
	select {
	case <-stop:
		return false
	case <-time.After(wait):
		return true
	}
}
