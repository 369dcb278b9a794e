package gen

import "github.com/skipsw/skipsw/translate/object"

// Context offsets in bytes: struct xdp_md and struct __sk_buff.
const (
	xdpData, xdpDataEnd, xdpMeta = 0, 4, 8
	xdpIfindex, xdpQueue         = 12, 16
	skbLen, skbProtocol          = 0, 16
	skbMark, skbPriority         = 8, 32
	skbData, skbDataEnd, skbMeta = 76, 80, 140
	skbCB, skbCBBytes            = 48, 20
	skbPktType, skbQueue         = 4, 12
	skbTCIndex                   = 44
	skbTCClass, skbTstamp        = 72, 152
)

// skbReads are the fields of __sk_buff, each of 4 bytes, that say the same of
// a frame in a test run as on a card. The interface that it came from does not.
var skbReads = []int{
	skbLen, skbMark, skbQueue, skbProtocol, skbProtocol, 20, 24, 28, skbPriority, 40, skbTCIndex, 68, skbTCClass, 84, 164, 176,
}

// skbWrites are the fields of 4 bytes that tc programs may write.
var skbWrites = []int{skbMark, skbQueue, skbQueue, skbPriority, skbTCIndex, skbTCClass}

// context reads or writes a plain field of the context.
func (f *fn) context() {
	if !f.hasCtx {
		return
	}
	c := f.loadCtx(-1)
	d := f.dst(c)
	fields := []int{xdpIfindex, xdpQueue}
	if f.typed(object.TC) {
		fields = []int{skbLen, skbProtocol, skbMark, skbPriority, skbCB, skbCB + 8}
		if f.chance(30) {
			f.emit(stx(4, uint8(c), fields[2+f.r.IntN(4)], uint8(f.scalarReg(c))))
			return
		}
	}
	f.emit(ldx(4, uint8(d), uint8(c), fields[f.r.IntN(len(fields))]))
	f.setScalar(d)
	f.keep(d)
}

// contextField reads or writes any field of __sk_buff that can be compared, in
// all widths that the kernel takes.
func (f *fn) contextField() {
	if !f.hasCtx || !f.typed(object.TC) {
		return
	}
	c := f.loadCtx(-1)
	var size, at int
	store := f.chance(40)
	switch {
	case f.chance(45): // scratch words, any width at its alignment
		size = f.size()
		at = skbCB + f.r.IntN(skbCBBytes/size)*size
	case f.chance(8):
		size, at = 8, skbTstamp
	case store:
		size, at = 4, skbWrites[f.r.IntN(len(skbWrites))]
	case f.o.Only&CardsLack != 0 && f.chance(10):
		size = 1 << f.r.IntN(3)
		at = skbPktType + f.r.IntN(4/size)*size
	default:
		size = 1 << f.r.IntN(3)
		at = skbReads[f.r.IntN(len(skbReads))] + f.r.IntN(4/size)*size
	}
	if store {
		v := f.scalarReg(c)
		if at == skbQueue && f.chance(70) {
			v = f.freeScalar(c)
			f.emit(movK(uint8(v), []int32{0xfffe, 0xffff, 0xffff, 0x10000, 0x1ffff, -1}[f.r.IntN(6)]))
		}
		f.emit(stx(size, uint8(c), at, uint8(v)))
		if at == skbTstamp || at != skbQueue && f.chance(40) {
			return
		}
		// Read back, whole or a part of it.
		if size == 8 || at == skbQueue || f.chance(50) {
			size, at = 4, at&^3
		} else {
			size = min(size, 1<<f.r.IntN(2))
			at = at&^3 + f.r.IntN(4/size)*size
		}
	}
	d := f.dst(c)
	f.emit(ldx(size, uint8(d), uint8(c), at))
	f.setScalar(d)
	f.keep(d)
}
