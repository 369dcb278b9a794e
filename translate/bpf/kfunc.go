package bpf

// KfuncID numbers the kernel functions that programs here may call. The numbers are
// this module's own: a kernel's are types of its BTF, and differ from one to the
// next.
type KfuncID int32

// The kernel functions: the open-coded iterator over numbers.
const (
	KfuncIterNumNew     KfuncID = 1 + iota // int (iterator, int start, int end)
	KfuncIterNumNext                       // const int *(iterator), NULL at the end
	KfuncIterNumDestroy                    // void (iterator)
)

// IterNumBytes is sizeof(struct bpf_iter_num).
const IterNumBytes = 8

var kfuncNames = map[KfuncID]string{
	KfuncIterNumNew: "bpf_iter_num_new", KfuncIterNumNext: "bpf_iter_num_next", KfuncIterNumDestroy: "bpf_iter_num_destroy",
}

// Known reports whether programs may call it.
func (k KfuncID) Known() bool { return kfuncNames[k] != "" }

// String returns the name that the kernel knows it by, "" for none.
func (k KfuncID) String() string { return kfuncNames[k] }

// Args returns the registers that a call reads.
func (k KfuncID) Args() RegSet {
	switch k {
	case KfuncIterNumNew:
		return 1<<R1 | 1<<R2 | 1<<R3
	case KfuncIterNumNext, KfuncIterNumDestroy:
		return 1 << R1
	}
	return ArgRegs
}

// KfuncByName returns the number of a kernel function.
func KfuncByName(name string) (id KfuncID, ok bool) {
	for k, n := range kfuncNames {
		if n == name {
			return k, true
		}
	}
	return 0, false
}

// Kfunc returns the kernel function that a call calls.
func (i Insn) Kfunc() KfuncID { return KfuncID(i.Imm) }

// IsKfunc reports a call of the kernel function.
func (i Insn) IsKfunc(id KfuncID) bool { return i.IsKfuncCall() && i.Kfunc() == id }
