package nfpisa

// cmdIndex finds the action of a command by op, token and length: 1 + its
// place in cmdActions, or 0 if there is none.
var cmdIndex = buildCmdIndex()

func buildCmdIndex() (t [len(cmdActions)][4][8]uint8) {
	for op, actions := range cmdActions {
		for n, a := range actions {
			for l := range t[op][a.token] {
				if uint8(l)&a.lenMask == a.len && t[op][a.token][l] == 0 {
					t[op][a.token][l] = uint8(n + 1)
				}
			}
		}
	}
	return t
}

// cmdTargets names the unit that an op field speaks to, by its bits 6:2; ""
// is not defined.
//
//	6 5 4   2 1      0
//	0 0│unit │action │   ila, nbi, pcie, crypto, arm, ct
//	0 1 1│  action   │   sram
//	1 0│   action    │   mem
//	1 1│   action    │   cls
var cmdTargets = buildCmdTargets()

func buildCmdTargets() (t [32]string) {
	t[0], t[1], t[3], t[5], t[6], t[7] = "ila", "nbi", "pcie", "crypto", "arm", "ct"
	for i := 12; i < 16; i++ {
		t[i] = "sram"
	}
	for i := range 8 {
		t[16+i], t[24+i] = "mem", "cls"
	}
	return t
}

// Unit returns objdump's name of the unit that the command goes to: "mem",
// "cls", "ct", ..., or "".
func (c *Cmd) Unit() string { return cmdTargets[c.Op>>2&0x1f] }

// Action returns objdump's name of the action, or "" if it is not defined.
func (c *Cmd) Action() string {
	if int(c.Op) >= len(cmdActions) || c.Token > 3 || c.Len > 7 {
		return ""
	}
	n := cmdIndex[c.Op][c.actionToken()][c.Len]
	if n == 0 {
		return ""
	}
	return cmdActions[c.Op][n-1].name
}

// Data returns the 14-bit immediate data of a command in ModeImmBoth.
func (c *Cmd) Data() uint16 {
	return uint16(c.Signal)<<10 | uint16(c.Len)<<7 | uint16(c.Xfer&0x1f)<<2 | uint16(c.Token)
}

// SetData puts 14 bits of immediate data in the fields of a command in
// ModeImmBoth.
func (c *Cmd) SetData(v uint16) {
	c.Signal, c.Len, c.Xfer, c.Token = uint8(v>>10&0xf), uint8(v>>7&7), uint8(v>>2&0x1f), uint8(v&3)
}

// valid reports whether the parameters are defined.
func (c CRC) valid() bool { return crcNames[c>>5] != "" && crcBytes[c&7] != "" }
