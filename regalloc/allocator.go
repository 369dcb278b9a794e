package regalloc

import "errors"

// Allocator allocates registers. The zero value is ready; one that is used
// again does not allocate memory for functions no larger than before. It is not
// safe for concurrent use.
type Allocator struct {
	res Result
}

// Allocate finds places for all values of f on machine m. The error names the
// instruction or block whose constraints cannot be met, or the rule of Function
// that f breaks. The result is valid until the next call.
func (a *Allocator) Allocate(f Function, m *Machine) (*Result, error) {
	return nil, errors.New("not supported: allocation, because only its interface exists so far")
}
