package verify_test

import (
	"errors"
	"os"
	"sort"
	"strconv"
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

func dump(p *object.Program) string {
	s := ""
	for i, in := range p.Insns {
		var next bpf.Insn
		if i+1 < len(p.Insns) {
			next = p.Insns[i+1]
		}
		s += strconv.Itoa(i) + ": " + bpf.Text(in, next, verify.HelperName) + "\n"
	}
	return s
}

// tally is what both verifiers said of many programs.
type tally struct {
	both, neither, oursOnly, kernelOnly int
	complex                             int // beyond our budget, kernel not asked
	reasons                             map[string]int
	firstOurs                           map[string]uint64
}

func (c *tally) judge(t *testing.T, seed uint64, p *object.Program) {
	_, ours := verify.Verify(p, verify.Options{})
	var e *verify.Error
	if ours != nil {
		require.ErrorAs(t, ours, &e)
		if e.Class == verify.TooComplex {
			c.complex++ // the kernel takes a minute to say the same
			return
		}
	}
	k, theirs := oracle.LoadKernel(p, oracle.KernelOptions{})
	if k != nil {
		k.Close()
	}
	var reject *oracle.KernelReject
	if theirs != nil {
		require.ErrorAs(t, theirs, &reject, "seed %d", seed)
	}
	switch {
	case ours == nil && theirs == nil:
		c.both++
	case ours != nil && theirs != nil:
		c.neither++
	case ours == nil:
		c.oursOnly++
		why := "accepted, kernel: " + oracle.Reason(theirs.Error())
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
	t.Logf("both %d, neither %d, ours only %d, kernel only %d, too complex %d", c.both, c.neither, c.oursOnly, c.kernelOnly, c.complex)
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
	require.NoError(t, oracle.KernelAvailable())
	c := newTally()
	for seed := range uint64(count(1000)) {
		c.judge(t, seed, gen.Program(seed, gen.Options{}))
		c.judge(t, seed, gen.NearMiss(seed, gen.Options{}))
	}
	c.report(t)
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
