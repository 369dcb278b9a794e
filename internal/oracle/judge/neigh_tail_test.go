package judge_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/testnet"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// TestRedirectNeighTail: who gets a frame is what the last redirect of all programs
// says that have followed each other by tail calls, and the program that ends looks it
// up; one in the place of a function does not end the packet.
func TestRedirectNeighTail(t *testing.T) {
	const route = `
		r1 = %d
		r2 = 0
		r3 = 0
		r4 = 0
		call redirect_neigh`
	const named = `
		*(u32 *)(r10 -20) = %d
		*(u32 *)(r10 -16) = %d
		*(u32 *)(r10 -12) = 0
		*(u32 *)(r10 -8) = 0
		*(u32 *)(r10 -4) = 0
		r1 = 112
		r2 = r10
		r2 += -20
		r3 = 20
		r4 = 0
		call redirect_neigh`
	const direct = `
		r1 = 112
		r2 = 0
		call redirect`
	const next = `
		r1 = r6
		r2 = map[stages]
		r3 = 0
		call tail_call`
	const mark = `
		*(u32 *)(r6 +8) = 5`
	begin, end := "r6 = r1\n", func(verdict int) string { return fmt.Sprintf("\nr0 = %d\nexit", verdict) }
	inside := begin + "call inside" + end(7) + "\ninside:\nr6 = r1\n%s" + next + end(3)
	v0, v1 := fmt.Sprintf(route, 102), fmt.Sprintf(route, 112)
	for name, c := range map[string]struct {
		first, second string
		refused       bool // words of the context are passed on, too: more than the vector has room for
	}{
		"by the route":                  {begin + v0 + next + end(0), "r0 = 7\nexit", false},
		"named":                         {begin + fmt.Sprintf(named, 2, 0x0700010a) + next + end(0), "r0 = 7\nexit", false},
		"named of no family":            {begin + fmt.Sprintf(named, 258, 0x0700010a) + next + end(0), "r0 = 7\nexit", false},
		"another verdict":               {begin + v0 + next + end(7), "r0 = 0\nexit", false},
		"redirected otherwise then":     {begin + v0 + next + end(0), begin + direct + end(7), false},
		"to a neighbour then":           {begin + direct + next + end(0), begin + v1 + end(7), false},
		"by a mark that is made before": {begin + mark + v0 + next + end(0), "r0 = 7\nexit", false},
		"by a mark that is made then":   {begin + v0 + next + end(0), begin + mark + end(7), false},
		"no program in the slot":        {begin + v0 + "\nr1 = r6\nr2 = map[stages]\nr3 = 1\ncall tail_call" + end(7), "r0 = 7\nexit", false},
		"in the place of a function":    {fmt.Sprintf(inside, ""), begin + v0 + end(7), true},
		"before a function's":           {fmt.Sprintf(inside, v0), "r0 = 2\nexit", true},
		"in a function, otherwise then": {fmt.Sprintf(inside, v0), begin + direct + end(7), true},
	} {
		t.Run(name, func(t *testing.T) {
			stages := &object.Map{Name: "stages", Type: bpf.MapTypeProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 2, Programs: map[uint32]string{0: "second"}}
			program := func(name, text string) *object.Program {
				l, err := bpf.Parse(text, stages.Name)
				require.NoError(t, err)
				p := &object.Program{Name: name, Type: object.TC, License: "GPL", Insns: l.Insns, Funcs: []object.Func{{Name: name}}, Maps: []*object.Map{stages}}
				for pc, in := range l.Insns {
					if in.IsFuncCall() {
						p.Funcs = append(p.Funcs, object.Func{Name: "inside", Start: in.FuncTarget(pc)})
					}
				}
				return p
			}
			p := program("first", c.first)
			p.Called = []*object.Program{program("second", c.second)}
			judges := networkJudges(t, testnet.Tables())
			rep, err := (&oracle.Harness{Reference: judges[0], Judges: judges[1:]}).Check(&oracle.Case{Program: p, Packets: liveFrames()})
			require.NoError(t, err)
			require.True(t, rep.Accepted, rep.Why)
			require.Empty(t, rep.Mismatches)
			if c.refused {
				require.NotEmpty(t, rep.NotSupported)
				for _, why := range rep.NotSupported {
					require.Contains(t, fmt.Sprint(why), "tail calls of program first that pass on 1 words of the context")
				}
				return
			}
			require.Empty(t, rep.NotSupported)
		})
	}
}
