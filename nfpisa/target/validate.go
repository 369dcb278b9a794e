package target

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/skipsw/skipsw/internal/strictyaml"
)

// Limits of the machine, for every target.
const (
	storeWords = 1 << 14 // words that control-store addresses reach
	bankGPRs   = 32      // registers of a bank, in four-context mode
	bankXfers  = 64      // transfer registers of a direction
	lastSignal = 15
	lmIndexes  = 4
	lmReach    = 16   // words that an index register reaches
	lmBytes    = 4096 // local memory of a core
	bufferBits = 15   // of a packet buffer's number
	addressMax = 1 << 40
)

// checker collects what is wrong with a target.
type checker struct {
	t    *Target
	errs strictyaml.Errors
}

// Check reports everything that is wrong with a target: values out of range,
// values that contradict each other, and values that some part cannot honour.
// Each error names the field.
func (t *Target) Check() error {
	c := &checker{t: t}
	right := c.form()
	c.coreHonoured()
	if right {
		c.honoured()
	}
	return c.errs.Err()
}

// CheckForm is Check without what only some parts cannot honour, for parts that
// say themselves what they cannot.
func (t *Target) CheckForm() error {
	c := &checker{t: t}
	c.form()
	return c.errs.Err()
}

// form looks at a target by itself, and reports whether it is right.
func (c *checker) form() bool {
	c.names()
	c.core()
	c.registers()
	c.localMemory()
	c.packet()
	c.exit()
	c.maps()
	c.helpers()
	c.redirect()
	c.metadata()
	c.tunnel()
	c.fragments()
	c.cpus()
	return len(c.errs) == 0
}

func (c *checker) fail(format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf(format, args...))
}

// within checks a number.
func (c *checker) within(what string, v, lo, hi int) bool {
	ok := v >= lo && v <= hi
	if !ok {
		c.fail("%s is %d, must be %d to %d", what, v, lo, hi)
	}
	return ok
}

// oneOf checks a word.
func (c *checker) oneOf(what, v string, of ...string) bool {
	ok := slices.Contains(of, v)
	if !ok {
		c.fail("%s is %q, must be %s", what, v, strings.Join(of, " or "))
	}
	return ok
}

// distinct checks that a list has nothing twice.
func distinct[T comparable](c *checker, what string, list []T) {
	for k, v := range list {
		if slices.Contains(list[:k], v) {
			c.fail("%s has %v twice", what, v)
		}
	}
}

func (c *checker) names() {
	t := c.t
	if t.Schema != Schema {
		c.fail("schema is %d; this program reads %d", t.Schema, Schema)
	}
	if t.Name == "" {
		c.fail("name is empty")
	}
	if t.Firmware == "" {
		c.fail("firmware is empty; it names the model of the firmware that runs the target, such as skipsw")
	}
	c.within("abi", t.ABI, 1, 1<<16-1)
}

func (c *checker) core() {
	k := &c.t.Core
	c.within("core.contexts", k.Contexts, 1, 8)
	c.within("core.code_sharers", k.CodeSharers, 1, 8)
	c.within("core.padding", k.Padding, 0, 64)
	start := c.within("core.code_start", int(k.CodeStart), 0, storeWords-1)
	words := c.within("core.code_words", k.CodeWords, 1, storeWords)
	if start && words && int(k.CodeStart)+k.CodeWords > storeWords {
		c.fail("core.code_start %d and core.code_words %d reach past control-store address %d", k.CodeStart, k.CodeWords, storeWords-1)
	}
	if words && k.Padding >= k.CodeWords {
		c.fail("core.padding %d leaves no room in core.code_words %d", k.Padding, k.CodeWords)
	}
	c.within("core.done", int(k.Done), 0, storeWords-1)
	if c.inCode(k.Done) {
		c.fail("core.done %d is inside the program's code, %d to %d", k.Done, k.CodeStart, int(k.CodeStart)+k.CodeWords-1)
	}
}

// inCode reports whether an address belongs to the program.
func (c *checker) inCode(a CodeAddr) bool {
	k := &c.t.Core
	return a >= k.CodeStart && int(a) < int(k.CodeStart)+k.CodeWords
}

func (c *checker) registers() {
	r := &c.t.Registers
	c.within("registers.gprs", r.GPRs, 8, bankGPRs)
	c.within("registers.xfer_in", r.XferIn, 8, bankXfers)
	c.within("registers.xfer_out", r.XferOut, 8, bankXfers)
	for _, l := range []struct {
		name string
		list []GPR
	}{{"registers.keep_a", r.KeepA}, {"registers.keep_b", r.KeepB}} {
		distinct(c, l.name, l.list)
		for _, g := range l.list {
			c.within("a register of "+l.name, int(g), 0, r.GPRs-1)
		}
	}
	distinct(c, "registers.signals", r.Signals)
	if len(r.Signals) == 0 {
		c.fail("registers.signals is empty; a program waits for memory with the first one")
	}
	for _, s := range r.Signals {
		c.within("a signal of registers.signals", int(s), 1, lastSignal)
	}
	e, k := &c.t.Entry, &c.t.Calls
	c.within("entry.stack", int(e.Stack.Num), 0, bankGPRs-1)
	c.within("entry.stack_index", int(e.StackIndex), 0, 1)
	c.within("entry.vector_index", int(e.VectorIndex), 0, 1)
	if e.StackIndex == e.VectorIndex {
		c.fail("entry.vector_index is %d, as entry.stack_index", e.VectorIndex)
	}
	c.within("calls.return", int(k.Return.Num), 0, bankGPRs-1)
	if k.Map != nil {
		c.within("calls.map", int(k.Map.Num), 0, bankGPRs-1)
		if *k.Map == k.Return {
			c.fail("calls.map is %v, as calls.return", *k.Map)
		}
	}
	if (k.Map != nil) != (c.t.Maps.Kind == MapsFirmware) {
		c.fail("calls.map belongs to maps.kind firmware, whose routines serve more than one map, and only there")
	}
	c.within("calls.flags", int(k.Flags), 0, bankGPRs-2)
	c.within("calls.result", int(k.Result), 0, bankGPRs-2)
	if k.Map != nil && (k.Map.Num == k.Flags || k.Map.Num == k.Flags+1) {
		c.fail("calls.map is %v, which calls.flags %d takes", *k.Map, k.Flags)
	}
	if k.Return.Num == k.Flags || k.Return.Num == k.Flags+1 {
		c.fail("calls.return is %v, which calls.flags %d takes", k.Return, k.Flags)
	}
	distinct(c, "calls.kept", k.Kept)
	for _, g := range k.Kept {
		c.within("a register of calls.kept", int(g), 0, bankGPRs-1)
		if g == k.Result || g == k.Result+1 {
			c.fail("calls.kept has %d, which calls.result %d takes", g, k.Result)
		}
	}
	distinct(c, "calls.kept_indexes", k.KeptIndexes)
	for _, x := range k.KeptIndexes {
		c.within("an index of calls.kept_indexes", int(x), 0, lmIndexes-1)
	}
	for _, need := range []LMIndex{e.StackIndex, e.VectorIndex} {
		if !slices.Contains(k.KeptIndexes, need) {
			c.fail("calls.kept_indexes lacks %d, which entry gives to the program", need)
		}
	}
	c.places()
	c.granted()
}

// places checks where arguments of calls lie in local memory.
func (c *checker) places() {
	e, k := &c.t.Entry, &c.t.Calls
	for _, p := range []struct {
		name string
		LMPlace
	}{{"calls.key", k.Key}, {"calls.value", k.Value}} {
		c.within(p.name+".index", int(p.Index), 0, lmIndexes-1)
		c.within(p.name+".word", int(p.Word), 0, lmBytes/4-1)
		near := p.Index == e.StackIndex
		switch {
		case p.Index == e.VectorIndex:
			c.fail("%s.index is %d, which points at the packet vector", p.name, p.Index)
		case near && p.Word != 0:
			c.fail("%s.word is %d, must be 0: %s.index %d is entry.stack_index, which points at the stack base", p.name, p.Word, p.name, p.Index)
		case !near && (p.Word < lmReach || p.Word%lmReach != 0):
			c.fail("%s.word is %d, must be a multiple of %d from %d on: %s.index %d is not entry.stack_index, which reaches those below",
				p.name, p.Word, lmReach, lmReach, p.name, p.Index)
		case !near && slices.Contains(k.KeptIndexes, p.Index):
			c.fail("%s.index is %d, which calls.kept_indexes keeps, and a call sets it", p.name, p.Index)
		}
	}
	if k.Key.Index == k.Value.Index {
		c.fail("calls.value.index is %d, as calls.key.index", k.Value.Index)
	}
	if k.Key.Word == k.Value.Word {
		c.fail("calls.value.word is %d, as calls.key.word", k.Value.Word)
	}
}

// granted checks that programs may write the register that all of them write.
// Registers of calls matter to those that call: the compiler asks Grants.
func (c *checker) granted() {
	if r := c.t.Exit.Register; !c.t.Grants(r) {
		c.fail("exit.register is %v, which registers.gprs %d, registers.keep_a %v and registers.keep_b %v do not grant",
			r, c.t.Registers.GPRs, c.t.Registers.KeepA, c.t.Registers.KeepB)
	}
}

func (c *checker) localMemory() {
	l, v := &c.t.LocalMemory, &c.t.PacketVector
	c.within("local_memory.context", l.Context, 64, lmBytes/max(c.t.Core.Contexts, 1))
	c.within("local_memory.pointer_delay", l.PointerDelay, 0, 8)
	c.within("packet_vector.words", v.Words, 1, lmReach)
	for _, p := range []struct {
		name      string
		at, bytes int
	}{{"local_memory.stack", l.StackBase, l.Stack}, {"local_memory.vector", l.Vector, 4 * v.Words}} {
		if p.at < 0 || p.bytes < 64 && p.name == "local_memory.stack" || p.at+p.bytes > l.Context {
			c.fail("%s of %d bytes at %d (local_memory.stack_base, .vector) does not fit local_memory.context %d, or has less than 64", p.name, p.bytes, p.at, l.Context)
		}
	}
	for _, f := range []struct {
		name string
		v    int
	}{{"context", l.Context}, {"vector", l.Vector}, {"stack_base", l.StackBase}} {
		if f.v%64 != 0 {
			c.fail("local_memory.%s is %d, must be a multiple of 64: index registers replace address bits", f.name, f.v)
		}
	}
	if l.Stack%4 != 0 {
		c.fail("local_memory.stack is %d, must be whole words", l.Stack)
	}
	if l.Vector < l.StackBase+l.Stack && l.StackBase < l.Vector+4*v.Words {
		c.fail("local_memory.vector, bytes %d to %d, lies in the stack, bytes %d to %d", l.Vector, l.Vector+4*v.Words-1, l.StackBase, l.StackBase+l.Stack-1)
	}
}

func (c *checker) packet() {
	p, v := &c.t.Packet, &c.t.PacketVector
	if _, ok := c.t.Memories[p.Memory]; !ok {
		c.fail("packet.memory is %q, which memories does not have", p.Memory)
	}
	c.within("packet.pointer_bits", int(p.PointerBits), 8, 64)
	c.within("packet.offset_bits", int(p.OffsetBits), 8, 16)
	c.within("packet.number_low", int(p.NumberLow), int(p.OffsetBits), 31)
	// Buffers are numbered by the contexts of all cores.
	free := uint64(1)<<p.NumberLow<<bufferBits - 1
	if p.PointerSet == 0 || bits.Len64(p.PointerSet) > int(p.PointerBits) || p.PointerSet&free != 0 {
		c.fail("packet.pointer_set is %#x, must be bits from %d up to packet.pointer_bits %d, above offset and number of the buffer",
			p.PointerSet, p.NumberLow+bufferBits, p.PointerBits)
	}
	names, fields := v.fields()
	for k, f := range fields {
		name := "packet_vector." + names[k]
		word := int(f.Word) < v.Words
		if !word {
			c.fail("%s.word is %d, must be below packet_vector.words %d", name, f.Word, v.Words)
		}
		low := c.within(name+".low", int(f.Low), 0, 31)
		width := c.within(name+".bits", int(f.Bits), 1, 32)
		if !word || !low || !width {
			continue
		}
		if f.Low+f.Bits > 32 {
			c.fail("%s reaches past bit 31: low %d, bits %d", name, f.Low, f.Bits)
			continue
		}
		for j, g := range fields[:k] {
			if f.Word == g.Word && f.Mask()&g.Mask() != 0 && !v.apart(names[k], names[j]) {
				c.fail("%s is in word %d bits %d:%d, which packet_vector.%s takes", name, f.Word, f.Low+f.Bits-1, f.Low, names[j])
			}
		}
	}
	if (v.QueueSet == nil) != (v.Queue == nil) {
		c.fail("packet_vector.queue and packet_vector.queue_set come together")
	}
	if q := v.Queue; q != nil && q.Bits < 32 && uint64(q.OutOfRange) >= 1<<q.Bits {
		c.fail("packet_vector.queue.out_of_range is %d, which %d bits do not hold", q.OutOfRange, q.Bits)
	}
}

func (c *checker) exit() {
	e := &c.t.Exit
	if !c.oneOf("exit.kind", e.Kind, ExitCode, ExitValue) {
		return
	}
	if e.Kind == ExitValue {
		if e.Shift != 0 || len(e.XDP)+len(e.TC) > 0 || e.XDPOther != 0 || e.TCOther != 0 {
			c.fail("exit.kind is value, whose word is the verdict itself; exit.shift, exit.xdp and exit.tc belong to code")
		}
		return
	}
	c.within("exit.shift", int(e.Shift), 0, 24)
	for _, p := range []struct {
		field string
		codes map[string]uint8
		known []string
	}{{"exit.xdp", e.XDP, xdpVerdicts}, {"exit.tc", e.TC, tcVerdicts}} {
		if len(p.codes) == 0 {
			c.fail("%s is empty; exit.kind code needs codes", p.field)
		}
		for _, n := range sorted(p.codes) {
			if !slices.Contains(p.known, n) {
				c.fail("%s has %s, must be one of %s", p.field, n, strings.Join(p.known, ", "))
			}
		}
	}
}

// sorted returns the keys of a map in order.
func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
