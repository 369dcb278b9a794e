package lower

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/verify"
)

// memoryShown is memory that a print shows: n bytes behind a register, the words of
// which are known where there are few.
type memoryShown struct {
	reg, n int
	words  []ssa.ID
}

// shows finds n bytes behind register r that a print shows, or with 0 those of a
// string. A string ends with its object at the latest.
func (c *Call) shows(r, n int) (memoryShown, error) {
	room, err := c.readableBehind(r)
	text := n == 0
	switch {
	case err != nil:
		return memoryShown{}, err
	case room < max(n, 1):
		return memoryShown{}, c.Unsupported(fmt.Sprintf("helper %v that shows memory in R%d", c.ID, r), fmt.Sprintf("only %d bytes of it are known to be there", max(room, 0)))
	case text:
		n = min(room, bpf.PrintString)
		if text, ok := c.constantBehind(r); ok {
			n = min(n, len(text))
			return memoryShown{reg: r, n: n, words: c.words(text[:n])}, nil
		}
	}
	m := memoryShown{reg: r, n: n}
	if n > 2*maxPieces && (isFar(c, r) || c.InLocal(r)) {
		return m, nil
	}
	if m.words, err = c.Behind(r, n); err != nil {
		return m, err
	}
	// What follows a 0 byte that is known is not shown.
	for k, w := range m.words {
		if !text {
			break
		}
		v, ok := c.F.IsConst(w)
		if at := bytes.IndexByte(binary.LittleEndian.AppendUint32(nil, v), 0); ok && at >= 0 && 4*k+at < n {
			m.n, m.words = 4*k+at+1, m.words[:k+1]
			break
		}
	}
	return m, nil
}

// words returns text as words, filled up with zeros.
func (c *Call) words(text []byte) (out []ssa.ID) {
	text = append(bytes.Clone(text), 0, 0, 0)
	for ; len(text) >= 4; text = text[4:] {
		out = append(out, c.Const(binary.LittleEndian.Uint32(text)))
	}
	return out
}

// readableBehind returns how many bytes behind a pointer are certainly memory.
func (c *Call) readableBehind(r int) (int, error) {
	fact := c.Fact(r)
	from := int64(fact.Off)
	if !fact.OffKnown {
		from += int64(min(fact.UMax, 1<<29))
	}
	lowest := int64(fact.Off) + max(fact.SMin, -1<<29)
	switch {
	case fact.Kind == verify.PtrStack:
		if _, at, ok := c.StackPlace(r); ok {
			return 512 - int(at), nil
		}
	case fact.Kind == verify.PtrPacket:
		return int(fact.Range) - int(fact.Off), nil
	case lowest < 0:
	case fact.Kind == verify.PtrMem && fact.Map >= 0:
		return int(int64(fact.Range) - from), nil
	case fact.Kind == verify.PtrMapValue && fact.Map >= 0:
		m := c.Prog.Source().Maps[fact.Map]
		if fact.Inner {
			m = m.Inner
		}
		return int(int64(m.ValueSize) - from), nil
	}
	return 0, c.Unsupported(fmt.Sprintf("helper %v that shows memory in R%d", c.ID, r), "it is not known to be in one object")
}

// constantBehind returns the constant string that a pointer leads to, with the 0 byte at
// its end if there is one.
func (c *Call) constantBehind(r int) ([]byte, bool) {
	fact := c.Fact(r)
	if fact.Kind != verify.PtrMapValue || !fact.OffKnown || fact.Map < 0 || fact.Inner {
		return nil, false
	}
	text, ok := c.Prog.Source().Maps[fact.Map].Constant()
	if !ok || int(fact.Off) > len(text) {
		return nil, false
	}
	text = text[fact.Off:]
	if n := bytes.IndexByte(text, 0); n >= 0 {
		text = text[:n+1]
	}
	return text, len(text) > 0
}

// writeShown copies the memory to the record of a print.
func (c *Call) writeShown(lo ssa.ID, at int, m memoryShown) {
	if m.words != nil {
		c.write(lo, at, m.n, m.words)
		return
	}
	from, _ := c.Reg(m.reg)
	copyBytes(c, c.Const(uint32(m.n)), from, c.AddConst(lo, uint32(at)), func(from, to ssa.ID, size int) {
		v, err := c.LoadBehind(m.reg, from, size)
		c.failed = cmp.Or(c.failed, err)
		c.Add(ssa.Value{
			Op: ssa.Store, Space: ssa.MapValue, Aux: int32(c.K), Size: uint8(size),
			Args: []ssa.ID{to, c.Const(c.Env.Machine.MapHigh), v},
		})
	})
}
