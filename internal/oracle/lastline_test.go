package oracle

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLastLineTellsNothing(t *testing.T) {
	for _, test := range []struct{ name, line string }{
		{"registers", "12: R0=0 R1=ctx() R10=fp0"},
		{"the stack alone, its beginning cut off", "73 fp-56=????scalar(id=43,smin=0) fp-64=8 fp-80=mmmmmmmm"},
		{"precision", "mark_precise: frame0: last_idx 9 first_idx 4 subseq_idx -1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Regexp(t, bookkeeping, test.line)
			require.NotRegexp(t, pathEnd, test.line)
		})
	}
	for _, complaint := range []string{"R1 invalid mem access 'scalar'", "invalid read from stack R10 off=-8 size=8", "the prog does not allow writes to packet data"} {
		require.NotRegexp(t, bookkeeping, complaint)
	}
}
