package object

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/translate/bpf"
)

var (
	errNoPrograms = errors.New("holds no programs: no executable section besides .text; give each program a SEC(\"xdp\") or SEC(\"tc\")")
	errStripped   = errors.New("has no symbol table; link or copy it without stripping (llvm-strip -g keeps the symbols)")
	errBigEndian  = errors.New("is a big-endian eBPF object; only little-endian is taken, compile with -target bpfel")
)

// maxSections bounds the memory that an object takes, in bytes: a few bytes of
// file may claim gigabytes of zeros.
const maxSections = 64 << 20

// elfFile is what is needed of the ELF container beside the library's view:
// the raw slots of each function, and where it stands.
type elfFile struct {
	funcs map[string]elfFunc
	*prepared
}

// elfFunc is a function symbol.
type elfFunc struct {
	section string
	index   int    // of the section
	offset  uint64 // in the section, bytes
	global  bool
	slots   []bpf.Insn // before relocation
}

// notELF says what a file is in the place of an object.
func notELF(b []byte) error {
	switch {
	case bytes.HasPrefix(b, []byte("BC\xc0\xde")), bytes.HasPrefix(b, []byte{0xde, 0xc0, 0x17, 0x0b}):
		return errors.New("is LLVM bitcode, not an ELF file; compile without -emit-llvm and -flto, or make an object of it with llc -march=bpf -filetype=obj")
	case bytes.HasPrefix(b, []byte("; ModuleID")), bytes.HasPrefix(b, []byte("source_filename")):
		return errors.New("is LLVM assembly, not an ELF file; make an object of it with llc -march=bpf -filetype=obj")
	case bytes.HasPrefix(b, []byte("!<arch>\n")):
		return errors.New("is an archive, not an ELF file; take the object out with ar x")
	}
	return errors.New("is not an ELF file; objects are made with clang -O2 -g -target bpf -c")
}

// openELF checks the container and collects its functions.
func openELF(b []byte) (out *elfFile, err error) {
	defer func() {
		if r := recover(); r != nil {
			out, err = nil, fmt.Errorf("damaged ELF file: %v", r)
		}
	}()
	if len(b) < 4 || string(b[:4]) != elf.ELFMAG {
		return nil, notELF(b)
	}
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("truncated or damaged ELF file: %w", err)
	}
	if f.Machine != elf.EM_BPF && f.Machine != elf.EM_NONE {
		return nil, fmt.Errorf("is code for %s, not eBPF; compile with clang -target bpf", f.Machine)
	}
	if f.ByteOrder != binary.LittleEndian {
		return nil, errBigEndian
	}
	total := uint64(0)
	for _, s := range f.Sections {
		if !strings.HasPrefix(s.Name, ".debug") {
			total += min(s.Size, maxSections+1)
		}
		if total > maxSections {
			return nil, fmt.Errorf("%w: sections of more than %d bytes together, because no NIC has the memory (%s has %d)", unsupported.Err, maxSections, s.Name, s.Size)
		}
		if s.Flags&elf.SHF_COMPRESSED != 0 && (isCode(s.SectionHeader) || !strings.HasPrefix(s.Name, ".debug")) {
			return nil, fmt.Errorf("%w: compressed section %s; decompress it with llvm-objcopy --decompress-debug-sections", unsupported.Err, s.Name)
		}
		if s.Type != elf.SHT_NOBITS && s.Type != elf.SHT_NULL && (s.Offset > uint64(len(b)) || s.FileSize > uint64(len(b))-s.Offset) {
			return nil, fmt.Errorf("truncated ELF file: section %q ends at byte %d of %d", s.Name, s.Offset+s.FileSize, len(b))
		}
	}
	syms, err := f.Symbols()
	if errors.Is(err, elf.ErrNoSymbols) {
		return nil, errStripped
	}
	if err != nil {
		return nil, fmt.Errorf("damaged ELF file: %w", err)
	}
	out = &elfFile{funcs: make(map[string]elfFunc)}
	if out.prepared, err = prepare(b, f, syms); err != nil {
		return nil, err
	}
	return out, out.collectFuncs()
}

// collectFuncs collects the slots of the functions.
func (e *elfFile) collectFuncs() error {
	for _, sym := range e.symbols {
		if int(sym.Section) >= len(e.sections) || sym.Name == "" || elf.ST_TYPE(sym.Info) != elf.STT_FUNC {
			continue
		}
		s := &e.sections[sym.Section]
		if !isCode(s.SectionHeader) || len(s.data) == 0 {
			continue
		}
		if sym.Value > uint64(len(s.data)) || sym.Size > uint64(len(s.data))-sym.Value {
			return fmt.Errorf("function %s reaches beyond its section %s", sym.Name, s.Name)
		}
		slots, err := bpf.Decode(s.data[sym.Value : sym.Value+sym.Size])
		if err != nil {
			return fmt.Errorf("function %s: %w", sym.Name, err)
		}
		e.funcs[sym.Name] = elfFunc{
			section: s.Name, index: int(sym.Section), offset: sym.Value,
			global: elf.ST_BIND(sym.Info) != elf.STB_LOCAL && elf.ST_VISIBILITY(sym.Other) == elf.STV_DEFAULT, slots: slots,
		}
	}
	return nil
}
