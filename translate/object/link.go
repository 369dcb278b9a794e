package object

import (
	"cmp"
	"debug/elf"
	"fmt"
	"path"
	"slices"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/translate/bpf"
)

// linker joins the library's view of the object (which function calls which,
// what each relocation names, BTF) with the raw slots of the file. The slots
// are taken from the file itself, so that encodings which the library folds
// or drops reach the verifier as they are.
type linker struct {
	name string
	file *elfFile
	spec *ebpf.CollectionSpec
	maps map[string]*Map
	// types are those of programs that are reached by tail calls and whose
	// sections name none.
	types map[string]Type
	given map[string]bool // the variables that Options.Set has set
	// kernel is what CO-RE relocates against beside the UAPI, or nil.
	kernel *btf.Spec
}

// orderedPrograms returns the entry programs in file order.
func (l *linker) orderedPrograms() []*ebpf.ProgramSpec {
	var out []*ebpf.ProgramSpec
	for _, p := range l.spec.Programs {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *ebpf.ProgramSpec) int {
		fa, fb := l.file.funcs[a.Name], l.file.funcs[b.Name]
		return cmp.Or(cmp.Compare(fa.index, fb.index), cmp.Compare(fa.offset, fb.offset), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// program converts one entry program. An error means a damaged object; what
// is merely unsupported goes to Refused.
func (l *linker) program(spec *ebpf.ProgramSpec, o Options) (*Program, error) {
	p := &Program{Object: l.name, Name: spec.Name, Section: l.file.trueName(spec.SectionName), License: spec.License}
	var err error
	if p.Type, err = programType(spec, o); err != nil {
		if p.Type = l.types[spec.Name]; p.Type == UnknownType {
			p.refuse(-1, err)
		}
	}
	p.Fragments = p.Type == XDP && declaresFragments(p.Section) || p.Type == TC && o.Fragments
	bad := map[int]error{} // references that cannot be had, by slot
	starts, err := l.layout(p, spec, bad)
	if err != nil {
		return nil, err
	}
	index := make(map[*Map]int)
	it := spec.Instructions.Iterate()
	for it.Next() {
		slot := int(it.Offset)
		if line, ok := it.Ins.Source().(*btf.Line); ok && line != nil {
			p.Lines = append(p.Lines, Line{
				Slot: slot, File: path.Clean(line.FileName()), LineNo: int(line.LineNumber()),
				Column: int(line.LineColumn()), Text: line.Line(),
			})
		}
		err := bad[slot]
		if err == nil {
			err = l.relocate(p, it.Ins, slot, starts, index)
		}
		if err == nil {
			err = l.core(p, it.Ins, slot)
		}
		if err != nil {
			p.refuse(slot, err)
		}
	}
	return p, nil
}

// layout fills Insns and Funcs and returns where each function starts; bad gets
// the references that the reader kept from the library.
func (l *linker) layout(p *Program, spec *ebpf.ProgramSpec, bad map[int]error) (map[string]int, error) {
	starts := make(map[string]int)
	slots := 0
	it := spec.Instructions.Iterate()
	for it.Next() {
		slots = int(it.Offset + it.Ins.Width())
		name := it.Ins.Symbol()
		if name == "" {
			continue
		}
		fn, ok := l.file.funcs[name]
		if !ok {
			return nil, fmt.Errorf("function %s has no symbol", name)
		}
		if len(p.Insns) != int(it.Offset) {
			return nil, fmt.Errorf("function %s begins at slot %d, but the functions before it have %d", name, it.Offset, len(p.Insns))
		}
		f := Func{Name: name, Start: int(it.Offset), NoInt: it.Offset > 0}
		if meta := btf.FuncMetadata(it.Ins); meta != nil {
			f.Global = fn.global && meta.Linkage == btf.GlobalFunc
			f.NoInt = f.NoInt && !returnsInt(meta)
			if f.Global && f.Start > 0 {
				f.Args, f.Unclear = prototype(meta, p.Type)
			}
		}
		refused := l.file.refused[elf.SectionIndex(fn.index)]
		for k := range fn.slots {
			if why := refused[fn.offset+uint64(k)*bpf.SlotSize]; why != nil {
				bad[f.Start+k] = why
			}
		}
		starts[name] = f.Start
		p.Funcs = append(p.Funcs, f)
		p.Insns = append(p.Insns, fn.slots...)
	}
	if len(p.Funcs) == 0 || p.Funcs[0].Start != 0 || len(p.Insns) != slots {
		return nil, fmt.Errorf("%d slots decoded, %d in the functions' symbols", slots, len(p.Insns))
	}
	return starts, nil
}

// relocate resolves what the instruction at slot refers to.
func (l *linker) relocate(p *Program, ins *asm.Instruction, slot int, starts map[string]int, index map[*Map]int) error {
	ref := ins.Reference()
	at := &p.Insns[slot]
	switch {
	case ins.IsLoadFromMap():
		m := l.maps[ref]
		if m == nil {
			return fmt.Errorf("reference to map %q, which the object does not define", ref)
		}
		if m.refused != nil {
			return m.refused
		}
		if m.Name == kconfig {
			if err := l.file.unset(uint64(ins.Constant)>>32, l.given); err != nil {
				return err
			}
		}
		k, ok := index[m]
		if !ok {
			k = len(p.Maps)
			index[m] = k
			p.Maps = append(p.Maps, m)
		}
		at.Src, at.Imm = uint8(ins.Src), int32(k)
		p.Insns[slot+1].Imm = 0
		if ins.Src == asm.PseudoMapValue {
			p.Insns[slot+1].Imm = int32(ins.Constant >> 32)
		}
	case ins.IsFunctionReference():
		start, ok := starts[ref]
		if !ok {
			return fmt.Errorf("call of function %q, which the object does not define", ref)
		}
		at.Src, at.Imm = uint8(ins.Src), int32(start-slot-1)
		if ins.IsLoadOfFunctionPointer() {
			p.Insns[slot+1].Imm = 0
		}
	case ins.IsKfuncCall():
		at.Src = bpf.PseudoKfunc
		if ref == "" && at.Kfunc().Known() {
			return nil // as kernelFunction has left it
		}
		return fmt.Errorf("%w: call of kernel function %q, because there is no kernel on the NIC", unsupported.Err, ref)
	case ref != "":
		return fmt.Errorf("%w: reference to %q, because the object does not define it", unsupported.Err, ref)
	}
	return nil
}
