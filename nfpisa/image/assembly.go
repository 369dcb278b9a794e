package image

import (
	"fmt"
	"strings"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
)

// FromAssembly makes an image of assembled code: its entries are the programs,
// its labels the symbols, and every word is tied to its source line. file and
// src name and hold the source. Code that names no target is bare.
func FromAssembly(a *nfpisa.Assembly, file string, src []byte) (*Image, error) {
	im := &Image{
		Machine: Machine{Mode: a.Mode, CodeStart: a.Start, Done: a.Done, StackSize: a.Stack},
		Words:   a.Words,
	}
	if a.Target != "" {
		t, err := target.Builtin(a.Target)
		if err != nil {
			return nil, fmt.Errorf("%s: .target: %w", file, err)
		}
		if a.ABI != t.ABI {
			return nil, fmt.Errorf("%s: .target: %s has ABI %d, not %d", file, a.Target, t.ABI, a.ABI)
		}
		im.Target = t
	}
	entries := map[string]nfpisa.Entry{}
	for _, e := range a.Entries {
		entries[e.Name] = e
		im.Programs = append(im.Programs, Program{
			Name: e.Name, Section: e.Type, Type: e.Type, Entry: uint32(e.Word),
		})
	}
	for _, l := range a.Labels {
		s := Symbol{Name: l.Name, Word: uint32(l.Word), Kind: SymLabel}
		if _, ok := entries[l.Name]; ok {
			s.Kind = SymProgram
			s.Size = uint32(endOf(a, l.Word) - l.Word)
		}
		im.Symbols = append(im.Symbols, s)
	}
	for _, r := range a.Refs {
		im.Relocs = append(im.Relocs, relocOf(a, r))
	}
	lines := strings.Split(string(src), "\n")
	for k, n := range a.Lines {
		im.Lines = append(im.Lines, Line{
			Word: uint32(k), Insn: -1, File: file, LineNo: uint32(n), Text: strings.TrimRight(lines[n-1], "\r"),
		})
	}
	if err := im.Validate(); err != nil {
		return nil, err
	}
	return im, nil
}

// endOf returns the word at which the program that begins at word at ends: the
// next entry, or the end of the code.
func endOf(a *nfpisa.Assembly, at int) int {
	end := len(a.Words)
	for _, e := range a.Entries {
		if e.Word > at {
			end = min(end, e.Word)
		}
	}
	return end
}

func relocOf(a *nfpisa.Assembly, r nfpisa.Ref) Reloc {
	rel := Reloc{Word: uint32(r.Word), Kind: RelocBranch}
	if r.Done {
		rel.Kind = RelocDone
	}
	if i, err := nfpisa.Decode(a.Words[r.Word], a.Mode); err == nil && i.Class == nfpisa.ClassImmed {
		rel.Kind = RelocImmed
	}
	return rel
}
