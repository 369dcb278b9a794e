package firmware

import (
	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/sim/core"
	"github.com/skipsw/skipsw/translate/bpf"
)

// Skipsw is the model of target skipsw: programs bring their routines.
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
func (*Skipsw) Call(x *core.Context, helper bpf.HelperID) (uint32, core.Cost, bool) {
	x.Fail(core.FaultUnsupported, "%v", unsupported.New("firmware routine for "+helper.String(), "programs bring their routines"))
	return 0, core.Cost{}, false
}
