package translate

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// unseen returns the fields of the context that the programs of an image store to
// and none of them reads, each with the first place: fields that a host's stack
// would read behind the program, and nobody does behind a card's. What stays with a
// frame is not among them on targets that have a place for it.
func unseen(list []*verify.Program, t *target.Target) []string {
	stored := map[string]*object.Line{}
	var order []string
	read := map[string]bool{}
	if t.PacketVector.Skb != nil {
		for _, at := range []int{bpf.SkBuffMark, bpf.SkBuffPriority, bpf.SkBuffQueueMapping} {
			read[bpf.SkBuff.At(at).Name] = true
		}
	}
	for _, p := range list {
		src := p.Source()
		if src.Type != object.TC {
			continue
		}
		for slot, in := range src.Insns {
			if !p.Reached(slot) {
				continue
			}
			switch in.Class() {
			case bpf.ClassLDX:
				if name := fieldAt(p, slot, int(in.Src), in.Off); name != "" {
					read[name] = true
				}
			case bpf.ClassST, bpf.ClassSTX:
				name := fieldAt(p, slot, int(in.Dst), in.Off)
				if _, known := stored[name]; name != "" && !known {
					stored[name], order = src.PlaceAt(slot), append(order, name)
				}
			case bpf.ClassJMP:
				if in.IsCallOf(bpf.HelperRedirectNeigh) {
					read["mark"] = true // rules choose routes by it
				}
			}
		}
	}
	order = slices.DeleteFunc(order, func(name string) bool { return read[name] })
	for k, name := range order {
		if l := stored[name]; l != nil {
			order[k] = fmt.Sprintf("%s (%s:%d)", name, filepath.Base(l.File), l.LineNo)
		}
	}
	return order
}

// fieldAt names the field of a tc program's context that is off bytes behind a
// register, "" if the register points elsewhere.
func fieldAt(p *verify.Program, slot, r int, off int16) string {
	fact := p.Reg(slot, r)
	if fact.Kind != verify.PtrCtx || !fact.OffKnown {
		return ""
	}
	if f := bpf.SkBuff.At(int(fact.Off + int32(off))); f != nil {
		return f.Name
	}
	return ""
}
