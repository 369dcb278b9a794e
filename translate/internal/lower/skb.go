package lower

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

var (
	_ = register(&Helper{ID: bpf.HelperSkbPullData, Inline: pullData})
	_ = register(&Helper{ID: bpf.HelperSetHash, Inline: func(c *Call) error {
		lo, _ := c.Reg(2)
		return setHash(c, lo)
	}})
	_ = register(&Helper{ID: bpf.HelperSetHashInvalid, Inline: func(c *Call) error { return setHash(c, c.Const(0)) }})
)

// pullData makes bpf_skb_pull_data: frames lie in one piece, so that there is
// nothing to do unless more is asked for than there is.
func pullData(c *Call) error {
	n, _ := c.Reg(2)
	_, length := c.Packet()
	words := c.Choose(ssa.Compare{Cond: ssa.ULE, XL: n, YL: length}, one(c.Const(0)), one(c.Errno(bpf.ENOMEM)))
	c.SetResult(words[0])
	return nil
}

// setHash makes bpf_set_hash and bpf_set_hash_invalid.
func setHash(c *Call, hash ssa.ID) error {
	c.SetHash(hash)
	c.SetReg(0, c.Const(0), c.Const(0))
	return nil
}
