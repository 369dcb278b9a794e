package bpf

import (
	"fmt"
	"strings"
)

// HelperID is the number of a helper function, enum bpf_func_id.
type HelperID int32

// HelperAbsentField is what loaders call where a relocation (CO-RE) asks for
// something that is not there, and in the place of a weak function that nobody
// defines: no kernel has such a helper.
const HelperAbsentField HelperID = 0xbad2310

// String returns the kernel's name without "bpf_": "map_lookup_elem".
func (h HelperID) String() string {
	if h.Known() {
		return helperNames[h]
	}
	return fmt.Sprintf("helper %d", int32(h))
}

// Known reports whether the kernel has a helper of this number.
func (h HelperID) Known() bool { return h > 0 && int(h) < len(helperNames) }

// HelperByName returns the helper of a name, with or without "bpf_".
func HelperByName(name string) (h HelperID, ok bool) {
	n, ok := byName(helperNames[:], strings.TrimPrefix(name, "bpf_"))
	return HelperID(n), ok && n > 0
}

// MapType is the type of a map, enum bpf_map_type.
type MapType uint32

// String returns the kernel's name: "lru_percpu_hash".
func (t MapType) String() string { return nameOf(mapTypeNames[:], int64(t), "type") }

// Known reports whether the kernel has this type.
func (t MapType) Known() bool { return t > 0 && int(t) < len(mapTypeNames) }

// MapTypeByName returns the map type of a name.
func MapTypeByName(name string) (t MapType, ok bool) {
	n, ok := byName(mapTypeNames[:], name)
	return MapType(n), ok && n > 0
}

// Queues reports whether programs send records to maps of the type, which the host
// reads in order.
func (t MapType) Queues() bool { return t == MapTypePerfEventArray || t == MapTypeRingbuf }

// PerCPU reports a map with a value for each CPU.
func (t MapType) PerCPU() bool {
	switch t {
	case MapTypePerCPUHash, MapTypePerCPUArray, MapTypeLRUPerCPUHash, MapTypePerCPUCgroupStorage:
		return true
	}
	return false
}

// CPUValueBytes returns the bytes that the value of a CPU takes where the system calls
// have those of all CPUs of a per-CPU map, from its size in bytes.
func CPUValueBytes(size int) int { return (size + 7) &^ 7 }

// ProgType is the type of a program, enum bpf_prog_type.
type ProgType uint32

// String returns the kernel's name: "sched_cls".
func (t ProgType) String() string { return nameOf(progTypeNames[:], int64(t), "type") }

// AttachType is a place that programs are attached to, enum bpf_attach_type.
type AttachType uint32

// String returns the kernel's name without "BPF_": "tcx_ingress".
func (t AttachType) String() string { return nameOf(attachTypeNames[:], int64(t), "type") }

// AtHook is the AttachType of a program that says none: it is attached where its type
// is. The kernel's number is that of another place, for another type.
const AtHook AttachType = 0

// SizeofDevMapVal is the length in bytes of struct bpf_devmap_val and struct
// bpf_cpumap_val: an interface or the size of a queue, and a program that runs there.
const SizeofDevMapVal = 8

// XDPAction is what an XDP program decides, enum xdp_action.
type XDPAction uint32

// String returns the kernel's name without "XDP_": "pass".
func (a XDPAction) String() string { return nameOf(xdpActionNames[:], int64(a), "action") }

// Known reports whether the kernel has this action; it takes others for
// XDPAborted.
func (a XDPAction) Known() bool { return int(a) < len(xdpActionNames) }

// TCAction is what a tc program decides, TC_ACT_*.
type TCAction int32

// String returns the kernel's name without "TC_ACT_": "shot".
func (a TCAction) String() string {
	if a == TCActUnspec {
		return "unspec"
	}
	return nameOf(tcActionNames[:], int64(a), "action")
}

// Errno is an error number of the kernel. Helpers return it as a negative
// number.
type Errno int32

// String returns the kernel's name: "EINVAL".
func (e Errno) String() string {
	if n, ok := errnoNames[e]; ok {
		return n
	}
	return fmt.Sprintf("errno %d", int32(e))
}

// Error returns the name.
func (e Errno) Error() string { return e.String() }

// Result returns the error as a helper returns it in R0: the negative number.
func (e Errno) Result() uint64 { return uint64(-int64(e)) }

func nameOf(names []string, v int64, what string) string {
	if v >= 0 && v < int64(len(names)) {
		return names[v]
	}
	return fmt.Sprintf("%s %d", what, v)
}

func byName(names []string, name string) (int, bool) {
	for i, n := range names {
		if n == name {
			return i, true
		}
	}
	return 0, false
}
