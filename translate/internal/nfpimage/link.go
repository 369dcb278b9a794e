package nfpimage

import (
	"fmt"
	"strings"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/internal/backend"
	"github.com/skipsw/skipsw/translate/internal/nfp"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// linker makes an image of the code of its programs:
//
//	for each program: what runs when a packet comes in, the program
//	for programs that go on with each other: the end of those that another waits
//	for, the table of programs
//	the routines
//	padding
type linker struct {
	t     *target.Target
	atlas *atlas
	parts []*member

	ending, table int // words of the image; ending is -1 without one
	img           *image.Image
}

// member is the code of a program.
type member struct {
	*backend.Part
	entry, body *nfp.Output // entry is nil for a program alone
	at, start   int         // words of the image: of the code, of the program
}

// words is the number of words of a part.
func (p *member) words() int {
	n := len(p.body.Words)
	if p.entry != nil {
		n += len(p.entry.Words)
	}
	return n
}

// chain returns how the programs go on with each other, nil for one alone.
func (l *linker) chain() *ssa.Chain { return l.parts[0].Env.Chain }

func (l *linker) chained() bool { return l.chain() != nil }

// address is the control-store address of a word of the image.
func (l *linker) address(word int) target.CodeAddr { return l.t.Core.CodeStart + target.CodeAddr(word) }

// link makes the image.
func (l *linker) link() (*image.Image, error) {
	t, n := l.t, 0
	for _, p := range l.parts {
		p.at = n
		n += p.words()
		p.start = n - len(p.body.Words)
		if room := t.LocalMemory.Stack; p.body.StackBytes > room {
			return nil, &ssa.Unsupported{
				What: fmt.Sprintf("program %s with %d bytes of local memory from the stack base on", p.Program.Source().Name, p.body.StackBytes), Slot: -1,
				Why: fmt.Sprintf("local_memory.stack is %d in target %s", room, t.Name),
			}
		}
	}
	own := n
	var ending []nfpisa.Instr
	l.ending = -1
	if c := l.chain(); c != nil && c.Nested {
		l.ending, ending = n, nfp.Ending(t, c.Link)
		n += len(ending)
	}
	l.table = n
	if l.chained() {
		n += len(l.parts)
	}
	lib, err := l.routines(n)
	if err != nil {
		return nil, err
	}
	if n += len(lib.words) + t.Core.Padding; n > t.Core.CodeWords {
		return nil, l.tooLarge(n)
	}
	l.img = &image.Image{Target: t.Clone(), Machine: image.Machine{
		Mode: nfpisa.Ctx4, CodeStart: uint16(t.Core.CodeStart), Done: uint16(t.Core.Done), Helpers: map[uint32]uint16{},
	}}
	l.appendParts(lib)
	l.appendChain(ending)
	lib.appendTo(l.img)
	nop := encode(nfpisa.Nop(), "padding")
	for range t.Core.Padding {
		l.img.Words = append(l.img.Words, nop)
	}
	if last := len(l.img.Lines) - 1; n > own && l.img.Lines[last].Insn != -1 {
		l.img.Lines = append(l.img.Lines, image.Line{Word: uint32(own), Insn: -1})
	}
	l.img.Symbols = append(l.img.Symbols, lib.symbols...)
	number := map[string]uint32{}
	for k, p := range l.parts {
		number[p.Program.Source().Name] = uint32(k + 1)
	}
	l.img.Maps = l.atlas.describe(t, number)
	l.noteTails()
	return l.img, l.stack()
}

// tooLarge is the error for an image of n words.
func (l *linker) tooLarge(n int) error {
	name := l.parts[0].Program.Source().Name
	why := fmt.Sprintf("target %s has room for %d", l.t.Name, l.t.Core.CodeWords)
	if len(l.parts) == 1 {
		return &ssa.Unsupported{What: fmt.Sprintf("program %s of %d words", name, n), Why: why, Slot: -1}
	}
	var each []string
	for _, p := range l.parts {
		n -= p.words()
		each = append(each, fmt.Sprintf("%s %d", p.Program.Source().Name, p.words()))
	}
	each = append(each, fmt.Sprintf("routines and tables %d", n))
	for _, p := range l.parts {
		n += p.words()
	}
	return &ssa.Unsupported{
		What: fmt.Sprintf("program %s of %d words with those that it reaches by tail calls (%s)", name, n, strings.Join(each, ", ")), Why: why, Slot: -1,
	}
}

// appendParts adds the programs.
func (l *linker) appendParts(lib *library) {
	for _, p := range l.parts {
		src := p.Program.Source()
		l.img.Programs = append(l.img.Programs, image.Program{
			Name: src.Name, Section: src.Section, Type: src.Type.String(), License: src.License, Insns: uint32(len(src.Insns)), Fragments: src.Fragments && l.t.Packet.Fragments != nil,
			Entry: uint32(p.at), Stack: uint32(p.body.StackBytes),
		})
		if p.entry != nil {
			l.appendCode(p, p.entry, p.at, lib)
			if p.start > p.at {
				l.img.Symbols = append(l.img.Symbols, image.Symbol{Name: "entry." + src.Name, Word: uint32(p.at), Size: uint32(p.start - p.at), Kind: image.SymRuntime})
			}
		}
		l.appendCode(p, p.body, p.start, lib)
		l.img.Symbols = append(l.img.Symbols, image.Symbol{Name: src.Name, Word: uint32(p.start), Size: uint32(len(p.body.Words)), Kind: image.SymProgram})
	}
}

// appendCode links code of a part and adds it.
func (l *linker) appendCode(p *member, out *nfp.Output, first int, lib *library) {
	t, img, src := l.t, l.img, p.Program.Source()
	links := nfp.Links{
		Start: l.address(first), Done: t.Core.Done, Begin: l.address(p.start), Table: l.address(l.table),
		Routine: func(s *ssa.CallSite) target.CodeAddr {
			if s.Map >= 0 {
				return lib.at[routineKey{s.Helper, src.Maps[s.Map], s.Inner}]
			}
			return t.Helper(s.Helper.String()).Address
		},
	}
	if l.ending >= 0 {
		links.Done = l.address(l.ending)
	}
	out.Link(links)
	for k := range out.Words {
		w := &out.Words[k]
		r := image.Reloc{Word: uint32(len(img.Words)), Kind: image.RelocBranch}
		img.Words = append(img.Words, encode(w.I, src.Name))
		switch {
		case w.Done && l.ending < 0:
			r.Kind = image.RelocDone
		case w.Site != nil && w.Site.Map < 0:
			r.Kind, r.Arg = image.RelocHelper, uint32(w.Site.Helper)
			img.Machine.Helpers[r.Arg] = w.I.Target
		case w.Back > 0, w.Table:
			r.Kind = image.RelocImmed
		case w.Done, w.Begin, w.Site != nil, w.Block >= 0:
		default:
			continue
		}
		img.Relocs = append(img.Relocs, r)
	}
	img.Lines = append(img.Lines, lines(p.Program, out, first)...)
}

// appendChain adds what programs need that go on with each other.
func (l *linker) appendChain(ending []nfpisa.Instr) {
	if !l.chained() {
		return
	}
	img := l.img
	add := func(i nfpisa.Instr, kind image.RelocKind) {
		img.Relocs = append(img.Relocs, image.Reloc{Word: uint32(len(img.Words)), Kind: kind})
		img.Words = append(img.Words, encode(i, "table of programs"))
	}
	for _, i := range ending {
		if i.Class == nfpisa.ClassBranch {
			add(i, image.RelocDone)
		} else {
			img.Words = append(img.Words, encode(i, "ending"))
		}
	}
	if len(ending) > 0 {
		img.Symbols = append(img.Symbols, image.Symbol{Name: "tail_call.return", Word: uint32(l.ending), Size: uint32(len(ending)), Kind: image.SymRuntime})
	}
	for _, p := range l.parts {
		add(nfpisa.Br(int(l.address(p.start))), image.RelocBranch)
	}
	img.Symbols = append(img.Symbols, image.Symbol{Name: "tail_call.programs", Word: uint32(l.table), Size: uint32(len(l.parts)), Kind: image.SymRuntime})
}

// encode encodes an instruction of the linker's own or of a program.
func encode(i nfpisa.Instr, of string) nfpisa.Word {
	w, err := nfpisa.Encode(i, nfpisa.Ctx4)
	if err != nil {
		panic(fmt.Sprintf("BUG: %v of %s: %v", i, of, err))
	}
	return w
}
