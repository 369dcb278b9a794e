package nfpisa

import "strings"

// maxAddress is the last control-store address that a branch reaches.
const maxAddress = 1<<14 - 1

func (p *parser) parseArg(a arg, t token) (err *lineError) {
	i := &p.i
	var v uint64
	var n int
	switch a {
	case argDst:
		i.Dst, err = operand(t)
	case argMulDst:
		if t.text != "0x0" {
			i.Dst, err = operand(t)
		}
	case argLeft:
		p.left, err = operand(t)
	case argRight:
		p.right, err = operand(t)
	case argSrc:
		p.src, err = operand(t)
	case argALUOp:
		return p.parseALUOp(t)
	case argShfOp:
		n, err = index(t, "alu_shf operator", shfOperators[:])
		i.Shf = ShfOp(n)
	case argShift:
		return p.parseShift(t)
	case argLdShift:
		if rest, ok := strings.CutPrefix(t.text, ">>dbl"); ok {
			v, err = number(token{rest, t.at + 5}, "shift", 31)
			i.Shift = Shift{ShiftDouble, uint8(v)}
			return err
		}
		return p.parseShift(t)
	case argMask:
		return p.parseMask(t)
	case argEntry:
		v, err = number(t, "CAM entry", 15)
		i.Arg = uint8(v)
	case argCRC:
		n, err = index(t, "CRC type", crcNames[:])
		i.CRC |= CRC(n << 5)
	case argImm:
		return p.parseImm(t)
	case argImmShift:
		rest, ok := strings.CutPrefix(t.text, "<<")
		if !ok {
			return errAt(t, "%q is no shift of an immed: <<8, <<16 or <<24", t.text)
		}
		v, err = number(token{rest, t.at + 2}, "shift", 24)
		if v%8 != 0 {
			return errAt(t, "an immed is shifted by 8, 16 or 24")
		}
		i.ImmShift = uint8(v / 8)
	case argImmPart:
		top := uint64(0xff)
		if i.ImmWidth == ImmedWord {
			top = 0xffff
		}
		v, err = number(t, "value", top)
		i.Imm = uint32(v)
	case argCtx:
		v, err = number(t, "context or signal number", 15)
		i.Arg = uint8(v)
	case argInpState:
		n, err = index(t, "input state", inpStates[:])
		i.Arg = uint8(n)
	case argCLSState:
		rest, ok := strings.CutPrefix(t.text, "cls_ring")
		num, ok2 := strings.CutSuffix(rest, "_status")
		if !ok || !ok2 {
			return errAt(t, "%q is no ring state (cls_ring0_status)", t.text)
		}
		v, err = number(token{num, t.at + len("cls_ring")}, "ring", 15)
		i.Arg = uint8(v)
	case argTarget:
		v, err = p.address(t, maxAddress)
		i.Target = uint16(v)
	case argByteNo:
		v, err = number(t, "byte number", 3)
		i.Arg = uint8(v)
	case argByteVal:
		v, err = number(t, "byte", 0xff)
		i.Imm = uint32(v)
	case argBit:
		v, err = number(t, "bit number", 31)
		i.Arg = uint8(v)
	case argOffset:
		rest, ok := strings.CutPrefix(t.text, ".")
		if !ok {
			return errAt(t, "%q is no offset (.10)", t.text)
		}
		v, err = number(token{rest, t.at + 1}, "offset", 1<<17-1)
		i.Imm = uint32(v)
	case argCSR:
		return p.parseCSR(t)
	default:
		return p.parseCmdArg(a, t)
	}
	return err
}

// shfOperators are the operators that alu_shf[] takes.
var shfOperators = [...]string{"B", "~B", "AND", "~AND", "AND~", "OR"}

func (p *parser) parseALUOp(t token) *lineError {
	for op := range aluOps {
		if aluOps[op].plain && aluOps[op].name == t.text {
			p.i.ALU = ALUOp(op)
			return nil
		}
	}
	return errAt(t, "%q is no alu operator", t.text)
}

func (p *parser) parseShift(t token) *lineError {
	s := Shift{Kind: ShiftRight}
	num := token{strings.TrimPrefix(t.text, ">>"), t.at + 2}
	switch {
	case strings.HasPrefix(t.text, ">>rot"):
		s.Kind = ShiftRot
		num = token{t.text[len(">>rot"):], t.at + len(">>rot")}
	case strings.HasPrefix(t.text, "<<"):
		s.Kind = ShiftLeft
		num = token{t.text[2:], t.at + 2}
	case !strings.HasPrefix(t.text, ">>"):
		return errAt(t, "%q is no shift (>>4, <<4, >>rot4, >>indirect, <<indirect)", t.text)
	}
	if num.text != "indirect" || s.Kind == ShiftRot {
		v, err := number(num, "shift", 31)
		if err != nil {
			return err
		}
		if v == 0 && s.Kind != ShiftRot {
			return errAt(t, "there is no shift by 0; write >>rot0 for none")
		}
		s.Amount = uint8(v)
	}
	if p.i.Shift.Kind == ShiftDouble {
		if s.Kind != ShiftRight {
			return errAt(t, "dbl_shf shifts right only")
		}
		s.Kind = ShiftDouble
	}
	p.i.Shift = s
	return nil
}

func (p *parser) parseMask(t token) *lineError {
	if len(t.text) != 4 || strings.Trim(t.text, "01") != "" {
		return errAt(t, "%q is no byte mask (four of 0 and 1)", t.text)
	}
	for _, c := range t.text {
		p.i.ByteMask = p.i.ByteMask<<1 | uint8(c-'0')
	}
	return nil
}

func (p *parser) parseImm(t token) *lineError {
	if isLabel(t.text) {
		p.label = t
		return nil
	}
	v, err := number(t, "value", 0xffffffff)
	if err != nil {
		return err
	}
	switch {
	case v <= 0xffff:
		p.i.Imm = uint32(v)
	case v >= 0xffff0000:
		p.i.Imm, p.i.Invert = ^uint32(v), true
	default:
		return errAt(t, "an immed loads 16 bits; write the shift apart (0x1234, <<8) or use immed_w1 for the upper half")
	}
	return nil
}

func (p *parser) parseCSR(t token) *lineError {
	for n, name := range csrNames {
		if name != "" && name == t.text {
			p.i.CSR = uint16(n * csrUnit)
			return nil
		}
	}
	v, err := number(t, "local CSR", (1<<fCSRNum.width()-1)*csrUnit)
	if err != nil {
		return err
	}
	if v%csrUnit != 0 {
		return errAt(t, "the address of a local CSR is a multiple of 4")
	}
	p.i.CSR = uint16(v)
	return nil
}

func (p *parser) parseSignals(ts []token, name token) *lineError {
	if len(ts) == 0 {
		return errAt(name, "%s needs signals, voluntary, kill, bpt or --", name.text)
	}
	if len(ts) == 1 {
		switch ts[0].text {
		case "bpt":
			p.i.Break = true
			return nil
		case "voluntary":
			p.i.SigMask = 1
			return nil
		case "kill":
			return nil
		case "--":
			p.i.NoLoad = true
			return nil
		}
	}
	for _, t := range ts {
		n, err := signal(t)
		if err != nil {
			return err
		}
		if p.i.SigMask>>n&1 != 0 {
			return errAt(t, "%s twice", t.text)
		}
		p.i.SigMask |= 1 << n
	}
	return nil
}

// signal reads sig1..sig15.
func signal(t token) (uint8, *lineError) {
	rest, ok := strings.CutPrefix(t.text, "sig")
	n, err := number(token{rest, t.at + 3}, "signal", 15)
	if !ok || err != nil || n == 0 {
		return 0, errAt(t, "%q is no signal (sig1 to sig15)", t.text)
	}
	return uint8(n), nil
}

func (p *parser) parseCmdArg(a arg, t token) (err *lineError) {
	c := &p.i.Cmd
	var v uint64
	switch a {
	case argAction:
		p.action = t
	case argXfer:
		rest, ok := strings.CutPrefix(t.text, "$xfer_")
		if !ok {
			return errAt(t, "%q is no transfer register", t.text)
		}
		v, err = number(token{rest, t.at + len("$xfer_")}, "transfer register", 63)
		c.Xfer = uint8(v)
	case argRef:
		v, err = number(t, "data reference", 0x7f)
		c.Xfer, c.Indirect = uint8(v&0x3f), v>>6 != 0
	case argHigh, argAddrA:
		p.high, err = operand(t)
	case argLow, argAddrB:
		p.low, err = operand(t)
	case argBy8:
		if t.text != "<<8" {
			return errAt(t, "%q in place of <<8", t.text)
		}
	case argAddr16:
		v, err = number(t, "immediate address", 0xffff)
		p.i.Imm = uint32(v)
	case argData14:
		v, err = number(t, "immediate data", 0x3fff)
		c.SetData(uint16(v))
	case argData22:
		v, err = number(t, "immediate data", 0x3fffff)
		p.i.Imm, c.Xfer = uint32(v&0xffff), uint8(v>>16)
	case argDash:
		if t.text != "--" {
			return errAt(t, "%q in place of --", t.text)
		}
	case argLen:
		v, err = number(t, "length", 8)
		if err == nil && v == 0 {
			return errAt(t, "a command moves at least one unit")
		}
		c.Len = uint8(v - 1)
	default:
		panic("BUG: argument without a parser")
	}
	return err
}
