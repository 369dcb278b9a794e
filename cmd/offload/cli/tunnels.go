package cli

import (
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/packetrun"
	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim/network"
	"github.com/skipsw/skipsw/sim/tunnel"
)

// tunnelFlags say which interfaces are ports in tunnel mode.
type tunnelFlags struct{ words []string }

func (f *tunnelFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.words, "tunnel", nil, "put the port of an interface in tunnel mode: `N=MODE` where MODE is vxlan[:UDP], geneve[:UDP] or ipip; far ends are found by --routes")
}

// ports returns the ports in tunnel mode of a run.
func (f *tunnelFlags) ports(img *image.Image, t *network.Tables) (packetrun.Tunnels, error) {
	if len(f.words) == 0 {
		return nil, nil
	}
	out := packetrun.Tunnels{}
	for _, w := range f.words {
		n, mode, ok := strings.Cut(w, "=")
		index, err := strconv.ParseUint(n, 10, 32)
		if !ok || err != nil || index == 0 {
			return nil, usagef("--tunnel %s: it is an interface's number and a mode, as 2=vxlan:4789", w)
		}
		p, err := tunnel.ParsePort(mode)
		if err != nil {
			return nil, usagef("--tunnel %s: %v", w, err)
		}
		switch have := img.Target; {
		case have == nil: // the simulator says what is wrong
		case have.Tunnel == nil || !slices.Contains(have.Tunnel.Modes, p.Mode):
			return nil, unsupported.New("--tunnel "+w, "ports of target "+have.Name+" do not have this mode")
		case slices.ContainsFunc(img.Programs, func(p image.Program) bool { return p.Type != "tc" }):
			return nil, unsupported.New("--tunnel with an XDP program", "it cannot give frames a tunnel key")
		}
		if t != nil {
			p.Local, p.MAC = t.Ends(uint32(index))
		}
		out[uint32(index)] = p
	}
	return out, nil
}
