package bpf

// KfuncID numbers the kernel functions that programs here may call. The numbers are
// this module's own: a kernel's are types of its BTF, and differ from one to the
// next.
type KfuncID int32

// The kernel functions: the open-coded iterator over numbers, and dynptrs.
const (
	KfuncIterNumNew     KfuncID = 1 + iota // int (iterator, int start, int end)
	KfuncIterNumNext                       // const int *(iterator), NULL at the end
	KfuncIterNumDestroy                    // void (iterator)
	KfuncDynptrFromXDP                     // int (context, u64 flags, new dynptr)
	KfuncDynptrFromSkb                     // int (context, u64 flags, new dynptr)
	// void *(dynptr, u32 offset, void *buffer, u32 size): memory that is only read,
	// NULL if the dynptr has fewer bytes
	KfuncDynptrSlice
	KfuncDynptrSliceRdwr // the same, memory that may be written
	KfuncDynptrAdjust    // int (dynptr, u32 start, u32 end)
	KfuncDynptrIsNull    // bool (dynptr)
	KfuncDynptrIsRdonly  // bool (dynptr)
	KfuncDynptrSize      // u32 (dynptr)
	KfuncDynptrClone     // int (dynptr, new dynptr)

	lastKfunc
)

// IterNumBytes is sizeof(struct bpf_iter_num), DynptrBytes sizeof(struct bpf_dynptr).
const (
	IterNumBytes = 8
	DynptrBytes  = 16
)

// DynptrMost is the most bytes that a dynptr may have, the kernel's DYNPTR_MAX_SIZE.
const DynptrMost = 1<<24 - 1

// kfuncs are the names that the kernel knows them by, and their arguments.
var kfuncs = [lastKfunc]struct {
	name string
	args uint8
}{
	KfuncIterNumNew:      {"bpf_iter_num_new", 3},
	KfuncIterNumNext:     {"bpf_iter_num_next", 1},
	KfuncIterNumDestroy:  {"bpf_iter_num_destroy", 1},
	KfuncDynptrFromXDP:   {"bpf_dynptr_from_xdp", 3},
	KfuncDynptrFromSkb:   {"bpf_dynptr_from_skb", 3},
	KfuncDynptrSlice:     {"bpf_dynptr_slice", 4},
	KfuncDynptrSliceRdwr: {"bpf_dynptr_slice_rdwr", 4},
	KfuncDynptrAdjust:    {"bpf_dynptr_adjust", 3},
	KfuncDynptrIsNull:    {"bpf_dynptr_is_null", 1},
	KfuncDynptrIsRdonly:  {"bpf_dynptr_is_rdonly", 1},
	KfuncDynptrSize:      {"bpf_dynptr_size", 1},
	KfuncDynptrClone:     {"bpf_dynptr_clone", 2},
}

// Known reports whether programs may call it.
func (k KfuncID) Known() bool { return k > 0 && k < lastKfunc }

// Iterates reports a function of the iterator over numbers.
func (k KfuncID) Iterates() bool { return k >= KfuncIterNumNew && k <= KfuncIterNumDestroy }

// String returns the name that the kernel knows it by, "" for none.
func (k KfuncID) String() string {
	if !k.Known() {
		return ""
	}
	return kfuncs[k].name
}

// Args returns the registers that a call reads.
func (k KfuncID) Args() RegSet {
	if !k.Known() {
		return ArgRegs
	}
	return (1<<kfuncs[k].args - 1) << R1
}

// KfuncByName returns the number of a kernel function.
func KfuncByName(name string) (id KfuncID, ok bool) {
	for k := KfuncIterNumNew; k < lastKfunc; k++ {
		if kfuncs[k].name == name {
			return k, true
		}
	}
	return 0, false
}

// Kfunc returns the kernel function that a call calls.
func (i Insn) Kfunc() KfuncID { return KfuncID(i.Imm) }

// IsKfunc reports a call of the kernel function.
func (i Insn) IsKfunc(id KfuncID) bool { return i.IsKfuncCall() && i.Kfunc() == id }
