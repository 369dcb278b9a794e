package image

import (
	"io"
	"maps"
	"slices"

	"github.com/skipsw/skipsw/nfpisa"
)

// The names of the sections.
const (
	sectionText     = ".text"
	sectionInitReg  = ".init.csr"
	sectionSymbols  = ".symtab"
	sectionSymNames = ".strtab"
	sectionNames    = ".shstrtab"
	sectionTarget   = ".skipsw.target"
	sectionMachine  = ".skipsw.machine"
	sectionHelpers  = ".skipsw.helpers"
	sectionPrograms = ".skipsw.programs"
	sectionRelocs   = ".skipsw.relocs"
	sectionMaps     = ".skipsw.maps"
	sectionEntries  = ".skipsw.entries"
	sectionParams   = ".skipsw.params"
	sectionLines    = ".skipsw.lines"
	sectionTails    = ".skipsw.tails"
	sectionStrings  = ".skipsw.str"
	sectionData     = ".skipsw.data"
)

// The sizes of the records, in bytes.
const (
	sizeMachine = 16
	sizeHelper  = 8
	sizeProgram = 40 // and four bytes for the stack, which older images have not
	sizeReloc   = 12
	sizeMap     = 72
	sizeEntry   = 20
	sizeParam   = 20
	sizeLine    = 40
	sizeTail    = 20
)

// Marshal returns the image as a file. Equal images give equal bytes. An image
// that Validate refuses cannot be written.
func (im *Image) Marshal() ([]byte, error) {
	if err := im.Validate(); err != nil {
		return nil, err
	}
	h := &heap{at: map[string]uint32{}}
	tables := []section{
		im.machineTable(h), im.helperTable(h), im.programTable(h), im.relocTable(h),
		im.mapTable(h), im.entryTable(h), im.paramTable(h), im.lineTable(h),
		{name: sectionStrings, typ: shtProgbits, align: 1, data: h.strings},
		{name: sectionData, typ: shtProgbits, align: 1, data: h.data},
	}
	start := uint64(im.Machine.CodeStart)
	text := section{
		name: sectionText, typ: shtProgbits, flags: shfAlloc | shfExec,
		addr: start * wordSize, align: wordSize,
	}
	text.data = make([]byte, 0, wordSize*len(im.Words))
	for _, w := range im.Words {
		text.data = le.AppendUint64(text.data, uint64(w))
	}
	ss := []section{{}, text, im.initReg()}
	symbols, names := im.symbolTable()
	symbols.link = uint32(len(ss) + 1)
	ss = append(ss, symbols, names)
	ss = append(ss, tables...)
	if len(im.Tails) != 0 {
		ss = append(ss, im.tailTable(h))
	}
	if im.Target != nil {
		ss = append(ss, section{name: sectionTarget, typ: shtProgbits, align: 1, data: im.Target.Marshal()})
	}
	ss = append(ss, section{name: sectionNames, typ: shtStrtab, align: 1})
	entry := text.addr
	if len(im.Programs) != 0 {
		entry += uint64(im.Programs[0].Entry) * wordSize
	}
	return writeELF(entry, ss), nil
}

// WriteTo writes the image as a file.
func (im *Image) WriteTo(w io.Writer) (int64, error) {
	b, err := im.Marshal()
	if err != nil {
		return 0, err
	}
	n, err := w.Write(b)
	return int64(n), err
}

// initReg is the register table that tells the context mode to objdump and to
// NFP loaders: CtxEnables of the core.
func (im *Image) initReg() section {
	const (
		// Section info: the registers are ME CSRs, read and written over CTXPB
		// (target 14) by actions 2 and 3 with token 1.
		info = 14<<22 | 2<<17 | 1<<15 | 3<<10 | 1<<8
		// The entry holds for good.
		constant = 1 << 25
		// Address: CSRs in place of transfer registers, data master 4 = core 0.
		address = 1<<16 | 4<<10 | nfpisa.CSRCtxEnables
		even    = 0x55 << 8 // contexts 0, 2, 4, 6
		all     = 0xff << 8
		four    = 1 << 31
	)
	value := uint32(four | even)
	if im.Machine.Mode == nfpisa.Ctx8 {
		value = all
	}
	s := section{name: sectionInitReg, typ: shtNFPInitReg, info: info, align: 4, entrySize: 16}
	for _, v := range []uint32{constant, address, value, 0xffffffff} {
		s.data = le.AppendUint32(s.data, v)
	}
	return s
}

// symbolTable holds Symbols in their order, all with local binding. Programs
// and runtime routines are functions, the latter hidden; labels have no type.
func (im *Image) symbolTable() (symbols, names section) {
	symbols = section{name: sectionSymbols, typ: shtSymtab, align: 8, entrySize: elfSymbolSize}
	names = section{name: sectionSymNames, typ: shtStrtab, align: 1, data: []byte{0}}
	symbols.data = make([]byte, elfSymbolSize)
	const textIndex = 1
	for _, s := range im.Symbols {
		typ, other := byte(sttFunc), byte(0)
		switch s.Kind {
		case SymRuntime:
			other = stvHidden
		case SymLabel:
			typ = sttNotype
		}
		b := symbols.data
		b = le.AppendUint32(b, uint32(len(names.data)))
		b = append(b, typ, other)
		b = le.AppendUint16(b, textIndex)
		b = le.AppendUint64(b, (uint64(im.Machine.CodeStart)+uint64(s.Word))*wordSize)
		b = le.AppendUint64(b, uint64(s.Size)*wordSize)
		symbols.data = b
		names.data = append(append(names.data, s.Name...), 0)
	}
	symbols.info = uint32(len(im.Symbols) + 1) // one past the last local symbol
	return symbols, names
}

func table(h *heap, name string, fill func(*tableWriter)) section {
	w := &tableWriter{h: h, b: make([]byte, tableHeaderSize)}
	fill(w)
	copy(w.b, tableMagic)
	le.PutUint32(w.b[4:], Version)
	le.PutUint32(w.b[8:], uint32(w.size))
	le.PutUint32(w.b[12:], uint32(w.count))
	return section{name: name, typ: shtProgbits, align: 8, data: w.b}
}

func (im *Image) machineTable(h *heap) section {
	return table(h, sectionMachine, func(w *tableWriter) {
		m := &im.Machine
		w.u32(uint32(m.Mode))
		w.u32(uint32(m.CodeStart))
		w.u32(uint32(m.Done))
		w.u32(m.StackSize)
		w.end()
	})
}

func (im *Image) helperTable(h *heap) section {
	return table(h, sectionHelpers, func(w *tableWriter) {
		for _, id := range slices.Sorted(maps.Keys(im.Machine.Helpers)) {
			w.u32(id)
			w.u32(uint32(im.Machine.Helpers[id]))
			w.end()
		}
	})
}

func (im *Image) programTable(h *heap) section {
	return table(h, sectionPrograms, func(w *tableWriter) {
		for _, p := range im.Programs {
			w.str(p.Name)
			w.str(p.Section)
			w.str(p.Type)
			w.str(p.License)
			w.u32(p.Entry)
			w.u32(p.Insns)
			w.u32(p.Stack)
			w.flag(p.Fragments)
			w.end()
		}
	})
}

func (im *Image) relocTable(h *heap) section {
	return table(h, sectionRelocs, func(w *tableWriter) {
		for _, r := range im.Relocs {
			w.u32(r.Word)
			w.u32(uint32(r.Kind))
			w.u32(r.Arg)
			w.end()
		}
	})
}

func (im *Image) mapTable(h *heap) section {
	return table(h, sectionMaps, func(w *tableWriter) {
		for k := range im.Maps {
			m := &im.Maps[k]
			w.str(m.Name)
			w.str(m.Type)
			w.u32(m.KeySize)
			w.u32(m.ValueSize)
			w.u32(m.MaxEntries)
			w.u32(m.Flags)
			w.u32(m.ID)
			w.str(m.Layout)
			w.u64(m.Base)
			w.u32(m.Stride)
			w.flag(m.Swapped)
			w.bytes(m.WordUse)
			w.u32(0)
			w.end()
		}
	})
}

func (im *Image) entryTable(h *heap) section {
	return table(h, sectionEntries, func(w *tableWriter) {
		for k := range im.Maps {
			for _, e := range im.Maps[k].Initial {
				w.u32(uint32(k))
				w.bytes(e.Key)
				w.bytes(e.Value)
				w.end()
			}
		}
	})
}

func (im *Image) paramTable(h *heap) section {
	return table(h, sectionParams, func(w *tableWriter) {
		for k := range im.Maps {
			p := im.Maps[k].Params
			for _, name := range slices.Sorted(maps.Keys(p)) {
				w.u32(uint32(k))
				w.str(name)
				w.u64(p[name])
				w.end()
			}
		}
	})
}

func (im *Image) tailTable(h *heap) section {
	return table(h, sectionTails, func(w *tableWriter) {
		for _, t := range im.Tails {
			w.u32(t.Program)
			w.u32(t.Map)
			w.u32(t.First)
			w.u32(t.Last)
			w.u32(t.Keeps)
			w.end()
		}
	})
}

func (im *Image) lineTable(h *heap) section {
	return table(h, sectionLines, func(w *tableWriter) {
		for _, l := range im.Lines {
			w.u32(l.Word)
			w.u32(uint32(l.Insn))
			w.str(l.File)
			w.u32(l.LineNo)
			w.u32(l.Column)
			w.str(l.Text)
			w.str(l.BPF)
			w.end()
		}
	})
}
