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

// textMaps returns maps with constant data of the object: text, with a 0 byte at its end and behind
// three other bytes; and a value for a program to write.
func textMaps(text string) []*object.Map {
	data := append([]byte("xyz"+text), 0, 'e', 0)
	return []*object.Map{
		{
			Name: "t.rodata", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: uint32(len(data)), MaxEntries: 1, Flags: bpf.FRdonlyProg, Frozen: true,
			Initial: []object.Entry{{Key: make([]byte, 4), Value: data}},
		},
		{Name: "t.bss", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 48, MaxEntries: 1},
	}
}

// TestStrncmp compares bytes of the stack, at every alignment, and of a map value with constant
// strings: the same ones, others in one byte, shorter and longer ones; as many bytes as a constant
// or a run says. R6 to R8 are numbers of the packet.
func TestStrncmp(t *testing.T) {
	for _, text := range []string{"", "a", "GET", "GET ", "\xffhost", "a text of some more than one word"} {
		for shift := range 4 {
			for _, size := range []int{1, 3, 4, len(text) + 1, len(text) + 9, -1} {
				t.Run(fmt.Sprintf("%q at %d, %d bytes", text, shift, size), func(t *testing.T) {
					for _, onStack := range []bool{true, false} {
						base, at, where := uint8(10), -64+shift, []bpf.Insn(nil)
						for k := -64; k < 0; k += 8 {
							where = append(where, storeK(8, 10, k, 0))
						}
						if !onStack {
							base, at, where = 9, shift, bpf.LoadMapValue(9, 1, 0)
						}
						for k, b := range []byte(text) {
							where = append(where, storeK(1, base, at+k, int(b)))
						}
						// One byte in three runs of four is what the packet has there.
						where = append(where, bpf.Mov.Reg(1, 8), bpf.And.Imm(1, 3), bpf.JEq.Imm(1, 0, 1), store(1, base, at+len(text)/2, 7))
						length := []bpf.Insn{bpf.Mov.Imm(2, int32(size))}
						if size < 0 {
							length = []bpf.Insn{bpf.Mov.Reg(2, 6), bpf.And.Imm(2, 31), bpf.Add.Imm(2, 1)}
						}
						p := withNumbers(textMaps(text), slices.Concat(
							where, length, []bpf.Insn{bpf.Mov.Reg(1, base), bpf.Add.Imm(1, int32(at))}, bpf.LoadMapValue(3, 0, 3),
							[]bpf.Insn{bpf.CallHelper(bpf.HelperStrncmp)})...)
						must(t, p, "skipsw")
					}
				})
			}
		}
	}
}

// TestStrncmpRefused names what is not built.
func TestStrncmpRefused(t *testing.T) {
	v, err := verify.Verify(withNumbers(textMaps("text"), slices.Concat(
		[]bpf.Insn{storeK(8, 10, -8, 0)}, onStack(1, -8), []bpf.Insn{bpf.Mov.Imm(2, 8)},
		bpf.LoadMapValue(3, 0, 3), []bpf.Insn{bpf.JEq.Imm(6, 0, 1), bpf.Add.Imm(3, 1), bpf.CallHelper(bpf.HelperStrncmp)})...), verify.Options{})
	require.NoError(t, err)
	_, err = translate.Compile(v, translate.Options{Target: target.MustBuiltin("skipsw")})
	require.ErrorIs(t, err, translate.ErrNotSupported)
	require.ErrorContains(t, err, "helper strncmp with one of several strings, because its words are compared as constants")
}
