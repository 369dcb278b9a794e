package verify_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/oracle/gen"
	"github.com/skipsw/skipsw/translate/verify"
)

// logStep is what a log at instruction level says of one step of the walk.
type logStep struct {
	slot, text string
	states     map[string]string // by register
}

// pruned is the text of a step that ends a path at a kept state.
const pruned = "safe"

var (
	stepLine = regexp.MustCompile(`^(\d+): \([0-9a-f]{2}\) (.*?)(?:\s+; (.*))?$`)
	safeLine = regexp.MustCompile(`^(?:from \d+ to )?(\d+): safe$`)
	// A state has one level of brackets with known bits inside.
	stateItem = regexp.MustCompile(`(R\d+)=((?:[^ ()]|\((?:[^()]|\([^()]*\))*\))+)`)
	// Links have numbers of their own in each verifier.
	linkItem = regexp.MustCompile(`(?:ref_obj_)?id=\d+([+-]\d+)?,?`)
	// Where a register is compared with itself, the kernel narrows it on the way
	// that no run takes, and both verifiers go on with nonsense.
	incomparable = regexp.MustCompile(`^if [rw](?:0 \S+ [rw]0|1 \S+ [rw]1|2 \S+ [rw]2|3 \S+ [rw]3|4 \S+ [rw]4|5 \S+ [rw]5|6 \S+ [rw]6|7 \S+ [rw]7|8 \S+ [rw]8|9 \S+ [rw]9) `)
)

// steps reads a log at instruction level, up to what cannot be compared.
func steps(log string) []logStep {
	var out []logStep
	for line := range strings.Lines(log) {
		line = strings.TrimRight(line, " \n")
		if m := safeLine.FindStringSubmatch(line); m != nil {
			out = append(out, logStep{slot: m[1], text: pruned})
			continue
		}
		m := stepLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		if incomparable.MatchString(m[2]) {
			break
		}
		s := logStep{slot: m[1], text: m[2], states: map[string]string{}}
		for _, it := range stateItem.FindAllStringSubmatch(m[3], -1) {
			s.states[it[1]] = linkItem.ReplaceAllString(strings.TrimPrefix(it[2], "P"), "")
		}
		out = append(out, s)
	}
	return out
}

// walksAlike returns how many steps of two walks are the same.
func walksAlike(a, b []logStep) int {
	n := 0
	for n < len(a) && n < len(b) && a[n].slot == b[n].slot && (a[n].text == pruned) == (b[n].text == pruned) {
		n++
	}
	return n
}

// measure is the release that the verifier follows. Later ones of the same
// series have its rules, earlier ones lack some.
var measure = [3]int{6, 18, 44}

// isMeasure reports whether the running kernel's rules are those followed.
func isMeasure(t testing.TB) bool {
	var u unix.Utsname
	require.NoError(t, unix.Uname(&u))
	var v [3]int
	if n, _ := fmt.Sscanf(unix.ByteSliceToString(u.Release[:]), "%d.%d.%d", &v[0], &v[1], &v[2]); n != len(v) {
		return false
	}
	return v[0] == measure[0] && v[1] == measure[1] && v[2] >= measure[2]
}

// TestStatesBesideKernel compares what the two verifiers hold of each register
// after each instruction, as long as they walk the same way. They part where
// one keeps a state that the other does not, and so ends a path earlier.
func TestStatesBesideKernel(t *testing.T) {
	if err := oracle.KernelAvailable(); err != nil {
		t.Skip(err)
	}
	programs, toTheEnd, compared, differ := 0, 0, 0, 0
	for k := range uint64(count(400)) {
		seed := first() + k
		p := gen.Program(seed, gen.Options{})
		log, err := verify.WalkLog(p, verify.Options{CPUs: oracle.KernelCPUs()})
		if err != nil {
			continue
		}
		kp, err := oracle.LoadKernel(p, oracle.KernelOptions{LogLevel: 2})
		if err != nil {
			continue
		}
		kp.Close()
		programs++
		ours, theirs := steps(log), steps(kp.Log)
		n := walksAlike(ours, theirs)
		if n == len(ours) && n == len(theirs) {
			toTheEnd++
		}
		for i := range n {
			for r, want := range theirs[i].states {
				compared++
				got := ours[i].states[r]
				if got == want {
					continue
				}
				if differ++; differ <= 10 {
					t.Logf("seed %d, slot %s, %s after %s:\n  kernel %s\n  ours   %s", seed, ours[i].slot, r, ours[i].text, want, got)
				}
			}
		}
	}
	t.Logf("%d programs, %d walked alike to the end, %d states compared, %d differ", programs, toTheEnd, compared, differ)
	require.NotZero(t, compared)
	if isMeasure(t) {
		require.Zero(t, differ)
	}
}
