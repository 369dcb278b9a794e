package lower

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

var _ = register(&Helper{ID: bpf.HelperCsumDiff, Inline: csumDiff})

// csumDiff makes bpf_csum_diff: the one's complement sum of the words behind R3
// (R4 bytes) minus those behind R1 (R2 bytes) plus R5, folded to 16 bits.
func csumDiff(c *Call) error {
	seed, _ := c.Reg(5)
	words := func(ptr, size int) ([]ssa.ID, error) {
		lo, _ := c.Reg(size)
		n, ok := c.F.IsConst(lo)
		switch {
		case !ok || n > 512:
			return nil, c.Unsupported("a checksum over a number of bytes that is not a constant up to 512", "stack bytes are kept in registers")
		case n == 0:
			return nil, nil
		}
		return c.Behind(ptr, int(n))
	}
	from, err := words(1, 2)
	if err != nil {
		return err
	}
	to, err := words(3, 4)
	if err != nil {
		return err
	}
	ones := c.Const(^uint32(0))
	not := func(x ssa.ID) ssa.ID { return c.Op(ssa.Xor, 0, x, ones) }
	sum := seed
	switch {
	case len(from) > 0 && len(to) > 0:
		sum = addCsum(c, partial(c, sum, to), not(partial(c, c.Const(0), from)))
	case len(to) > 0:
		sum = partial(c, sum, to)
	case len(from) > 0:
		sum = not(partial(c, not(sum), from))
	}
	c.SetReg(0, halves(c, sum), c.Const(0))
	return nil
}

// addCsum is one's complement addition.
func addCsum(c *Call, x, y ssa.ID) ssa.ID {
	sum := c.Op(ssa.Add, 0, x, y)
	return c.Op(ssa.AddHi, 0, sum, c.Const(0), x, y)
}

// partial adds words to a one's complement sum.
func partial(c *Call, sum ssa.ID, words []ssa.ID) ssa.ID {
	for _, w := range words {
		sum = addCsum(c, sum, w)
	}
	return sum
}
