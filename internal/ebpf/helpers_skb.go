package ebpf

import "github.com/skipsw/skipsw/translate/bpf"

// Limits of tc helpers.
const (
	maxSkbOffset = 0xffff
	maxSkbLen    = 0xffff
)

// skbBytes returns bytes of the whole packet by offset, nil if they are not there.
func (vm *VM) skbBytes(off, n uint64) []byte {
	off, n = uint64(uint32(off)), uint64(uint32(n))
	if f := vm.frame(); off <= maxSkbOffset && off+n <= uint64(len(f)) {
		return f[off:][:n]
	}
	return nil
}

// skbRange is skbBytes for those up to data_end.
func (vm *VM) skbRange(off, n uint64) []byte {
	off, n = uint64(uint32(off)), uint64(uint32(n))
	if off > maxSkbOffset || off+n > uint64(vm.end-vm.data) {
		return nil
	}
	return vm.buf[vm.data+int(off):][:n]
}

func skbLoadBytes(vm *VM, pc int, a [5]uint64) (uint64, error) {
	if err := vm.wantCtx(pc, a[0]); err != nil {
		return 0, err
	}
	dst, err := vm.writable(pc, a[2], int(uint32(a[3])))
	if err != nil {
		return 0, err
	}
	src := vm.skbBytes(a[1], a[3])
	if src == nil {
		clear(dst)
		return bpf.EFAULT.Result(), nil
	}
	copy(dst, src)
	return 0, nil
}

// skbLoadBytesRelative is skbLoadBytes from a header on.
func skbLoadBytesRelative(vm *VM, pc int, a [5]uint64) (uint64, error) {
	off := uint64(uint32(a[1]))
	switch from := uint32(a[4]); {
	case off > maxSkbOffset, from > 1:
		off = maxSkbOffset + 1
	case from == 1:
		off += uint64(vm.network - vm.data)
	}
	a[1] = off
	return skbLoadBytes(vm, pc, a)
}

// storeFlags are the flags of bpf_skb_store_bytes.
const storeFlags = bpf.FRecomputeCsum | bpf.FInvalidateHash

func skbStoreBytes(vm *VM, pc int, a [5]uint64) (uint64, error) {
	if err := vm.wantCtx(pc, a[0]); err != nil {
		return 0, err
	}
	src, err := vm.readable(pc, a[2], int(uint32(a[3])))
	if err != nil {
		return 0, err
	}
	if a[4]&^storeFlags != 0 {
		return bpf.EINVAL.Result(), nil
	}
	dst := vm.skbBytes(a[1], a[3])
	if dst == nil {
		return bpf.EFAULT.Result(), nil
	}
	copy(dst, src)
	if a[4]&bpf.FInvalidateHash != 0 {
		vm.skb.Hash = 0
	}
	return 0, nil
}

// foldCsum makes a checksum field of a 32-bit one's complement sum.
func foldCsum(sum uint32) uint16 {
	sum = sum&0xffff + sum>>16
	sum = sum&0xffff + sum>>16
	return ^uint16(sum)
}

// addCsum is one's complement addition.
func addCsum(a, b uint32) uint32 {
	s := a + b
	if s < a {
		s++
	}
	return s
}

// replaceSum takes words from and to into the checksum field at p. The field is
// complemented as a word: its upper half decides between the two zeros.
func replaceSum(p []byte, from, to uint32) {
	le.PutUint16(p, foldCsum(addCsum(addCsum(^uint32(le.Uint16(p)), ^from), to)))
}

func l3CsumReplace(vm *VM, pc int, a [5]uint64) (uint64, error) {
	if err := vm.wantCtx(pc, a[0]); err != nil {
		return 0, err
	}
	if a[4]&^bpf.FHdrFieldMask != 0 {
		return bpf.EINVAL.Result(), nil
	}
	if uint32(a[1])%2 != 0 {
		return bpf.EFAULT.Result(), nil
	}
	p := vm.skbRange(a[1], 2)
	if p == nil {
		return bpf.EFAULT.Result(), nil
	}
	if !replaceField(p, a, false) {
		return bpf.EINVAL.Result(), nil
	}
	return 0, nil
}

// replaceField updates a checksum for a field of 0 (a difference), 2 or 4
// bytes; false for other sizes. Fields of 2 bytes are taken as words in the
// checksums of transport headers.
func replaceField(p []byte, a [5]uint64, transport bool) bool {
	switch a[4] & bpf.FHdrFieldMask {
	case 0:
		if a[2] != 0 {
			return false
		}
		le.PutUint16(p, foldCsum(addCsum(^uint32(le.Uint16(p)), uint32(a[3]))))
	case 2:
		if transport {
			replaceSum(p, uint32(uint16(a[2])), uint32(uint16(a[3])))
			break
		}
		// RFC 1624 on 16 bits.
		sum := addCsum(uint32(^le.Uint16(p)), addCsum(uint32(uint16(a[3])), uint32(^uint16(a[2]))))
		le.PutUint16(p, foldCsum(sum))
	case 4:
		replaceSum(p, uint32(a[2]), uint32(a[3]))
	default:
		return false
	}
	return true
}

func l4CsumReplace(vm *VM, pc int, a [5]uint64) (uint64, error) {
	if err := vm.wantCtx(pc, a[0]); err != nil {
		return 0, err
	}
	if a[4]&^(bpf.FHdrFieldMask|bpf.FPseudoHdr|bpf.FMarkMangled0|bpf.FMarkEnforce|bpf.FIPv6) != 0 {
		return bpf.EINVAL.Result(), nil
	}
	if uint32(a[1])%2 != 0 {
		return bpf.EFAULT.Result(), nil
	}
	p := vm.skbRange(a[1], 2)
	if p == nil {
		return bpf.EFAULT.Result(), nil
	}
	mangled := a[4]&bpf.FMarkMangled0 != 0
	if mangled && a[4]&bpf.FMarkEnforce == 0 && le.Uint16(p) == 0 {
		return 0, nil
	}
	if !replaceField(p, a, true) {
		return bpf.EINVAL.Result(), nil
	}
	if mangled && le.Uint16(p) == 0 {
		le.PutUint16(p, 0xffff)
	}
	return 0, nil
}

// csumUpdate has nothing to do: no frame here carries a hardware checksum, and
// then the kernel answers so.
func csumUpdate(vm *VM, pc int, a [5]uint64) (uint64, error) {
	return bpf.ENOTSUPP.Result(), vm.wantCtx(pc, a[0])
}

// maxCsumLevel is the greatest level of checksums, SKB_MAX_CSUM_LEVEL and 1 for
// the outermost.
const maxCsumLevel = 4

// csumLevel changes and tells how many checksums of the frame were found right,
// from the outermost on.
func csumLevel(vm *VM, pc int, a [5]uint64) (uint64, error) {
	if err := vm.wantCtx(pc, a[0]); err != nil {
		return 0, err
	}
	switch a[1] {
	case bpf.CsumLevelQuery:
		if vm.csumLevel == 0 {
			return bpf.EACCES.Result(), nil
		}
		return vm.csumLevel - 1, nil
	case bpf.CsumLevelInc:
		vm.csumLevel = min(vm.csumLevel+1, maxCsumLevel)
	case bpf.CsumLevelDec:
		vm.csumLevel -= min(vm.csumLevel, 1)
	case bpf.CsumLevelReset:
		vm.csumLevel = 0
	default:
		return bpf.EINVAL.Result(), nil
	}
	return 0, nil
}

// skbPullData has nothing to do: frames here lie in one piece.
func skbPullData(vm *VM, pc int, a [5]uint64) (uint64, error) {
	if err := vm.wantCtx(pc, a[0]); err != nil {
		return 0, err
	}
	if int64(uint32(a[1])) > int64(vm.end-vm.data) {
		return bpf.ENOMEM.Result(), nil
	}
	return 0, nil
}

func setHash(vm *VM, pc int, a [5]uint64) (uint64, error) {
	vm.skb.Hash = uint32(a[1])
	return 0, vm.wantCtx(pc, a[0])
}

func setHashInvalid(vm *VM, pc int, a [5]uint64) (uint64, error) {
	vm.skb.Hash = 0
	return 0, vm.wantCtx(pc, a[0])
}

// makeRoom gives the buffer n more bytes of headroom or tailroom if needed.
func (vm *VM) makeRoom(head, tail int) {
	if head <= vm.meta && tail <= len(vm.buf)-vm.end {
		return
	}
	buf := make([]byte, head+len(vm.buf)+tail)
	copy(buf[head:], vm.buf)
	vm.buf = buf
	vm.meta, vm.data, vm.end = vm.meta+head, vm.data+head, vm.end+head
	vm.network, vm.received = vm.network+head, vm.received+head
}

// skbChangeTail makes the frame shorter or longer, but not so short that the
// network header's place is cut off; new bytes are zero.
func skbChangeTail(vm *VM, pc int, a [5]uint64) (uint64, error) {
	if err := vm.wantCtx(pc, a[0]); err != nil {
		return 0, err
	}
	n := int64(uint32(a[1]))
	if a[2] != 0 || n > maxSkbLen || n < int64(max(vm.network-vm.data, 0)) {
		return bpf.EINVAL.Result(), nil
	}
	if vm.encapsulated {
		return bpf.ENOTSUPP.Result(), nil
	}
	if grow := int(n) - (vm.end - vm.data); grow > 0 {
		if b := vm.opt.Buffer; b != nil && vm.end+grow-vm.received > b.End {
			return bpf.ENOMEM.Result(), nil
		}
		vm.makeRoom(0, grow)
		clear(vm.buf[vm.end : vm.end+grow])
	}
	vm.end = vm.data + int(n)
	return 0, nil
}

// skbChangeHead adds zero bytes in front of the frame.
func skbChangeHead(vm *VM, pc int, a [5]uint64) (uint64, error) {
	if err := vm.wantCtx(pc, a[0]); err != nil {
		return 0, err
	}
	n := int64(uint32(a[1]))
	if a[2] != 0 || int64(vm.end-vm.data)+n > maxSkbLen {
		return bpf.EINVAL.Result(), nil
	}
	if b := vm.opt.Buffer; b != nil && vm.received-vm.data+int(n) > b.Back {
		return bpf.ENOMEM.Result(), nil
	}
	vm.makeRoom(int(n), 0)
	vm.data -= int(n)
	vm.meta = vm.data
	clear(vm.buf[vm.data : vm.data+int(n)])
	return 0, nil
}
