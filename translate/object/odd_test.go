package object_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(samples, name))
	require.NoError(t, err)
	return b
}

// hugeBSS is an object whose .bss claims 4 GB.
func hugeBSS(t testing.TB) []byte {
	b := bytes.Clone(read(t, "sampler.o"))
	f, err := elf.NewFile(bytes.NewReader(b))
	require.NoError(t, err)
	headers := binary.LittleEndian.Uint64(b[40:])
	for i, s := range f.Sections {
		if s.Name == ".bss" {
			b[headers+uint64(i)*64+32+3] = 0xff
			return b
		}
	}
	t.Fatal("no .bss")
	return nil
}

func TestBadObjects(t *testing.T) {
	pass := read(t, "pass.o")
	x86 := bytes.Clone(pass)
	x86[18], x86[19] = byte(elf.EM_X86_64), 0
	for _, c := range []struct {
		name, want string
		file       []byte
	}{
		{"no ELF", "x.o: is not an ELF file", []byte("hello")},
		{"empty", "x.o: is not an ELF file", nil},
		{"bitcode", "x.o: is LLVM bitcode, not an ELF file; compile without -emit-llvm and -flto", []byte("BC\xc0\xde5")},
		{"wrapped bitcode", "x.o: is LLVM bitcode", []byte{0xde, 0xc0, 0x17, 0x0b, 0}},
		{"LLVM assembly", "x.o: is LLVM assembly", []byte("; ModuleID = 'x.c'\n")},
		{"archive", "x.o: is an archive", []byte("!<arch>\n")},
		{"truncated header", "x.o: truncated or damaged ELF file: ", pass[:40]},
		{"truncated sections", "x.o: truncated or damaged ELF file: ", pass[:len(pass)/2]},
		{"other machine", "x.o: is code for EM_X86_64, not eBPF; compile with clang -target bpf", x86},
		{"big-endian", "x.o: is a big-endian eBPF object; only little-endian is taken", read(t, "odd/bigendian.o")},
		{"stripped", "x.o: has no symbol table; link or copy it without stripping", read(t, "odd/stripped.o")},
		{"no programs", "x.o: holds no programs: ", read(t, "odd/empty.o")},
		{"huge section", "x.o: not supported: sections of more than 67108864 bytes together", hugeBSS(t)},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := object.LoadBytes("x.o", c.file, object.Options{})
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "\n")
		})
	}
	_, err := object.Load("/nonexistent/x.o", object.Options{})
	require.ErrorIs(t, err, os.ErrNotExist)
}

// TestTruncatedAnywhere cuts an object at every byte: an error each time, as
// the section headers stand at the end.
func TestTruncatedAnywhere(t *testing.T) {
	b := read(t, "count_by_proto.o")
	for n := range b {
		_, err := object.LoadBytes("x.o", b[:n], object.Options{})
		require.Error(t, err, "%d bytes", n)
	}
}

// TestUntypedSection: where a section names no type, the program's context and
// iproute2's habits do, else the options.
func TestUntypedSection(t *testing.T) {
	types := func(o *object.Object) map[string]object.Type {
		got := map[string]object.Type{}
		for _, p := range o.Programs {
			got[p.Name] = p.Type
			require.Equal(t, p.Type == object.UnknownType, p.Refused != nil, p.Name)
		}
		return got
	}
	o := load(t, "odd/untyped.o")
	require.Equal(t, map[string]object.Type{
		"on_xdp": object.XDP, "unknown": object.XDP, "on_ingress": object.TC, "on_cls": object.TC, "on_filter": object.UnknownType, "caller": object.XDP,
	}, types(o), "a function that others call is no program")
	_, err := o.Program("on_filter")
	require.EqualError(t, err, `untyped.o: program on_filter: section "filter" names no program type, which is one of: xdp, tc`)

	o, err = object.LoadBytes("untyped.o", read(t, "odd/untyped.o"), object.Options{Type: object.TC})
	require.NoError(t, err)
	require.Equal(t, map[string]object.Type{
		"on_xdp": object.XDP, "unknown": object.TC, "on_ingress": object.TC, "on_cls": object.TC, "on_filter": object.TC, "caller": object.XDP,
	}, types(o))

	o = load(t, "odd/plain.o")
	require.Equal(t, map[string]object.Type{"on_xdp": object.XDP, "on_skb": object.UnknownType}, types(o))
	p, err := o.Program("on_xdp")
	require.NoError(t, err)
	require.Equal(t, ".text", p.Section)

	o, err = object.LoadBytes("legacy_tc.o", read(t, "odd/legacy_tc.o"), object.Options{Type: object.TC})
	require.NoError(t, err)
	p, err = o.Program("tc_egress")
	require.NoError(t, err)
	require.Equal(t, object.TC, p.Type)
	require.Equal(t, []*object.Map{{Name: "acc", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 4, MaxEntries: 2, Pinning: object.PinGlobally}}, p.Maps)
}

func TestProgramByName(t *testing.T) {
	o := load(t, "odd/foreign.o")
	_, err := o.Program("")
	require.EqualError(t, err, "foreign.o: has several programs (5) and one must be named: probe, good, kfunc, kconfig, act")
	_, err = o.Program("none")
	require.EqualError(t, err, `foreign.o: has no program "none", it has: probe, good, kfunc, kconfig, act`)
	for name, want := range map[string]string{
		"probe":   `not supported: section "kprobe/do_exit" holds a Kprobe program, because a NIC runs only: xdp, tc`,
		"kfunc":   `(odd/foreign.c:26): not supported: call of kernel function "bpf_some_kfunc"`,
		"kconfig": `(odd/foreign.c:33): not supported: extern __kconfig variable`,
	} {
		_, err := o.Program(name)
		require.ErrorContains(t, err, want)
	}
	p, err := o.Program("good")
	require.NoError(t, err)
	require.Equal(t, object.XDP, p.Type)
	p, err = o.Program("act")
	require.NoError(t, err)
	require.Equal(t, object.TC, p.Type)
}

func TestSectionNames(t *testing.T) {
	o := load(t, "odd/sections.o")
	got := map[string]object.Type{}
	for _, p := range o.Programs {
		got[p.Section] = p.Type
		require.Equal(t, p.Type == object.UnknownType, p.Refused != nil, p.Section)
	}
	require.Equal(t, map[string]object.Type{
		"xdp": object.XDP, "xdp/name": object.XDP, "xdp_prog": object.XDP, "xdp.frags": object.XDP,
		"tc": object.TC, "tc/name": object.TC, "tcx/ingress": object.TC, "classifier": object.TC, "classifier/name": object.TC, "action": object.TC,
		"xdp/devmap": object.XDP, "cls-main": object.UnknownType, "progs": object.UnknownType, "socket": object.UnknownType,
		"tracepoint/xdp/xdp_exception": object.UnknownType,
	}, got)
	_, err := o.Program("f_socket_filter")
	require.ErrorContains(t, err, `not supported: section "socket" holds a SocketFilter program`)
	_, err = o.Program("f_cls_main")
	require.ErrorContains(t, err, `section "cls-main" names no program type, which is one of: xdp, tc`)
	p, err := o.Program("f_xdp_devmap")
	require.NoError(t, err)
	require.Equal(t, bpf.AttachXDPDevMap, p.Attach)
}

// TestRelocatable: structures that a program defines itself keep the layout that
// they were compiled with.
func TestRelocatable(t *testing.T) {
	p, err := load(t, "odd/core.o").Program("core")
	require.NoError(t, err)
	require.Contains(t, p.Insns, bpf.Load(bpf.SizeW, 1, 1, 4), "ctx->data_end")
	require.Contains(t, p.Insns, bpf.Mov.Imm(3, 14), "size of the header")
}

func TestEarlyMapDefinition(t *testing.T) {
	o := load(t, "odd/map_def.o")
	p, err := o.Program("")
	require.NoError(t, err)
	require.Equal(t, object.TC, p.Type)
	require.Equal(t, []*object.Map{{Name: "table", Type: bpf.MapTypeHash, KeySize: 8, ValueSize: 16, MaxEntries: 100, Flags: 1}}, p.Maps)
}

func TestLegacyTailCalls(t *testing.T) {
	o, err := object.LoadBytes("x.o", read(t, "odd/legacy_tail.o"), object.Options{Type: object.XDP})
	require.NoError(t, err)
	require.Equal(t, map[uint32]string{0: "first", 1: "second"}, o.Map("jumps").Programs)
	entry, err := o.Program("entry")
	require.NoError(t, err)
	require.Same(t, o.Map("jumps"), entry.Maps[0])
}

func TestMapsOfMaps(t *testing.T) {
	o := load(t, "odd/nested.o")
	outer := o.Map("outer")
	require.Equal(t, uint32(8), outer.Inner.ValueSize)
	require.Equal(t, map[uint32]*object.Map{1: o.Map("left"), 2: o.Map("right")}, outer.Inners)

	o = load(t, "odd/legacy_nested.o")
	outer = o.Map("outer")
	require.Same(t, o.Map("inner"), outer.Inner)
	require.Equal(t, map[uint32]*object.Map{1: o.Map("inner")}, outer.Inners)
}

func TestTailCallArray(t *testing.T) {
	o := load(t, "tail_parse.o")
	require.Equal(t, map[uint32]string{0: "ipv4", 1: "ipv6", 2: "vlan"}, o.Map("stages").Programs)
	vlan, err := o.Program("vlan")
	require.NoError(t, err)
	main, err := o.Program("tail_parse")
	require.NoError(t, err)
	require.ElementsMatch(t, vlan.Maps, main.Maps)
}

func TestGlobals(t *testing.T) {
	o := load(t, "sampler.o")
	ro, data, bss := o.Map(".rodata"), o.Map(".data"), o.Map(".bss")
	require.True(t, ro.Frozen)
	require.False(t, data.Frozen)
	require.Equal(t, []object.Entry{{Key: make([]byte, 4), Value: []byte{3, 0, 0, 0}}}, data.Initial)
	require.Equal(t, []object.Entry{{Key: make([]byte, 4), Value: make([]byte, 72)}}, bss.Initial)
	require.Equal(t, []byte{10, 0, 0, 0, 46, 6}, ro.Initial[0].Value[:6])

	p, err := o.Program("")
	require.NoError(t, err)
	seen := map[string]bool{}
	for i, in := range p.Insns {
		if in.IsMapValueLoad() {
			m := p.Maps[in.Imm]
			seen[m.Name] = true
			require.Less(t, p.Insns[i+1].Imm, int32(m.ValueSize))
		}
	}
	require.Equal(t, map[string]bool{".rodata": true, ".rodata.cst16": true, ".data": true, ".bss": true}, seen)
}

// TestCalls follows every call and function pointer to the start of a function.
func TestCalls(t *testing.T) {
	for _, file := range []string{"odd/calls.o", "odd/no_btf.o", "acl.o"} {
		for _, p := range load(t, file).Programs {
			starts := map[int]string{}
			for _, f := range p.Funcs {
				starts[f.Start] = f.Name
			}
			calls := 0
			for i, in := range p.Insns {
				if in.IsFuncCall() || in.IsFuncLoad() {
					calls++
					require.NotEmpty(t, starts[in.FuncTarget(i)], "%s %s slot %d", file, p.Name, i)
				}
			}
			require.GreaterOrEqual(t, calls, len(p.Funcs)-1)
		}
	}
	first, err := load(t, "odd/calls.o").Program("first")
	require.NoError(t, err)
	require.Equal(t, []object.Func{
		{Name: "first", Start: 0, Global: true},
		{Name: "hidden_one", Start: 4},
		{Name: "global_one", Start: 7, Global: true, Args: []object.Arg{{Kind: object.ArgScalar}}},
		{Name: "square", Start: 14},
	}, first.Funcs)
	_, err = object.ParseType("tcp")
	require.EqualError(t, err, `program type "tcp" is none of: xdp, tc`)
}

func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob(filepath.Join(samples, "*.o"))
	require.NoError(f, err)
	odd, err := filepath.Glob(filepath.Join(samples, "odd", "*.o"))
	require.NoError(f, err)
	for _, path := range append(files, odd...) {
		b, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		o, err := object.LoadBytes("x.o", b, object.Options{Type: object.XDP})
		if err != nil {
			return
		}
		for _, p := range o.Programs {
			require.NotEmpty(t, p.Funcs)
			for _, f := range p.Funcs {
				require.Less(t, f.Start, len(p.Insns))
			}
		}
	})
}

// TestStaticMaps: maps that are static refuse the programs that use them, and no
// others.
func TestStaticMaps(t *testing.T) {
	o := load(t, "odd/static_maps.o")
	for _, c := range []struct{ program, section string }{{"uses_hidden", ".maps"}, {"uses_hidden_legacy", "maps"}} {
		_, err := o.Program(c.program)
		require.ErrorContains(t, err, "uses a map in section "+c.section+" that is static, so that no loader finds it by name; remove \"static\" from its definition")
		require.ErrorContains(t, err, "odd/static_maps.c:")
	}
	p, err := o.Program("uses_seen")
	require.NoError(t, err)
	require.Len(t, p.Maps, 2)
	_, err = load(t, "odd/static_map.o").Program("")
	require.ErrorContains(t, err, `remove "static"`)
}
