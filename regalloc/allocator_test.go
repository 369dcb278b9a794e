package regalloc

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// rounds returns how many random functions to try: n, or SKIPSW_N times as many.
func rounds(n int) int {
	if k, err := strconv.Atoi(os.Getenv("SKIPSW_N")); err == nil {
		return n * k
	}
	return n
}

func TestRandomFunctionsAreAllocatedRight(t *testing.T) {
	machines := map[string]*Machine{
		"tiny":  machine(6, 12, 200),
		"small": machine(10, 16, 100),
		"nfp":   machine(23, 32, 64),
	}
	for _, name := range []string{"tiny", "small", "nfp"} {
		t.Run(name, func(t *testing.T) {
			m := machines[name]
			xfers := 12
			if name != "tiny" {
				xfers = 16
			}
			var a Allocator
			for seed := range rounds(400) {
				c := &chooser{x: uint64(seed)}
				f := randomFunc(c, 20+c.n(200), xfers)
				r, err := a.Allocate(f, m)
				require.NoError(t, err, "seed %d", seed)
				if err := Check(f, m, r); err != nil {
					if os.Getenv("DUMP") != "" {
						fmt.Println(dump(f, r))
					}
					require.NoError(t, err, "seed %d", seed)
				}
			}
		})
	}
}
