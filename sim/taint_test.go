package sim

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
)

// testCount is n, or what SKIPSW_N says.
func testCount(t testing.TB, n int) int {
	if s := os.Getenv("SKIPSW_N"); s != "" {
		v, err := strconv.Atoi(s)
		require.NoError(t, err)
		return v
	}
	return n
}

// randomStraight makes a straight-line program over registers 1..4 of both
// banks, of which only some are written first, with a branch or two.
func randomStraight(rng *rand.Rand) ins {
	var code ins
	for r := 1; r <= 4; r++ {
		if rng.IntN(2) == 0 {
			code = append(code, load(a(r), rng.Uint32())...)
		}
		if rng.IntN(2) == 0 {
			code = append(code, load(b(r), rng.Uint32()>>rng.IntN(32))...)
		}
	}
	for r := 1; r <= 4; r++ {
		if rng.IntN(2) == 0 { // some bits are written
			m := rng.Uint32() & rng.Uint32()
			code = append(code, load(b(5), m)...)
			code = append(code, nfpisa.ALU(a(r), a(r), nfpisa.ALUAnd, b(5)))
			code = append(code, load(a(5), m)...)
			code = append(code, nfpisa.ALU(b(r), a(5), nfpisa.ALUOr, b(r)))
		}
	}
	reg := func(bank nfpisa.Bank) nfpisa.Operand {
		return nfpisa.Operand{Kind: nfpisa.GPR, Bank: bank, Num: uint16(1 + rng.IntN(4))}
	}
	any := func() nfpisa.Operand { return reg(nfpisa.Bank(rng.IntN(2))) }
	right := func() nfpisa.Operand {
		if rng.IntN(3) == 0 {
			return k(rng.IntN(128))
		}
		return reg(nfpisa.BankB)
	}
	shift := func() nfpisa.Shift {
		return nfpisa.Shift{Kind: nfpisa.ShiftKind(rng.IntN(3)), Amount: uint8(1 + rng.IntN(31))}
	}
	alus := []nfpisa.ALUOp{
		nfpisa.ALUAdd, nfpisa.ALUAdd16, nfpisa.ALUAdd8, nfpisa.ALUAnd, nfpisa.ALUNotAnd, nfpisa.ALUAndNot, nfpisa.ALUOr,
		nfpisa.ALUSub, nfpisa.ALUXor, nfpisa.ALURevSub, nfpisa.ALUAnd, nfpisa.ALUOr, nfpisa.ALUAddCarry, nfpisa.ALUSubCarry,
	}
	for range 4 + rng.IntN(16) {
		switch rng.IntN(9) {
		case 0, 1, 2:
			code = append(code, nfpisa.ALU(any(), reg(nfpisa.BankA), alus[rng.IntN(len(alus))], right()))
		case 3:
			code = append(code, nfpisa.Mov(any(), any()))
		case 4:
			code = append(code, nfpisa.Shf(any(), reg(nfpisa.BankA), []nfpisa.ShfOp{nfpisa.ShfAnd, nfpisa.ShfNotAnd, nfpisa.ShfAndNot, nfpisa.ShfOr}[rng.IntN(4)], reg(nfpisa.BankB), shift()))
		case 5:
			code = append(code, nfpisa.Shf(any(), op.None, nfpisa.ShfB, any(), shift()))
		case 6:
			mask := uint8(1 + rng.IntN(15))
			if rng.IntN(2) == 0 {
				code = append(code, nfpisa.LdField(reg(nfpisa.BankA), mask, reg(nfpisa.BankB), shift()))
			} else {
				code = append(code, nfpisa.LdFieldClr(reg(nfpisa.BankB), mask, reg(nfpisa.BankA), shift()))
			}
		case 7:
			code = append(code, nfpisa.DblShf(any(), reg(nfpisa.BankA), reg(nfpisa.BankB), 1+rng.IntN(31)))
		case 8:
			switch rng.IntN(4) {
			case 0:
				code = append(code, nfpisa.ImmedW(rng.IntN(2), any(), uint16(rng.Uint32())))
			case 1:
				code = append(code, nfpisa.Mov(op.None, any()), nfpisa.Asr(any(), any(), nfpisa.Rsh(1+rng.IntN(31))))
			case 2:
				code = append(code, nfpisa.ALU(op.None, reg(nfpisa.BankA), nfpisa.ALUOr, k(0)), nfpisa.Shf(any(), op.None, nfpisa.ShfB, any(), nfpisa.Shift{Kind: nfpisa.ShiftKind(1 + rng.IntN(2))}))
			case 3:
				next := at(len(code) + 2)
				br := nfpisa.Bcc(nfpisa.Cond(rng.IntN(12)), next)
				if rng.IntN(2) == 0 {
					br = nfpisa.BrSet(any(), rng.IntN(32), next)
				}
				code = append(code, br, nfpisa.ALU(a(1), a(1), nfpisa.ALUAdd, k(1)))
			}
		}
	}
	code = append(code, load(b(5), rng.Uint32()&rng.Uint32()&rng.Uint32())...)
	return program(code, nfpisa.ALU(a(0), reg(nfpisa.BankA), nfpisa.ALUAnd, b(5)), exit())
}

// TestUnwrittenNeverShows holds the tracking of unwritten bits against
// execution: a program that passes gives the same answer whatever unwritten
// words hold.
func TestUnwrittenNeverShows(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	passed, faulted := 0, 0
	for range testCount(t, 4000) {
		code := randomStraight(rng)
		res := testMachine(t, code, nil).Run(Input{Packet: frame(14)})
		if res.Fault != nil {
			require.Contains(t, []FaultKind{FaultUndefined, FaultFlags}, res.Fault.Kind, res.Fault.Error())
			faulted++
			continue
		}
		passed++
		for _, v := range []uint32{0, 0xffffffff, rng.Uint32()} {
			other := testMachine(t, code, func(s *Spec, _ *image.Image) { s.Checks, s.Unwritten = 0, v }).Run(Input{Packet: frame(14)})
			require.Nil(t, other.Fault)
			require.Equal(t, res.Code, other.Code, "unwritten words hold %#x: %v", v, code)
			require.Equal(t, res.Cycles, other.Cycles, "unwritten words hold %#x: %v", v, code)
		}
	}
	require.Positive(t, passed)
	require.Positive(t, faulted)
	t.Log(passed, "programs passed,", faulted, "faulted")
}
