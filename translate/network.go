package translate

import (
	"slices"

	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// networkMaps are the maps that a host fills with its network, in their order in
// images, with the helpers that look into them.
var networkMaps = []struct {
	name  string
	typ   bpf.MapType
	shape maplayout.Shape
	users []bpf.HelperID
}{
	{maplayout.LinksMap, bpf.MapTypeHash, maplayout.LinksShape, []bpf.HelperID{bpf.HelperFIBLookup, bpf.HelperCheckMTU, bpf.HelperRedirectNeigh, bpf.HelperSkbSetTunnelKey}},
	{maplayout.RulesMap, bpf.MapTypeArray, maplayout.RulesShape, []bpf.HelperID{bpf.HelperFIBLookup, bpf.HelperRedirectNeigh, bpf.HelperSkbSetTunnelKey}},
	{maplayout.Routes4Map, bpf.MapTypeLPMTrie, maplayout.Routes4Shape, []bpf.HelperID{bpf.HelperFIBLookup, bpf.HelperRedirectNeigh, bpf.HelperSkbSetTunnelKey}},
	{maplayout.Routes6Map, bpf.MapTypeLPMTrie, maplayout.Routes6Shape, []bpf.HelperID{bpf.HelperFIBLookup, bpf.HelperRedirectNeigh, bpf.HelperSkbSetTunnelKey}},
	{maplayout.NeighboursMap, bpf.MapTypeHash, maplayout.NeighboursShape, []bpf.HelperID{bpf.HelperFIBLookup, bpf.HelperRedirectNeigh, bpf.HelperSkbSetTunnelKey}},
}

// withNetwork gives programs that look into the host's network, on a target that
// can, the maps for it.
func withNetwork(list []*verify.Program, t *target.Target) []*verify.Program {
	out := append([]*verify.Program(nil), list...)
	for _, n := range networkMaps {
		m := &object.Map{Name: n.name, Type: n.typ, KeySize: n.shape.KeySize, ValueSize: n.shape.ValueSize, MaxEntries: n.shape.MaxEntries}
		all := sendsAny(out, t) && slices.Contains(n.users, bpf.HelperRedirectNeigh)
		for k, p := range out {
			if all || reaches(p, t, n.users...) {
				out[k] = p.WithMap(m)
			}
		}
	}
	return out
}

// sendsAny reports whether one of several programs that go on with each other sends
// frames to neighbours: the last of them looks up who they are.
func sendsAny(list []*verify.Program, t *target.Target) bool {
	return len(list) > 1 && slices.ContainsFunc(list, func(p *verify.Program) bool { return reaches(p, t, bpf.HelperRedirectNeigh) })
}

// reaches reports whether a program calls one of the helpers, and the target has
// it.
func reaches(p *verify.Program, t *target.Target, helpers ...bpf.HelperID) bool {
	for slot, in := range p.Source().Insns {
		for _, id := range helpers {
			if in.IsCallOf(id) && p.Reached(slot) && t.HasHelper(id.String()) {
				return true
			}
		}
	}
	return false
}
