package packetrun

import (
	"fmt"

	"github.com/skipsw/skipsw/sim/firmware"
)

var xdpVerdicts = []string{"XDP_ABORTED", "XDP_DROP", "XDP_PASS", "XDP_TX", "XDP_REDIRECT"}

var tcVerdicts = []string{
	"TC_ACT_OK", "TC_ACT_RECLASSIFY", "TC_ACT_SHOT", "TC_ACT_PIPE", "TC_ACT_STOLEN",
	"TC_ACT_QUEUED", "TC_ACT_REPEAT", "TC_ACT_REDIRECT",
}

// VerdictName returns the kernel's name of a verdict of a program type.
func VerdictName(progType string, v uint32) string {
	names := xdpVerdicts
	if progType == "tc" {
		names = tcVerdicts
		if v == 0xffffffff {
			return "TC_ACT_UNSPEC"
		}
	}
	if v < uint32(len(names)) {
		return names[v]
	}
	return fmt.Sprintf("%d", int32(v))
}

// verdict is one that packets came to.
type verdict struct {
	name              string
	leaves, redirects bool
	count             int
}

// verdicts are those of a program type. Each is looked up once.
type verdicts struct {
	progType string
	all      map[uint32]*verdict
	last     *verdict
	lastIs   uint32
}

func newVerdicts(progType string) *verdicts {
	return &verdicts{progType: progType, all: map[uint32]*verdict{}}
}

func (n *verdicts) of(v uint32) *verdict {
	if n.last != nil && n.lastIs == v {
		return n.last
	}
	if n.all[v] == nil {
		n.all[v] = &verdict{
			name: VerdictName(n.progType, v), leaves: leaves(n.progType, v), redirects: firmware.Redirects(n.progType == "tc", v),
		}
	}
	n.last, n.lastIs = n.all[v], v
	return n.last
}

// into adds the counts up by name.
func (n *verdicts) into(m map[string]int) {
	for _, v := range n.all {
		m[v.name] += v.count
	}
}

// leaves reports whether a packet with the verdict is not dropped.
func leaves(progType string, v uint32) bool {
	switch VerdictName(progType, v) {
	case "XDP_PASS", "XDP_TX", "XDP_REDIRECT", "TC_ACT_OK", "TC_ACT_UNSPEC", "TC_ACT_PIPE", "TC_ACT_REDIRECT":
		return true
	}
	return false
}
