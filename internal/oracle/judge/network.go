package judge

import (
	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/sim/network"
)

// InNetwork puts the judges of a harness into a network: the kernel, if ns is not
// nil, the interpreters and the cards.
func InNetwork(h *oracle.Harness, ns *oracle.Namespace, t *network.Tables) {
	put := func(j oracle.Judge) oracle.Judge {
		switch j := j.(type) {
		case oracle.Kernel:
			j.Namespace = ns
			return j
		case Interpreter:
			j.Network = t
			return j
		case *Card:
			j.Network = t
		}
		return j
	}
	h.Reference = put(h.Reference)
	if h.Second != nil {
		h.Second = put(h.Second)
	}
	for _, list := range [][]oracle.Judge{h.Judges, h.Witnesses} {
		for k := range list {
			list[k] = put(list[k])
		}
	}
}
