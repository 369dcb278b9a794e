package oracle

// Difference is something in which the card and the kernel are known to
// differ, with the reason. docs/verification.md lists the same names.
type Difference struct {
	Name string
	Why  string
	// explains reports whether a mismatch is this difference.
	explains func(c *Case, m Mismatch) bool
}

// Differences is the list of known differences that can show as a mismatch.
// What never reaches the comparison is not here: packets below 14 bytes, which
// the kernel does not run and the interpreter is asked about, and the Agilio
// exit code, which keeps a class of verdicts only (Run.Coarse).
var Differences = []Difference{}
