package verify

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Spin locks in map values, as the kernel has them (process_spin_lock): one at a
// time, taken and given back through pointers from the same lookup. While one is
// held nothing is called but functions of the program that are not global, and
// iterators over numbers. Programs never touch the bytes of a lock themselves.

// spinLock is a lock that a path holds.
type spinLock struct {
	held  bool
	inner bool
	at    int32 // slot of the call that took it
	mp    int32
	// id is that of the pointer it was taken through: pointers from one lookup
	// share it, addresses that stand in the code and values that a callback gets
	// have 0.
	id uint32
}

// lockPlace is where the values of a map have their lock.
type lockPlace struct {
	off   int64
	has   bool
	wrong error // why the kernel takes no lock there
}

// locksOf finds the locks of maps; those of inner maps are at 2k+1.
func locksOf(maps []*object.Map) []lockPlace {
	out := make([]lockPlace, 2*len(maps))
	find := func(m *object.Map, to *lockPlace) {
		off, ok, err := m.SpinLock()
		*to = lockPlace{int64(off), ok, err}
	}
	for k, m := range maps {
		find(m, &out[2*k])
		if m.Inner != nil {
			find(m.Inner, &out[2*k+1])
		}
	}
	return out
}

// lockOf returns where the values of a pointer's map have their lock.
func (v *verifier) lockOf(p *reg) *lockPlace {
	k := 2 * int(p.mp)
	if p.inner {
		k++
	}
	return &v.locks[k]
}

// touchesLock refuses an access to bytes of a value that may be a lock's.
func (v *verifier) touchesLock(p *reg, base uint8, from int64, size int) *Error {
	l := v.lockOf(p)
	if !l.has || p.SMin+from >= l.off+bpf.SpinLockBytes || l.off >= int64(p.UMax)+from+int64(size) {
		return nil
	}
	return unsafef("R%d reaches the bpf_spin_lock in a value of map %q, bytes %s, which programs cannot read or write", base, v.mapOf(p).Name,
		span(l.off, l.off+bpf.SpinLockBytes)).hint("use bpf_spin_lock and bpf_spin_unlock, and copy the members around it one by one")
}

// lock checks the lock in register n, and takes it or gives it back.
func (c *call) lock(n uint8) *Error {
	v, p := c.v, c.v.reg(n)
	switch p.kind {
	case PtrMapValue:
	case PtrMapValueOrNull:
		return unsafef("%s gets a map value in R%d that may be null", c.name, n).hint("compare the pointer with NULL first")
	default:
		return unsafef("%s needs a bpf_spin_lock in a map value in R%d, it holds %s", c.name, n, p.kind.name())
	}
	if !p.Scalar.IsConst() {
		return unsafef("%s needs a lock at a constant offset of the value in R%d", c.name, n)
	}
	m, l, at := v.mapOf(p), v.lockOf(p), int64(p.off)+int64(p.Bits.Value)
	switch {
	case m.ValueType == nil:
		return unsafef("%s on a value of map %q, which has no BTF: where its values have a lock is not known", c.name, m.Name).
			hint("define the map with BTF: __type(value, struct ...) in section .maps")
	case l.wrong != nil:
		return unsafef("%s: %v", c.name, l.wrong)
	case !l.has:
		return unsafef("%s on a value of map %q, which has no struct bpf_spin_lock", c.name, m.Name)
	case at != l.off:
		return unsafef("%s gets byte %d of a value of map %q in R%d, and its lock is at byte %d", c.name, at, m.Name, n, l.off)
	}
	held := &v.cur.lock
	if c.ID == bpf.HelperSpinLock {
		// That none is held was seen before: no helper but the unlock is called under one.
		*held = spinLock{held: true, inner: p.inner, at: int32(v.slot), mp: p.mp, id: p.id}
		return nil
	}
	switch {
	case !held.held:
		return unsafef("%s without a lock that is held", c.name)
	case held.mp != p.mp || held.inner != p.inner || held.id != p.id:
		return unsafef("%s of another lock than the one that instruction %d took", c.name, held.at).
			hint("give the lock back through a pointer from the same lookup")
	}
	*held = spinLock{}
	return nil
}

// noCallUnderLock refuses a call while a lock is held.
func (v *verifier) noCallUnderLock(what string) *Error {
	if !v.cur.lock.held {
		return nil
	}
	return unsafef("%s is called while the lock is held that instruction %d took", what, v.cur.lock.at).
		hint("give the lock back first; under a lock only static functions of the program and bpf_spin_unlock can be called")
}

// sameLock reports whether two states hold locks that stand for each other.
func (v *verifier) sameLock(old, now *state) bool {
	a, b := &old.lock, &now.lock
	return a.held == b.held && a.mp == b.mp && a.inner == b.inner && v.sameIdentity(a.id, b.id)
}

// sameIdentity reports whether an id may stand for another, which may be none only
// if the other is.
func (v *verifier) sameIdentity(old, now uint32) bool {
	return (old == 0) == (now == 0) && v.idmap.pair(old, now)
}
