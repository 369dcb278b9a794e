	immed[gprA_1, 0x1234]                                        // 0005a0f0012cd001
	immed[gprB_1, 0x1234]                                        // 000000f001200734
	immed[gprA_1, 0x1234, <<8]                                   // 0008a0f2012cd001
	immed[gprA_1, 0x1234, <<16]                                  // 000ba0f4012cd001
	immed[gprA_1, 0xffffedcb]                                    // 0002a0f0812cd001
	immed_b3[gprA_1, 0x34]                                       // 000920f6200cd001
	immed_w1[gprA_1, 0x1234]                                     // 000720f4412cd001
	nop                                                          // 000000f0000c0300
	immed[--, 0x1]                                               // 000520f0000c0700
	immed[gprA_1, 0x0]                                           // 000b60f0000c0001
	immed[gprA_1, 0xffff]                                        // 000340f00ffffc01
	immed[gprA_1, 0xffff0000]                                    // 000440f08ffffc01
	immed[gprB_31, 0xffffffff, <<16], gpr_wrboth                 // 000902f480007f00
	immed[@gprB_127, 0xab, <<24]                                 // 000380f60003ffab
	immed[$xfer_63, 0x1, <<8], predicate_cc                      // 000530f2000c05df
	immed[*l$index3[15], 0x2]                                    // 000908f0000c0a2f
	immed[*l$index2++, 0xfffffffe]                               // 000c48f0800c0610
	immed[*$index, 0x3]                                          // 000f20f0000c0d00
	immed[n$reg_4, 0x5]                                          // 000d60f0000c1684
	immed_w0[gprB_2, 0xffff]                                     // 0005a0f04ff00bff
	immed_w1[*l$index1, 0x0], gpr_wrboth                         // 000c22f4400c0220
	immed_b0[gprA_1, 0xff]                                       // 000a00f0200ffc01
	immed_b1[gprB_1, 0x7f]                                       // 0005c0f22000077f
	immed_b2[$xfer_2, 0x1], predicate_cc                         // 000090f4200c0582
