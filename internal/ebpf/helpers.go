package ebpf

import (
	"bytes"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Which program types have a helper.
const (
	forXDP = 1 << object.XDP
	forTC  = 1 << object.TC
	forAll = forXDP | forTC
)

type helperFunc func(vm *VM, pc int, a [5]uint64) (uint64, error)

type helperEntry struct {
	types uint8 // bit set of object.Type
	fn    helperFunc
}

// helperTable are the helpers that the interpreter has, by number.
var helperTable [bpf.LastHelper + 1]helperEntry

func init() {
	helperTable = [bpf.LastHelper + 1]helperEntry{
		bpf.HelperMapLookupElem:        {forAll, mapLookup},
		bpf.HelperMapUpdateElem:        {forAll, mapUpdate},
		bpf.HelperMapDeleteElem:        {forAll, mapDelete},
		bpf.HelperMapPushElem:          {forAll, mapPush},
		bpf.HelperMapPopElem:           {forAll, mapPop},
		bpf.HelperMapPeekElem:          {forAll, mapPeek},
		bpf.HelperMapLookupPerCPUElem:  {forAll, mapLookupPerCPU},
		bpf.HelperForEachMapElem:       {forAll, forEachMapElem},
		bpf.HelperLoop:                 {forAll, loop},
		bpf.HelperSpinLock:             {forAll, spinLock},
		bpf.HelperSpinUnlock:           {forAll, spinUnlock},
		bpf.HelperKtimeGetNs:           {forAll, now},
		bpf.HelperKtimeGetBootNs:       {forAll, now},
		bpf.HelperKtimeGetCoarseNs:     {forAll, now},
		bpf.HelperKtimeGetTaiNs:        {forAll, now},
		bpf.HelperJiffies64:            {forAll, jiffies},
		bpf.HelperStrtol:               {forAll, strtol},
		bpf.HelperStrtoul:              {forAll, strtoul},
		bpf.HelperTracePrintk:          {forAll, tracePrintk},
		bpf.HelperTraceVprintk:         {forAll, traceVprintk},
		bpf.HelperGetPrandomU32:        {forAll, prandom},
		bpf.HelperGetSMPProcessorID:    {forAll, zero},
		bpf.HelperGetNUMANodeID:        {forAll, zero},
		bpf.HelperStrncmp:              {forAll, strncmp},
		bpf.HelperCsumDiff:             {forAll, csumDiff},
		bpf.HelperRedirect:             {forAll, redirect},
		bpf.HelperRedirectMap:          {forXDP, redirectMap},
		bpf.HelperSkbGetTunnelKey:      {forTC, getTunnelKey},
		bpf.HelperSkbSetTunnelKey:      {forTC, setTunnelKey},
		bpf.HelperSkbGetTunnelOpt:      {forTC, getTunnelOpt},
		bpf.HelperSkbSetTunnelOpt:      {forTC, setTunnelOpt},
		bpf.HelperFIBLookup:            {forAll, fibLookup},
		bpf.HelperCheckMTU:             {forAll, checkMTU},
		bpf.HelperPerfEventOutput:      {forAll, perfOutput},
		bpf.HelperRingbufOutput:        {forAll, ringbufOutput},
		bpf.HelperRingbufReserve:       {forAll, ringbufReserve},
		bpf.HelperRingbufSubmit:        {forAll, ringbufSubmit},
		bpf.HelperRingbufDiscard:       {forAll, ringbufDiscard},
		bpf.HelperRingbufQuery:         {forAll, ringbufQuery},
		bpf.HelperDynptrFromMem:        {forAll, dynptrFromMem},
		bpf.HelperDynptrRead:           {forAll, dynptrRead},
		bpf.HelperDynptrWrite:          {forAll, dynptrWrite},
		bpf.HelperDynptrData:           {forAll, dynptrData},
		bpf.HelperRingbufReserveDynptr: {forAll, ringbufReserveDynptr},
		bpf.HelperRingbufSubmitDynptr:  {forAll, finishDynptr(ringbufSubmit)},
		bpf.HelperRingbufDiscardDynptr: {forAll, finishDynptr(ringbufDiscard)},
		bpf.HelperXDPAdjustHead:        {forXDP, xdpAdjustHead},
		bpf.HelperXDPAdjustTail:        {forXDP, xdpAdjustTail},
		bpf.HelperXDPAdjustMeta:        {forXDP, xdpAdjustMeta},
		bpf.HelperXDPGetBuffLen:        {forXDP, xdpBuffLen},
		bpf.HelperXDPLoadBytes:         {forXDP, xdpLoadBytes},
		bpf.HelperXDPStoreBytes:        {forXDP, xdpStoreBytes},
		bpf.HelperSkbLoadBytes:         {forTC, skbLoadBytes},
		bpf.HelperSkbLoadBytesRelative: {forTC, skbLoadBytesRelative},
		bpf.HelperSkbStoreBytes:        {forTC, skbStoreBytes},
		bpf.HelperL3CsumReplace:        {forTC, l3CsumReplace},
		bpf.HelperL4CsumReplace:        {forTC, l4CsumReplace},
		bpf.HelperCsumUpdate:           {forTC, csumUpdate},
		bpf.HelperCsumLevel:            {forTC, csumLevel},
		bpf.HelperSkbPullData:          {forTC, skbPullData},
		bpf.HelperSkbChangeTail:        {forTC, skbChangeTail},
		bpf.HelperSkbChangeHead:        {forTC, skbChangeHead},
		bpf.HelperSkbAdjustRoom:        {forTC, skbAdjustRoom},
		bpf.HelperSkbVlanPush:          {forTC, vlanPush},
		bpf.HelperSkbVlanPop:           {forTC, vlanPop},
		bpf.HelperSkbChangeType:        {forTC, skbChangeType},
		bpf.HelperSkbChangeProto:       {forTC, skbChangeProto},
		bpf.HelperSkbSetTstamp:         {forTC, skbSetTstamp},
		bpf.HelperGetCgroupClassID:     {forTC, zero},
		bpf.HelperGetRouteRealm:        {forTC, zero},
		bpf.HelperRedirectNeigh:        {forTC, redirectNeigh},
		bpf.HelperRedirectPeer:         {forTC, redirectPeer},
		bpf.HelperSetHash:              {forTC, setHash},
		bpf.HelperSetHashInvalid:       {forTC, setHashInvalid},
	}
}

func (vm *VM) helper(pc int, id bpf.HelperID) (uint64, error) {
	args := [5]uint64(vm.regs[1:6])
	if vm.lock.held && id != bpf.HelperSpinUnlock {
		return 0, vm.faultAt(pc, "calls bpf_%s while it holds a lock", id)
	}
	if fn := vm.opt.Helpers[id]; fn != nil {
		r0, err := fn(vm, args)
		if err != nil {
			return 0, vm.faultAt(pc, "helper %d: %v", id, err)
		}
		return r0, nil
	}
	if !id.Known() || helperTable[id].fn == nil {
		f := vm.faultAt(pc, "not supported: helper %d, because the interpreter does not have it", id)
		f.Missing = true
		return 0, f
	}
	h := &helperTable[id]
	if h.types>>vm.byTyp&1 == 0 {
		return 0, vm.faultAt(pc, "helper bpf_%s is not for %s programs", id, vm.byTyp)
	}
	return h.fn(vm, pc, args)
}

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

// jiffies reads the clock in ticks of a kernel with 250 a second.
func jiffies(vm *VM, pc int, a [5]uint64) (uint64, error) {
	t, err := now(vm, pc, a)
	return t / 4_000_000, err
}

// prandom gives the upper half of a linear congruential sequence.
func prandom(vm *VM, _ int, _ [5]uint64) (uint64, error) {
	vm.random = vm.random*6364136223846793005 + 1442695040888963407
	return vm.random >> 32, nil
}

// tracePrintk prints up to three values.
func tracePrintk(vm *VM, pc int, a [5]uint64) (uint64, error) {
	return vm.print(pc, a[0], a[1], a[2:5])
}

// traceVprintk prints the values of an array.
func traceVprintk(vm *VM, pc int, a [5]uint64) (uint64, error) {
	n := int(uint32(a[3]))
	data, err := vm.readable(pc, a[2], n)
	if err != nil {
		return 0, err
	}
	if n%8 != 0 || n > 12*8 {
		return bpf.EINVAL.Result(), nil
	}
	var values []uint64
	for ; len(data) > 0; data = data[8:] {
		values = append(values, le.Uint64(data))
	}
	return vm.print(pc, a[0], a[1], values)
}

// print notes a text and returns its length. Formats that show addresses are not
// there.
func (vm *VM) print(pc int, addr, size uint64, values []uint64) (uint64, error) {
	text, err := vm.readable(pc, addr, int(uint32(size)))
	if err != nil {
		return 0, err
	}
	f, err := bpf.ParsePrint(text, len(values))
	if err != nil {
		return bpf.EINVAL.Result(), nil
	}
	memory := map[int][]byte{}
	for k := range f.Values() {
		if n, ok := f.Memory(k); ok {
			memory[k] = vm.shown(values[k], n)
		}
	}
	s := f.Print(values, memory)
	vm.prints = append(vm.prints, s)
	return uint64(len(s)), nil
}

// shown returns n bytes of memory that a print shows, or with 0 those of a string: as
// many as can be read.
func (vm *VM) shown(addr uint64, n int) []byte {
	if n > 0 {
		return bytes.Clone(vm.mem(addr, n, false))
	}
	var s []byte
	for len(s) < bpf.PrintString {
		b := vm.mem(addr+uint64(len(s)), 1, false)
		if b == nil || b[0] == 0 {
			break
		}
		s = append(s, b[0])
	}
	return s
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
				return ^uint64(0), nil
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
		return bpf.EINVAL.Result(), nil
	}
	if n > 8<<20 {
		return bpf.E2BIG.Result(), nil
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
	if m == nil || m.spec.Type != bpf.MapTypePerfEventArray {
		return 0, vm.faultAt(pc, "helper argument: %#x is no perf event array", a[1])
	}
	data, err := vm.readable(pc, a[3], int(uint32(a[4])))
	if err != nil {
		return 0, err
	}
	flags := a[2]
	if flags&^uint64(bpf.FIndexMask|bpf.FCtxLenMask) != 0 {
		return bpf.EINVAL.Result(), nil
	}
	n := int(flags & bpf.FCtxLenMask >> 32)
	if n > vm.end-vm.data {
		return bpf.EFAULT.Result(), nil
	}
	// There is one processor, which has a reader.
	switch i := flags & bpf.FIndexMask; {
	case i == bpf.FCurrentCPU, i == 0:
	case i >= max(uint64(m.spec.MaxEntries), 1):
		return bpf.E2BIG.Result(), nil
	default:
		return bpf.ENOENT.Result(), nil
	}
	vm.events = append(vm.events, Event{Map: m.spec.Name, Index: m.index, Data: bytes.Clone(data), Packet: bytes.Clone(vm.buf[vm.data : vm.data+n])})
	return 0, nil
}
