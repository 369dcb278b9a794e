// Package check says beforehand, and all at once, what a device would refuse
// in a program: the verifier's verdict, the kernel's rules for offloaded
// programs and maps, the limits that a device was found to have, and the rules
// of the nfp driver's compiler.
//
// The rules stand on the verifier's facts, so a rule about a value holds for
// every path. It never loads anything. Program is the entry point.
//
// Stable for importers: Program, Options and Finding; the findings' words are not.
package check

import (
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// Finding is one thing that would be refused.
type Finding struct {
	By   string       `json:"by"`   // "object", "verifier", "kernel", "nfp", "target NAME", or the device's name
	Slot int          `json:"slot"` // the instruction, -1 for the program or a map
	Insn string       `json:"insn,omitempty"`
	Line *object.Line `json:"line,omitempty"`
	Says string       `json:"says"` // what is wrong
	// Kernel is the version whose verifier makes it so, where another one's does
	// not; "" is all of them.
	Kernel string `json:"kernel,omitempty"`
	// Maybe says that it cannot be told without the device's compiler.
	Maybe bool   `json:"maybe,omitempty"`
	Fix   string `json:"fix,omitempty"`
}

// String returns the finding in one line: place, reason, way out.
func (f Finding) String() string {
	var b strings.Builder
	if f.Line != nil && f.Line.File != "" {
		fmt.Fprintf(&b, "%s:%d: ", f.Line.File, f.Line.LineNo)
	}
	if f.Slot >= 0 {
		fmt.Fprintf(&b, "instruction %d: ", f.Slot)
	}
	if f.Kernel != "" {
		fmt.Fprintf(&b, "with the verifier of %s: ", f.Kernel)
	}
	fmt.Fprintf(&b, "%s: %s", f.By, f.Says)
	if f.Fix != "" {
		fmt.Fprintf(&b, "; %s", f.Fix)
	}
	return b.String()
}

// Outcome is what findings come to.
type Outcome string

// The outcomes.
const (
	Taken   Outcome = "ok"
	Refused Outcome = "refused"
	Depends Outcome = "depends on the kernel" // one refuses it, and another one does not
	Unsure  Outcome = "may be refused"        // only the device's compiler can tell
)

// OutcomeOf returns what the findings of a program come to.
func OutcomeOf(found []Finding) Outcome {
	by := map[string]bool{}
	maybe := false
	for _, f := range found {
		if f.Maybe {
			maybe = true
		} else {
			by[f.Kernel] = true
		}
	}
	switch {
	case by[""] || len(by) == len(kernels):
		return Refused
	case len(by) > 0:
		return Depends
	case maybe:
		return Unsure
	}
	return Taken
}

// Size is how many words of machine code the nfp driver's compiler makes of a
// program, as far as can be told, and how many the card has.
type Size struct {
	Least int `json:"least"`
	Most  int `json:"most"`
	Room  int `json:"room"`
}

// ParseKernel returns the kernel of a version that is followed: "6.1" or "6.18".
func ParseKernel(version string) (verify.Kernel, error) {
	for _, k := range kernels {
		if k.String() == "Linux "+version {
			return k, nil
		}
	}
	return 0, fmt.Errorf("the verifiers of Linux 6.1 and 6.18 are followed, not of %q", version)
}

// With returns the findings that stand with the verifier of one kernel.
func With(k verify.Kernel, found []Finding) (out []Finding) {
	for _, f := range found {
		if f.Kernel == "" || f.Kernel == k.String() {
			f.Kernel = ""
			out = append(out, f)
		}
	}
	return out
}

// Options say what to check for.
type Options struct {
	// Target, if not nil, adds what the compiler would refuse for it. Alone it
	// leaves the kernel's rules out, which are for devices.
	Target *target.Target
	// Report, if set, is filled with what compiling for Target came to, if the
	// program compiles.
	Report *translate.Report
	// NFP applies the rules of the nfp driver.
	NFP bool
	// Kernel, if not nil, is the only one whose verifier is followed for the nfp
	// driver's rules.
	Kernel *verify.Kernel
	// Size, if set, is filled with the size of what the driver's compiler makes,
	// if the program gets that far.
	Size *Size
	// Failing, if set, is filled with the helper calls that are taken, and that always
	// fail on Target or on the nfp driver's card.
	Failing *[]translate.Failing
	// Firmware is what the card's firmware can do; nil is DefaultFirmware.
	Firmware *Firmware
	// Device is what a device was found to take; nil leaves it out.
	Device *offload.Capabilities
	// Images says that the device runs images that are compiled for Target: no
	// kernel has rules for it.
	Images bool
}

// Firmware is what the BPF firmware of a card tells its driver: a target's
// helpers and limits.
type Firmware struct {
	*target.Target
	// AdjustHeadMeta says that it can shift metadata without the driver's help.
	AdjustHeadMeta bool
}

// DefaultFirmware returns the Agilio BPF firmware: target agilio.
func DefaultFirmware() *Firmware {
	return &Firmware{Target: target.MustBuiltin("agilio"), AdjustHeadMeta: true}
}

// checker collects findings.
type checker struct {
	p     *object.Program
	v     *verify.Program // nil when the verifier refused the program
	o     Options
	fw    *Firmware
	found []Finding
	size  Size // with the kernel that was followed last
}

// Program checks a program for offloading. No findings mean that nothing known
// speaks against it. An error is a fault of the verifier, not of the program.
func Program(p *object.Program, o Options) ([]Finding, error) {
	c := &checker{p: p, o: o, fw: o.Firmware}
	if c.fw == nil {
		c.fw = DefaultFirmware()
	}
	if p.Refused != nil {
		c.refusals()
	} else if err := c.verifier(); err != nil {
		return nil, err
	}
	if !o.Images && (o.Target == nil || o.NFP || o.Device != nil) {
		c.kernelRules()
	}
	if o.Device != nil {
		c.deviceRules()
	}
	if o.Target != nil {
		c.targetRules()
	}
	if o.NFP {
		c.nfpMaps()
		if p.Refused == nil {
			if err := c.driverRules(); err != nil {
				return nil, err
			}
		}
	}
	if o.Failing != nil && c.v != nil {
		switch {
		case o.Target != nil:
			*o.Failing = translate.AlwaysFailing(c.v, o.Target)
		case o.NFP:
			*o.Failing = translate.AlwaysFailing(c.v, c.fw.Target)
		}
	}
	sort.SliceStable(c.found, func(i, j int) bool { return c.found[i].Slot < c.found[j].Slot })
	return c.found, nil
}

// refusals are the reasons why the program could not be taken from its object.
// What it refers to is not known then, and the verifier is left out.
func (c *checker) refusals() {
	const by = "object"
	var all object.Refusals
	if !errors.As(c.p.Refused, &all) {
		c.add(by, -1, c.p.Refused.Error(), "")
	}
	for _, r := range all {
		c.add(by, r.Slot, r.Err.Error(), "")
	}
}

// verifier runs the verifier. It stops at the first refusal, and rules that
// need its facts are then left out.
func (c *checker) verifier() error {
	v, err := verify.Verify(c.p, verify.Options{Offload: true})
	if err == nil {
		c.v = v
		return nil
	}
	var e *verify.Error
	if !errors.As(err, &e) {
		return err
	}
	if !c.o.NFP { // whose verdict comes with those of the kernels
		c.add("verifier", e.Slot, e.Reason, e.Hint)
	}
	return nil
}

// add notes a finding once for each place and text.
func (c *checker) add(by string, slot int, says, fix string) {
	f := Finding{By: by, Slot: slot, Says: says, Fix: fix}
	if slot >= 0 && slot < len(c.p.Insns) {
		f.Line = c.p.PlaceAt(slot)
		next := bpf.Insn{}
		if slot+1 < len(c.p.Insns) {
			next = c.p.Insns[slot+1]
		}
		f.Insn = bpf.Text(c.p.Insns[slot], next)
	}
	for _, g := range c.found {
		if g.By == f.By && g.Slot == f.Slot && g.Says == f.Says {
			return
		}
	}
	c.found = append(c.found, f)
}

// addf is add with a formatted text and no way out.
func (c *checker) addf(by string, slot int, format string, args ...any) {
	c.add(by, slot, fmt.Sprintf(format, args...), "")
}

// reached reports whether any path executes a slot, as far as is known.
func (c *checker) reached(slot int) bool { return c.v == nil || c.v.Reached(slot) }

// each calls f for every instruction that can be executed.
func (c *checker) each(f func(slot int, in bpf.Insn)) {
	for slot := 0; slot < len(c.p.Insns); slot++ {
		in := c.p.Insns[slot]
		if c.reached(slot) {
			f(slot, in)
		}
		if in.Wide() {
			slot++
		}
	}
}
