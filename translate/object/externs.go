package object

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"

	"github.com/cilium/ebpf/btf"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/translate/bpf"
)

// extern is a variable that a kernel's configuration would set (__kconfig).
type extern struct {
	off  uint64
	weak bool // 0 where the configuration does not have it
}

// kconfig is the section that BTF says of them; externData is the name by which
// the library takes it for constants.
const kconfig, externData = ".kconfig", ".rodatak"

// defineExterns gives the variables of a kernel's configuration a section of
// zeros, which Options.Set may fill as it may other constants.
func (p *prepared) defineExterns() error {
	k := p.named(".BTF")
	if k == 0 || !bytes.Contains(p.sections[k].data, []byte(kconfig)) {
		return nil
	}
	spec, err := btf.LoadSpecFromReader(bytes.NewReader(p.sections[k].data))
	if err != nil {
		return nil // the library says what is wrong with it
	}
	var ds *btf.Datasec
	if spec.TypeByName(kconfig, &ds) != nil {
		return nil
	}
	at, end := elf.SectionIndex(len(p.sections)), uint64(0)
	for _, v := range ds.Vars {
		for n := range p.symbols {
			sym := &p.symbols[n]
			if sym.Section != elf.SHN_UNDEF || sym.Name == "" || sym.Name != v.Type.TypeName() {
				continue
			}
			p.externs[sym.Name] = extern{off: end, weak: elf.ST_BIND(sym.Info) == elf.STB_WEAK}
			sym.Info, sym.Section = elf.ST_INFO(elf.STB_GLOBAL, elf.STT_OBJECT), at
			sym.Value, sym.Size = end, uint64(v.Size)
			end += (uint64(v.Size) + 7) &^ 7
		}
	}
	if end == 0 {
		return nil
	}
	if end > maxSections {
		return fmt.Errorf("%w: %d bytes of __kconfig variables, because no NIC has the memory", unsupported.Err, end)
	}
	p.sections = append(p.sections, section{
		SectionHeader: elf.SectionHeader{Name: kconfig, Type: elf.SHT_PROGBITS, Flags: elf.SHF_ALLOC, Size: end, FileSize: end, Addralign: 8},
		data:          make([]byte, end),
	})
	p.rename(&p.sections[at], externData)
	return nil
}

// unset says why a program cannot read the byte at an offset of the kernel's
// configuration: nobody gave it.
func (p *prepared) unset(off uint64, given map[string]bool) error {
	for name, e := range p.externs {
		if e.off == off && !e.weak && !given[name] {
			return fmt.Errorf("%w: extern __kconfig variable, because there is no kernel on the NIC; give it a value with --set %s=VALUE, or make it a const volatile global", unsupported.Err, name)
		}
	}
	return nil
}

// kernelFunction resolves a reference to a function of the kernel that programs may
// call here, weak or not: a call of it, or the question whether it is there.
func (p *prepared) kernelFunction(sym elf.Symbol, ins instruction) bool {
	id, ok := bpf.KfuncByName(sym.Name)
	if !ok || sym.Section != elf.SHN_UNDEF {
		return false
	}
	switch ins.op() {
	case opWide:
		ins[1] &= 0xf
		ins.set(1)
	case opCall:
		ins[1] = ins[1]&0xf | bpf.PseudoKfunc<<4
		ins.set(int32(id))
	default:
		return false
	}
	return true
}

// absent resolves a reference to what is weak and nowhere defined: its address is
// 0, and a call of it is one that no verifier takes, if it is reached.
func (p *prepared) absent(sym elf.Symbol, ins instruction) bool {
	if sym.Section != elf.SHN_UNDEF || elf.ST_BIND(sym.Info) != elf.STB_WEAK {
		return false
	}
	switch ins.op() {
	case opWide:
		ins[1] &= 0xf
		ins.set(0)
	case opCall:
		ins[1] &= 0xf
		ins.set(int32(bpf.HelperAbsentField))
	default:
		return false
	}
	return true
}

func le64(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }
