package lower

import (
	"slices"

	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/object"
)

// network is one of the maps with what the host knows of its network, in a call
// that looks into it.
type network struct {
	*Call
	k int // its index in Source().Maps
}

func (c *Call) network(name string) network {
	k := slices.IndexFunc(c.Prog.Source().Maps, func(m *object.Map) bool { return m.Name == name })
	if k < 0 {
		panic("BUG: a program that looks into the network has no map " + name)
	}
	return network{c, k}
}

// find calls the lookup of the map and returns the low word of the value's
// address, 0 where the key is not there.
func (n network) find(key ...ssa.ID) ssa.ID {
	s := ssa.CallSite{Helper: bpf.HelperMapLookupElem, Map: int32(n.k), Key: len(key), Near: n.Env.Maps[n.k].Near}
	args := key
	if n.pointed(&s) {
		args = append(args, n.StackBase())
	}
	return n.Result(n.AddCall(s, args), 0)
}

// load reads a word of a value.
func (n network) load(value ssa.ID, at maplayout.Offset) ssa.ID {
	return n.Add(ssa.Value{
		Op: ssa.Load, Space: ssa.MapValue, Size: 4, Aux: int32(n.k), Imm: uint32(at), Args: []ssa.ID{value, n.Const(n.Env.Machine.MapHigh)},
	})
}

// ingress returns the interface that the packet came by.
func (c *Call) ingress() (ssa.ID, error) {
	p := c.Env.Machine.Ingress
	if p == nil {
		return 0, c.Unsupported("helper "+c.ID.String(), "target "+c.T.Name+" does not tell programs by which interface a packet came")
	}
	return c.Part(p), nil
}
