package platform

import "github.com/skipsw/skipsw/translate/bpf"

// linuxKfuncs are the kernel's functions for dynptrs. All ask for a licence
// compatible with the GPL.
var linuxKfuncs = map[bpf.KfuncID]*Helper{
	bpf.KfuncDynptrFromXDP:   {For: xdp, Dynptr: DynptrXDP, Args: args{ArgCtx, ArgNumber, ArgNewDynptr}},
	bpf.KfuncDynptrFromSkb:   {For: tc, Dynptr: DynptrSkb, Args: args{ArgCtx, ArgNumber, ArgNewDynptr}},
	bpf.KfuncDynptrSlice:     {For: both, Ret: RetReadSliceOrNull, Args: args{ArgDynptr, ArgNumber, ArgBufferOrNull, ArgSliceSize}},
	bpf.KfuncDynptrSliceRdwr: {For: both, Ret: RetSliceOrNull, Args: args{ArgDynptr, ArgNumber, ArgBufferOrNull, ArgSliceSize}},
	bpf.KfuncDynptrAdjust:    {For: both, Args: args{ArgDynptr, ArgNumber, ArgNumber}},
	bpf.KfuncDynptrIsNull:    {For: both, Args: args{ArgDynptr}},
	bpf.KfuncDynptrIsRdonly:  {For: both, Args: args{ArgDynptr}},
	bpf.KfuncDynptrSize:      {For: both, Args: args{ArgDynptr}},
	bpf.KfuncDynptrClone:     {For: both, Dynptr: DynptrSame, Args: args{ArgDynptr, ArgNewDynptr}},
}

// Kfunc returns the row of a kernel function other than those of iterators, nil for
// none. ok is false for one that programs of the type cannot call.
func (p *Platform) Kfunc(id bpf.KfuncID, for_ *Program) (h *Helper, ok bool) {
	h = p.Kfuncs[id]
	return h, h != nil && h.For&for_.Set != 0
}

// Dynptr is what the memory of a dynptr is.
type Dynptr uint8

// The kinds of dynptrs.
const (
	NoDynptr      Dynptr = iota
	DynptrLocal          // a map value
	DynptrRingbuf        // a record of a ring buffer, which is to be given back
	DynptrSkb            // the packet of a tc program
	DynptrXDP            // the packet of an XDP program
	DynptrSame           // of a call that makes one: what the one in R1 is
)

// Packet reports a dynptr of the packet.
func (d Dynptr) Packet() bool { return d == DynptrSkb || d == DynptrXDP }

// String returns the kernel's word for the kind.
func (d Dynptr) String() string { return [...]string{"", "local", "ringbuf", "skb", "xdp", ""}[d] }
