package image

import (
	"bytes"
	"fmt"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
)

// Read reads an image that Marshal wrote. Whatever the bytes are, it does not
// panic and its memory stays in proportion to len(b); the image shares nothing
// with b. What it returns passes Validate. Unknown sections are skipped.
func Read(b []byte) (*Image, error) {
	im, err := read(b)
	if err != nil {
		return nil, fmt.Errorf("image: %w", err)
	}
	if err := im.Validate(); err != nil {
		return nil, err
	}
	return im, nil
}

// reader holds the sections that records point into.
type reader struct {
	sections map[string]*section
	strings  string
	data     []byte
}

func read(b []byte) (*Image, error) {
	ss, err := readELF(b)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{sectionText, sectionSymbols, sectionSymNames, sectionStrings, sectionData} {
		if ss[name] == nil {
			return nil, fmt.Errorf("section %s is missing", name)
		}
	}
	r := &reader{ss, string(ss[sectionStrings].data), bytes.Clone(ss[sectionData].data)}
	im := &Image{}
	for _, step := range []func(*Image) error{
		r.machine, r.target, r.words, r.symbols, r.helpers, r.programs, r.relocs, r.maps, r.entries, r.params, r.lines, r.tails,
	} {
		if err := step(im); err != nil {
			return nil, err
		}
	}
	return im, nil
}

// open opens a table.
func (r *reader) open(name string, size int) (*tableReader, error) {
	return openTable(r.sections[name], name, size, r.strings, r.data)
}

func (r *reader) machine(im *Image) error {
	t, err := r.open(sectionMachine, sizeMachine)
	if err != nil {
		return err
	}
	if t.count != 1 {
		return fmt.Errorf("section %s has %d records, not one", sectionMachine, t.count)
	}
	t.next()
	m := &im.Machine
	mode := t.u32()
	m.CodeStart = t.u16("code start")
	m.Done = t.u16("done address")
	m.StackSize = t.u32()
	if mode > uint32(nfpisa.Ctx8) {
		return fmt.Errorf("section %s: there is no context mode %d", sectionMachine, mode)
	}
	m.Mode = nfpisa.Mode(mode)
	return t.err
}

func (r *reader) target(im *Image) (err error) {
	if s := r.sections[sectionTarget]; s != nil {
		im.Target, err = target.Unmarshal(s.data)
	}
	return err
}

func (r *reader) words(im *Image) error {
	text := r.sections[sectionText].data
	if len(text)%wordSize != 0 {
		return fmt.Errorf("section %s has %d bytes, not whole words", sectionText, len(text))
	}
	if len(text) == 0 {
		return nil
	}
	im.Words = make([]nfpisa.Word, len(text)/wordSize)
	for k := range im.Words {
		im.Words[k] = nfpisa.Word(le.Uint64(text[k*wordSize:]))
	}
	return nil
}

func (r *reader) symbols(im *Image) error {
	b := r.sections[sectionSymbols].data
	if len(b)%elfSymbolSize != 0 {
		return fmt.Errorf("section %s has %d bytes, not whole symbols", sectionSymbols, len(b))
	}
	if len(b) <= elfSymbolSize {
		return nil
	}
	names := string(r.sections[sectionSymNames].data)
	im.Symbols = make([]Symbol, 0, len(b)/elfSymbolSize-1)
	start := uint64(im.Machine.CodeStart) * wordSize
	for b = b[elfSymbolSize:]; len(b) != 0; b = b[elfSymbolSize:] {
		name, err := nameAt(names, le.Uint32(b))
		if err != nil {
			return fmt.Errorf("name of symbol %d: %w", len(im.Symbols)+1, err)
		}
		value, size := le.Uint64(b[8:]), le.Uint64(b[16:])
		if value < start || (value-start)%wordSize != 0 || size%wordSize != 0 ||
			(value-start)/wordSize > maxWord+1 || size/wordSize > maxWord+1 {
			return fmt.Errorf("symbol %q at %#x with %#x bytes is not in the code", name, value, size)
		}
		s := Symbol{Name: name, Word: uint32((value - start) / wordSize), Size: uint32(size / wordSize)}
		switch typ, other := b[4], b[5]; {
		case typ == sttFunc && other == 0:
			s.Kind = SymProgram
		case typ == sttFunc && other == stvHidden:
			s.Kind = SymRuntime
		case typ == sttNotype && other == 0:
			s.Kind = SymLabel
		default:
			return fmt.Errorf("symbol %q has unknown type %d, visibility %d", name, typ, other)
		}
		im.Symbols = append(im.Symbols, s)
	}
	return nil
}

func (r *reader) helpers(im *Image) error {
	t, err := r.open(sectionHelpers, sizeHelper)
	if err != nil {
		return err
	}
	if t.count != 0 {
		im.Machine.Helpers = make(map[uint32]uint16, t.count)
	}
	for t.next() {
		id := t.u32()
		if _, ok := im.Machine.Helpers[id]; ok {
			t.fail("helper %d stands twice", id)
		}
		im.Machine.Helpers[id] = t.u16("helper address")
	}
	return t.err
}

func (r *reader) programs(im *Image) error {
	t, err := r.open(sectionPrograms, sizeProgram)
	if err != nil {
		return err
	}
	for t.next() {
		p := Program{Name: t.str(), Section: t.str(), Type: t.str(), License: t.str(), Entry: t.u32(), Insns: t.u32()}
		if len(t.rec) >= 4 {
			p.Stack = t.u32()
		}
		if len(t.rec) >= 4 {
			p.Fragments = t.flag("fragments")
		}
		im.Programs = append(im.Programs, p)
	}
	return t.err
}

func (r *reader) relocs(im *Image) error {
	t, err := r.open(sectionRelocs, sizeReloc)
	if err != nil {
		return err
	}
	for t.next() {
		rel := Reloc{Word: t.u32()}
		kind := t.u32()
		if kind > uint32(RelocMap) {
			t.fail("unknown relocation kind %d", kind)
		}
		rel.Kind = RelocKind(kind)
		rel.Arg = t.u32()
		im.Relocs = append(im.Relocs, rel)
	}
	return t.err
}

func (r *reader) maps(im *Image) error {
	t, err := r.open(sectionMaps, sizeMap)
	if err != nil {
		return err
	}
	for t.next() {
		im.Maps = append(im.Maps, Map{
			Name: t.str(), Type: t.str(), KeySize: t.u32(), ValueSize: t.u32(), MaxEntries: t.u32(),
			Flags: t.u32(), ID: t.u32(), Layout: t.str(), Base: t.u64(), Stride: t.u32(),
			Swapped: t.flag("swapped"), WordUse: t.bytes(),
		})
	}
	return t.err
}

// mapAt reads a map's index.
func (t *tableReader) mapAt(im *Image) *Map {
	k := t.u32()
	if uint64(k) >= uint64(len(im.Maps)) {
		t.fail("there is no map %d", k)
		return &Map{}
	}
	return &im.Maps[k]
}

func (r *reader) entries(im *Image) error {
	t, err := r.open(sectionEntries, sizeEntry)
	if err != nil {
		return err
	}
	for t.next() {
		m := t.mapAt(im)
		m.Initial = append(m.Initial, Entry{Key: t.bytes(), Value: t.bytes()})
	}
	return t.err
}

func (r *reader) params(im *Image) error {
	t, err := r.open(sectionParams, sizeParam)
	if err != nil {
		return err
	}
	for t.next() {
		m := t.mapAt(im)
		name := t.str()
		if m.Params == nil {
			m.Params = map[string]uint64{}
		}
		if _, ok := m.Params[name]; ok {
			t.fail("parameter %q of map %q stands twice", name, m.Name)
		}
		m.Params[name] = t.u64()
	}
	return t.err
}

func (r *reader) tails(im *Image) error {
	if r.sections[sectionTails] == nil {
		return nil
	}
	t, err := r.open(sectionTails, sizeTail)
	if err != nil {
		return err
	}
	for t.next() {
		im.Tails = append(im.Tails, Tail{Program: t.u32(), Map: t.u32(), First: t.u32(), Last: t.u32(), Keeps: t.u32()})
	}
	return t.err
}

func (r *reader) lines(im *Image) error {
	t, err := r.open(sectionLines, sizeLine)
	if err != nil {
		return err
	}
	for t.next() {
		im.Lines = append(im.Lines, Line{
			Word: t.u32(), Insn: int32(t.u32()), File: t.str(), LineNo: t.u32(), Column: t.u32(),
			Text: t.str(), BPF: t.str(),
		})
	}
	return t.err
}
