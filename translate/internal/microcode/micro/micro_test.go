package micro_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/translate/internal/microcode/micro"
)

// Example assembles a loop that counts to zero.
func Example() {
	a := &micro.Assembler{Start: 100}
	loop := a.NewLabel()
	a.Load(nfpisa.A(1), 10)
	a.Place(loop)
	a.Emit(nfpisa.ALU(nfpisa.A(1), nfpisa.A(1), nfpisa.ALUSub, nfpisa.Const(1)))
	a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), loop)
	for _, in := range a.Finish() {
		fmt.Println(in)
	}
	// Output:
	// immed[gprA_1, 0xa]
	// alu[gprA_1, gprA_1, -, 0x1]
	// bne[.101]
}

func TestMissingPlace(t *testing.T) {
	a := &micro.Assembler{}
	a.Branch(nfpisa.Br(0), a.NewLabel())
	require.PanicsWithValue(t, "BUG: branch to a label that was never placed", func() { a.Finish() })
}

func TestMove(t *testing.T) {
	for n := 1; n <= 32; n++ {
		a := &micro.Assembler{}
		a.Move(nfpisa.MemRead32, nfpisa.B(1), nfpisa.A(1), n, 1)
		a.Post(nfpisa.MemWrite32, 12, nfpisa.B(1), nfpisa.A(1), n, 2)
		for _, in := range a.Finish() {
			_, err := nfpisa.Encode(in, nfpisa.Ctx4)
			require.NoError(t, err)
		}
	}
}
