package kernel

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// linkInfo is the leading part of the kernel's struct bpf_link_info, with the
// XDP member of its union.
type linkInfo struct {
	Type, ID, ProgID, _ uint32
	Ifindex             uint32
	_                   [60]byte
}

// linkXDP is BPF_LINK_TYPE_XDP.
const linkXDP = 6

// linkedPrograms returns the programs that bpf_links hold at the XDP hooks of
// an interface. A caller without privilege sees none.
func linkedPrograms(ifindex uint32) map[uint32]bool {
	ids := map[uint32]bool{}
	_ = nextID(unix.BPF_LINK_GET_NEXT_ID, func(id uint32) error {
		fd, err := fdByID(unix.BPF_LINK_GET_FD_BY_ID, id)
		if err != nil {
			return ignoreGone(err)
		}
		defer unix.Close(fd)
		var li linkInfo
		if err := objInfo(fd, unsafe.Pointer(&li), unsafe.Sizeof(li)); err != nil {
			return ignoreGone(err)
		}
		if li.Type == linkXDP && li.Ifindex == ifindex {
			ids[li.ProgID] = true
		}
		return nil
	})
	return ids
}
