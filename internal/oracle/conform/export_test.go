package conform

import (
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/verify"
)

// RunIn is Run with the memory in a given place, by a program that is never
// proven if unproven says so. refused tells that the program was not run.
func RunIn(place Place, insns []bpf.Insn, memory []byte, unproven bool) (r0 uint64, refused bool, err error) {
	p, err := Wrap(insns, memory, place)
	if err != nil {
		return 0, true, err
	}
	v, err := verify.Verify(p, verify.Options{Unproven: unproven})
	if err != nil {
		return 0, true, err
	}
	r0, err = run(v, memory, place, Options{})
	return r0, false, err
}
