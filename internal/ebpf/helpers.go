package ebpf

import (
	"bytes"
	"syscall"

	"github.com/skipsw/skipsw/translate/object"
)

// Numbers of the helpers, enum bpf_func_id.
const (
	helperMapLookup       = 1
	helperMapUpdate       = 2
	helperMapDelete       = 3
	helperKtimeNs         = 5
	helperTracePrintk     = 6
	helperPrandom         = 7
	helperCPU             = 8
	helperSkbStore        = 9
	helperL3Csum          = 10
	helperL4Csum          = 11
	helperTailCall        = 12
	helperCgroupClassID   = 17
	helperVlanPush        = 18
	helperVlanPop         = 19
	helperRedirect        = 23
	helperRouteRealm      = 24
	helperPerfOutput      = 25
	helperSkbLoad         = 26
	helperCsumDiff        = 28
	helperChangeType      = 32
	helperSkbChangeTail   = 38
	helperSkbPull         = 39
	helperCsumUpdate      = 40
	helperSetHashInvalid  = 41
	helperNumaNode        = 42
	helperSkbChangeHead   = 43
	helperXDPAdjustHead   = 44
	helperRedirectMap     = 51
	helperXDPAdjustMeta   = 54
	helperXDPAdjustTail   = 65
	helperMapPush         = 87
	helperMapPop          = 88
	helperMapPeek         = 89
	helperStrtol          = 105
	helperStrtoul         = 106
	helperKtimeBootNs     = 125
	helperRingbufOutput   = 130
	helperRingbufReserve  = 131
	helperRingbufSubmit   = 132
	helperRingbufDiscard  = 133
	helperRingbufQuery    = 134
	helperKtimeCoarse     = 160
	helperForEachMapElem  = 164
	helperRedirectNeigh   = 152
	helperRedirectPeer    = 155
	helperLoop            = 181
	helperStrncmp         = 182
	helperXDPBuffLen      = 188
	helperXDPLoad         = 189
	helperXDPStore        = 190
	helperMapLookupPerCPU = 195
	helperKtimeTaiNs      = 208
)

// Which program types have a helper.
const (
	forXDP = 1 << object.XDP
	forTC  = 1 << object.TC
	forAll = forXDP | forTC
)

type helperFunc func(vm *VM, pc int, a [5]uint64) (uint64, error)

type helperEntry struct {
	name  string
	types uint8 // bit set of object.Type
	fn    helperFunc
}

var helperTable map[int32]helperEntry

func init() {
	helperTable = map[int32]helperEntry{
		helperMapLookup:       {"bpf_map_lookup_elem", forAll, mapLookup},
		helperMapUpdate:       {"bpf_map_update_elem", forAll, mapUpdate},
		helperMapDelete:       {"bpf_map_delete_elem", forAll, mapDelete},
		helperMapPush:         {"bpf_map_push_elem", forAll, mapPush},
		helperMapPop:          {"bpf_map_pop_elem", forAll, mapPop},
		helperMapPeek:         {"bpf_map_peek_elem", forAll, mapPeek},
		helperMapLookupPerCPU: {"bpf_map_lookup_percpu_elem", forAll, mapLookupPerCPU},
		helperForEachMapElem:  {"bpf_for_each_map_elem", forAll, forEachMapElem},
		helperLoop:            {"bpf_loop", forAll, loop},
		helperKtimeNs:         {"bpf_ktime_get_ns", forAll, now},
		helperKtimeBootNs:     {"bpf_ktime_get_boot_ns", forAll, now},
		helperKtimeCoarse:     {"bpf_ktime_get_coarse_ns", forAll, now},
		helperKtimeTaiNs:      {"bpf_ktime_get_tai_ns", forAll, now},
		helperStrtol:          {"bpf_strtol", forAll, strtol},
		helperStrtoul:         {"bpf_strtoul", forAll, strtoul},
		helperTracePrintk:     {"bpf_trace_printk", forAll, tracePrintk},
		helperPrandom:         {"bpf_get_prandom_u32", forAll, prandom},
		helperCPU:             {"bpf_get_smp_processor_id", forAll, zero},
		helperNumaNode:        {"bpf_get_numa_node_id", forAll, zero},
		helperStrncmp:         {"bpf_strncmp", forAll, strncmp},
		helperCsumDiff:        {"bpf_csum_diff", forAll, csumDiff},
		helperRedirect:        {"bpf_redirect", forAll, redirect},
		helperRedirectMap:     {"bpf_redirect_map", forXDP, redirectMap},
		helperPerfOutput:      {"bpf_perf_event_output", forAll, perfOutput},
		helperRingbufOutput:   {"bpf_ringbuf_output", forAll, ringbufOutput},
		helperRingbufReserve:  {"bpf_ringbuf_reserve", forAll, ringbufReserve},
		helperRingbufSubmit:   {"bpf_ringbuf_submit", forAll, ringbufSubmit},
		helperRingbufDiscard:  {"bpf_ringbuf_discard", forAll, ringbufDiscard},
		helperXDPAdjustHead:   {"bpf_xdp_adjust_head", forXDP, xdpAdjustHead},
		helperXDPAdjustTail:   {"bpf_xdp_adjust_tail", forXDP, xdpAdjustTail},
		helperXDPAdjustMeta:   {"bpf_xdp_adjust_meta", forXDP, xdpAdjustMeta},
		helperXDPBuffLen:      {"bpf_xdp_get_buff_len", forXDP, xdpBuffLen},
		helperXDPLoad:         {"bpf_xdp_load_bytes", forXDP, xdpLoadBytes},
		helperXDPStore:        {"bpf_xdp_store_bytes", forXDP, xdpStoreBytes},
		helperSkbLoad:         {"bpf_skb_load_bytes", forTC, skbLoadBytes},
		helperSkbStore:        {"bpf_skb_store_bytes", forTC, skbStoreBytes},
		helperL3Csum:          {"bpf_l3_csum_replace", forTC, l3CsumReplace},
		helperL4Csum:          {"bpf_l4_csum_replace", forTC, l4CsumReplace},
		helperCsumUpdate:      {"bpf_csum_update", forTC, csumUpdate},
		helperSkbPull:         {"bpf_skb_pull_data", forTC, skbPullData},
		helperSkbChangeTail:   {"bpf_skb_change_tail", forTC, skbChangeTail},
		helperSkbChangeHead:   {"bpf_skb_change_head", forTC, skbChangeHead},
		helperVlanPush:        {"bpf_skb_vlan_push", forTC, vlanPush},
		helperVlanPop:         {"bpf_skb_vlan_pop", forTC, vlanPop},
		helperChangeType:      {"bpf_skb_change_type", forTC, skbChangeType},
		helperCgroupClassID:   {"bpf_get_cgroup_classid", forTC, zero},
		helperRouteRealm:      {"bpf_get_route_realm", forTC, zero},
		helperRedirectNeigh:   {"bpf_redirect_neigh", forTC, redirectNeigh},
		helperRedirectPeer:    {"bpf_redirect_peer", forTC, redirectPeer},
		helperSetHashInvalid:  {"bpf_set_hash_invalid", forTC, setHashInvalid},
	}
}

func (vm *VM) helper(pc int, id int32) (uint64, error) {
	args := [5]uint64(vm.regs[1:6])
	if fn := vm.opt.Helpers[id]; fn != nil {
		r0, err := fn(vm, args)
		if err != nil {
			return 0, vm.faultAt(pc, "helper %d: %v", id, err)
		}
		return r0, nil
	}
	h, ok := helperTable[id]
	if !ok {
		f := vm.faultAt(pc, "not supported: helper %d, because the interpreter does not have it", id)
		f.Missing = true
		return 0, f
	}
	if h.types>>vm.byTyp&1 == 0 {
		return 0, vm.faultAt(pc, "helper %s is not for %s programs", h.name, vm.byTyp)
	}
	return h.fn(vm, pc, args)
}

// errno makes a helper's negative result.
func errno(e syscall.Errno) uint64 { return uint64(-int64(e)) }

// readable and writable return argument memory of a helper.
func (vm *VM) readable(pc int, addr uint64, n int) ([]byte, error) {
	return vm.argument(pc, addr, n, false)
}

func (vm *VM) writable(pc int, addr uint64, n int) ([]byte, error) {
	return vm.argument(pc, addr, n, true)
}

func (vm *VM) argument(pc int, addr uint64, n int, write bool) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	b := vm.mem(addr, n, write)
	if b == nil {
		return nil, vm.faultAt(pc, "helper argument: %s", vm.explainAccess(addr, n, write))
	}
	return b, nil
}

func (vm *VM) wantCtx(pc int, addr uint64) error {
	if vm.Resolve(addr) != (Ref{Kind: Ctx}) {
		return vm.faultAt(pc, "helper argument: %#x is not the context", addr)
	}
	return nil
}

func zero(*VM, int, [5]uint64) (uint64, error) { return 0, nil }

// now reads a clock, which then goes on.
func now(vm *VM, _ int, _ [5]uint64) (uint64, error) {
	t := vm.clock
	vm.clock += vm.in.Tick
	return t, nil
}

// prandom gives the upper half of a linear congruential sequence.
func prandom(vm *VM, _ int, _ [5]uint64) (uint64, error) {
	vm.random = vm.random*6364136223846793005 + 1442695040888963407
	return vm.random >> 32, nil
}

// tracePrintk checks its arguments and prints nothing: there is no trace.
func tracePrintk(vm *VM, pc int, a [5]uint64) (uint64, error) {
	n := uint64(uint32(a[1]))
	if _, err := vm.readable(pc, a[0], int(n)); err != nil {
		return 0, err
	}
	return n, nil
}

func strncmp(vm *VM, pc int, a [5]uint64) (uint64, error) {
	s1, err := vm.readable(pc, a[0], int(uint32(a[1])))
	if err != nil {
		return 0, err
	}
	for i, c := range s1 {
		b, err := vm.readable(pc, a[2]+uint64(i), 1)
		if err != nil {
			return 0, err
		}
		if c != b[0] {
			if c < b[0] {
				return uint64(^uint32(0)), nil
			}
			return 1, nil
		}
		if c == 0 {
			break
		}
	}
	return 0, nil
}

// csumDiff adds and subtracts words in one's complement; the result has 16
// bits, as in kernels since 6.13.
func csumDiff(vm *VM, pc int, a [5]uint64) (uint64, error) {
	from, to := int(uint32(a[1])), int(uint32(a[3]))
	src, err := vm.readable(pc, a[0], from)
	if err != nil {
		return 0, err
	}
	dst, err := vm.readable(pc, a[2], to)
	if err != nil {
		return 0, err
	}
	sum := uint32(a[4])
	switch {
	case from > 0 && to > 0:
		sum = addCsum(csumPartial(dst, sum), ^csumPartial(src, 0))
	case to > 0:
		sum = csumPartial(dst, sum)
	case from > 0:
		sum = ^csumPartial(src, ^sum)
	}
	sum += sum>>16 | sum<<16
	return uint64(sum >> 16), nil
}

// csumPartial adds the words of b, the last one filled up with zeros, to a
// 32-bit one's complement sum.
func csumPartial(b []byte, sum uint32) uint32 {
	s := uint64(sum)
	for ; len(b) >= 4; b = b[4:] {
		s += uint64(le.Uint32(b))
	}
	for i, c := range b {
		s += uint64(c) << (8 * i)
	}
	for s > 0xffffffff {
		s = s&0xffffffff + s>>32
	}
	return uint32(s)
}

// loop calls a function of the program a number of times.
func loop(vm *VM, pc int, a [5]uint64) (uint64, error) {
	n := uint32(a[0])
	if a[3] != 0 {
		return errno(syscall.EINVAL), nil
	}
	if n > 8<<20 {
		return errno(syscall.E2BIG), nil
	}
	fn := vm.Resolve(a[1])
	if fn.Kind != Function {
		return 0, vm.faultAt(pc, "helper argument: %#x is no function", a[1])
	}
	for i := uint32(0); i < n; i++ {
		r0, err := vm.invoke(pc, int(fn.Off), uint64(i), a[2])
		if err != nil {
			return 0, err
		}
		if r0 != 0 {
			return uint64(i + 1), nil
		}
	}
	return uint64(n), nil
}

func perfOutput(vm *VM, pc int, a [5]uint64) (uint64, error) {
	if err := vm.wantCtx(pc, a[0]); err != nil {
		return 0, err
	}
	m := vm.mapObject(a[1])
	if m == nil || m.spec.Type != typePerfEvents {
		return 0, vm.faultAt(pc, "helper argument: %#x is no perf event array", a[1])
	}
	data, err := vm.readable(pc, a[3], int(uint32(a[4])))
	if err != nil {
		return 0, err
	}
	flags := a[2]
	const indexMask, lenMask = 0xffffffff, 0xfffff << 32
	if flags&^uint64(indexMask|lenMask) != 0 {
		return errno(syscall.EINVAL), nil
	}
	n := int(flags >> 32 & 0xfffff)
	if n > vm.end-vm.data {
		return errno(syscall.EFAULT), nil
	}
	if i := flags & indexMask; i != indexMask && m.spec.MaxEntries != 0 && i >= uint64(m.spec.MaxEntries) {
		return errno(syscall.E2BIG), nil
	}
	vm.events = append(vm.events, Event{Map: m.spec.Name, Data: bytes.Clone(data), Packet: bytes.Clone(vm.buf[vm.data : vm.data+n])})
	return 0, nil
}
