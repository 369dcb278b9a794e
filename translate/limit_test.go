package translate_test

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/pcap"
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// flow follows what the executed instructions of one packet make of each other:
// for each place, how many cycles the longest chain of instructions and memory
// reads takes that leads to its word. Branches are taken for known, jumps to an
// address in a register are not, and memory forgets who wrote it: no order of the
// instructions can be faster.
type flow struct {
	img    *image.Image
	code   []nfpisa.Instr
	at     map[flowPlace]link
	last   link   // what the instruction before made, which pairs use
	longer link   // the longest chain so far
	known  link   // where the instructions come from: the last jump to an address in a register
	tests  link   // flags
	immed  uint32 // what an immed made last
}

// flowPlace is a register, or a word of local memory by its operand.
type flowPlace struct {
	kind nfpisa.OperandKind
	bank nfpisa.Bank
	idx  uint8
	num  uint16
	out  bool
}

// link is the end of a chain: its cycles, and how many of them wait for memory.
type link struct{ cycles, waits uint64 }

func (l link) then(m link) link {
	if m.cycles > l.cycles {
		return m
	}
	return l
}

func newFlow(t testing.TB, img *image.Image) *flow {
	f := &flow{img: img, code: make([]nfpisa.Instr, len(img.Words))}
	for k, w := range img.Words {
		i, err := nfpisa.Decode(w, img.Machine.Mode)
		require.NoError(t, err)
		f.code[k] = i
	}
	return f
}

// begin forgets the packet before.
func (f *flow) begin() {
	*f = flow{img: f.img, code: f.code, at: map[flowPlace]link{}}
}

func placeOf(o nfpisa.Operand, out bool) flowPlace {
	return flowPlace{kind: o.Kind, bank: o.Bank, idx: o.Index, num: o.Num, out: out && o.Kind == nfpisa.Xfer}
}

func (f *flow) read(o nfpisa.Operand) link {
	switch o.Kind {
	case nfpisa.None, nfpisa.Imm:
		return link{}
	}
	l := f.at[placeOf(o, false)]
	if o.Kind == nfpisa.LM {
		l = l.then(f.at[flowPlace{kind: nfpisa.LM, idx: o.Index, num: math.MaxUint16}]) // its index register
	}
	return l
}

// step follows one instruction.
func (f *flow) step(s sim.Step) {
	i := &f.code[s.Word]
	in := f.read(i.A).then(f.read(i.B)).then(f.known)
	switch i.Class {
	case nfpisa.ClassCmd:
		f.command(i, in)
		return
	case nfpisa.ClassJump:
		f.known = in
		return
	case nfpisa.ClassLocalCSR:
		done := link{in.cycles + 1, in.waits}
		for n := range 4 {
			if i.Write && i.CSR == nfpisa.CSRActLMAddr(n) {
				f.at[flowPlace{kind: nfpisa.LM, idx: uint8(n), num: math.MaxUint16}] = done
			}
		}
		f.last = done
		return
	}
	if i.Class == nfpisa.ClassBranch || i.Class == nfpisa.ClassBrBit || i.Class == nfpisa.ClassBrByte {
		return
	}
	pair := i.Class == nfpisa.ClassMulStep || i.Class == nfpisa.ClassALUShf && (i.Shf == nfpisa.ShfAsr || i.Shift.Kind != nfpisa.ShiftRot && i.Shift.Amount == 0)
	if pair || i.Class == nfpisa.ClassALU && (i.ALU == nfpisa.ALUAddCarry || i.ALU == nfpisa.ALUSubCarry) {
		in = in.then(f.last).then(f.tests)
	}
	if i.Class == nfpisa.ClassImmed && i.ImmWidth != nfpisa.ImmedAll {
		in = in.then(f.at[placeOf(i.Dst, true)])
	}
	done := link{in.cycles + 1, in.waits}
	if i.IsNop() {
		return
	}
	f.last = done
	if i.Class == nfpisa.ClassALU && !i.NoCC {
		f.tests = done
	}
	dst := i.Dst
	if i.Class == nfpisa.ClassLdField {
		dst = i.Left()
	}
	if i.Class == nfpisa.ClassImmed {
		f.immed = i.Imm
	}
	if dst.Kind == nfpisa.None {
		return
	}
	f.at[placeOf(dst, true)] = done
	if i.WrBoth {
		for _, bank := range []nfpisa.Bank{nfpisa.BankA, nfpisa.BankB} {
			dst.Bank = bank
			f.at[placeOf(dst, true)] = done
		}
	}
}

// command follows a memory command: what it reads is there after the latency of
// its memory.
func (f *flow) command(i *nfpisa.Instr, in link) {
	t := f.img.Target
	m := t.Memories[t.Packet.Memory]
	if i.Cmd.Mode != nfpisa.Mode32 {
		m = t.Memories[t.Maps.Region().Memory]
	}
	units := int(i.Cmd.Len) + 1
	if i.Cmd.Indirect {
		in = in.then(f.last)
		if o, ok := nfpisa.DecodeOverride(f.immed); ok && o.Length > 0 {
			units = int(o.Length)
		}
	}
	latency := uint64(m.Read)
	switch op := (nfpisa.MemOp{Op: i.Cmd.Op, Token: i.Cmd.Token}); op {
	case nfpisa.MemRead8:
		units = (units + 3) / 4
	case nfpisa.MemRead32, nfpisa.MemRead32Swap:
	case nfpisa.MemTestAdd, nfpisa.MemTestSet, nfpisa.MemTestClr, nfpisa.MemTestXor, nfpisa.MemSwap:
		latency = uint64(m.Atomic)
	default:
		f.longer = f.longer.then(link{in.cycles + 1, in.waits})
		return
	}
	latency += uint64(m.PerWord) * uint64(max(0, (units+1)/2-1)) // each further eight bytes
	done := link{in.cycles + 1 + latency, in.waits + latency}
	for k := range units {
		f.at[flowPlace{kind: nfpisa.Xfer, num: uint16(int(i.Cmd.Xfer) + k)}] = done
	}
	f.longer = f.longer.then(done)
}

// limitOf is what the packets of a sample took, and what the longest chains would.
type limitOf struct {
	name                string
	packets             int
	cycles, busy, waits uint64
	chain               link
}

func (l *limitOf) ratio() float64 { return float64(l.cycles) / float64(max(l.chain.cycles, 1)) }

// why says where the cycles are that the longest chain does not have.
func (l *limitOf) why() string {
	n := float64(l.packets)
	beside := float64(l.waits) - float64(l.chain.waits)
	work := float64(l.busy) - float64(l.chain.cycles-l.chain.waits)
	return fmt.Sprintf("%.0f cycles a packet, the chain %.0f: %.0f more wait for reads and writes that do not need each other, %.0f are instructions beside the chain",
		float64(l.cycles)/n, float64(l.chain.cycles)/n, beside/n, work/n)
}

// BenchmarkDataflowLimit runs the samples for skipsw on their captures and holds
// what one context takes against the longest chain of instructions and reads that
// need each other. The ratio is a geometric mean; -v lists the ten worst and why.
func BenchmarkDataflowLimit(b *testing.B) {
	tg, err := target.Builtin("skipsw")
	require.NoError(b, err)
	files, err := filepath.Glob(filepath.Join("..", "testdata", "bpf", "*.o"))
	require.NoError(b, err)
	require.NotEmpty(b, files)
	for b.Loop() {
		var all []limitOf
		for _, file := range files {
			obj, err := object.Load(file, object.Options{})
			require.NoError(b, err)
			base := strings.TrimSuffix(filepath.Base(file), ".o")
			packets, err := pcap.ReadFile(filepath.Join("..", "testdata", "pcap", strings.TrimSuffix(base, "_v1")+".pcap"))
			require.NoError(b, err)
			for _, p := range obj.Programs {
				v, err := verify.Verify(p, verify.Options{Offload: true})
				require.NoError(b, err)
				img, err := translate.Compile(v, translate.Options{Target: tg})
				if errors.Is(err, translate.ErrNotSupported) {
					continue
				}
				require.NoError(b, err)
				all = append(all, limit(b, base+"/"+p.Name, img, packets))
			}
		}
		sort.Slice(all, func(i, j int) bool { return all[i].ratio() > all[j].ratio() })
		sum := 0.0
		for k := range all {
			sum += math.Log(all[k].ratio())
			if k < 10 && testing.Verbose() {
				b.Logf("%-28s %.2f: %s", all[k].name, all[k].ratio(), all[k].why())
			}
		}
		b.ReportMetric(math.Exp(sum/float64(len(all))), "ratio")
		b.ReportMetric(float64(len(all)), "programs")
	}
}

// limit runs one program.
func limit(t testing.TB, name string, img *image.Image, packets []pcap.Packet) limitOf {
	f := newFlow(t, img)
	spec := sim.DefaultSpec()
	spec.Hooks.Step = f.step
	m, err := sim.New(img, spec)
	require.NoError(t, err, name)
	l := limitOf{name: name, packets: len(packets)}
	for _, packet := range packets {
		f.begin()
		res := m.Run(sim.Input{Packet: packet.Data, IngressIfindex: 1})
		require.Nil(t, res.Fault, name)
		exit := f.longer.then(f.at[placeOf(img.Target.Exit.Register.Operand(), false)])
		l.cycles += res.Cycles
		l.busy += res.Cycles - res.MemWait
		l.waits += res.MemWait
		l.chain.cycles += exit.cycles
		l.chain.waits += exit.waits
	}
	return l
}

// TestFlow holds chains of a few instructions against what they are by hand.
func TestFlow(t *testing.T) {
	tg, err := target.Builtin("skipsw")
	require.NoError(t, err)
	read := uint64(tg.Memories[tg.Packet.Memory].Read)
	a, x, no := nfpisa.A, nfpisa.X, nfpisa.NoOperand
	get := func(first, from int) nfpisa.Instr {
		return nfpisa.Mem32(nfpisa.MemRead32, first, a(from), nfpisa.Const(0), 1).CtxSwap(1)
	}
	for _, c := range []struct {
		name string
		code []nfpisa.Instr
		want link
	}{
		{"a read", []nfpisa.Instr{get(0, 1)}, link{read + 1, read}},
		{"two that do not need each other", []nfpisa.Instr{get(0, 1), get(1, 2)}, link{read + 1, read}},
		{"one for the other's address", []nfpisa.Instr{get(0, 1), nfpisa.Mov(a(2), x(0)), get(1, 2)}, link{2*read + 3, 2 * read}},
		{"a sum of two", []nfpisa.Instr{get(0, 1), get(1, 2), nfpisa.Mov(a(3), x(0)), nfpisa.ALU(a(2), a(3), nfpisa.ALUAdd, x(1)), get(2, 2)}, link{2*read + 4, 2 * read}},
		{"a carry", []nfpisa.Instr{get(0, 1), nfpisa.ALU(no, x(0), nfpisa.ALUAdd, nfpisa.Const(1)), nfpisa.ALU(a(2), a(4), nfpisa.ALUAddCarry, nfpisa.Const(0)), get(2, 2)}, link{2*read + 4, 2 * read}},
		{"a word written anew", []nfpisa.Instr{get(0, 1), nfpisa.Mov(a(2), x(0)), nfpisa.Immed(a(2), 5), get(2, 2)}, link{read + 2, read}},
		{"two halves", []nfpisa.Instr{nfpisa.Immed(a(2), 5), nfpisa.LoadImmed(a(2), 0x12345678)[1], get(2, 2)}, link{read + 3, read}},
		{"a jump to what was read", []nfpisa.Instr{get(0, 1), nfpisa.Rtn(x(0)), get(1, 2)}, link{2*read + 2, 2 * read}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &flow{img: &image.Image{Target: tg}, code: c.code}
			f.begin()
			for k := range c.code {
				f.step(sim.Step{Word: k})
			}
			require.Equal(t, c.want, f.longer)
		})
	}
}
