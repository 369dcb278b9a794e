package btfvalue

import "github.com/cilium/ebpf/btf"

// Locked is the C type of map values of n bytes, 4 or more, with a struct
// bpf_spin_lock at byte at, a multiple of 4. All other bytes are plain.
func Locked(n, at uint32) btf.Type {
	index := &btf.Int{Name: "unsigned int", Size: 4}
	lock := &btf.Struct{Name: "bpf_spin_lock", Size: 4, Members: []btf.Member{{Name: "val", Type: index}}}
	s := &btf.Struct{Name: "value", Size: n}
	if n < lock.Size || at > n-lock.Size {
		return s // no room for one
	}
	plain := func(name string, from, to uint32) {
		if from < to {
			bytes := &btf.Array{Index: index, Type: &btf.Int{Name: "unsigned char", Size: 1}, Nelems: to - from}
			s.Members = append(s.Members, btf.Member{Name: name, Type: bytes, Offset: btf.Bits(8 * from)})
		}
	}
	plain("before", 0, at)
	s.Members = append(s.Members, btf.Member{Name: "lock", Type: lock, Offset: btf.Bits(8 * at)})
	plain("behind", at+lock.Size, n)
	return s
}
