package verify_test

import (
	"errors"
	"testing"

	"github.com/skipsw/skipsw/internal/oracle/gen"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// FuzzVerify feeds arbitrary bytecode: every answer is a proof whose facts
// hold in execution, or an *Error with its text; no panic, no walk beyond the
// budget.
func FuzzVerify(f *testing.F) {
	for seed := range uint64(64) {
		f.Add(bpf.Encode(nil, gen.Program(seed, gen.Options{}).Insns), seed%2 == 0)
		f.Add(bpf.Encode(nil, gen.NearMiss(seed, gen.Options{}).Insns), seed%2 == 0)
	}
	for _, group := range [][]verdictCase{
		structureCases, scalarCases, branchCases, packetCases, stackCases, contextCases,
		mapCases, helperCases, functionCases, loopCases, atomicCases, pointerCases,
	} {
		for _, c := range group {
			f.Add(bpf.Encode(nil, assemble("fuzz", object.XDP, c.src).Insns), c.typ == object.TC)
		}
	}
	f.Fuzz(func(t *testing.T, code []byte, tc bool) {
		const budget = 20_000
		insns, err := bpf.Decode(code[:len(code)&^7])
		if err != nil {
			t.Fatal(err)
		}
		p := &object.Program{Name: "fuzz", Type: object.XDP, Insns: insns, Maps: testMaps()}
		if tc {
			p.Type = object.TC
		}
		proven, err := verify.Verify(p, verify.Options{Budget: budget})
		if err != nil {
			var e *verify.Error
			if !errors.As(err, &e) || e.Error() == "" || e.Detail() == "" {
				t.Fatalf("not an explained refusal: %v", err)
			}
			return
		}
		if n, _ := proven.Walked(); n > budget {
			t.Fatalf("walked %d instructions", n)
		}
		if bad, _ := sound(p, proven, 1, 4); bad != "" {
			t.Fatalf("%s\n%s", bad, dump(p))
		}
	})
}
