package sim

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/peer"
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
)

// testStart and testDone are the addresses of target skipsw.
const (
	testStart = 16
	testDone  = 1
)

// mapBase is the address of map memory of target skipsw.
const mapBase = 0x20_0000_0000

// Latencies of the memories of target skipsw.
var (
	ctmLatency  = target.MustBuiltin("skipsw").Memories["ctm"]
	ememLatency = target.MustBuiltin("skipsw").Memories["emem"]
)

// ins is one instruction or a list of them.
type ins = []nfpisa.Instr

// program joins instructions and lists of them.
func program(parts ...any) ins {
	var out ins
	for _, p := range parts {
		switch p := p.(type) {
		case nfpisa.Instr:
			out = append(out, p)
		case ins:
			out = append(out, p...)
		}
	}
	return out
}

// load gives instructions that load a constant into a register.
func load(dst nfpisa.Operand, v uint32) ins { return nfpisa.LoadImmed(dst, v) }

func nops(n int) ins {
	out := make(ins, n)
	for i := range out {
		out[i] = nfpisa.Nop()
	}
	return out
}

// exit ends a program with what is in A0.
func exit() nfpisa.Instr { return nfpisa.Br(testDone) }

// ret ends a program with the value of an operand.
func ret(o nfpisa.Operand) ins { return ins{nfpisa.Mov(nfpisa.A(0), o), exit()} }

// at returns the control-store address of word n.
func at(n int) int { return testStart + n }

// testImage makes an image of target skipsw.
func testImage(t testing.TB, code ins) *image.Image {
	img := &image.Image{
		Target:   target.MustBuiltin("skipsw"),
		Machine:  image.Machine{CodeStart: testStart, Done: testDone, StackSize: 512},
		Programs: []image.Program{{Name: "test", Type: "xdp"}},
	}
	for i, in := range code {
		w, err := nfpisa.Encode(in, nfpisa.Ctx4)
		require.NoError(t, err, "instruction %d", i)
		img.Words = append(img.Words, w)
	}
	return img
}

// testMachine loads a program.
func testMachine(t testing.TB, code ins, change func(*Spec, *image.Image)) *Machine {
	img, spec := testImage(t, code), DefaultSpec()
	spec.Budget = 100_000
	if change != nil {
		change(&spec, img)
	}
	m, err := New(img, spec)
	require.NoError(t, err)
	return m
}

// frame is a packet whose byte i is i+1.
func frame(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i + 1)
	}
	return b
}

var (
	op = struct{ None nfpisa.Operand }{nfpisa.NoOperand}
	a  = nfpisa.A
	b  = nfpisa.B
	xf = nfpisa.X
	k  = nfpisa.Const
	lm = nfpisa.LMem
)

// loadCorpus reads the programs of the corpus.
func loadCorpus(t testing.TB) []peer.Case {
	cases, err := peer.Load(filepath.Join("..", "testdata", "peer"))
	require.NoError(t, err)
	return cases
}

// kernelImage makes an image of the kernel's words.
func kernelImage(t testing.TB, c *peer.Case) *image.Image {
	img, err := c.Image()
	require.NoError(t, err)
	return img
}
