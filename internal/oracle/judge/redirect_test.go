package judge_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/judge"
	"github.com/skipsw/skipsw/internal/oracle/oracletest"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// targetMaps are maps of the targets of redirects, with entries that any kernel
// takes: interface 1 is loopback, and there is a CPU 0.
func targetMaps() map[string]*object.Map {
	entry := func(size int, keys ...uint32) (list []object.Entry) {
		for _, k := range keys {
			v := make([]byte, size)
			v[0] = 1
			list = append(list, object.Entry{Key: binary.LittleEndian.AppendUint32(nil, k), Value: v})
		}
		return list
	}
	make := func(typ bpf.MapType, value int, keys ...uint32) *object.Map {
		return &object.Map{Name: "m", Type: typ, KeySize: 4, ValueSize: uint32(value), MaxEntries: 4, Initial: entry(value, keys...)}
	}
	return map[string]*object.Map{
		"devmap":               make(bpf.MapTypeDevMap, 4, 0, 2),
		"devmap of 8 bytes":    make(bpf.MapTypeDevMap, 8, 1, 3),
		"devmap without any":   make(bpf.MapTypeDevMap, 4),
		"devmap_hash":          make(bpf.MapTypeDevMapHash, 4, 0, 2, 1<<31),
		"devmap_hash of 8":     make(bpf.MapTypeDevMapHash, 8, 4, 3),
		"cpumap":               make(bpf.MapTypeCPUMap, 4, 0),
		"cpumap of 8 bytes":    make(bpf.MapTypeCPUMap, 8, 0),
		"cpumap without any":   make(bpf.MapTypeCPUMap, 4),
		"xskmap":               make(bpf.MapTypeXSKMap, 4, 1, 3),
		"xskmap without any":   make(bpf.MapTypeXSKMap, 4),
		"devmap_hash of none":  make(bpf.MapTypeDevMapHash, 4),
		"devmap with one hole": make(bpf.MapTypeDevMap, 8, 0, 1, 3),
	}
}

// redirectCards returns the default target, optimised and plain.
func redirectCards(t testing.TB) []oracle.Judge {
	cards, err := judge.NewCards(&judge.Verifier{}, []string{"skipsw"}, []translate.Level{translate.LevelDefault, translate.LevelNone})
	require.NoError(t, err)
	return append([]oracle.Judge{judge.Interpreter{}}, cards...)
}

// checkAll holds the judges against the kernel in one program.
func checkAll(t testing.TB, judges []oracle.Judge, p *object.Program, packets ...[]byte) *oracle.Report {
	h := oracle.Harness{Reference: oracle.Kernel{}, Second: judge.Interpreter{}, Judges: judges}
	rep, err := h.Check(&oracle.Case{Program: p, Packets: packets})
	require.NoError(t, err)
	require.True(t, rep.Accepted, rep.Why)
	require.Empty(t, rep.Mismatches)
	require.Empty(t, rep.NotSupported)
	return rep
}

// TestRedirectMaps redirects by every type of map: keys with an entry, without
// one and outside, known and unknown flags, constant and known at run time only.
// The packet holds key and flags.
func TestRedirectMaps(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	keys := []uint64{0, 1, 2, 3, 4, 1 << 31, 1<<32 | 2, 1<<64 - 1}
	flags := []uint64{0, 1, 2, 3, 4, 7, 8, 0x10, 0x18, 0x19, 0x1b, 0x20, 1 << 32, 1<<64 - 1}
	var packets [][]byte
	for _, k := range keys {
		for _, f := range flags {
			p := make([]byte, 64)
			binary.LittleEndian.PutUint64(p[16:], k)
			binary.LittleEndian.PutUint64(p[24:], f)
			packets = append(packets, p)
		}
	}
	all := redirectCards(t)
	// The bytes of key and flags are read before the call, whose answer is the
	// verdict.
	read := []bpf.Insn{
		bpf.Load(bpf.SizeW, 6, 1, bpf.XDPMdData), bpf.Load(bpf.SizeW, 7, 1, bpf.XDPMdDataEnd),
		bpf.Mov.Reg(8, 6), bpf.Add.Imm(8, 32), bpf.Mov.Imm(0, 1), bpf.JLe.Reg(8, 7, 1), bpf.Return(),
		bpf.Load(bpf.SizeDW, 2, 6, 16), bpf.Load(bpf.SizeDW, 3, 6, 24),
	}
	for name, m := range targetMaps() {
		program := func(insns ...bpf.Insn) *object.Program {
			return &object.Program{
				Name: "redirect", Type: object.XDP, License: "GPL", Funcs: []object.Func{{Name: "redirect"}}, Maps: []*object.Map{m},
				Insns: append(append(append([]bpf.Insn{}, read...), insns...), bpf.Return()),
			}
		}
		call := append(bpf.LoadMap(1, 0), bpf.CallHelper(bpf.HelperRedirectMap))
		t.Run(name+"/any flags", func(t *testing.T) {
			rep := checkAll(t, all, program(call...), packets...)
			require.Equal(t, len(packets), rep.Compared["skipsw"])
		})
		for _, f := range flags {
			t.Run(fmt.Sprintf("%s/flags %#x", name, f), func(t *testing.T) {
				checkAll(t, all, program(append(bpf.LoadImm64(3, f), call...)...), packets[:0:0]...)
				var some [][]byte
				for k := range keys {
					some = append(some, packets[k*len(flags)])
				}
				checkAll(t, all, program(append(bpf.LoadImm64(3, f), call...)...), some...)
			})
		}
		if m.Type != bpf.MapTypeDevMap && m.Type != bpf.MapTypeDevMapHash {
			continue
		}
		t.Run(name+"/lookup", func(t *testing.T) {
			body := []bpf.Insn{bpf.Store(bpf.SizeW, 10, -4, 2), bpf.Mov.Reg(2, 10), bpf.Add.Imm(2, -4)}
			body = append(append(body, bpf.LoadMap(1, 0)...), bpf.CallHelper(bpf.HelperMapLookupElem), bpf.JEq.Imm(0, 0, 1), bpf.Load(bpf.SizeW, 0, 0, 0), bpf.Add.Imm(0, 1))
			checkAll(t, all, program(body...), packets...)
		})
	}
}

// TestRedirects: the helper without a map, the verdict without a helper, and
// calls of which the last counts.
func TestRedirects(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	to := func(index, flags int32) []bpf.Insn {
		return []bpf.Insn{bpf.Mov.Imm(1, index), bpf.Mov.Imm(2, flags), bpf.CallHelper(bpf.HelperRedirect)}
	}
	byMap := func(key, flags int32) []bpf.Insn {
		return append(bpf.LoadMap(1, 0), bpf.Mov.Imm(2, key), bpf.Mov.Imm(3, flags), bpf.CallHelper(bpf.HelperRedirectMap))
	}
	join := func(parts ...[]bpf.Insn) (all []bpf.Insn) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	devices := targetMaps()["devmap"]
	verdict := func(v int32) []bpf.Insn { return []bpf.Insn{bpf.Mov.Imm(0, v)} }
	for _, c := range []struct {
		name string
		typ  object.Type
		code []bpf.Insn
		want string // where the frame goes
	}{
		{"an interface", object.XDP, to(7, 0), "interface [7]"},
		{"no such interface", object.XDP, to(-1, 0), "interface [4294967295]"},
		{"interface 0", object.XDP, to(0, 0), "interface [0]"},
		{"wrong flags", object.XDP, to(7, 1), ""},
		{"the last call", object.XDP, join(to(7, 0), to(8, 0)), "interface [8]"},
		{"the last call that took", object.XDP, join(to(7, 0), to(8, 4), verdict(4)), "interface [7]"},
		{"a verdict alone", object.XDP, verdict(4), "nowhere"},
		{"a call that did not hit", object.XDP, join(byMap(2, 0), byMap(1, 2), verdict(4)), "nowhere"},
		{"a map behind a call", object.XDP, join(to(7, 0), byMap(2, 0)), "interface [1]"},
		{"copies", object.XDP, byMap(0, 8), "copies to interfaces [1 1]"},
		{"copies to others", object.XDP, byMap(0, 0x18), "copies to interfaces []"},
		{"a call behind copies", object.XDP, join(byMap(0, 8), to(3, 0)), "interface [3]"},
		{"tc", object.TC, to(7, 0), "interface [7]"},
		{"tc, wrong flags", object.TC, to(7, 2), ""},
		{"tc, a verdict alone", object.TC, verdict(7), "nowhere"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &object.Program{
				Name: "redirect", Type: c.typ, License: "GPL", Funcs: []object.Func{{Name: "redirect"}}, Insns: append(c.code, bpf.Return()),
			}
			if c.typ == object.XDP {
				p.Maps = []*object.Map{devices}
			}
			rep := checkAll(t, redirectCards(t), p, make([]byte, 64))
			require.Equal(t, c.want, rep.Runs[0].Redirect)
		})
	}
}

// TestRedirectIngress: a card does not receive what it sends.
func TestRedirectIngress(t *testing.T) {
	for _, c := range []struct {
		name string
		code []bpf.Insn
		want string
	}{
		{"constant", []bpf.Insn{bpf.Mov.Imm(1, 1), bpf.Mov.Imm(2, 1)}, "not supported: bpf_redirect with BPF_F_INGRESS, because"},
		{"chosen", []bpf.Insn{bpf.Load(bpf.SizeW, 2, 1, bpf.SkBuffLen), bpf.Mov.Imm(1, 1)}, "not supported: bpf_redirect with flags that may have BPF_F_INGRESS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &object.Program{
				Name: "redirect", Type: object.TC, License: "GPL", Funcs: []object.Func{{Name: "redirect"}},
				Insns: append(c.code, bpf.CallHelper(bpf.HelperRedirect), bpf.Return()),
			}
			card := &judge.Card{Target: target.MustBuiltin("skipsw"), Verifier: &judge.Verifier{}}
			_, err := card.Load(p)
			require.ErrorContains(t, err, c.want)
		})
	}
}
