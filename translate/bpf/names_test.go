package bpf_test

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/bpf"
)

func TestNames(t *testing.T) {
	require.Equal(t, "map_lookup_elem", bpf.HelperMapLookupElem.String())
	require.Equal(t, "helper 9999", bpf.HelperID(9999).String())
	require.Equal(t, "helper -1", bpf.HelperID(-1).String())
	require.False(t, bpf.HelperUnspec.Known())
	require.True(t, bpf.LastHelper.Known() && !(bpf.LastHelper+1).Known())
	require.Equal(t, "lru_percpu_hash", bpf.MapTypeLRUPerCPUHash.String())
	require.Equal(t, "type 99", bpf.MapType(99).String())
	require.False(t, bpf.MapTypeUnspec.Known() || (bpf.LastMapType+1).Known())
	require.True(t, bpf.MapTypeLRUPerCPUHash.PerCPU() && !bpf.MapTypeHash.PerCPU())
	require.Equal(t, "sched_cls", bpf.ProgTypeSchedCLS.String())
	require.Equal(t, "tcx_ingress", bpf.AttachTCXIngress.String())
	require.Equal(t, "tx", bpf.XDPTX.String())
	require.Equal(t, "action 7", bpf.XDPAction(7).String())
	require.True(t, bpf.XDPRedirect.Known() && !bpf.XDPAction(5).Known())
	require.Equal(t, "unspec", bpf.TCActUnspec.String())
	require.Equal(t, "shot", bpf.TCActShot.String())
	require.Equal(t, "action -2", bpf.TCAction(-2).String())
	require.Equal(t, "EINVAL", bpf.EINVAL.String())
	require.Equal(t, "ENOTSUPP", bpf.ENOTSUPP.String())
	require.Equal(t, "errno 4000", bpf.Errno(4000).String())
	require.Equal(t, ^uint64(21), bpf.EINVAL.Result())
	require.Equal(t, bpf.Errno(syscall.EOPNOTSUPP), bpf.EOPNOTSUPP)

	for h := bpf.HelperID(1); h <= bpf.LastHelper; h++ {
		got, ok := bpf.HelperByName("bpf_" + h.String())
		require.True(t, ok)
		require.Equal(t, h, got)
	}
	for m := bpf.MapType(1); m <= bpf.LastMapType; m++ {
		got, ok := bpf.MapTypeByName(m.String())
		require.True(t, ok)
		require.Equal(t, m, got)
	}
	for _, none := range []string{"", "unspec", "bpf_", "nonsense"} {
		_, ok := bpf.HelperByName(none)
		require.False(t, ok, none)
		_, ok = bpf.MapTypeByName(none)
		require.False(t, ok, none)
	}
}

// The numbers of opcodes, which are written by hand, are the kernel's.
func TestOpcodesOfHeader(t *testing.T) {
	var text string
	for _, name := range []string{"linux.h", "newer.h"} {
		b, err := os.ReadFile("internal/gen/uapi/" + name)
		require.NoError(t, err)
		text += string(b)
	}
	kernel := map[string]int64{}
	for _, m := range regexp.MustCompile(`(?m)^#define BPF_(\w+)\s+\(?(\S+?)(?: \| BPF_FETCH\))?(?:\s|$)`).FindAllStringSubmatch(text, -1) {
		if n, err := strconv.ParseInt(m[2], 0, 64); err == nil {
			kernel[m[1]] = n
		}
	}
	ours := map[string]int64{
		"LD": int64(bpf.ClassLD), "LDX": int64(bpf.ClassLDX), "ST": int64(bpf.ClassST), "STX": int64(bpf.ClassSTX),
		"ALU": int64(bpf.ClassALU), "JMP": int64(bpf.ClassJMP), "JMP32": int64(bpf.ClassJMP32), "ALU64": int64(bpf.ClassALU64),
		"W": int64(bpf.SizeW), "H": int64(bpf.SizeH), "B": int64(bpf.SizeB), "DW": int64(bpf.SizeDW),
		"IMM": int64(bpf.ModeIMM), "ABS": int64(bpf.ModeABS), "IND": int64(bpf.ModeIND), "MEM": int64(bpf.ModeMEM),
		"MEMSX": int64(bpf.ModeMEMSX), "ATOMIC": int64(bpf.ModeATOMIC), "K": int64(bpf.K), "X": int64(bpf.X),
		"ADD": int64(bpf.Add), "SUB": int64(bpf.Sub), "MUL": int64(bpf.Mul), "DIV": int64(bpf.Div), "OR": int64(bpf.Or),
		"AND": int64(bpf.And), "LSH": int64(bpf.Lsh), "RSH": int64(bpf.Rsh), "NEG": int64(bpf.Neg), "MOD": int64(bpf.Mod),
		"XOR": int64(bpf.Xor), "MOV": int64(bpf.Mov), "ARSH": int64(bpf.Arsh), "END": int64(bpf.End),
		"JA": int64(bpf.Ja), "JEQ": int64(bpf.JEq), "JGT": int64(bpf.JGt), "JGE": int64(bpf.JGe), "JSET": int64(bpf.JSet),
		"JNE": int64(bpf.JNe), "JSGT": int64(bpf.JSGt), "JSGE": int64(bpf.JSGe), "CALL": int64(bpf.Call), "EXIT": int64(bpf.Exit),
		"JLT": int64(bpf.JLt), "JLE": int64(bpf.JLe), "JSLT": int64(bpf.JSLt), "JSLE": int64(bpf.JSLe), "JCOND": int64(bpf.JCond),
		"FETCH": int64(bpf.AtomicFetch), "XCHG": int64(bpf.AtomicXchg - bpf.AtomicFetch), "CMPXCHG": int64(bpf.AtomicCmpXchg - bpf.AtomicFetch),
		"LOAD_ACQ": int64(bpf.AtomicLoadAcq), "STORE_REL": int64(bpf.AtomicStoreRel),
		"PSEUDO_MAP_FD": bpf.PseudoMapFD, "PSEUDO_MAP_VALUE": bpf.PseudoMapValue, "PSEUDO_FUNC": bpf.PseudoFunc,
		"PSEUDO_CALL": bpf.PseudoCall, "PSEUDO_KFUNC_CALL": bpf.PseudoKfunc,
	}
	for name, n := range ours {
		require.Contains(t, kernel, name)
		require.Equal(t, kernel[name], n, name)
	}
	for name := range kernel {
		if _, ok := ours[name]; !ok {
			require.Regexp(t, `^(F_|PSEUDO_(MAP_IDX|MAP_IDX_VALUE|BTF_ID)$)`, name, "nobody has this number")
		}
	}
}

func TestContexts(t *testing.T) {
	require.Equal(t, bpf.XDPMd, bpf.ContextOf(bpf.ProgTypeXDP))
	require.Equal(t, bpf.SkBuff, bpf.ContextOf(bpf.ProgTypeSchedCLS))
	require.Nil(t, bpf.ContextOf(bpf.ProgTypeKprobe))
	require.Equal(t, 24, bpf.XDPMd.Size)
	require.Equal(t, 192, bpf.SkBuff.Size)
	for _, c := range []*bpf.Context{bpf.XDPMd, bpf.SkBuff} {
		end := 0
		for k := range c.Fields {
			f := &c.Fields[k]
			require.GreaterOrEqual(t, f.Off, end, f.Name)
			end = f.Off + f.Size
			require.Same(t, f, c.At(f.Off))
			require.Same(t, f, c.At(end-1))
			require.Same(t, f, c.Field(f.Name))
			require.Less(t, f.Kept, f.Size, f.Name)
		}
		require.Equal(t, c.Size, end)
		require.Nil(t, c.At(end))
		require.Nil(t, c.Field("nothing"))
	}
	require.Equal(t, bpf.Field{Name: "cb", Off: 48, Size: 20, Narrow: true, Write: true}, *bpf.SkBuff.At(67))
	require.Nil(t, bpf.SkBuff.At(181), "padding")
}

// Every opcode that exists is what exactly one of the questions says.
func TestQuestions(t *testing.T) {
	for op := range 256 {
		for src := range uint8(5) {
			in := bpf.Insn{Op: bpf.Opcode(op), Src: src, Imm: 16, Off: 7}
			kinds := 0
			for _, is := range []bool{in.IsALU(), in.IsJump(), in.Callee() != bpf.NotACall, in.IsExit(), in.Wide()} {
				if is {
					kinds++
				}
			}
			memory := in.Class() <= bpf.ClassSTX && !in.Wide()
			if in.Known() {
				require.True(t, (kinds == 1) != memory, "%#02x", op)
			}
			require.Equal(t, in.IsJump(), in.IsGoto() || in.IsConditional())
			require.Equal(t, in.IsFuncCall(), in.Callee() == bpf.CallsFunc)
			require.Equal(t, in.IsHelperCall(), in.Callee() == bpf.CallsHelper)
			require.Equal(t, in.IsKfuncCall(), in.Callee() == bpf.CallsKfunc)
			to, ok := in.Target(100)
			require.Equal(t, in.IsJump() || in.IsFuncCall() || in.IsFuncLoad(), ok)
			if ok {
				moved, err := in.WithTarget(50, to)
				require.NoError(t, err)
				back, _ := moved.Target(50)
				require.Equal(t, to, back)
			} else {
				_, err := in.WithTarget(50, to)
				require.Error(t, err)
			}
		}
	}
}

// Registers that instructions read and write.
func TestUsesAndDefs(t *testing.T) {
	for text, want := range map[string]string{
		"r1 = 5":                                 "/1",
		"r1 = r2":                                "2/1",
		"w1 += w2":                               "1 2/1",
		"r1 = -r1":                               "1/1",
		"r1 = be16 r1":                           "1/1",
		"r1 = 5 ll":                              "/1",
		"r1 = *(u8 *)(r2 +0)":                    "2/1",
		"*(u8 *)(r2 +0) = 7":                     "2/",
		"*(u8 *)(r2 +0) = r3":                    "2 3/",
		"lock *(u64 *)(r1 +0) += r2":             "1 2/",
		"r2 = atomic64_xchg((u64 *)(r1 +4), r2)": "1 2/2",
		"r0 = atomic64_cmpxchg((u64 *)(r1 +0), r0, r2)": "0 1 2/0",
		"r2 = load_acquire((u64 *)(r1 +0))":             "1/2",
		"store_release((u64 *)(r1 +0), r2)":             "1 2/",
		"r0 = *(u16 *)skb[12]":                          "6/0 1 2 3 4 5",
		"r0 = *(u16 *)skb[r7 +12]":                      "6 7/0 1 2 3 4 5",
		"call #5":                                       "1 2 3 4 5/0 1 2 3 4 5",
		"goto pc+1":                                     "/",
		"may_goto pc+1":                                 "/",
		"if r3 == 0 goto pc+1":                          "3/",
		"if r3 == r4 goto pc+1":                         "3 4/",
		"exit":                                          "0/",
	} {
		in := parse(t, text)[0]
		require.Equal(t, want, set(in.Uses())+"/"+set(in.Defs()), text)
	}
}

func set(s bpf.RegSet) string {
	var out []string
	for r := range uint8(16) {
		if s.Has(r) {
			out = append(out, fmt.Sprint(r))
		}
	}
	return strings.Join(out, " ")
}
