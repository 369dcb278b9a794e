package image

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/objdump"
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
)

func encode(t testing.TB, m nfpisa.Mode, is ...nfpisa.Instr) []nfpisa.Word {
	t.Helper()
	var ws []nfpisa.Word
	for _, i := range is {
		w, err := nfpisa.Encode(i, m)
		require.NoError(t, err)
		ws = append(ws, w)
	}
	return ws
}

// sample is an image that uses every part of the format.
func sample(t testing.TB) *Image {
	return &Image{
		Target: target.MustBuiltin("agilio"),
		Machine: Machine{
			Mode: nfpisa.Ctx4, CodeStart: 3072, Done: 1, StackSize: 64,
			Helpers: map[uint32]uint16{1: 9001, 2: 9002, 25: 9003},
		},
		Programs: []Program{
			{Name: "xdp_main", Section: "xdp", Type: "xdp", License: "GPL", Entry: 0, Insns: 12},
			{Name: "tc_main", Section: "tc", Type: "tc", License: "Dual BSD/GPL", Entry: 3, Insns: 3},
		},
		Words: encode(t, nfpisa.Ctx4,
			nfpisa.ALU(nfpisa.A(20), nfpisa.B(17), nfpisa.ALUAdd, nfpisa.A(31)),
			nfpisa.Bcc(nfpisa.CondEQ, 3076),
			nfpisa.Immed(nfpisa.A(21), 3074),
			nfpisa.Br(9001),
			nfpisa.Immed(nfpisa.A(0), 7),
			nfpisa.Br(1),
		),
		Symbols: []Symbol{
			{Name: "xdp_main", Word: 0, Size: 3, Kind: SymProgram},
			{Name: "loop", Word: 1, Kind: SymLabel},
			{Name: "div32", Word: 4, Size: 2, Kind: SymRuntime},
			{Name: "tc_main", Word: 3, Size: 1, Kind: SymProgram},
			{Name: "end", Word: 6, Kind: SymLabel},
		},
		Relocs: []Reloc{
			{Word: 1, Kind: RelocBranch},
			{Word: 2, Kind: RelocImmed},
			{Word: 3, Kind: RelocHelper, Arg: 1},
			{Word: 4, Kind: RelocMap, Arg: 1},
			{Word: 5, Kind: RelocDone},
		},
		Maps: []Map{
			{
				Name: "counters", Type: "percpu_array", KeySize: 4, ValueSize: 8, MaxEntries: 256, Flags: 1, ID: 3,
				Layout: "array", Base: 0x20_0000_0100, Stride: 8, Swapped: true,
				Params:  map[string]uint64{"slots": 64, "seed": 1 << 63},
				Initial: []Entry{{Key: []byte{1, 0, 0, 0}, Value: []byte("abcdefgh")}},
			},
			{Name: "flows", Type: "hash", KeySize: 1, ValueSize: 4, MaxEntries: 2, WordUse: []uint8{3}, Initial: []Entry{
				{Key: []byte{1}, Value: []byte{1, 2, 3, 4}}, {Key: []byte{2}, Value: []byte{4, 3, 2, 1}},
			}},
		},
		Lines: []Line{
			{Word: 0, Insn: -1},
			{Word: 1, Insn: 4, File: "prog.c", LineNo: 17, Column: 9, Text: "\tif (a == b)", BPF: "if r1 == r2 goto +3"},
			{Word: 1, Insn: 5, File: "prog.c", LineNo: 18},
			{Word: 4, Insn: 2, File: "other.h", LineNo: 1 << 31, Column: 1, Text: "x", BPF: "r0 = 0"},
		},
	}
}

func TestRoundTrip(t *testing.T) {
	for name, im := range map[string]*Image{
		"full":  sample(t),
		"empty": {},
		"eight contexts": {
			Machine: Machine{Mode: nfpisa.Ctx8},
			Words:   encode(t, nfpisa.Ctx8, nfpisa.Nop()),
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := im.Marshal()
			require.NoError(t, err)
			got, err := Read(b)
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(im, got))
			again, err := got.Marshal()
			require.NoError(t, err)
			require.Equal(t, b, again)
			var buf bytes.Buffer
			n, err := im.WriteTo(&buf)
			require.NoError(t, err)
			require.Equal(t, int64(len(b)), n)
			require.Equal(t, b, buf.Bytes())
		})
	}
}

func TestReadDoesNotShareItsInput(t *testing.T) {
	b, err := sample(t).Marshal()
	require.NoError(t, err)
	got, err := Read(b)
	require.NoError(t, err)
	clear(b)
	require.Empty(t, cmp.Diff(sample(t), got))
}

func TestGNUToolsReadImages(t *testing.T) {
	tool, err := objdump.Find(t.Context())
	require.NoError(t, err)
	b, err := sample(t).Marshal()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "sample.nfp")
	require.NoError(t, os.WriteFile(path, b, 0o644))

	out, err := tool.RunReadelf(t.Context(), "-a", "-W", path)
	require.NoError(t, err)
	text := string(out)
	require.NotContains(t, strings.ToLower(text), "warning")
	require.NotContains(t, strings.ToLower(text), "error")
	require.Contains(t, text, "Netronome Flow Processor")
	require.Regexp(t, `\d+: 0000000000006000 +24 FUNC +LOCAL +DEFAULT +1 xdp_main`, text)
	require.Contains(t, text, "Entry point address:               0x6000")

	// The context mode comes from the image: no -M ctx4.
	out, err = tool.Run(t.Context(), "-d", path)
	require.NoError(t, err)
	text = string(out)
	require.Contains(t, text, "<xdp_main>:")
	require.Contains(t, text, ". 3072  alu[gprA_20, gprB_17, +, gprA_31]")
	require.Contains(t, text, ". 3073  beq[.3076]")
	require.NotContains(t, text, "# ERROR")
}

func TestVersionIsChecked(t *testing.T) {
	b, err := sample(t).Marshal()
	require.NoError(t, err)
	at := bytes.Index(b, []byte(tableMagic))
	for _, version := range []uint32{1, Version + 1} {
		le.PutUint32(b[at+4:], version)
		_, err = Read(b)
		require.ErrorContains(t, err, fmt.Sprintf("has format version %d and this program reads version 2: recompile", version))
	}
}

func TestRecordsMayGrow(t *testing.T) {
	b, err := sample(t).Marshal()
	require.NoError(t, err)
	ss, err := readELF(b)
	require.NoError(t, err)
	s := ss[sectionHelpers]
	grown := append([]byte(nil), s.data[:tableHeaderSize]...)
	le.PutUint32(grown[8:], sizeHelper+4)
	for r := s.data[tableHeaderSize:]; len(r) > 0; r = r[sizeHelper:] {
		grown = append(append(grown, r[:sizeHelper]...), 0xee, 0xee, 0xee, 0xee)
	}
	s.data = grown
	im := &Image{}
	require.NoError(t, (&reader{sections: ss}).helpers(im))
	require.Equal(t, sample(t).Machine.Helpers, im.Machine.Helpers)
}

func TestValidate(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Image)
		want   string
	}{
		"mode":         {func(im *Image) { im.Machine.Mode = 2 }, "there is no context mode 2"},
		"start":        {func(im *Image) { im.Machine.CodeStart = 16380 }, "reach past control-store address 16383"},
		"done":         {func(im *Image) { im.Machine.Done = 16384 }, "done address 16384"},
		"target":       {func(im *Image) { im.Target.ABI = -1 }, "target agilio: abi is -1"},
		"contexts":     {func(im *Image) { im.Machine.Mode = nfpisa.Ctx8 }, "the code is for another context mode than the 4 contexts of target agilio"},
		"stack":        {func(im *Image) { im.Machine.StackSize = 516 }, "the code takes 516 bytes of stack, and target agilio has 512"},
		"helper":       {func(im *Image) { im.Machine.Helpers[7] = 20000 }, "helper 7 at address 20000"},
		"word":         {func(im *Image) { im.Words[2] |= 1 << 60 }, "word 2"},
		"entry":        {func(im *Image) { im.Programs[1].Entry = 6 }, `program "tc_main" begins at word 6 of 6`},
		"symbol":       {func(im *Image) { im.Symbols[0].Size = 7 }, `symbol "xdp_main" covers words 0 to 7 of 6`},
		"symbol kind":  {func(im *Image) { im.Symbols[0].Kind = 3 }, "unknown kind 3"},
		"symbol name":  {func(im *Image) { im.Symbols[0].Name = "a\x00b" }, "contains a zero byte"},
		"reloc":        {func(im *Image) { im.Relocs[0].Word = 6 }, "relocation 0 (kind 0) is for word 6 of 6"},
		"reloc map":    {func(im *Image) { im.Relocs[3].Arg = 2 }, "relocation 3 is for map 2 of 2"},
		"line":         {func(im *Image) { im.Lines[3].Word = 6 }, "line table entry 3"},
		"line order":   {func(im *Image) { im.Lines[3].Word = 0 }, "line table entry 3"},
		"entry key":    {func(im *Image) { im.Maps[0].Initial[0].Key = nil }, `map "counters": entry 0 has a key of 0`},
		"entry values": {func(im *Image) { im.Maps[1].Initial[1].Value = []byte{1} }, "a value of 1 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			im := sample(t)
			c.change(im)
			require.ErrorContains(t, im.Validate(), c.want)
			_, err := im.Marshal()
			require.ErrorContains(t, err, c.want)
		})
	}
}

// Every truncation, and every single changed byte, is either refused or still
// a valid image.
func TestDamagedFiles(t *testing.T) {
	b, err := sample(t).Marshal()
	require.NoError(t, err)
	for n := range b {
		_, err := Read(b[:n])
		require.Error(t, err, "cut at %d", n)
	}
	refused := 0
	for n := range b {
		for _, x := range []byte{0xff, 0x01, 0x80} {
			bad := bytes.Clone(b)
			bad[n] ^= x
			if _, err := Read(bad); err != nil {
				refused++
			}
		}
	}
	require.Greater(t, refused, len(b)/2)
}

// A file that claims much has little.
func TestMemoryStaysInProportion(t *testing.T) {
	b, err := sample(t).Marshal()
	require.NoError(t, err)
	for n := 0; n+4 <= len(b); n += 4 {
		bad := bytes.Clone(b)
		le.PutUint32(bad[n:], 0x7fffffff)
		require.Less(t, allocated(func() { _, _ = Read(bad) }), uint64(64*len(b)), "at %d", n)
	}
}

// Names that overlap are not copied: a file of many sections whose names are
// the ends of one long string takes memory for the string once.
func TestOverlappingNames(t *testing.T) {
	const count = 2000
	long := bytes.Repeat([]byte("x"), 4000)
	b := writeELF(0, []section{{}, {name: ".shstrtab", typ: shtStrtab, data: append(long, 0)}})
	table := len(b) - 2*elfSectionSize
	names := bytes.Clone(b[table+elfSectionSize:])
	le.PutUint16(b[60:], count)
	for k := 2; k < count; k++ {
		h := bytes.Clone(names)
		le.PutUint32(h, uint32(k))
		b = append(b, h...)
	}
	require.Less(t, allocated(func() {
		_, err := Read(b)
		require.ErrorContains(t, err, "section .text is missing")
	}), uint64(10*len(b)))
}

func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestRelocate(t *testing.T) {
	im := sample(t)
	got, err := im.Relocate(Load{
		Start: 5632, Done: 2, Helpers: map[uint32]uint16{1: 77}, MapIDs: []uint32{40, 41},
	})
	require.NoError(t, err)
	var text []string
	for _, w := range got.Words {
		i, err := nfpisa.Decode(w, nfpisa.Ctx4)
		require.NoError(t, err)
		require.True(t, nfpisa.CheckECC(w))
		text = append(text, i.String())
	}
	require.Equal(t, []string{
		"alu[gprA_20, gprB_17, +, gprA_31]", "beq[.5636]", "immed[gprA_21, 0x1602]", "br[.77]", "immed[gprA_0, 0x29]", "br[.2]",
	}, text)
	require.Equal(t, uint32(41), got.Maps[1].ID)
	require.Empty(t, cmp.Diff(sample(t), im), "the receiver changed")

	for name, c := range map[string]struct {
		l    Load
		want string
	}{
		"no helper": {Load{Start: 1, MapIDs: []uint32{1, 2}}, "word 3: helper 1 is not there"},
		"no map":    {Load{Start: 1, Helpers: im.Machine.Helpers}, "word 4: map 1 has no number"},
		"too high":  {Load{Start: 16383, Helpers: im.Machine.Helpers, MapIDs: []uint32{1, 2}}, "word 1: beq[.3076] would need the number 16387"},
		"map id":    {Load{Helpers: im.Machine.Helpers, MapIDs: []uint32{1, 1 << 16}}, "cannot hold"},
	} {
		_, err := im.Relocate(c.l)
		require.ErrorContains(t, err, c.want, name)
	}
	im.Relocs = []Reloc{{Word: 0, Kind: RelocBranch}}
	_, err = im.Relocate(Load{})
	require.ErrorContains(t, err, "alu[gprA_20, gprB_17, +, gprA_31] has no branch target")
	im.Relocs = []Reloc{{Word: 1, Kind: RelocImmed}}
	_, err = im.Relocate(Load{})
	require.ErrorContains(t, err, "beq[.3076] is not an immed of 16 bits")
}

func TestQueries(t *testing.T) {
	im := sample(t)
	require.Equal(t, int32(-1), im.LineAt(0).Insn)
	require.Equal(t, uint32(18), im.LineAt(3).LineNo)
	require.Nil(t, im.LineAt(6))
	require.Nil(t, (&Image{Words: im.Words}).LineAt(0))
	require.Equal(t, "div32", im.SymbolAt(5).Name)
	require.Nil(t, im.SymbolAt(6))
	require.Equal(t, uint32(3), im.ProgramNamed("tc_main").Entry)
	require.Nil(t, im.ProgramNamed("none"))
}

func FuzzRead(f *testing.F) {
	for _, im := range []*Image{sample(f), {}} {
		b, err := im.Marshal()
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		im, err := Read(b)
		if err != nil {
			return
		}
		again, err := im.Marshal()
		require.NoError(t, err)
		back, err := Read(again)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(im, back))
	})
}

func BenchmarkRead(b *testing.B) {
	data, err := sample(b).Marshal()
	require.NoError(b, err)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMarshal(b *testing.B) {
	im := sample(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := im.Marshal(); err != nil {
			b.Fatal(err)
		}
	}
}
