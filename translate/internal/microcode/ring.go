package microcode

import (
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
)

var _, _ = register(ringKind(bpf.MapTypeQueue, false)), register(ringKind(bpf.MapTypeStack, true))

// ringKind is the row of queues and stacks.
func ringKind(t bpf.MapType, stack bool) *Kind {
	return &Kind{
		Type:   t,
		Layout: func(m Map) maplayout.Layout { return maplayout.NewRing(m.Shape, stack) },
	}
}
