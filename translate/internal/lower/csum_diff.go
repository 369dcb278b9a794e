package lower

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/verify"
)

var _ = register(&Helper{ID: bpf.HelperCsumDiff, Inline: csumDiff})

// csumDiff makes bpf_csum_diff: the one's complement sum of the words behind R3
// (R4 bytes) minus those behind R1 (R2 bytes) plus R5, folded to 16 bits. Which
// of the two zeros comes out depends on what there is to add and subtract.
func csumDiff(c *Call) error {
	seed, _ := c.Reg(5)
	from, err := csumBytes(c, 1, 2)
	if err != nil {
		return err
	}
	to, err := csumBytes(c, 3, 4)
	if err != nil {
		return err
	}
	ones := c.Const(^uint32(0))
	not := func(x ssa.ID) ssa.ID { return c.Op(ssa.Xor, 0, x, ones) }
	add := func(more summand, sum ssa.ID) ssa.ID {
		sum, e := more(sum)
		if e != nil {
			err = e
		}
		return sum
	}
	added := add(to, seed)
	sum := ifNone(c, 2, one(added), func() []ssa.ID {
		start := ifNone(c, 4, func() []ssa.ID { return []ssa.ID{not(seed)} }, one(c.Const(0)))
		taken := not(add(from, start[0]))
		return ifNone(c, 4, one(taken), func() []ssa.ID { return []ssa.ID{addCsum(c, added, taken)} })
	})
	c.SetReg(0, halves(c, sum[0]), c.Const(0))
	return err
}

// summand adds bytes to a one's complement sum.
type summand func(sum ssa.ID) (ssa.ID, error)

// ifNone makes the way for a size in register r that is 0, or the other one, or
// both where only a run knows.
func ifNone(c *Call, r int, none, some func() []ssa.ID) []ssa.ID {
	n, _ := c.Reg(r)
	if f := c.Fact(r); f.Kind == verify.Scalar && f.UMin > 0 {
		return some()
	}
	return when(c, isZero(c, n), none, some)
}

// Sizes in bytes up to which the words of a sum are added one by one.
const (
	maxWritten  = 512 // of a number of bytes that is a constant
	maxOptional = 128 // of a number that is not, on the stack
)

// csumBytes returns what adds the bytes behind the pointer in a register, as
// many as another one says.
func csumBytes(c *Call, ptr, size int) (summand, error) {
	n, _ := c.Reg(size)
	constant, fixed := c.F.IsConst(n)
	fact := c.Fact(ptr)
	inMemory := fact.Kind == verify.PtrPacket || fact.Kind == verify.PtrMapValue || c.InLocal(ptr) && !fixed
	switch {
	case fixed && constant == 0:
		return func(sum ssa.ID) (ssa.ID, error) { return sum, nil }, nil
	case inMemory && (!fixed || constant > maxWritten || constant%4 == 3):
		return func(sum ssa.ID) (ssa.ID, error) { return walkedSum(c, ptr, n, sum) }, nil
	case fixed:
		words, err := c.Behind(ptr, int(constant))
		return func(sum ssa.ID) (ssa.ID, error) { return partial(c, sum, words), nil }, err
	}
	most := c.Fact(size).UMax
	if c.Fact(size).Kind != verify.Scalar || most > maxOptional {
		return nil, c.Unsupported("a checksum over a number of bytes of the stack that is not a constant and may be more than 128", "stack bytes are kept in registers")
	}
	words, err := c.Behind(ptr, int(most))
	return func(sum ssa.ID) (ssa.ID, error) { return optionalSum(c, n, sum, words), nil }, err
}

// walkedSum adds n bytes of the packet or a map value, behind the pointer in
// register r, word by word; the last one is filled up with zeros.
func walkedSum(c *Call, r int, n, sum ssa.ID) (ssa.ID, error) {
	var err error
	load := func(at ssa.ID, size int) ssa.ID {
		w, e := c.LoadBehind(r, at, size)
		if e != nil {
			err, w = e, c.Const(0)
		}
		return w
	}
	start, _ := c.Reg(r)
	rounds := c.Shift(ssa.Shr, n, 2)
	state := when(c, isZero(c, rounds), func() []ssa.ID { return []ssa.ID{start, sum} }, func() []ssa.ID {
		return c.Repeat(rounds, []ssa.ID{start, sum}, func(w []ssa.ID) []ssa.ID {
			return []ssa.ID{c.AddConst(w[0], 4), addCsum(c, w[1], load(w[0], 4))}
		})
	})
	two := c.And(n, 2)
	state = when(c, isZero(c, two), func() []ssa.ID { return []ssa.ID{state[0], state[1], c.Const(0)} }, func() []ssa.ID {
		return []ssa.ID{c.AddConst(state[0], 2), state[1], load(state[0], 2)}
	})
	last := when(c, isZero(c, c.And(n, 1)), one(state[2]), func() []ssa.ID {
		b := load(state[0], 1)
		return []ssa.ID{c.Op(ssa.Or, 0, state[2], c.Op(ssa.ShlV, 0, b, c.Shift(ssa.Shl, two, 3)))}
	})
	return addCsum(c, state[1], last[0]), err
}

// optionalSum adds the first n bytes of words.
func optionalSum(c *Call, n, sum ssa.ID, words []ssa.ID) ssa.ID {
	// The bytes of a last word that is not whole; one that is is not asked.
	mask := c.Op(ssa.Xor, 0, c.Op(ssa.ShlV, 0, c.Const(^uint32(0)), c.Shift(ssa.Shl, c.And(n, 3), 3)), c.Const(^uint32(0)))
	for k, w := range words {
		whole := ssa.Compare{Cond: ssa.UGE, XL: n, YL: c.Const(uint32(4*k + 4))}
		some := ssa.Compare{Cond: ssa.UGT, XL: n, YL: c.Const(uint32(4 * k))}
		part := c.Choose(whole, one(w), func() []ssa.ID {
			return c.Choose(some, func() []ssa.ID { return []ssa.ID{c.Op(ssa.And, 0, w, mask)} }, one(c.Const(0)))
		})
		sum = addCsum(c, sum, part[0])
	}
	return sum
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
