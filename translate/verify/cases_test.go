package verify_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// Pieces that many cases share. They end at the label out.
const (
	// pkt leaves a pointer to 14 proven bytes of packet in R2, the end in R3,
	// for XDP.
	pkt = `r2 = *(u32 *)(r1 +0); r3 = *(u32 *)(r1 +4); r4 = r2; r4 += 14; if r4 > r3 goto out;`
	// val leaves a pointer to a value of map hash, 16 bytes, in R0.
	val = `*(u32 *)(r10 -4) = 1; r2 = r10; r2 += -4; r1 = map[hash]; call map_lookup_elem; if r0 == 0 goto out;`
	// rnd leaves an unknown number in R0.
	rnd = `call get_prandom_u32;`
	out = `out: r0 = 0; exit`
	// tailCall makes a tail call with the context in R1.
	tailCall = `r2 = map[progs]; r3 = 1; call tail_call;`
)

type verdictCase struct {
	name string
	typ  object.Type // XDP when not said
	src  string
	// global has the parameters of the functions that are not static.
	global map[string][]object.Arg
	want   string // part of the message; "" when accepted
	// kernel says why the host kernel's verdict is another one; "" when it is
	// the same.
	kernel string
}

func TestCases(t *testing.T) {
	haveKernel := os.Geteuid() == 0
	n := 0
	for group, cases := range map[string][]verdictCase{
		"structure": structureCases, "scalars": scalarCases, "branches": branchCases, "packet": packetCases,
		"stack": stackCases, "context": contextCases, "maps": mapCases, "helpers": helperCases,
		"functions": functionCases, "loops": loopCases, "records": ringCases, "atomics": atomicCases, "pointers": pointerCases,
		"globals": globalCases, "arguments": argumentCases, "callbacks": callbackCases, "elements": elementCases, "iterators": iteratorCases, "coarse": coarseCases, "locks": lockCases,
		"dynptrs": dynptrCases, "dynptr slices": sliceCases, "dynptr records": recordCases, "strings": stringCases,
	} {
		for _, c := range cases {
			n++
			t.Run(group+"/"+c.name, func(t *testing.T) {
				if c.typ == object.UnknownType {
					c.typ = object.XDP
				}
				p := assemble(strings.ReplaceAll(c.name, " ", "_"), c.typ, c.src)
				for k := range p.Funcs {
					f := &p.Funcs[k]
					f.Args, f.Global = c.global[f.Name]
				}
				_, err := verify.Verify(p, verify.Options{})
				if c.want == "" {
					require.NoError(t, err)
				} else {
					var e *verify.Error
					require.ErrorAs(t, err, &e)
					require.Contains(t, e.Error(), c.want)
					require.NotEmpty(t, e.Detail())
				}
				var e *verify.Error
				if !haveKernel || errors.As(err, &e) && e.Class == verify.TooComplex {
					return // the kernel takes half a minute to say the same
				}
				kernel, asked := askKernel(t, p)
				if !asked {
					return
				}
				if same := (err == nil) == (kernel == ""); same != (c.kernel == "") {
					t.Fatalf("ours: %v\nkernel: %v (case says: %q)", err, kernel, c.kernel)
				}
			})
		}
	}
	require.GreaterOrEqual(t, n, 150)
}
