	mem[read32_swap, $xfer_0, gprA_2, 0x4, 4], ctx_swap[sig1]    // 0004f05c16089002
	mem[read32_swap, $xfer_0, gprB_3, <<8, gprA_2, 2], ctx_swap[sig1] // 0000e45c12080c02
	mem[read32, $xfer_0, gprA_2, <<8, gprB_3, 2], sig_done[sig2] // 0009805c22000f02
	mem[write8_swap, $xfer_0, gprA_2, 0x4, 8], ctx_swap[sig1]    // 000170421e089002
	mem[add64, $xfer_0, gprB_3, <<8, gprA_2, 5], ctx_swap[sig1], defer[2] // 0003844718000e02
	mem[add_imm, $xfer_0, gprB_3, <<8, gprA_2, 1], indirect_ref  // 0000c64700080f02
	cls[read, $xfer_0, gprA_2, gprB_3, 2], ctx_swap[sig1]        // 0002306012000c02
	ct[xpb_read, $xfer_0, gprA_2, gprB_3, 1], ctx_swap[sig1]     // 000d301c10000c02
	nbi[read, $xfer_0, gprA_2, gprB_3, 1], ctx_swap[sig1]        // 0002300410000c02
	mem[read, $xfer_0, 0x3412, 1], ctx_swap[sig1]                // 000954401000d012
	mem[set, 0x3412, 0xc84]                                      // 000898453210d312
	mem[set_imm, 0x13412, --, 2]                                 // 000a7c450218d312
	mem[read, 0x21, gprA_2, <<8, gprB_3, 1], ctx_swap[sig1]      // 000a094010100c02
	mem[read8, $xfer_40, gprA_2, gprB_3, 8], ctx_swap[sig1]      // 000d31431e840c02
	mem[write32_swap, $xfer_5, *l$index1[7], gprB_1, 8], sig_done[sig15] // 000c105ffe58075f
	mem[test_add, $xfer_5, gprA_1, <<8, *l$index0, 1], ctx_swap[sig1], defer[1] // 0004804710554101
	mem[test_add64, $xfer_5, $xfer_2, <<8, gprA_1, 5], indirect_ref, ctx_swap[--] // 000a264708560801
	mem[xor_imm, 0x3fffff, --, 1]                                // 00081d4f01fbffff
	mem[read, 0x7f, gprB_1, <<8, gprA_1, 8], sig_done[sig3]      // 000f2f403ff00701
	mem[read32, $xfer_63, 0x7f, gprB_1, 1]                       // 0006715c01f007ff
	ila[read, $xfer_0, gprA_0, <<8, gprB_0, 1], ctx_swap[--]     // 0000000000000000
	ila[write_dma, $xfer_1, 0x1234, 4]                           // 000a140306104b34
	pcie[write_vdm, $xfer_1, gprA_1, *$index++, 2]               // 000e300d02190b01
	arm[write, $xfer_1, gprA_1, *n$index, 2]                     // 0009901902110701
	crypto[write_fifo, $xfer_1, gprA_1, gprB_1, 2], ctx_swap[sig9] // 0000b01692100401
	nbi[packet_ready_unicast, $xfer_1, gprA_1, gprB_1, 2], ctx_swap[sig9] // 0005900792140401
	ct[interthread_signal, $xfer_1, gprA_1, gprB_1, 1]           // 000e901c00180701
	ct[reflect_write_sig_both, $xfer_1, gprA_1, <<8, gprB_1, 1]  // 0007801f001c0701
	cls[test_add_imm, $xfer_1, 0x20, gprB_1, 1]                  // 0001507500100760
	cls[ring_workq_add_work, $xfer_1, gprA_1, 0x0, 1], indirect_ref // 000ed27900148301
	cls[cam_lookup32_add_extend, $xfer_1, gprA_1, gprB_0, 8], sig_done[sig2] // 000c10702e1c0301
	mem[compare_write_or_incr/mask_compare_write, $xfer_1, gprA_1, gprB_0, 8] // 000450430e180301
	mem[emem.lookup/imem.lookup, $xfer_1, gprA_1, gprB_0, 8]     // 0003105a0e100301
	mem[lock256/lock512, $xfer_1, gprA_1, gprB_0, 5]             // 000b704c081c0301
