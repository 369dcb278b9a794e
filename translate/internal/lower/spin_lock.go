package lower

import (
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
)

var (
	_ = register(&Helper{ID: bpf.HelperSpinLock, Inline: spinLock})
	_ = register(&Helper{ID: bpf.HelperSpinUnlock, Inline: spinUnlock})
)

// spinLock makes bpf_spin_lock. The program gives up the core for each try.
func spinLock(c *Call) error {
	if err := c.hasLocks(); err != nil {
		return err
	}
	at, high := c.Reg(1)
	c.Acquire(c.Fact(1).Map, at, high)
	return nil
}

// spinUnlock makes bpf_spin_unlock.
func spinUnlock(c *Call) error {
	if err := c.hasLocks(); err != nil {
		return err
	}
	at, high := c.Reg(1)
	c.Release(c.Fact(1).Map, at, high)
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
