package nfpisa

import "strings"

// parseMods reads ", mod, mod".
func (p *parser) parseMods(rest token) *lineError {
	if rest.text != "" {
		if rest.text[0] != ',' {
			return errAt(rest, "%q after the instruction", rest.text)
		}
		for _, t := range (token{rest.text[1:], rest.at + 1}).split() {
			if err := p.parseMod(t); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *parser) parseMod(t token) *lineError {
	for _, m := range p.s.mods {
		ok, err := p.tryMod(m, t)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if p.used>>m&1 != 0 {
			return errAt(t, "%s: there is such a modifier already", t.text)
		}
		p.used |= 1 << m
		return nil
	}
	return errAt(t, "%q is no modifier of this instruction", t.text)
}

// bracketed returns what stands in name[...].
func (t token) bracketed(name string) (token, bool) {
	rest, ok := strings.CutPrefix(t.text, name+"[")
	rest, ok2 := strings.CutSuffix(rest, "]")
	return token{rest, t.at + len(name) + 1}, ok && ok2
}

// flagMods are the modifiers that are a word.
var flagMods = map[mod]string{
	modNoCC:     "no_cc",
	modLoadCC:   "load_cc",
	modWrBoth:   "gpr_wrboth",
	modPredCC:   "predicate_cc",
	modBitSwap:  "bit_swap",
	modAny:      "any",
	modIndirect: "indirect_ref",
}

// tryMod reads t if it is the modifier m.
func (p *parser) tryMod(m mod, t token) (bool, *lineError) {
	i, c := &p.i, &p.i.Cmd
	if name := flagMods[m]; name != "" {
		if t.text != name {
			return false, nil
		}
		switch m {
		case modNoCC:
			i.NoCC = true
		case modLoadCC:
			i.SetCC = true
		case modWrBoth:
			i.WrBoth = true
		case modPredCC:
			i.PredCC = true
		case modBitSwap:
			i.CRC |= CRCBitSwap
		case modAny:
			i.Any = true
		case modIndirect:
			c.Indirect = true
		}
		return true, nil
	}
	switch m {
	case modDefer:
		arg, ok := t.bracketed("defer")
		if !ok {
			return false, nil
		}
		v, err := number(arg, "number of defer slots", 3)
		i.Defer = uint8(v)
		return true, err
	case modCamLM:
		return p.tryCamLM(t)
	case modCRCBytes:
		for k, name := range crcBytes {
			if name != "" && name == t.text {
				i.CRC |= CRC(k)
				return true, nil
			}
		}
	case modMulStep:
		return p.tryMulStep(t)
	case modResume:
		arg, ok := t.bracketed("br")
		if !ok {
			return false, nil
		}
		v, err := p.address(arg, maxAddress)
		i.Resume, i.Target = true, uint16(v)
		return true, err
	case modCtxSwap:
		arg, ok := t.bracketed("ctx_swap")
		if !ok {
			return false, nil
		}
		c.Ctx = CmdSwap
		if arg.text == "--" {
			return true, nil
		}
		return true, p.setSignal(arg)
	case modSigDone:
		arg, ok := t.bracketed("sig_done")
		if !ok {
			return false, nil
		}
		return true, p.setSignal(arg)
	case modCmdDefer:
		arg, ok := t.bracketed("defer")
		if !ok {
			return false, nil
		}
		if p.used>>modCtxSwap&1 == 0 {
			return false, errAt(t, "defer comes after ctx_swap")
		}
		v, err := number(arg, "number of defer slots of a command", 2)
		if err == nil && v == 0 {
			return false, errAt(arg, "a command has one or two defer slots")
		}
		c.Ctx = CmdCtx(v)
		return true, err
	}
	return false, nil
}

func (p *parser) setSignal(t token) *lineError {
	if p.i.Cmd.Mode == ModeImmBoth {
		return errAt(t, "a command with immediate data has no signal")
	}
	if p.used&(1<<modCtxSwap|1<<modSigDone) != 0 {
		return errAt(t, "a command has one signal")
	}
	n, err := signal(t)
	p.i.Cmd.Signal = n
	return err
}

func (p *parser) tryCamLM(t token) (bool, *lineError) {
	rest, ok := strings.CutPrefix(t.text, "lm_addr")
	if !ok {
		return false, nil
	}
	num, low, ok := strings.Cut(rest, "[")
	low, ok2 := strings.CutSuffix(low, "]")
	if !ok || !ok2 {
		return false, errAt(t, "%q in place of lm_addr0[0]", t.text)
	}
	n, err := number(token{num, t.at}, "index register", 3)
	if err != nil {
		return false, err
	}
	v, err := number(token{low, t.at}, "address bits", 3)
	p.right = LMem(int(n), int(v))
	return true, err
}

func (p *parser) tryMulStep(t token) (bool, *lineError) {
	if t.text == mulTypes[MulStart] {
		p.i.Mul, p.i.Step = MulStart, 0
		return true, nil
	}
	typ, step, ok := strings.Cut(t.text, "_")
	if !ok {
		return false, nil
	}
	for k, name := range mulTypes[1:] {
		if name != typ {
			continue
		}
		n, err := index(token{step, t.at + len(typ) + 1}, "multiplication step", mulSteps[:])
		p.i.Mul, p.i.Step = MulType(k+1), MulStep(n)
		return true, err
	}
	return false, nil
}

// finish puts the logical operands in their fields.
func (p *parser) finish(name token) *lineError {
	i := &p.i
	switch i.Class {
	case ClassALU, ClassALUShf, ClassLdField:
		i.A, i.B, i.Swap = arrange(p.left, p.right)
	case ClassMulStep:
		if p.used>>modMulStep&1 == 0 {
			return errAt(name, "a mul_step needs its type and step (32x32_step1)")
		}
		if last := i.Step >= MulLast; last != (p.s.args[0] == argMulDst) {
			return errAt(name, "the last steps of a multiplication take a destination and --, the others two operands")
		}
		if i.Step < MulLast {
			i.A, i.B, i.Swap = arrange(p.left, p.right)
		}
	case ClassBrByte, ClassBrBit, ClassJump:
		*i = oneSource(*i, p.src)
	case ClassLocalCSR:
		if i.Write {
			*i = CSRWr(i.CSR, p.src)
		}
	case ClassImmed:
		if i.IsNop() && p.label.text == "" && *i != Nop() {
			return errAt(name, "an immed of 0 without a destination is written nop")
		}
	case ClassCmd:
		return p.finishCmd(name)
	}
	return nil
}

func (p *parser) finishCmd(name token) *lineError {
	i := &p.i
	c := &i.Cmd
	switch c.Mode {
	case Mode40AB, ModeThird2:
		swap := false
		if i.A, i.B, swap = arrange(p.high, p.low); swap {
			c.Mode++
		}
	case Mode32:
		i.A, i.B = p.high, p.low
	}
	found := false
	for op, actions := range cmdActions {
		if cmdTargets[op>>2] != name.text {
			continue
		}
		for _, a := range actions {
			if a.name != p.action.text {
				continue
			}
			found = true
			if c.Len&a.lenMask != a.len {
				continue
			}
			c.Op = uint8(op)
			if c.Mode != ModeImmBoth {
				c.Token = a.token
			} else if a.token != 0 {
				return errAt(p.action, "%s cannot have immediate data and address", a.name)
			}
			return nil
		}
	}
	if found {
		return errAt(p.action, "%s does not go with length %d", p.action.text, int(c.Len)+1)
	}
	return errAt(p.action, "unit %s has no action %q", name.text, p.action.text)
}
