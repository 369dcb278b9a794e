package cli

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/bug"
)

// TestReport gives each kind of error one line and an exit code of its own; the
// stack of an internal error comes with -v only.
func TestReport(t *testing.T) {
	internal := fmt.Errorf("x.o: %w", &bug.Error{Prog: "prog", What: "no such pass", Place: "opt.Run, run.go:1", Stack: "goroutine 1\n"})
	for _, c := range []struct {
		name    string
		err     error
		verbose bool
		code    int
		says    string
	}{
		{"nothing", nil, false, 0, ""},
		{"input", errors.New("no such file\nat all"), false, 1, "offload: no such file\n"},
		{"usage", usagef("no such flag"), false, 2, "offload: no such flag\n"},
		{"internal", internal, false, 3, "offload: x.o: prog: internal error (please report): no such pass (opt.Run, run.go:1); -v prints the stack\n"},
		{"internal, in detail", internal, true, 3, "offload: x.o: prog: internal error (please report): no such pass (opt.Run, run.go:1)\ngoroutine 1\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			require.Equal(t, c.code, (&app{name: "offload"}).report(c.err, c.verbose, &out))
			require.Equal(t, c.says, out.String())
		})
	}
}
