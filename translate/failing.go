package translate

import (
	"fmt"
	"path/filepath"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// Failing is a helper call that a target takes and that fails each time that it is
// made there, though it need not on a host.
type Failing struct {
	Slot int
	Line *object.Line // its C line, or nil
	Says string       // the call and the reason
}

// String returns it in one line, with the place.
func (f Failing) String() string {
	if f.Line == nil || f.Line.File == "" {
		return f.Says
	}
	return fmt.Sprintf("%s:%d: %s", filepath.Base(f.Line.File), f.Line.LineNo, f.Says)
}

// AlwaysFailing returns the calls of a program that always fail on a target: those
// that make packets longer where packets cannot grow, or move their start further than
// packet buffers reach.
func AlwaysFailing(p *verify.Program, t *target.Target) []Failing {
	var out []Failing
	src := p.Source()
	for slot, in := range src.Insns {
		if !p.Reached(slot) || !in.IsHelperCall() {
			continue
		}
		least, most, ok := p.Reg(slot, int(bpf.R2)).Int()
		if !ok {
			continue
		}
		if why := cannot(t, in.Helper(), least, most); why != "" {
			by := fmt.Sprint(least)
			if least != most {
				by = fmt.Sprintf("%d to %d", least, most)
			}
			out = append(out, Failing{slot, src.PlaceAt(slot), fmt.Sprintf("bpf_%v by %s always fails on target %s: %s", in.Helper(), by, t.Name, why)})
		}
	}
	return out
}

// cannot says why a helper fails for all amounts from least to most, "" if it may not.
func cannot(t *target.Target, h bpf.HelperID, least, most int64) string {
	switch h {
	case bpf.HelperXDPAdjustTail:
		if t.AdjustTail == nil || least <= 0 {
			return ""
		}
		if t.AdjustTail.EndMax == 0 {
			return "packets cannot grow at their end there"
		}
		if least > int64(t.AdjustTail.EndMax) {
			return fmt.Sprintf("packets end at byte %d of their buffer at most", t.AdjustTail.EndMax)
		}
	case bpf.HelperXDPAdjustHead:
		if t.AdjustHead == nil {
			return ""
		}
		if room := int64(t.AdjustHead.OffMax - t.AdjustHead.OffMin); least > room || most < -room {
			return fmt.Sprintf("a packet's start moves by %d bytes at most", room)
		}
	}
	return ""
}
