package verify_test

import (
	"errors"
	"os"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/gen"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// count returns the number of random programs to try: SKIPSW_N, or a default
// that takes seconds.
func count(def int) int {
	if n, err := strconv.Atoi(os.Getenv("SKIPSW_N")); err == nil {
		return n
	}
	return def
}

// first returns the seed to begin with: SKIPSW_SEED, or 0. With it large counts
// are run in pieces.
func first() uint64 {
	n, _ := strconv.ParseUint(os.Getenv("SKIPSW_SEED"), 10, 64)
	return n
}

func dump(p *object.Program) string {
	s := ""
	for i, in := range p.Insns {
		var next bpf.Insn
		if i+1 < len(p.Insns) {
			next = p.Insns[i+1]
		}
		s += strconv.Itoa(i) + ": " + bpf.Text(in, next) + "\n"
	}
	return s
}

// tally is what both verifiers said of many programs.
type tally struct {
	both, neither, oursOnly, kernelOnly int
	complex                             int // beyond our budget, kernel not asked
	oursForm                            int // accepted, refused by the kernel for reserved fields in code it walks, or for its budget
	notAsked                            int // with functions, on a kernel that cannot load programs
	reasons                             map[string]int
	firstOurs                           map[string]uint64
}

func (c *tally) judge(t *testing.T, seed uint64, p *object.Program) {
	_, ours := verify.Verify(p, verify.Options{CPUs: oracle.KernelCPUs()})
	var e *verify.Error
	if ours != nil {
		require.ErrorAs(t, ours, &e)
		if e.Class == verify.TooComplex {
			c.complex++ // the kernel takes a minute to say the same
			return
		}
	}
	theirs, asked := askKernel(t, p)
	if !asked {
		c.notAsked++
		return
	}
	switch {
	case ours == nil && theirs == "":
		c.both++
	case ours != nil && theirs != "":
		c.neither++
	case ours == nil:
		// The form of code that no path reaches for us, and the kernel's budget,
		// say nothing of safety.
		if strings.Contains(theirs, "reserved fields") || strings.Contains(theirs, "too large") || strings.Contains(theirs, "too complex") || strings.Contains(theirs, "verifier bug") {
			c.oursForm++
		} else {
			c.oursOnly++
		}
		why := "accepted, kernel: " + oracle.Reason(theirs)
		c.reasons[why]++
		if _, ok := c.firstOurs[why]; !ok {
			c.firstOurs[why] = seed
		}
	default:
		c.kernelOnly++
		why := "refused: " + e.Class.String() + ": " + oracle.Reason(e.Reason)
		c.reasons[why]++
		if _, ok := c.firstOurs[why]; !ok {
			c.firstOurs[why] = seed
		}
	}
}

func (c *tally) report(t *testing.T) {
	t.Logf("both %d, neither %d, ours only %d, form or budget %d, kernel only %d, too complex %d, not asked %d", c.both, c.neither, c.oursOnly, c.oursForm, c.kernelOnly, c.complex, c.notAsked)
	var keys []string
	for k := range c.reasons {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(a, b int) bool { return c.reasons[keys[a]] > c.reasons[keys[b]] })
	for _, k := range keys {
		t.Logf("%6d  %s (seed %d)", c.reasons[k], k, c.firstOurs[k])
	}
}

func newTally() *tally {
	return &tally{reasons: map[string]int{}, firstOurs: map[string]uint64{}}
}

func TestKernelGenerated(t *testing.T) {
	c := newTally()
	var o gen.Options
	if errors.Is(oracle.KernelAvailable(), oracle.ErrKernelStuck) {
		o.Without = gen.Calls // they cannot be asked about on such a kernel
	}
	for k := range uint64(count(400)) {
		seed := first() + k
		c.judge(t, seed, gen.Program(seed, o))
		c.judge(t, seed, gen.NearMiss(seed, o))
	}
	c.report(t)
	require.Zero(t, c.oursOnly, "accepted, but refused by the kernel")
	// What was too complex here counts as accepted there, which nobody asked.
	refused := c.kernelOnly + c.complex
	require.LessOrEqual(t, refused*50, c.both+refused, "more than 2 %% of what the kernel accepts is refused")
}

func TestSeed(t *testing.T) {
	s := os.Getenv("SEED")
	if s == "" {
		return
	}
	seed, _ := strconv.ParseUint(s, 10, 64)
	p := gen.Program(seed, gen.Options{})
	if os.Getenv("NEAR") != "" {
		p = gen.NearMiss(seed, gen.Options{})
	}
	t.Log("\n" + dump(p))
	_, ours := verify.Verify(p, verify.Options{})
	var e *verify.Error
	if errors.As(ours, &e) {
		t.Log(e.Detail())
	}
	k, theirs := oracle.LoadKernel(p, oracle.KernelOptions{LogLevel: 2})
	if k != nil {
		t.Log(k.Log)
		k.Close()
	}
	var reject *oracle.KernelReject
	if errors.As(theirs, &reject) {
		t.Log(reject.Log)
	}
}
