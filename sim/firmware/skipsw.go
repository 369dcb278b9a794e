package firmware

import "github.com/skipsw/skipsw/sim/core"

// Skipsw is the model of target skipsw: programs bring their routines, and the
// exit word is the verdict.
type Skipsw struct{ *Convention }

// NewSkipsw makes the model.
func NewSkipsw(cfg Config) (Model, error) {
	v, err := NewConvention(cfg)
	if err != nil {
		return nil, err
	}
	return &Skipsw{v}, nil
}

// Call fails the context: there are no routines.
func (*Skipsw) Call(x *core.Context, helper uint32) (uint32, core.Cost, bool) {
	x.Fail(core.FaultUnsupported, "not supported: firmware routine for helper %d", helper)
	return 0, core.Cost{}, false
}
