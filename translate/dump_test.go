package translate_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/ssa"
	"github.com/skipsw/skipsw/translate/target"
	"github.com/skipsw/skipsw/translate/verify"
)

// TestDump prints the stages of one corpus program, named by SKIPSW_DUMP, for
// the target named by SKIPSW_TARGET.
func TestDump(t *testing.T) {
	want := os.Getenv("SKIPSW_DUMP")
	name := os.Getenv("SKIPSW_TARGET")
	if name == "" {
		name = "agilio"
	}
	tg, err := target.Builtin(name)
	require.NoError(t, err)
	for _, cc := range loadCorpus(t) {
		if cc.Name != want {
			continue
		}
		src := cc.program(t)
		for k, in := range src.Insns {
			fmt.Printf("%3d: %s\n", k, in)
		}
		p, err := verify.Verify(src, verify.Options{Offload: true})
		require.NoError(t, err)
		if os.Getenv("SKIPSW_FACTS") != "" {
			for k := range src.Insns {
				for r := range 10 {
					if f := p.Reg(k, r); p.Reached(k) && f.Kind != verify.Uninit {
						fmt.Printf("%d r%d %+v\n", k, r, *f)
					}
				}
			}
		}
		img, err := translate.Compile(p, translate.Options{Target: tg, Dump: func(stage string, f *ssa.Func) { fmt.Printf("--- %s\n%s", stage, f) }})
		require.NoError(t, err)
		for k, w := range img.Words {
			i, err := nfpisa.Decode(w, nfpisa.Ctx4)
			require.NoError(t, err)
			fmt.Printf("%4d %s\n", int(img.Machine.CodeStart)+k, i)
		}
	}
}
