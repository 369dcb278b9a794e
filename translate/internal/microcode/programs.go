package microcode

import (
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
)

// Program arrays are read by the tail call itself, and written by the host alone.
var _ = register(&Kind{
	Type: bpf.MapTypeProgArray, Inline: []bpf.HelperID{bpf.HelperTailCall}, Indexed: true,
	Layout: func(m Map) maplayout.Layout { return maplayout.NewPrograms(m.Shape, m.Programs) },
})
