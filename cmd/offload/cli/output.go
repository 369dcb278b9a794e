package cli

import "io"

// checkedWriter remembers that a write failed: verbs print as they go, and what
// was lost is an error of the command in any case.
type checkedWriter struct {
	w   io.Writer
	err error
}

// Write implements io.Writer. After a failure nothing more is written.
func (c *checkedWriter) Write(b []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	n, err := c.w.Write(b)
	c.err = err
	return n, err
}
