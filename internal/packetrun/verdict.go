package packetrun

import "fmt"

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
