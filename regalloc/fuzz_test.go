package regalloc

import (
	"strings"
	"testing"
)

// FuzzAllocate makes a function from the fuzzer's bytes, allocates it on
// machines of several sizes and checks the result twice.
func FuzzAllocate(f *testing.F) {
	f.Add([]byte{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3}, uint64(1), uint8(60))
	f.Add([]byte{}, uint64(2), uint8(200))
	machines := []*Machine{machine(6, 12, 200), machine(10, 16, 100), machine(23, 32, 64)}
	f.Fuzz(func(t *testing.T, data []byte, seed uint64, size uint8) {
		c := &chooser{data: data, x: seed}
		fn := randomGlued(c, int(size), 12)
		var a Allocator
		for _, m := range machines {
			r, err := a.Allocate(fn, m)
			if err != nil {
				if strings.Contains(err.Error(), "no place is left") || strings.Contains(err.Error(), errOutFull.Error()) {
					continue
				}
				t.Fatal(err)
			}
			if err := Check(fn, m, r); err != nil {
				t.Fatal(err)
			}
			if err := execute(fn, r, c, 2000); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// FuzzBadFunction gives the allocator functions that break the rules: an error
// is due, or a right allocation, never a panic.
func FuzzBadFunction(f *testing.F) {
	f.Add([]byte{9, 9, 1, 2, 3, 4, 5, 6}, uint64(3))
	m := machine(6, 12, 20)
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) {
		c := &chooser{x: seed}
		fn := randomFunc(c, 30, 12)
		c.data = data
		for range 1 + c.n(3) {
			corrupt(c, fn)
		}
		// Whether a copy's definition dominates its uses is the client's to know:
		// the allocator sees its source in its place.
		for i := range fn.order {
			fn.order[i].info.Flags &^= Copy
		}
		var a Allocator
		if r, err := a.Allocate(fn, m); err == nil {
			if err := Check(fn, m, r); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// corrupt changes something in f that its author might have got wrong.
func corrupt(c *chooser, f *mockFunc) {
	in := &f.order[c.n(len(f.order))]
	b := f.blocks[c.n(len(f.blocks))]
	switch c.n(9) {
	case 0:
		in.info.Flags ^= InstrFlags(1 << c.n(3))
	case 1:
		b.succs = append(b.succs, c.n(len(f.blocks)+1))
		b.args = append(b.args, nil)
	case 2:
		b.params = append(b.params, VReg(c.n(len(f.vregs)+1)))
	case 3:
		b.hi = max(b.lo, b.hi-c.n(2))
	default:
		if len(in.ops) == 0 {
			return
		}
		in.ops = append([]Operand(nil), in.ops...)
		o := &in.ops[c.n(len(in.ops))]
		switch c.n(6) {
		case 0:
			o.V = VReg(c.n(len(f.vregs) + 2))
		case 1:
			o.Flags ^= 1 << c.n(5)
		case 2:
			o.Files = FileSet(c.n(256))
		case 3:
			o.Group = uint8(c.n(3))
		case 4:
			o.Tie = uint8(c.n(4))
		case 5:
			o.Loc = Loc{File(c.n(9)), uint8(c.n(80))}
		}
	}
}
