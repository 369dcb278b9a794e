package user

import "github.com/skipsw/skipsw/translate/bpf"

// A test may use numbers that nothing is named for.
var (
	_ = bpf.CallHelper(9999)
	_ = bpf.CallHelper(1) // want `1 stands for bpf.HelperMapLookupElem`
)
