package card

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/sim/firmware"
	"github.com/skipsw/skipsw/sim/network"
	"github.com/skipsw/skipsw/sim/tunnel"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// tunnel makes the end of tunnels at a port: they end at the addresses of the host's
// interfaces, and come to the link address of the port's.
func (c *Card) tunnel(n int, p *tunnel.Port) (*tunnel.Port, error) {
	if p == nil {
		return nil, nil
	}
	t := c.dev.Target()
	if t.Tunnel == nil || !slices.Contains(t.Tunnel.Modes, p.Mode) {
		return nil, offload.NotSupported(fmt.Sprintf("tunnel mode %s of port %d", p.Mode, n), "ports of target "+t.Name+" do not have it")
	}
	end := *p
	if c.spec.Network != nil {
		end.Local, end.MAC = c.spec.Network.Ends(firmware.IfindexOf(n))
	}
	return &end, nil
}

// SetNetwork lets programs and tunnels find other tables when they look into the host's
// network, from the next frame on. With an error they find those from before.
func (c *Card) SetNetwork(t *network.Tables) error {
	if err := c.dev.SetNetwork(t); err != nil {
		return err
	}
	c.fresh.Store(t)
	return nil
}

// RoutesLate notes why programs find older routes than the kernel has; nil is that they
// do not. The log tells of each change.
func (c *Card) RoutesLate(err error) {
	if err == nil {
		if c.routesLate.Swap(nil) != nil {
			c.log.Printf("routes: they are the kernel's again")
		}
		return
	}
	if was := c.routesLate.Swap(&err); was == nil || (*was).Error() != err.Error() {
		c.log.Printf("routes: programs find those from before: %v", err)
	}
}

// moveTunnels gives the ends of tunnels the addresses of the host's interfaces, between
// two frames.
func (c *Card) moveTunnels(t *network.Tables) {
	for _, p := range c.ports {
		if p.tunnel != nil {
			p.tunnel.Local, p.tunnel.MAC = t.Ends(firmware.IfindexOf(p.n))
		}
	}
}

// receive takes the outer headers off a frame of a port in tunnel mode; others take
// frames as they are.
func (p *port) receive(frame []byte) ([]byte, *tunnel.Key, tunnel.Fate) {
	if p.tunnel == nil {
		return frame, nil, tunnel.Inside
	}
	inner, key, fate := p.tunnel.Receive(frame)
	return inner, &key, fate
}

// leaveBy sends a frame of a program by a port, with the outer headers that its key
// asks for if the port is in tunnel mode. It returns the fate of a frame that left, or
// that of one that could not.
func (c *Card) leaveBy(p *port, frame []byte, key *tunnel.Key, left fate) fate {
	if p.tunnel == nil {
		c.leave(p, frame)
		return left
	}
	out, lost := p.tunnel.Send(frame, key, func(key *tunnel.Key) (tunnel.Way, *tunnel.Loss) { return c.dev.Way(p.n, key) })
	if lost != nil {
		c.lost.add(lost.Name)
		return fateUnsent
	}
	c.leave(p, out)
	return left
}

// reasons counts by name why frames were lost.
type reasons struct {
	mu sync.Mutex
	of map[string]uint64
}

func (r *reasons) add(why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of == nil {
		r.of = map[string]uint64{}
	}
	r.of[why]++
}

func (r *reasons) counters(group string) (all []offload.Counter) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, why := range slices.Sorted(maps.Keys(r.of)) {
		all = append(all, offload.Counter{Group: group, Name: why, Value: r.of[why]})
	}
	return all
}

// tunnelHelpers are the helpers that work on a frame's tunnel key.
var tunnelHelpers = []bpf.HelperID{bpf.HelperSkbGetTunnelKey, bpf.HelperSkbSetTunnelKey, bpf.HelperSkbGetTunnelOpt, bpf.HelperSkbSetTunnelOpt}

// tunnelsFit refuses a program that works on tunnel keys where no port has any.
func (d *device) tunnelsFit(p *offload.Program) error {
	if slices.ContainsFunc(d.card.ports, func(p *port) bool { return p.tunnel != nil }) {
		return nil
	}
	for _, src := range append([]*object.Program{p.Program}, slices.Collect(maps.Values(p.Tails))...) {
		for _, in := range src.Insns {
			if k := slices.IndexFunc(tunnelHelpers, in.IsCallOf); k >= 0 {
				return offload.NotSupported(fmt.Sprintf("helper %v of program %s", tunnelHelpers[k], src.Name),
					"no port of "+d.Name()+" is in tunnel mode (card run --port WHAT,tunnel=vxlan)")
			}
		}
	}
	return nil
}
