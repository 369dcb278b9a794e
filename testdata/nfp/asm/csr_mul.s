	local_csr_wr[ActLMAddr0, gprA_5]                             // 0007e0fc066c0005
	local_csr_wr[ActLMAddr3, gprB_5]                             // 000fe0fc09e01700
	local_csr_wr[XferIndex, 0x8]                                 // 000ce0fc076c2308
	local_csr_rd[PseudoRndNum]                                   // 000ea0fc14800000
	local_csr_rd[TimestampLow]                                   // 000be0fc0c000000
	mul_step[gprA_2, gprB_3], start                              // 000480f800000c02
	mul_step[gprA_2, gprB_3], 24x8_step1                         // 000380f880000c02
	mul_step[gprA_2, gprB_3], 32x32_step4                        // 000480f980300c02
	mul_step[gprA_7, --], 32x32_last, gpr_wrboth                 // 0007e2f980400007
	mul_step[gprB_8, --], 32x32_last2                            // 0008c0f980d00008
	mul_step[0x0, --], 32x32_last                                // 000820f980400300
	local_csr_wr[0x1ffc, gprA_1]                                 // 000680fdffec0001
	local_csr_wr[CtxEnables, *l$index3[3]]                       // 000d84fc01ac0223
	local_csr_wr[ByteIndex, @gprB_64]                            // 000960fc07230300
	local_csr_wr[Mailbox3, 0xff]                                 // 000dc0fc17efffff
	local_csr_rd[ActCtxStatus]                                   // 000420fc04400000
	local_csr_rd[0x3c]                                           // 000420fc03c00000
	local_csr_wr[CmdIndirectRef0, n$reg_9]                       // 000560fc192c0289
	local_csr_wr[CRCRemainder, *$index++]                        // 000fe0fc142c0102
	mul_step[gprA_1, $xfer_2], 16x16_step1, no_cc                // 000a41f900060801
	mul_step[gprB_1, gprA_2], 16x16_step2                        // 000f60f940100402
	mul_step[*l$index2[1], 0xff], 32x32_step3, predicate_cc      // 000574f9802ffe01
	mul_step[$xfer_33, --], 24x8_last, gpr_wrboth                // 000142f8804001c1
	mul_step[*l$index3[1], --], 16x16_last2                      // 000d28f900500221
	mul_step[gprB_0, --], 32x32_last, no_cc, gpr_wrboth, predicate_cc // 0004f3f980c00000
