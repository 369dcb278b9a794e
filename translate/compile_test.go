package translate_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// small makes an XDP program of the given slots, each with a line of its own.
func small(maps []*object.Map, insns ...bpf.Insn) *object.Program {
	p := &object.Program{
		Object: "small.o", Name: "small", Section: "xdp", Type: object.XDP, License: "GPL",
		Insns: insns, Funcs: []object.Func{{Name: "small"}}, Maps: maps,
	}
	for k := range insns {
		p.Lines = append(p.Lines, object.Line{Slot: k, File: "small.c", LineNo: 10 + k, Text: fmt.Sprintf("line %d", 10+k)})
	}
	return p
}

var (
	movR0    = func(v int32) bpf.Insn { return bpf.Mov.Imm(0, v) }
	exitInsn = bpf.Return()
	ctxLoad  = func(dst uint8, off int16) bpf.Insn {
		return bpf.Load(bpf.SizeW, dst, 1, off)
	}
)

// TestRefusals checks that what cannot be compiled is named, with the reason
// and the C line.
func TestRefusals(t *testing.T) {
	hash := &object.Map{Name: "flows", Type: bpf.MapTypeHash, KeySize: 4, ValueSize: 64, MaxEntries: 16}
	lookup := slices.Concat([]bpf.Insn{
		bpf.StoreImm(bpf.SizeDW, 10, -8, 0),
		bpf.Mov.Reg(2, 10),
		bpf.Add.Imm(2, -8),
	}, bpf.LoadMap(1, 0), []bpf.Insn{
		bpf.CallHelper(bpf.HelperMapLookupElem), movR0(2), exitInsn,
	})
	for _, c := range []struct {
		name, target string
		p            *object.Program
		want         string
	}{
		{
			"helper", "agilio", small(nil, bpf.CallHelper(bpf.HelperKtimeGetNs), movR0(2), exitInsn),
			"not supported: helper ktime_get_ns, because target agilio does not have it, at small.c:10",
		},
		{
			"context field", "agilio", small(nil, ctxLoad(2, 12), movR0(2), exitInsn),
			"not supported: a load of 4 bytes of context field ingress_ifindex, because target agilio does not have it, at small.c:10",
		},
		{
			"map too large", "agilio", small([]*object.Map{hash}, lookup...),
			"not supported: map flows (hash), because its value has 64 bytes and target agilio takes 56, at small.c:13",
		},
		{
			"map type", "agilio", small([]*object.Map{{Name: "routes", Type: bpf.MapTypeLPMTrie, KeySize: 8, ValueSize: 4, MaxEntries: 4, Flags: 1}}, lookup...),
			"not supported: map routes (lpm_trie), because target agilio does not have this type, at small.c:13",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			tg, err := target.Builtin(c.target)
			require.NoError(t, err)
			v, err := verify.Verify(c.p, verify.Options{})
			require.NoError(t, err)
			_, err = translate.Compile(v, translate.Options{Target: tg})
			require.ErrorIs(t, err, translate.ErrNotSupported)
			require.EqualError(t, err, c.want)
		})
	}
}

// TestTooLong refuses a program that does not fit the control store.
func TestTooLong(t *testing.T) {
	tg, err := target.Builtin("agilio")
	require.NoError(t, err)
	tg.Core.CodeWords = 9
	v, err := verify.Verify(small(nil, movR0(2), exitInsn), verify.Options{})
	require.NoError(t, err)
	_, err = translate.Compile(v, translate.Options{Target: tg})
	require.EqualError(t, err, "not supported: program small of 10 words, because target agilio has room for 9")
}

// TestSameWords compiles the whole corpus twice and expects equal images.
func TestSameWords(t *testing.T) {
	for _, name := range target.Names() {
		tg, err := target.Builtin(name)
		require.NoError(t, err)
		generous(tg)
		cases := loadCorpus(t)
		for k := range cases {
			a, b := cases[k].compile(t, tg), cases[k].compile(t, tg)
			require.Equal(t, a, b, cases[k].Name)
		}
	}
}

// TestLines checks that every word of the corpus comes from an instruction.
func TestLines(t *testing.T) {
	tg, err := target.Builtin("skipsw")
	require.NoError(t, err)
	v, err := verify.Verify(small(nil, ctxLoad(2, 0), ctxLoad(3, 4), bpf.Add.Imm(2, 14),
		bpf.JGt.Reg(2, 3, 2), movR0(2), exitInsn, movR0(1), exitInsn), verify.Options{})
	require.NoError(t, err)
	img, err := translate.Compile(v, translate.Options{Target: tg})
	require.NoError(t, err)
	require.NotEmpty(t, img.Lines)
	require.Zero(t, img.Lines[0].Word)
	last := uint32(0)
	seen := map[uint32]bool{}
	for _, l := range img.Lines {
		require.GreaterOrEqual(t, l.Word, last)
		require.Less(t, l.Word, uint32(len(img.Words)))
		last = l.Word
		if l.Insn >= 0 {
			require.Equal(t, uint32(10+l.Insn), l.LineNo)
			require.NotEmpty(t, l.BPF)
			seen[l.LineNo] = true
		}
	}
	require.True(t, seen[13], "the bounds check has words")
}

func ExampleCompile() {
	p, err := verify.Verify(small(nil, movR0(2), exitInsn), verify.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	img, err := translate.Compile(p, translate.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(img.Target.Name, len(img.Words), "words")
	// Output: skipsw 2 words
}

// TestDump checks that the form after passes of each kind is shown.
func TestDump(t *testing.T) {
	p, err := verify.Verify(small(nil, movR0(2), exitInsn), verify.Options{})
	require.NoError(t, err)
	stages := map[string]string{}
	_, err = translate.Compile(p, translate.Options{Dump: func(stage string, f fmt.Stringer) { stages[stage] = f.String() }})
	require.NoError(t, err)
	require.Equal(t, "b0():\n  exit 2\n", stages["exits"])
	require.Contains(t, stages["select"], "exit")
	require.Contains(t, stages["layout"], "br[")
	require.Contains(t, stages["link"], "small:")
	require.Contains(t, stages["build"], "exit 2")
}
