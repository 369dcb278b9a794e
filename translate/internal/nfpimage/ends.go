package nfpimage

import (
	"fmt"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/backend"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// attachName is where a program is attached, as images have it: "" for the hook of
// its type.
func attachName(a bpf.AttachType) string {
	if a == bpf.AtHook {
		return ""
	}
	return a.String()
}

// endsOf reports whether programs of the image run in entries of device and CPU
// maps. The worker enters them like the first program, with the frame that was
// redirected.
func endsOf(u *backend.Unit, t *target.Target) (bool, error) {
	ends := false
	for _, p := range u.Parts {
		src := p.Program.Source()
		if src.Attach == bpf.AtHook {
			continue
		}
		if ends = true; !t.PacketVector.Ends() {
			return false, &ssa.Unsupported{
				What: fmt.Sprintf("program %s in entries of a map (%v)", src.Name, src.Attach), Slot: -1,
				Why: "target " + t.Name + " has no packet_vector.egress and packet_vector.redirect.program",
			}
		}
	}
	return ends, nil
}
