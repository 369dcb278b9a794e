package bpf_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/bpf"
)

func ExampleText() {
	insns, _ := bpf.Decode([]byte{0x07, 2, 0, 0, 14, 0, 0, 0, 0x2d, 0x34, 5, 0, 0, 0, 0, 0})
	for _, in := range insns {
		fmt.Println(in)
	}
	// Output:
	// r2 += 14
	// if r4 > r3 goto pc+5
}

func TestText(t *testing.T) {
	for text, in := range map[string]bpf.Insn{
		"w1 = 5":                        {Op: 0xb4, Dst: 1, Imm: 5},
		"r1 = (s8)r2":                   {Op: 0xbf, Dst: 1, Src: 2, Off: 8},
		"r1 s/= r2":                     {Op: 0x3f, Dst: 1, Src: 2, Off: 1},
		"w3 s%= 7":                      {Op: 0x94, Dst: 3, Off: 1, Imm: 7},
		"r1 = -r1":                      {Op: 0x87, Dst: 1},
		"r1 = be16 r1":                  {Op: 0xdc, Dst: 1, Imm: 16},
		"r1 = le64 r1":                  {Op: 0xd4, Dst: 1, Imm: 64},
		"r1 = bswap32 r1":               {Op: 0xd7, Dst: 1, Imm: 32},
		"if w1 s< 0xffffffff goto pc-2": {Op: 0xc6, Dst: 1, Imm: -1, Off: -2},
		"if r1 & r2 goto pc+1":          {Op: 0x4d, Dst: 1, Src: 2, Off: 1},
		"goto pc+3":                     {Op: 0x05, Off: 3},
		"gotol pc+70000":                {Op: 0x06, Imm: 70000},
		"may_goto pc+1":                 {Op: 0xe5, Off: 1},
		"call bpf_map_lookup_elem#1":    {Op: 0x85, Imm: 1},
		"call pc+4":                     {Op: 0x85, Src: 1, Imm: 4},
		"exit":                          {Op: 0x95},
		"r3 = *(u16 *)(r2 +12)":         {Op: 0x69, Dst: 3, Src: 2, Off: 12},
		"r3 = *(s32 *)(r2 -4)":          {Op: 0x81, Dst: 3, Src: 2, Off: -4},
		"*(u8 *)(r10 -1) = 7":           {Op: 0x72, Dst: 10, Off: -1, Imm: 7},
		"*(u64 *)(r10 -8) = r1":         {Op: 0x7b, Dst: 10, Src: 1, Off: -8},
		"lock *(u64 *)(r1 +0) += r2":    {Op: 0xdb, Dst: 1, Src: 2},
		"w2 = atomic_fetch_or((u32 *)(r1 +4), w2)":      {Op: 0xc3, Dst: 1, Src: 2, Off: 4, Imm: 0x41},
		"r2 = atomic64_xchg((u64 *)(r1 +4), r2)":        {Op: 0xdb, Dst: 1, Src: 2, Off: 4, Imm: 0xe1},
		"r0 = atomic64_cmpxchg((u64 *)(r1 +0), r0, r2)": {Op: 0xdb, Dst: 1, Src: 2, Imm: 0xf1},
		"r2 = load_acquire((u64 *)(r1 +0))":             {Op: 0xdb, Dst: 2, Src: 1, Imm: 0x100},
		"store_release((u32 *)(r1 +0), w2)":             {Op: 0xc3, Dst: 1, Src: 2, Imm: 0x110},
		"r0 = *(u16 *)skb[12]":                          {Op: 0x28, Imm: 12},
		"r0 = *(u8 *)skb[r7 +4]":                        {Op: 0x50, Src: 7, Imm: 4},
		"r1 = map[2]":                                   {Op: 0x18, Dst: 1, Src: 1, Imm: 2},
	} {
		require.Equal(t, text, bpf.Text(in, bpf.Insn{}))
		require.Empty(t, in.Invalid(), text)
		require.True(t, in.Known())
	}
	require.Equal(t, "r1 = 0x100000002 ll", bpf.Text(bpf.Insn{Op: 0x18, Dst: 1, Imm: 2}, bpf.Insn{Imm: 1}))
}

func TestInvalid(t *testing.T) {
	for why, in := range map[string]bpf.Insn{
		"unknown opcode 0x8f":                     {Op: 0x8f},
		"unknown opcode 0x00":                     {},
		"register R11 does not exist":             {Op: 0xbf, Dst: 1, Src: 11},
		"register R12 does not exist":             {Op: 0xb7, Dst: 12},
		"the frame pointer R10 is read only":      {Op: 0xb7, Dst: 10},
		"division by zero":                        {Op: 0x37, Dst: 1},
		"shift of 32 bits by 40":                  {Op: 0x64, Dst: 1, Imm: 40},
		"byte swap of 8 bits":                     {Op: 0xdc, Dst: 1, Imm: 8},
		"opcode 0xbf with reserved fields in use": {Op: 0xbf, Dst: 1, Src: 2, Off: 64},
		"opcode 0x05 with reserved fields in use": {Op: 0x05, Imm: 1},
		"atomic operation on 2 bytes":             {Op: 0xcb, Dst: 1, Src: 2},
		"unknown atomic operation 0x77":           {Op: 0xdb, Dst: 1, Src: 2, Imm: 0x77},
	} {
		require.Equal(t, why, in.Invalid())
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte{0x07, 2, 0, 0, 14, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		insns, err := bpf.Decode(b)
		if err != nil {
			return
		}
		require.Equal(t, append([]byte{}, b...), bpf.Encode([]byte{}, insns))
		for _, in := range insns {
			_ = in.String()
			if in.Known() && in.Invalid() == "" {
				require.NotEmpty(t, in.String())
			}
		}
	})
}
