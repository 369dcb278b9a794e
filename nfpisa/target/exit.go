package target

// Kinds of exit words.
const (
	ExitCode  = "code"  // the verdict's code at Exit.Shift, other bits 0
	ExitValue = "value" // the low word of R0
)

// Who waits for writes. The worker does by a command of its own to each memory
// that keeps the order, whose signal answers for those before it.
const (
	WritesProgram = "program" // before it branches to done
	WritesWorker  = "worker"  // before it gives the packet away and the context another
)

// Exit says how a program hands back its verdict.
type Exit struct {
	Kind     string `json:"kind"`
	Register Reg    `json:"register"`
	// Writes is who waits until a program's writes to memory are done before
	// the packet goes on: WritesProgram or WritesWorker. Additions that bring
	// their number along are waited for by nobody.
	Writes string `json:"writes"`
	// Shift is the lowest bit of the code in the register, for ExitCode.
	Shift uint8 `json:"shift,omitempty"`
	// XDP and TC are the 8-bit codes by verdict, named as in the kernel's
	// headers, for ExitCode. XDPOther and TCOther are those of all others.
	XDP      map[string]uint8 `json:"xdp,omitempty"`
	XDPOther uint8            `json:"xdp_other,omitempty"`
	TC       map[string]uint8 `json:"tc,omitempty"`
	TCOther  uint8            `json:"tc_other,omitempty"`
}

// The verdicts that have codes, by number.
var (
	xdpVerdicts = []string{"XDP_ABORTED", "XDP_DROP", "XDP_PASS", "XDP_TX", "XDP_REDIRECT"}
	tcVerdicts  = []string{
		"TC_ACT_OK", "TC_ACT_RECLASSIFY", "TC_ACT_SHOT", "TC_ACT_PIPE", "TC_ACT_STOLEN", "TC_ACT_QUEUED", "TC_ACT_REPEAT",
		"TC_ACT_REDIRECT",
	}
)

// Codes returns the codes of the verdicts 0, 1, ... of a program type, as far
// as they have one, and that of all others.
func (e *Exit) Codes(tc bool) (codes []uint8, other uint8) {
	names, by, other := xdpVerdicts, e.XDP, e.XDPOther
	if tc {
		names, by, other = tcVerdicts, e.TC, e.TCOther
	}
	last := len(names)
	for last > 0 {
		if _, ok := by[names[last-1]]; ok {
			break
		}
		last--
	}
	for _, n := range names[:last] {
		c, ok := by[n]
		if !ok {
			c = other
		}
		codes = append(codes, c)
	}
	return codes, other
}

// Class returns what is left of a verdict at the exit: the least verdict that
// shares its code, or the verdict itself where there are no codes.
func (e *Exit) Class(tc bool, verdict uint32) uint32 {
	if e.Kind != ExitCode {
		return verdict
	}
	codes, code := e.Codes(tc)
	if uint64(verdict) < uint64(len(codes)) {
		code = codes[verdict]
	}
	class, _ := e.Verdict(tc, code)
	return class
}

// Verdict returns the least verdict of a program type that has a code.
func (e *Exit) Verdict(tc bool, code uint8) (verdict uint32, ok bool) {
	codes, other := e.Codes(tc)
	for v, c := range append(codes, other) {
		if c == code {
			return uint32(v), true
		}
	}
	return 0, false
}
