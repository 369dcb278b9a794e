package gen_test

import (
	"fmt"

	"github.com/skipsw/skipsw/internal/oracle/gen"
	"github.com/skipsw/skipsw/translate/object"
)

func ExampleProgram() {
	p := gen.Program(1, gen.Options{ISA: 3, Type: object.XDP, Size: 20})
	q := gen.Program(1, gen.Options{ISA: 3, Type: object.XDP, Size: 20})
	fmt.Println(p.Type, len(p.Insns) > 0, len(p.Insns) == len(q.Insns))
	// Output: xdp true true
}
