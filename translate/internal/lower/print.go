package lower

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// Prints are records, to which the host gives their form.
var (
	_ = register(&Helper{ID: bpf.HelperTracePrintk, Inline: printRegisters})
	_ = register(&Helper{ID: bpf.HelperTraceVprintk, Inline: printArray})
)

// The values that a print may have.
const (
	registerValues = 3
	arrayValues    = 12
)

// printRegisters makes bpf_trace_printk, whose values are in R3 to R5.
func printRegisters(c *Call) error {
	text, err := c.formatText()
	if err != nil {
		return err
	}
	f, err := c.format(text, registerValues)
	if err != nil {
		return err
	}
	var values []ssa.ID
	var shown []memoryShown
	for k := range f.Values() {
		if n, ok := f.Memory(k); ok {
			m, err := c.shows(3+k, n)
			if err != nil {
				return err
			}
			shown = append(shown, m)
			values = append(values, c.Const(uint32(m.n)), c.Const(0))
			continue
		}
		switch kind := c.Fact(3 + k).Kind; kind {
		case verify.Scalar:
			lo, hi := c.Reg(3 + k)
			values = append(values, lo, hi)
		case verify.Uninit:
			return c.Unsupported(fmt.Sprintf("helper %v with a value in R%d that was never set", c.ID, 3+k), "the format shows it")
		default:
			return c.Unsupported(fmt.Sprintf("helper %v with a pointer in R%d", c.ID, 3+k), "addresses of the card mean nothing to a reader")
		}
	}
	return c.print(text, values, shown)
}

// printArray makes bpf_trace_vprintk, whose values are an array.
func printArray(c *Call) error {
	text, err := c.formatText()
	if err != nil {
		return err
	}
	n, err := c.recordSize(4)
	if err != nil {
		return err
	}
	if n%8 != 0 || n/8 > arrayValues {
		return c.Unsupported(fmt.Sprintf("bpf_trace_vprintk with %d bytes of values", n), fmt.Sprintf("the kernel takes up to %d values of 8 bytes", arrayValues))
	}
	f, err := c.format(text, n/8)
	if err != nil {
		return err
	}
	for k := range f.Values() {
		if _, ok := f.Memory(k); ok {
			return c.Unsupported("bpf_trace_vprintk with a format that shows memory", "what the addresses in an array lead to is not followed; print up to three values at a time")
		}
	}
	var values []ssa.ID
	if n > 0 {
		if values, err = c.Behind(3, n); err != nil {
			return err
		}
	}
	return c.print(text, values, nil)
}

// format reads a format, and refuses one that the kernel would.
func (c *Call) format(text []byte, values int) (*bpf.PrintFormat, error) {
	f, err := bpf.ParsePrint(text, values)
	if err != nil {
		return nil, c.Unsupported(fmt.Sprintf("helper %v with the format %q", c.ID, cString(text)), err.Error()+"; without prints it compiles")
	}
	if c.Prog.LiveAfter(int(c.Slot), 0) {
		return nil, c.Unsupported(fmt.Sprintf("the result of helper %v", c.ID), "the host makes the text, whose length it is")
	}
	return f, nil
}

func cString(text []byte) string {
	if n := slices.Index(text, 0); n >= 0 {
		text = text[:n]
	}
	return string(text)
}

// formatText returns the format that R1 points to: constant data of the object, or
// constants on the stack.
func (c *Call) formatText() ([]byte, error) {
	n, err := c.recordSize(2)
	if err != nil {
		return nil, err
	}
	unknown := c.Unsupported(fmt.Sprintf("helper %v with a format that is no constant of the object", c.ID), "it is read when the program is compiled")
	switch fact := c.Fact(1); {
	case fact.Kind == verify.PtrMapValue && fact.OffKnown && fact.Map >= 0:
		m := c.Prog.Source().Maps[fact.Map]
		value, ok := m.Constant()
		if !ok || int(fact.Off)+n > len(value) || fact.Off < 0 {
			return nil, unknown
		}
		return value[fact.Off:][:n], nil
	case fact.Kind == verify.PtrStack:
		words, err := c.Behind(1, n)
		if err != nil {
			return nil, err
		}
		var text []byte
		for _, w := range words {
			v, ok := c.F.IsConst(w)
			if !ok {
				return nil, unknown
			}
			text = binary.LittleEndian.AppendUint32(text, v)
		}
		return text[:n], nil
	}
	return nil, unknown
}

// print sends a format and its values, words low and high, with the memory that it
// shows. Where the format lies in card memory its address is enough.
func (c *Call) print(text []byte, values []ssa.ID, shown []memoryShown) error {
	c.K = slices.IndexFunc(c.Prog.Source().Maps, func(m *object.Map) bool { return m.Name == maplayout.PrintsMap })
	if c.K < 0 {
		panic("BUG: a program that prints has no map for it")
	}
	n := len(cString(text)) + 1
	text = text[:n]
	address := c.Const(0)
	var tail []ssa.ID
	if fact := c.Fact(1); fact.Kind == verify.PtrMapValue {
		address = c.Const(uint32(c.Env.Maps[fact.Map].Base) + uint32(fact.Off))
	} else {
		padded := append(slices.Clone(text), 0, 0, 0)
		for k := 0; k < n; k += 4 {
			tail = append(tail, c.Const(binary.LittleEndian.Uint32(padded[k:])))
		}
	}
	words := append([]ssa.ID{address, c.Const(uint32(n)), c.Const(uint32(len(values) / 2)), c.Const(0)}, values...)
	words = append(words, tail...)
	size := 4 * len(words)
	for _, m := range shown {
		size += (m.n + 3) &^ 3
	}
	lo, _ := c.reserve(c.Const(uint32(size)))
	var err error
	c.Choose(ssa.Compare{Cond: ssa.NE, XL: lo, YL: c.Const(0)}, func() []ssa.ID {
		c.write(lo, 0, 4*len(words), words)
		at := 4 * len(words)
		for _, m := range shown {
			c.writeShown(lo, at, m)
			at += (m.n + 3) &^ 3
		}
		err = c.submit(lo, bpf.RingbufBusyBit)
		return nil
	}, func() []ssa.ID { return nil })
	c.SetReg(0, c.Const(0), c.Const(0))
	return err
}
