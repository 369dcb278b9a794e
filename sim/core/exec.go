package core

import (
	"math/bits"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/translate/bpf"
)

// pauseNext, in a context's swapLeft, stops the core behind the instruction.
const pauseNext = 1 << 31

// run executes context x from its program counter until it stops. Time is
// c.now throughout.
func (c *Core) run(x *Context) Stop {
	ops := c.code.ops
	regs := &x.regs
	pc := x.pc
	now := c.now
	observe := c.observed

	for {
		u := &ops[pc]
		if observe {
			if !c.again && !x.leaving {
				c.observe(x, pc, now)
			}
			c.again = false
		}
		if u.flags&fStraight != 0 && !observe && x.left|x.swapLeft == 0 && !x.csrRead {
			if n := x.stretch(ops, pc, c.logic); n > 0 {
				now += uint64(n)
				pc += n
				u = &ops[pc]
			}
		}
		var tag uint64 // unwritten bits of the result
		l, r := regs[u.l&slotMask], regs[u.r&slotMask]
		if u.flags&fSrcSpecial != 0 {
			l, r = c.fetch(x, u, now)
			if x.fault != nil {
				goto faulted
			}
		}
		if (l|r)>>32 != 0 {
			tag = c.taint(x, u, l, r)
			if x.fault != nil {
				goto faulted
			}
		}
		{
			a, b := uint32(l), uint32(r)
			var v uint32
			cv := x.cv&flagC | c.logic
			var taken bool

			switch u.op {
			case opB:
				v = b
			case opNotB:
				v = ^b
			case opAdd:
				v, cv = add(a, b, 0)
			case opAdd16:
				v, cv = add(a, b&0xffff, 0)
			case opAdd8:
				v, cv = add(a, b&0xff, 0)
			case opAddCarry:
				if x.cv&flagUndef != 0 && c.flagsUndefined(x) {
					goto faulted
				}
				v, cv = add(a, b, uint32(x.cv&flagC))
			case opSub:
				v, cv = sub(a, b, 1)
			case opSubCarry:
				if x.cv&flagUndef != 0 && c.flagsUndefined(x) {
					goto faulted
				}
				v, cv = sub(a, b, uint32(x.cv&flagC))
			case opRevSub:
				v, cv = sub(b, a, 1)
			case opAnd:
				v = a & b
			case opNotAnd:
				v = ^a & b
			case opAndNot:
				v = a &^ b
			case opOr:
				v = a | b
			case opXor:
				v = a ^ b
			case opFFS:
				if b != 0 {
					v = uint32(bits.TrailingZeros32(b))
				}
			case opPop1, opPop2, opPop3:
				if why := x.popStep(uint8(u.op-opPop1)+1, b); why != "" && c.hazard(x, why) {
					goto faulted
				}
				v = uint32(bits.OnesCount32(b))
			case opCRC:
				v = b
				c.crc = crcStep(u.imm).next(c.crc, b)
			case opCamClear, opCamLookup, opCamWrite, opCamWriteState, opCamReadTag, opCamReadState:
				v = c.camOp(u, a, b)
			case opShr:
				v = b >> (u.amount & 31)
			case opShl:
				v = b << (u.amount & 31)
			case opShf:
				n := u.amount
				if n == 0 && u.shift != uint8(nfpisa.ShiftRot) {
					var ok bool
					if n, ok = c.indirect(x); !ok {
						goto faulted
					}
				}
				if u.shift == uint8(nfpisa.ShiftDouble) {
					v = shift32(u.shift, n, a, b)
				} else {
					v = combine(u.sub, a, shift32(u.shift, n, a, b))
				}
			case opAsr:
				n := u.amount
				if n == 0 {
					var ok bool
					if n, ok = c.indirect(x); !ok {
						goto faulted
					}
				}
				var m uint64
				v, m = asr(b, n, x.prevALU)
				tag |= m
			case opByteAlignBE:
				v = byteAlign(false, uint32(x.align[1]), b, c.index(x, &x.bindex, now))
				if x.fault != nil {
					goto faulted
				}
				tag = alignTag(false, x.align[1], r, x.bindex.at(now))
				x.align[1] = r
			case opByteAlignLE:
				v = byteAlign(true, uint32(x.align[0]), a, c.index(x, &x.bindex, now))
				if x.fault != nil {
					goto faulted
				}
				tag = alignTag(true, x.align[0], l, x.bindex.at(now))
				x.align[0] = l
			case opLdField:
				n := u.amount
				if n == 0 && u.shift != uint8(nfpisa.ShiftRot) {
					var ok bool
					if n, ok = c.indirect(x); !ok {
						goto faulted
					}
				}
				v = a&^u.mask | shift32(u.shift, n, a, b)&u.mask
			case opImmed:
				v = u.imm
				if x.csrRead {
					x.csrRead = false
					v = x.csrValue
				}
			case opImmedPart:
				v = a&^u.mask | u.imm
			case opMulStart:
				x.mulStart(a, b, tag)
				tag = c.blank & undefAll
			case opMulStep:
				if why := x.mulStep(u.sub, uint8(u.imm), a, b, tag); why != "" && c.hazard(x, why) {
					goto faulted
				}
				tag = c.blank & undefAll
			case opMulLast, opMulLast2:
				p, why := x.product()
				if why != "" && c.hazard(x, why) {
					goto faulted
				}
				v = uint32(p)
				if u.op == opMulLast2 {
					v = uint32(p >> 32)
				}
				if tag = x.mul.tag; tag != 0 {
					tag = undefAll
				}

			case opBr:
				taken = true
				goto branch
			case opBrEQ:
				if x.cc>>32 != 0 && c.zeroUndefined(x) {
					goto faulted
				}
				taken = uint32(x.cc) == 0
				goto branch
			case opBrNE:
				if x.cc>>32 != 0 && c.zeroUndefined(x) {
					goto faulted
				}
				taken = uint32(x.cc) != 0
				goto branch
			case opBrMI:
				if x.cc>>63 != 0 && c.flagsUndefined(x) {
					goto faulted
				}
				taken = int32(x.cc) < 0
				goto branch
			case opBrPL:
				if x.cc>>63 != 0 && c.flagsUndefined(x) {
					goto faulted
				}
				taken = int32(x.cc) >= 0
				goto branch
			case opBrCS, opBrCC, opBrVS, opBrVC:
				if x.cv&flagUndef != 0 && c.flagsUndefined(x) {
					goto faulted
				}
				bit := flagC
				if u.op >= opBrVS {
					bit = flagV
				}
				taken = (x.cv&bit != 0) == (u.op == opBrCS || u.op == opBrVS)
				goto branch
			case opBrGE, opBrLT:
				if (x.cv&flagUndef != 0 || x.cc>>63 != 0) && c.flagsUndefined(x) {
					goto faulted
				}
				taken = (int32(x.cc) < 0) == (x.cv&flagV != 0) == (u.op == opBrGE)
				goto branch
			case opBrLE, opBrGT:
				if (x.cv&flagUndef != 0 || x.cc>>32 != 0) && c.flagsUndefined(x) {
					goto faulted
				}
				gt := uint32(x.cc) != 0 && (int32(x.cc) < 0) == (x.cv&flagV != 0)
				taken = gt == (u.op == opBrGT)
				goto branch
			case opBrCtx:
				taken = (u.imm&0xffff == uint32(x.number())) == (u.sub != 0)
				goto branch
			case opBrSignal:
				if x.unanswered != 0 && x.open(1<<(u.imm&0xf), now) {
					goto pause
				}
				taken = c.takeSignal(x, u.imm&0xf, now) == (u.sub != 0)
				goto branch
			case opBrBit:
				taken = uint8(a>>u.sub&1) == u.shift
				goto branch
			case opBrByte:
				taken = (a>>(8*u.sub)&0xff == u.imm&0xffff) == (u.shift != 0)
				goto branch
			case opJump:
				if x.left|x.swapLeft != 0 && c.slotHazard(x) {
					goto faulted
				}
				t, ok := c.code.index(a + u.imm)
				if !ok {
					c.fail(x, FaultBadPC, "jump to control-store address %d, where there is no code", a+u.imm)
					goto faulted
				}
				x.left, x.leftTarget, x.leftBubble = uint32(u.slots)+1, t, u.bubble
				if t <= pc && now >= x.limit {
					goto runaway
				}
				goto next

			case opCtxArb:
				if x.left|x.swapLeft != 0 && c.slotHazard(x) {
					goto faulted
				}
				if !c.arbitrate(x, u, now) {
					goto faulted
				}
				x.swapLeft, x.swapPC = uint32(u.slots)+1, pc
				goto next
			case opCSRRead:
				if x.unanswered != 0 && u.imm == csrActSignals && x.open(1<<numSignals-1, now) {
					goto pause
				}
				if !c.readCSR(x, u, pc, now) {
					goto faulted
				}
				goto next
			case opCSRWrite:
				if !c.writeCSR(x, u.imm, a, now) {
					goto faulted
				}
				goto next
			case opCmd:
				if x.swapLeft != 0 && c.slotHazard(x) {
					goto faulted
				}
				x.swapPC = pc
				if !c.issue(x, &c.code.cmds[u.imm], a, b, now) {
					goto faulted
				}
				goto next

			case opDone:
				if !c.mayLeave(x) {
					goto faulted
				}
				x.pc, c.now = pc, now
				if c.lingers(x, now) {
					return stopSwap
				}
				return StopDone
			case opHelper:
				if now >= x.limit {
					goto runaway
				}
				if c.queued && now >= c.turn {
					goto pause
				}
				var ok bool
				if now, ok = c.call(x, bpf.HelperID(u.imm), now); !ok {
					goto faulted
				}
				if !c.alone {
					c.now = now
					return stopSwap
				}
				now, pc = c.resume(x, now)
				continue
			default:
				c.invalid(x, u, pc)
				goto faulted
			}

			// A result.
			{
				w := uint64(v) | tag
				if tag != 0 && u.op >= opAdd && u.op <= opRevSub {
					cv |= flagUndef
				}
				x.prevALU = w
				x.prevA = l
				x.prevPC = pc
				if u.flags&(fDstSpecial|fXferOut|fPost) != 0 {
					if !c.store(x, u, w, now) {
						goto faulted
					}
				} else {
					regs[u.d&slotMask] = w
					regs[u.d2&slotMask] = w
				}
				if u.flags&fCC != 0 {
					x.cc, x.cv = w, cv
				}
			}
			goto next

		branch:
			if u.flags&fPost != 0 {
				c.postModify(x, u)
			}
			if x.left|x.swapLeft != 0 && c.slotHazard(x) {
				goto faulted
			}
			if taken {
				if u.target == noTarget {
					c.fail(x, FaultBadPC, "branch to control-store address %d, where there is no code", u.imm>>16)
					goto faulted
				}
				if u.target <= pc && now >= x.limit {
					goto runaway
				}
				x.left, x.leftTarget, x.leftBubble = uint32(u.slots)+1, u.target, u.bubble
			}
		}

	next:
		now++
		pc++
		if x.left|x.swapLeft == 0 {
			continue
		}
		if x.left != 0 {
			if x.left--; x.left == 0 {
				pc = x.leftTarget
				now += uint64(x.leftBubble)
				x.lost += uint64(x.leftBubble)
			}
		}
		if x.swapLeft&pauseNext != 0 {
			x.swapLeft &^= pauseNext
			x.pc, c.now = pc, now
			return stopBehind
		}
		if x.swapLeft != 0 {
			if x.swapLeft--; x.swapLeft == 0 {
				x.pc = pc
				if now = c.swap(x, now); x.fault != nil {
					pc = x.swapPC
					goto faulted
				}
				if !c.alone {
					c.now = now
					return stopSwap
				}
				now, pc = c.resume(x, now)
				if now >= x.limit {
					goto runaway
				}
			}
		}
		continue

	pause:
		c.again = true
		x.pc, c.now = pc, now
		return stopPause
	runaway:
		c.fail(x, FaultRunaway, "still running after %d cycles; the budget is Spec.Budget", now-x.start)
	faulted:
		c.place(x, pc, now)
		c.now = now
		return StopFault
	}
}

// add returns a + b + carry and the flags it leaves.
func add(a, b, carry uint32) (uint32, uint8) {
	s := uint64(a) + uint64(b) + uint64(carry)
	v := uint32(s)
	return v, uint8(s>>32) | uint8(((a^v)&(b^v))>>31)<<1
}

// sub returns a - b - !carry and the flags it leaves; carry set means that
// nothing was borrowed.
func sub(a, b, carry uint32) (uint32, uint8) {
	s := uint64(a) + uint64(^b) + uint64(carry)
	v := uint32(s)
	return v, uint8(s>>32) | uint8(((a^b)&(a^v))>>31)<<1
}

// asr shifts b right and fills with bit 31 of the previous result.
func asr(b uint32, n uint8, prev uint64) (v uint32, tag uint64) {
	v = b >> (n & 31)
	fill := ^(^uint32(0) >> (n & 31))
	if prev>>31&1 != 0 {
		v |= fill
	}
	if prev>>63 != 0 {
		tag = uint64(fill) << 32
	}
	return v, tag
}
