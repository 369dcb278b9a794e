package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/infile"
	"github.com/skipsw/skipsw/sim/network"
)

// networkFlags say what a program finds that looks into the host's network.
type networkFlags struct{ routes string }

func (f *networkFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.routes, "routes", "", "links, routes, rules and neighbours from the JSON `FILE`, for programs that look them up: what ip -j addr, ip -j route show table all and ip -j neigh print, one after the other, or an object of such lists; - is standard input")
}

// read reads the tables, nil without the flag.
func (f *networkFlags) read(s *streams) (*network.Tables, error) {
	if f.routes == "" {
		return nil, nil
	}
	data, err := s.read(f.routes, "routes", infile.Network)
	if err != nil {
		return nil, err
	}
	t, err := network.Read(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", inName(f.routes), err)
	}
	return t, nil
}

// used refuses tables that a program does not look into.
func (f *networkFlags) used(looks bool, path string) error {
	if f.routes != "" && !looks {
		return usagef("--routes: %s calls no helper that looks into routes, links or neighbours", path)
	}
	return nil
}
