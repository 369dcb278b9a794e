package packetrun

import (
	"fmt"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/network"
	"github.com/skipsw/skipsw/sim/tunnel"
)

// What becomes of packets that no program sees.
const (
	notOfTunnel  = "not of a tunnel"
	brokenTunnel = "broken tunnel"
)

// Tunnels are the ports in tunnel mode, by their interface.
type Tunnels map[uint32]*tunnel.Port

// arrives takes the outer headers off the packet that comes in. For one that no program
// sees it returns why.
func (t Tunnels) arrives(in *sim.Input) string {
	in.Tunnel = nil
	p := t[in.IngressIfindex]
	if p == nil {
		return ""
	}
	inner, key, fate := p.Receive(in.Packet)
	switch fate {
	case tunnel.Foreign:
		return notOfTunnel
	case tunnel.Broken:
		return brokenTunnel
	}
	in.Packet, in.Tunnel = inner, &key
	return ""
}

// leaves puts the outer headers in front of a packet that its program redirects to a
// port in tunnel mode; false for one that is lost there.
func (s *Summary) leaves(t Tunnels, m *sim.Machine, r *sim.Result) bool {
	out := r.Redirect.To
	p := t[out]
	if p == nil || r.Redirect.Kind != target.RedirectPort {
		return true
	}
	var key *tunnel.Key
	if r.Tunnelled {
		key = &r.Tunnel
	}
	frame, lost := p.Send(r.Packet, key, func(key *tunnel.Key) (tunnel.Way, *tunnel.Loss) {
		return network.Way(m.Maps(), out, key.Destination, 0)
	})
	if lost == nil {
		r.Packet = frame
		return true
	}
	if s.Lost == nil {
		s.Lost = map[string]int{}
	}
	s.Lost[fmt.Sprintf("%s: %s", r.Redirect.String(), lost.Name)]++
	return false
}

// aside notes a packet that no program sees.
func (s *Summary) aside(why string, out *Outcome, r *sim.Result, packet []byte) {
	*r = sim.Result{Packet: packet}
	s.Verdicts[why]++
	out.Verdict, out.Leaves, out.Redirected = why, why == notOfTunnel, false
}
