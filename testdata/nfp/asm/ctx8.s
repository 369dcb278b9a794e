	.ctx 8
	alu[gprA_15, gprB_15, +, gprA_1]                             // 000ae0a0c0f03c01
	alu[gprA_1, $xfer_31, +, n$reg_15]                           // 000d60a0801a3dcf
	alu_shf[$xfer_31, $xfer_15, OR, gprB_15, >>1]                // 000e808a1cf03d8f
	ld_field[$xfer_16, 0001, $xfer_15]                           // 000280c001023cc0
	immed[gprB_15, 0x1]                                          // 000b60f000003f01
	br_bset[gprB_15, 1, .3]                                      // 000ee0d000c43c22
	br!=byte[$xfer_31, 1, 0x1, .3]                               // 000420c800c085cf
	local_csr_wr[XferIndex, $xfer_31]                            // 000000fc076c01cf
	mul_step[gprA_15, gprB_15], 32x32_step1                      // 000260f980003c0f
	jump[gprB_15, .3]                                            // 000500e800003f03
	mem[read32, $xfer_63, gprA_15, gprB_15, 1]                   // 000c915c01f03f0f
	alu[n$reg_15, @gprA_127, AND, *l$index3++]                   // 0007c4a428f8c0ff
