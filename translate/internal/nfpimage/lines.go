package nfpimage

import (
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/translate/internal/nfp"
	"github.com/skipsw/skipsw/translate/verify"
)

// lines makes the line table of code that begins at a word of the image: an entry
// wherever the eBPF instruction that words come from changes.
func lines(p *verify.Program, out *nfp.Output, first int) []image.Line {
	src := p.Source()
	var list []image.Line
	last := int32(-2)
	for k := range out.Words {
		slot := out.Words[k].Slot
		if slot == last {
			continue
		}
		last = slot
		line := image.Line{Word: uint32(first + k), Insn: slot}
		if slot >= 0 {
			line.BPF = src.Insns[slot].String()
			if l := src.LineAt(int(slot)); l != nil {
				line.File, line.LineNo, line.Column, line.Text = l.File, uint32(l.LineNo), uint32(l.Column), l.Text
			}
		}
		list = append(list, line)
	}
	return list
}
