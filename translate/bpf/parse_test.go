package bpf_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/bpf"
)

func ExampleParse() {
	l, err := bpf.Parse(`
		r2 = r10
		r2 += -4
		r1 = map[counts]
		call map_lookup_elem
		if r0 == 0 goto out
		lock *(u64 *)(r0 +0) += r1
	out:	r0 = 2
		exit`, "counts")
	if err != nil {
		panic(err)
	}
	for pc := 0; pc < len(l.Insns); pc += l.Insns[pc].Slots() {
		fmt.Printf("%4d %s\n", pc, l.Insns[pc])
	}
	// Output:
	//    0 r2 = r10
	//    1 r2 += -4
	//    2 r1 = map[0]
	//    4 call bpf_map_lookup_elem#1
	//    5 if r0 == 0x0 goto pc+1
	//    6 lock *(u64 *)(r0 +0) += r1
	//    7 r0 = 2
	//    8 exit
}

func TestParse(t *testing.T) {
	for text, want := range map[string][]bpf.Insn{
		"r1 s/= r2":                            {bpf.Div.Reg(1, 2).Signed()},
		"w3 s%= 7":                             {bpf.Mod.Imm32(3, 7).Signed()},
		"r1=(s8)r2":                            {bpf.MovSX(8, 1, 2)},
		"w1 = (s16)w2":                         {bpf.MovSX32(16, 1, 2)},
		"r1 = -r1":                             {bpf.Negate(1)},
		"w1 = -w1":                             {bpf.Negate32(1)},
		"r1 = be16 r1":                         {bpf.ToBE(16, 1)},
		"r1 = le32 r1":                         {bpf.ToLE(32, 1)},
		"r1 = bswap64 r1":                      {bpf.Bswap(64, 1)},
		"r1 = 0x1122334455667788 ll":           bpf.LoadImm64(1, 0x1122334455667788),
		"r1 = map[b] value +8":                 bpf.LoadMapValue(1, 1, 8),
		"r1 = map[7]":                          bpf.LoadMap(1, 7),
		"r3 = *(s32 *)(r2 -4)":                 {bpf.LoadSX(bpf.SizeW, 3, 2, -4)},
		"*(u8 *)(r10 -1) = 7":                  {bpf.StoreImm(bpf.SizeB, bpf.FP, -1, 7)},
		"*(u64*)(r10-8)=r1":                    {bpf.Store(bpf.SizeDW, bpf.FP, -8, 1)},
		"lock *(u32 *)(r1 +0) ^= w2":           {bpf.Atomic(bpf.AtomicXor, bpf.SizeW, 1, 0, 2)},
		"r2 = load_acquire((u8 *)(r1 +3))":     {bpf.LoadAcquire(bpf.SizeB, 2, 1, 3)},
		"store_release((u64 *)(r1 +0), r2)":    {bpf.StoreRelease(bpf.SizeDW, 1, 0, 2)},
		"r0 = *(u16 *)skb[12]":                 {bpf.LoadAbs(bpf.SizeH, 12)},
		"r0 = *(u8 *)skb[r7 +4]":               {bpf.LoadInd(bpf.SizeB, 7, 4)},
		"call #5":                              {bpf.CallHelper(bpf.HelperKtimeGetNs)},
		"call bpf_ktime_get_ns#5":              {bpf.CallHelper(bpf.HelperKtimeGetNs)},
		"call kernel-function#77":              {bpf.CallKfunc(77)},
		"call pc+4":                            {bpf.CallFunc(4)},
		"a: b: if w1 s< -1 goto a":             {bpf.JSLt.Imm32(1, -1, -1)},
		"goto pc +0x10":                        {bpf.Goto(16)},
		"may_goto end; when tired\nexit\nend:": {bpf.MayGoto(1), bpf.Return()},
		"call f\nexit\nf: exit":                {bpf.CallFunc(1), bpf.Return(), bpf.Return()},
		"r1 = func f\nf: exit":                 append(bpf.LoadFunc(1, 1), bpf.Return()),
		"x: gotol x":                           {bpf.Gotol(-1)},
		"raw 8500000000000001":                 {{Op: 0x85, Imm: 0x01000000}},
	} {
		l, err := bpf.Parse(text, "a", "b")
		require.NoError(t, err, text)
		require.Equal(t, want, l.Insns, text)
	}
	l, err := bpf.Parse("a:\n r0 = 1\nb: exit\nend:")
	require.NoError(t, err)
	require.Equal(t, map[string]int{"a": 0, "b": 1, "end": 2}, l.Labels)
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"r0 = 1\nr0 ?= 2":            `line 2: "r0 ?= 2" is no instruction in the kernel's notation`,
		"r16 = 1":                    `line 1: "r16 = 1": no such register`,
		"r0 = 0x1ffffffff":           "value out of range",
		"r1 = be16 r2":               "a byte swap works on one register",
		"goto 5":                     "no instruction",
		"goto nowhere":               "line 1: nothing is named nowhere",
		"exit\ncall nobody":          "line 2: nothing is named nobody",
		"a: exit\na: exit":           "line 2: label a stands twice",
		"call map_lookup_elem#2":     "helper 2 is not map_lookup_elem",
		"r1 = map[c]":                "no map is named c",
		"if r1 > 2 goto pc+40000":    "a distance of 40000 slots has no room in 16 bits",
		"lock *(u64 *)(r1 +0) -= r2": "there is no atomic -=",
		"r1 = atomic_fetch_add((u32 *)(r10 -4), w2)": "the old value goes to the operand's register",
	} {
		_, err := bpf.Parse(text, "a", "b")
		require.ErrorContains(t, err, want, text)
	}
}

// What Text writes of a valid instruction, Parse reads back.
func FuzzParseText(f *testing.F) {
	f.Add([]byte{0x07, 2, 0, 0, 14, 0, 0, 0})
	f.Add([]byte{0x18, 0x21, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0})
	f.Add([]byte{0xdb, 0x21, 4, 0, 0xf1, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		insns, err := bpf.Decode(b)
		if err != nil || len(insns) == 0 {
			return
		}
		in, next := insns[0], bpf.Insn{}
		if in.Invalid() != "" {
			return
		}
		if in.IsExit() {
			in.Off = 0 // which the kernel does not look at
		}
		want := []bpf.Insn{in}
		if in.Wide() {
			if len(insns) == 1 || in.Src > bpf.PseudoFunc || in.Src == 3 {
				return
			}
			next = bpf.Insn{Imm: insns[1].Imm}
			if in.Src == bpf.PseudoMapFD || in.Src == bpf.PseudoFunc {
				next.Imm = 0
			}
			if (in.Src == bpf.PseudoMapFD || in.Src == bpf.PseudoMapValue) && in.Imm < 0 {
				return
			}
			want = append(want, next)
		}
		if in.IsHelperCall() && in.Imm < 0 || in.IsKfuncCall() && (in.Imm < 0 || in.Off != 0) {
			return
		}
		text := bpf.Text(in, next)
		l, err := bpf.Parse(text)
		require.NoError(t, err, text)
		require.Equal(t, want, l.Insns, text)
	})
}

func FuzzParse(f *testing.F) {
	f.Add("r0 = 1\nif r0 > 2 goto pc+1\nexit")
	f.Fuzz(func(_ *testing.T, s string) { _, _ = bpf.Parse(s, "m") })
}
