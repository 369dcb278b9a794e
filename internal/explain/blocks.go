package explain

import (
	"slices"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
)

// Block is a run of words that control enters at its first one only.
type Block struct {
	First int    `json:"first"` // word of the image
	Words int    `json:"words"`
	Of    string `json:"of"` // program or routine
	File  string `json:"file,omitempty"`
	Lines []int  `json:"lines,omitempty"` // C lines, ascending
	Busy  int    `json:"busy"`
	// To are the blocks that follow, by their first words; Exits says that the packet
	// may end there, Jumps that control goes where the words do not say (a routine's
	// way back, a table).
	To    []int `json:"to,omitempty"`
	Exits bool  `json:"exits,omitempty"`
	Jumps bool  `json:"jumps,omitempty"`
}

// blocks divides the code of an image, the padding left out.
func blocks(img *image.Image) []Block {
	n := len(img.Words)
	ins := make([]nfpisa.Instr, n)
	cut := make([]bool, n+1)
	for k := range ins {
		ins[k], _ = nfpisa.Decode(img.Words[k], img.Machine.Mode)
	}
	for _, s := range img.Symbols {
		if int(s.Word) < n {
			cut[s.Word] = true
		}
		if int(s.Word+s.Size) < n {
			cut[s.Word+s.Size] = true
		}
	}
	start := int(img.Machine.CodeStart)
	for k := range ins {
		if !branches(&ins[k]) {
			continue
		}
		cut[min(n, k+1+int(ins[k].Defer))] = true
		if to := int(ins[k].Target) - start; ins[k].Class != nfpisa.ClassJump && to >= 0 && to < n {
			cut[to] = true
		}
	}
	var out []Block
	for lo, k := 0, 1; k <= n; k++ {
		if k < n && !cut[k] {
			continue
		}
		program, symbol := owner(img, lo)
		if symbol != "padding" {
			b := Block{First: lo, Words: k - lo, Of: program + symbol}
			b.fill(img, ins)
			out = append(out, b)
		}
		lo = k
	}
	return out
}

// fill works out what a block costs and where it leads.
func (b *Block) fill(img *image.Image, ins []nfpisa.Instr) {
	on := true
	for k := b.First; k < b.First+b.Words; k++ {
		busy, _ := cost(&ins[k])
		b.Busy += busy
		if l := img.LineOf(k); l != nil && l.LineNo > 0 {
			b.File = l.File
			if !slices.Contains(b.Lines, int(l.LineNo)) {
				b.Lines = append(b.Lines, int(l.LineNo))
			}
		}
		if !branches(&ins[k]) {
			continue
		}
		to := int(ins[k].Target) - int(img.Machine.CodeStart)
		switch {
		case ins[k].Class == nfpisa.ClassJump:
			b.Jumps = true
		case ins[k].Target == img.Machine.Done:
			b.Exits = true
		case to >= 0 && to < len(ins):
			b.To = append(b.To, to)
		default:
			b.Jumps = true
		}
		on = ins[k].Class != nfpisa.ClassJump && (ins[k].Class != nfpisa.ClassBranch || ins[k].Cond != nfpisa.CondAlways)
	}
	if next := b.First + b.Words; on && next < len(ins) {
		b.To = append(b.To, next)
	}
	slices.Sort(b.Lines)
	slices.Sort(b.To)
	b.To = slices.Compact(b.To)
}

func branches(i *nfpisa.Instr) bool {
	switch i.Class {
	case nfpisa.ClassBranch, nfpisa.ClassBrBit, nfpisa.ClassBrByte, nfpisa.ClassJump:
		return true
	}
	return false
}
