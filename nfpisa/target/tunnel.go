package target

import (
	"slices"

	"github.com/skipsw/skipsw/nfpisa/maplayout"
)

// Tunnel is where a frame's tunnel key is kept beside it, and which tunnels the
// ports of the card can be the ends of.
type Tunnel struct {
	// Offset is the place of the key in the packet's buffer, in bytes. It has
	// maplayout.TunnelSize bytes, which no frame reaches; the firmware writes there
	// what it has read off the outer headers, and zeros for a frame without them,
	// before a program begins.
	Offset int `json:"offset"`
	// Modes are the tunnels that a port can be in mode of, of TunnelModes.
	Modes []string `json:"modes"`
}

// The modes of ports that are the ends of tunnels, as the kernel names the devices.
const (
	TunnelVXLAN  = "vxlan"
	TunnelGeneve = "geneve"
	TunnelIPIP   = "ipip"
)

// TunnelModes lists the modes.
func TunnelModes() []string { return []string{TunnelVXLAN, TunnelGeneve, TunnelIPIP} }

// tunnelHelpers are the helpers that work on a frame's tunnel key.
var tunnelHelpers = []string{"skb_get_tunnel_key", "skb_set_tunnel_key", "skb_get_tunnel_opt", "skb_set_tunnel_opt"}

// tunnel checks that tunnel keys have a place.
func (c *checker) tunnel() {
	t := c.t.Tunnel
	for _, h := range tunnelHelpers {
		if t == nil && c.t.HasHelper(h) {
			c.fail("helpers.%s needs tunnel, which says where the key of a frame is", h)
		}
	}
	if t == nil {
		return
	}
	if bits := c.t.Packet.OffsetBits; bits < 32 {
		c.within("tunnel.offset", t.Offset, 0, 1<<bits-maplayout.TunnelSize)
	}
	if t.Offset%8 != 0 {
		c.fail("tunnel.offset is %d, must be a multiple of 8", t.Offset)
	}
	if a := c.t.AdjustTail; a != nil && a.EndMax > t.Offset {
		c.fail("adjust_tail.end_max %d lets frames grow into the key at tunnel.offset %d", a.EndMax, t.Offset)
	}
	if len(t.Modes) == 0 {
		c.fail("tunnel.modes is empty; without a mode there are no keys")
	}
	distinct(c, "tunnel.modes", t.Modes)
	for _, m := range t.Modes {
		if !slices.Contains(TunnelModes(), m) {
			c.fail("tunnel.modes has %s, must be %v", m, TunnelModes())
		}
	}
}
