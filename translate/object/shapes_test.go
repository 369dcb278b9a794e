package object

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/bpf"
)

// apart takes one of our own objects apart, for tests to make one of another
// compiler of it.
func apart(t testing.TB, name string) *container {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../../testdata/bpf", name))
	require.NoError(t, err)
	f, err := elf.NewFile(bytes.NewReader(b))
	require.NoError(t, err)
	syms, err := f.Symbols()
	require.NoError(t, err)
	c, err := takeApart(b, f, syms)
	require.NoError(t, err)
	return c
}

func (c *container) erase(names ...string) {
	for _, name := range names {
		for k := range c.sections {
			if s := &c.sections[k]; s.Name == name || strings.HasSuffix(s.Name, ".rel"+name) {
				s.Name, s.Type, s.data = "-", elf.SHT_NOTE, nil
			}
		}
	}
}

// untype makes the symbols what clang had before version 8: without type and size.
func (c *container) untype() {
	for k := range c.symbols {
		s := &c.symbols[k]
		if typ := elf.ST_TYPE(s.Info); typ == elf.STT_FUNC || typ == elf.STT_OBJECT {
			s.Info, s.Size = elf.ST_INFO(elf.ST_BIND(s.Info), elf.STT_NOTYPE), 0
		}
	}
	c.header.Machine = uint16(elf.EM_NONE)
}

// explicit moves what relocations of code add from the code to the relocations
// (RELA).
func (c *container) explicit() {
	for k := range c.sections {
		rel := &c.sections[k]
		if rel.Type != elf.SHT_REL || !isCode(c.sections[rel.Info].SectionHeader) && !strings.HasPrefix(c.sections[rel.Info].Name, ".BTF") {
			continue
		}
		var out []byte
		for data := rel.data; len(data) > 0; data = data[16:] {
			at := c.sections[rel.Info].data[le64(data):]
			addend := int64(0)
			switch section := c.symbols[elf.R_SYM64(le64(data[8:]))-1]; {
			case !isCode(c.sections[rel.Info].SectionHeader):
				addend = int64(binary.LittleEndian.Uint32(at)) - int64(section.Value)
				binary.LittleEndian.PutUint32(at, 0)
			case instruction(at).op() == opWide:
				addend = int64(instruction(at).imm())
				instruction(at).set(0)
			case elf.ST_TYPE(section.Info) == elf.STT_SECTION:
				addend = (int64(instruction(at).imm()) + 1) * bpf.SlotSize
				instruction(at).set(0)
			}
			out = append(append(out, data[:16]...), make([]byte, 8)...)
			binary.LittleEndian.PutUint64(out[len(out)-8:], uint64(addend))
		}
		rel.data, rel.Type, rel.Entsize = out, elf.SHT_RELA, 24
		rel.Name = strings.Replace(rel.Name, ".rel", ".rela", 1)
	}
}

// likeGNU makes what code holds beside relocations to symbols what GNU's assembler
// writes: the symbol's place in bytes for variables, one less for functions; and a
// .BTF.ext that ends behind its header.
func (c *container) likeGNU() {
	for _, rel := range c.sections {
		if rel.Type != elf.SHT_REL || !isCode(c.sections[rel.Info].SectionHeader) {
			continue
		}
		for data := rel.data; len(data) > 0; data = data[16:] {
			ins := instruction(c.sections[rel.Info].data[le64(data):])
			switch sym := c.symbols[elf.R_SYM64(le64(data[8:]))-1]; {
			case elf.ST_TYPE(sym.Info) == elf.STT_SECTION:
			case ins.op() == opCall:
				ins.set(int32(sym.Value) - 1)
			default:
				ins.set(int32(sym.Value))
			}
		}
	}
	c.sections = append(c.sections, section{
		SectionHeader: elf.SectionHeader{Name: ".comment", Type: elf.SHT_PROGBITS}, data: []byte("\x00GCC: (GNU) 12.2.0\x00"),
	})
	if k := c.named(".BTF.ext"); k != 0 {
		c.sections[k].data = c.sections[k].data[:36]
	}
}

// bodies are the functions of a program, in an order that does not depend on their
// names: the program, then the others; calls lead to a length.
func bodies(p *Program) []string {
	length := map[int]int{}
	end := func(k int) int {
		if k+1 < len(p.Funcs) {
			return p.Funcs[k+1].Start
		}
		return len(p.Insns)
	}
	for k, f := range p.Funcs {
		length[f.Start] = end(k) - f.Start
	}
	var out []string
	for k, f := range p.Funcs {
		var text strings.Builder
		for at := f.Start; at < end(k); at++ {
			in := p.Insns[at]
			if in.IsFuncCall() || in.IsFuncLoad() {
				in.Imm = int32(length[in.FuncTarget(at)])
			}
			fmt.Fprintln(&text, in)
		}
		out = append(out, text.String())
	}
	slices.Sort(out[1:])
	return out
}

// TestShapes: objects of other compilers hold the same programs and maps.
func TestShapes(t *testing.T) {
	shapes := []struct {
		name   string
		change func(c *container)
	}{
		{"as it is", func(c *container) {}},
		{"without BTF", func(c *container) { c.erase(".BTF", ".BTF.ext") }},
		{"clang before 8", func(c *container) { c.untype(); c.erase(".BTF", ".BTF.ext") }},
		{"clang before 8 with BTF", (*container).untype},
		{"RELA", (*container).explicit},
		{"GNU", (*container).likeGNU},
		{"unreadable lines", func(c *container) {
			b := c.sections[c.named(".BTF.ext")].data
			c.sections[c.named(".BTF.ext")].data = b[:len(b)-1]
		}},
		{"static functions of one name", func(c *container) {
			for k := range c.symbols {
				if s := &c.symbols[k]; elf.ST_TYPE(s.Info) == elf.STT_FUNC && elf.ST_BIND(s.Info) == elf.STB_LOCAL {
					s.Name = "same"
				}
			}
		}},
		{"static functions without a symbol", func(c *container) {
			for k := range c.symbols {
				if s := &c.symbols[k]; elf.ST_TYPE(s.Info) == elf.STT_FUNC && elf.ST_BIND(s.Info) == elf.STB_LOCAL {
					s.Name = ""
				}
			}
		}},
	}
	files := []string{"odd/calls.o", "odd/legacy_tail.o", "odd/legacy_nested.o", "odd/legacy_tc.o", "odd/map_def.o"}
	all, err := filepath.Glob(filepath.Join("../../testdata/bpf", "*.o"))
	require.NoError(t, err)
	for _, f := range all {
		files = append(files, filepath.Base(f))
	}
	for _, file := range files {
		want, err := LoadBytes("x.o", apart(t, file).bytes(), Options{Type: XDP})
		require.NoError(t, err)
		for _, s := range shapes {
			if file == "edge_neigh.o" && s.name == "clang before 8 with BTF" {
				continue // bytes without a name follow its variables: a clang that wrote the sizes of those to BTF gave symbols sizes, too
			}
			t.Run(file+"/"+s.name, func(t *testing.T) {
				c := apart(t, file)
				if c.named(".BTF.ext") == 0 {
					c.sections = append(c.sections, section{SectionHeader: elf.SectionHeader{Name: ".BTF.ext", Type: elf.SHT_PROGBITS}, data: make([]byte, 36)})
				}
				s.change(c)
				got, err := LoadBytes("x.o", c.bytes(), Options{Type: XDP})
				if c.named(".BTF") == 0 && c.named(btfMaps) != 0 {
					require.ErrorContains(t, err, "maps in section .maps need BTF")
					return
				}
				require.NoError(t, err)
				require.Len(t, got.Programs, len(want.Programs))
				for k, p := range got.Programs {
					require.NoError(t, p.Refused)
					require.Equal(t, bodies(want.Programs[k]), bodies(p))
					require.Len(t, p.Maps, len(want.Programs[k].Maps))
					for n, m := range p.Maps {
						w := want.Programs[k].Maps[n]
						require.Equal(t, []any{w.Name, w.Type, w.KeySize, w.ValueSize, w.MaxEntries, w.Initial, w.Programs}, []any{m.Name, m.Type, m.KeySize, m.ValueSize, m.MaxEntries, m.Initial, m.Programs})
					}
				}
			})
		}
	}
}

// TestUnreadableRelocations: type information that cannot be read refuses the object
// if relocations (CO-RE) are lost with it.
func TestUnreadableRelocations(t *testing.T) {
	c := apart(t, "odd/core_context.o")
	ext := &c.sections[c.named(".BTF.ext")]
	ext.data = ext.data[:len(ext.data)-1]
	_, err := LoadBytes("x.o", c.bytes(), Options{})
	require.ErrorContains(t, err, "load BTF: ")
	ext.data = ext.data[:3]
	_, err = LoadBytes("x.o", c.bytes(), Options{})
	require.ErrorContains(t, err, "load BTF: ")
}
