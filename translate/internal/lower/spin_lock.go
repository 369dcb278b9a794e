package lower

import (
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

var (
	_ = register(&Helper{ID: bpf.HelperSpinLock, Inline: spinLock})
	_ = register(&Helper{ID: bpf.HelperSpinUnlock, Inline: spinUnlock})
)

// heldBit is the bit of a lock's word that is set while it is held.
const heldBit = 1

// spinLock makes bpf_spin_lock. The program gives up the core for each try.
func spinLock(c *Call) error {
	if err := c.hasLocks(); err != nil {
		return err
	}
	at, high := c.Reg(1)
	c.acquire(c.Fact(1).Map, at, high)
	return nil
}

// spinUnlock makes bpf_spin_unlock.
func spinUnlock(c *Call) error {
	if err := c.hasLocks(); err != nil {
		return err
	}
	at, high := c.Reg(1)
	c.release(c.Fact(1).Map, at, high)
	return nil
}

// hasLocks refuses locks where the target lacks what they are made of.
func (c *Call) hasLocks() error {
	for _, op := range []string{"or", "and", "fetch"} {
		if !slices.Contains(c.T.Maps.Atomics, op) {
			return c.Unsupported("a lock in a map value", "maps.atomics of target "+c.T.Name+" does not have "+op)
		}
	}
	if !c.T.Direct() {
		return c.Unsupported("a lock in a map value", "target "+c.T.Name+" does not let programs address map values themselves")
	}
	return nil
}

// acquire waits for the lock at an address of map k, -1 for one of several. Nothing
// that is read behind it is read before: an atomic operation parts what is known of
// values before and behind it.
func (c *Call) acquire(k int, at, high ssa.ID) {
	one := c.Const(heldBit)
	c.Until(func() ssa.Compare {
		old := c.Add(ssa.Value{Op: ssa.AtomicOr, Space: ssa.MapValue, Aux: int32(k), Size: 4, Args: []ssa.ID{at, high, one}})
		return ssa.Compare{Cond: ssa.NTS, XL: c.Add(ssa.Value{Op: ssa.Word, Args: []ssa.ID{old}}), YL: one}
	})
}

// release gives the lock at an address back. All writes before have gone to memory
// before it: where memory takes commands in order behind one another, elsewhere
// each of them was waited for.
func (c *Call) release(k int, at, high ssa.ID) {
	c.Add(ssa.Value{Op: ssa.AtomicClr, Space: ssa.MapValue, Aux: int32(k), Size: 4, Args: []ssa.ID{at, high, c.Const(heldBit)}})
}
