package lower

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

var _ = register(&Helper{ID: bpf.HelperStrncmp, Inline: strncmp})

// maxText is the number of bytes of a string, its 0 included, up to which its words are compared
// one by one.
const maxText = 512

// strncmp makes bpf_strncmp: the bytes behind R1, up to R2 of them, beside the constant string
// behind R3; -1, 0 or 1. No byte of a string is 0 but its last, so that what differs first decides,
// and nothing behind a 0 is looked at.
func strncmp(c *Call) error {
	text, ok := c.constantBehind(3)
	if !ok {
		return c.Unsupported(fmt.Sprintf("helper %v with one of several strings", c.ID), "its words are compared as constants")
	}
	size := c.Fact(2)
	n := int(min(size.UMax, uint64(len(text))))
	t := comparedText{c: c, n: n, always: int(min(size.UMin, uint64(n)))}
	if n > maxText {
		return c.Unsupported(fmt.Sprintf("helper %v with %d bytes of a string", c.ID, n), fmt.Sprintf("its words are compared one by one, at most %d bytes", maxText))
	}
	t.size, _ = c.Reg(2)
	var err error
	if t.words, err = c.Behind(1, n); err != nil {
		return err
	}
	padded := append(text[:n:n], 0, 0, 0)
	for k := range t.words {
		t.text = append(t.text, binary.LittleEndian.Uint32(padded[4*k:]))
	}
	r := t.from(0)
	c.SetReg(0, r[0], r[1])
	return nil
}

// comparedText is memory, as words, beside the words of a string.
type comparedText struct {
	c     *Call
	words []ssa.ID
	text  []uint32
	n     int    // bytes of words
	size  ssa.ID // R2: so many are compared where it is less
	// always are the bytes that are compared in every run.
	always int
}

// from compares from a word on: the words of the helper's result.
func (t *comparedText) from(k int) []ssa.ID {
	c := t.c
	zero := c.Const(0)
	if k == len(t.words) {
		return []ssa.ID{zero, zero}
	}
	w, text := t.compared(k), c.Const(t.text[k])
	return c.Choose(ssa.Compare{Cond: ssa.EQ, XL: w, YL: text}, func() []ssa.ID { return t.from(k + 1) }, func() []ssa.ID {
		below := c.Op(ssa.SubHi, 0, zero, zero, c.Op(ssa.Bswap, 0, w), c.Const(bits.ReverseBytes32(t.text[k]))) // -1 or 0
		return []ssa.ID{c.Op(ssa.Or, 0, below, c.Const(1)), below}
	})
}

// compared returns a word of the memory, with bytes of the string in the place of those that are
// not compared.
func (t *comparedText) compared(k int) ssa.ID {
	c, w, text := t.c, t.words[k], t.c.Const(t.text[k])
	if t.always >= min(4*k+4, t.n) {
		return w
	}
	whole := ssa.Compare{Cond: ssa.UGE, XL: t.size, YL: c.Const(uint32(4*k + 4))}
	some := ssa.Compare{Cond: ssa.UGT, XL: t.size, YL: c.Const(uint32(4 * k))}
	return c.Choose(whole, one(w), func() []ssa.ID {
		return c.Choose(some, func() []ssa.ID {
			beyond := c.Op(ssa.ShlV, 0, c.Const(^uint32(0)), c.Shift(ssa.Shl, c.And(t.size, 3), 3))
			differs := c.Op(ssa.And, 0, c.Op(ssa.Xor, 0, w, text), c.Op(ssa.Xor, 0, beyond, c.Const(^uint32(0))))
			return []ssa.ID{c.Op(ssa.Xor, 0, text, differs)}
		}, one(text))
	})[0]
}
