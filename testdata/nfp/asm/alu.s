	alu[gprA_1, --, B, gprB_3]                                   // 0008c0a000100c00
	alu[gprA_1, gprA_2, +, gprB_3]                               // 000ea0a080100c02
	alu[gprA_1, --, ~B, gprB_3]                                  // 0005c0a200100c00
	alu[gprA_1, gprA_2, +16, gprB_3]                             // 0003a0a280100c02
	alu[gprA_1, gprA_2, AND, gprB_3]                             // 0007a0a400100c02
	alu[gprA_1, gprA_2, +8, gprB_3]                              // 0000a0a480100c02
	alu[gprA_1, gprA_2, ~AND, gprB_3]                            // 000aa0a600100c02
	alu[gprA_1, gprA_2, -carry, gprB_3]                          // 000da0a680100c02
	alu[gprA_1, gprA_2, AND~, gprB_3]                            // 000040a800100c02
	alu[gprA_1, gprA_2, +carry, gprB_3]                          // 000740a880100c02
	alu[gprA_1, gprA_2, OR, gprB_3]                              // 000d40aa00100c02
	alu[gprA_1, gprA_2, -, gprB_3]                               // 000a40aa80100c02
	alu[gprA_1, gprA_2, XOR, gprB_3]                             // 000e40ac00100c02
	alu[gprA_1, gprA_2, B-A, gprB_3]                             // 000940ac80100c02
	alu[gprB_1, gprB_3, +, gprA_2]                               // 0004c0b0c0100c02
	alu[--, gprA_2, -, 0xff]                                     // 000f60aab00ffc02
	alu[gprA_1, gprA_2, +, *l$index0[15]], gpr_wrboth            // 000642a080183c02
	alu[*l$index3++, --, B, gprB_3]                              // 000668a023000c00
	alu[gprA_1, --, B, *l$index2[4]]                             // 000c04a000181000
	alu[$xfer_5, --, B, n$reg_7]                                 // 000020a0185a1c00
	alu[@gprA_100, gprA_2, +, gprB_3]                            // 000220a08e400c02
	alu[*$index++, --, B, gprB_3]                                // 000240a010200c00
	alu[*$index--, --, B, gprB_3]                                // 000d40a010400c00
	alu[*n$index++, --, B, gprB_3]                               // 000bc0a024200c00
	alu[gprA_1, gprA_2, +, gprB_3], no_cc, predicate_cc          // 000411a080100c02
	ffs[gprA_1, gprB_3]                                          // 0000c0a700100c00
	pop_count3[gprA_1, gprB_3]                                   // 0004c0a180100c00
	pop_count1[gprB_3]                                           // 000780a330000c00
	pop_count2[gprB_3]                                           // 000080a3b0000c00
	cam_clear                                                    // 000f80a5b0000000
	cam_lookup[gprA_1, gprA_2]                                   // 000d40ab80100002
	cam_lookup[gprA_1, gprA_2], lm_addr3[1]                      // 000b40ab80105c02
	cam_write[gprB_3, gprA_2, 5]                                 // 000a00a980500c02
	cam_write_state[gprB_3, 5]                                   // 000560ad80500c00
	cam_read_tag[gprA_1, gprB_3]                                 // 0007c0a780100c00
	cam_read_state[gprA_1, gprB_3]                               // 000e20af80100c00
	crc_be[crc_32, gprA_1, gprB_3]                               // 000e80a900100c80
	crc_le[crc_32, gprA_1, gprB_3], byte_0, bit_swap             // 000180a900100c9e
	crc_be[crc_iscsi, gprA_1, gprB_3], bytes_1_3                 // 000fc0a900100ca1
	alu[gprB_31, --, B, gprA_31], no_cc, gpr_wrboth, predicate_cc // 000553b041f0001f
	alu[gprB_31, --, ~B, gprA_31], no_cc, gpr_wrboth, predicate_cc // 000853b241f0001f
	alu[gprB_31, $xfer_63, +, gprA_31], no_cc, gpr_wrboth, predicate_cc // 0000b3b0c1f77c1f
	alu[gprB_31, $xfer_63, +16, gprA_31], no_cc, gpr_wrboth, predicate_cc // 000db3b2c1f77c1f
	alu[gprB_31, $xfer_63, +8, gprA_31], no_cc, gpr_wrboth, predicate_cc // 000eb3b4c1f77c1f
	alu[gprB_31, $xfer_63, AND, gprA_31], no_cc, gpr_wrboth, predicate_cc // 0009b3b441f77c1f
	alu[gprB_31, $xfer_63, ~AND, gprA_31], no_cc, gpr_wrboth, predicate_cc // 0004b3b641f77c1f
	alu[gprB_31, $xfer_63, AND~, gprA_31], no_cc, gpr_wrboth, predicate_cc // 000e53b841f77c1f
	alu[gprB_31, $xfer_63, OR, gprA_31], no_cc, gpr_wrboth, predicate_cc // 000353ba41f77c1f
	alu[gprB_31, $xfer_63, XOR, gprA_31], no_cc, gpr_wrboth, predicate_cc // 000053bc41f77c1f
	alu[gprB_31, $xfer_63, -, gprA_31], no_cc, gpr_wrboth, predicate_cc // 000453bac1f77c1f
	alu[gprB_31, $xfer_63, B-A, gprA_31], no_cc, gpr_wrboth, predicate_cc // 000753bcc1f77c1f
	alu[gprB_31, $xfer_63, -carry, gprA_31], no_cc, gpr_wrboth, predicate_cc // 0003b3b6c1f77c1f
	alu[gprB_31, $xfer_63, +carry, gprA_31], no_cc, gpr_wrboth, predicate_cc // 000953b8c1f77c1f
	alu[gprA_3, gprA_0, +, gprB_4]                               // 000ca0a080301000
	alu[gprA_3, @gprA_127, +, gprB_4]                            // 0004e0a0803010ff
	alu[gprA_3, $xfer_32, +, gprB_4]                             // 000200a0803011c0
	alu[gprA_3, *$index, +, gprB_4]                              // 000400a080301100
	alu[gprA_3, *$index++, +, gprB_4]                            // 000560a080301102
	alu[gprA_3, *$index--, +, gprB_4]                            // 000660a080301104
	alu[gprA_3, *l$index0, +, gprB_4]                            // 000f80a080301200
	alu[gprA_3, *l$index1[15], +, gprB_4]                        // 0009a0a08030122f
	alu[gprA_3, *l$index2[7], +, gprB_4]                         // 0001c4a080301207
	alu[gprA_3, *l$index3++, +, gprB_4]                          // 000be4a080301230
	alu[gprA_3, *l$index1--, +, gprB_4]                          // 0006a0a080301231
	alu[gprA_3, n$reg_31, +, gprB_4]                             // 0004c0a08030129f
	alu[gprA_3, *n$index, +, gprB_4]                             // 000d20a080301240
	alu[gprA_3, *n$index++, +, gprB_4]                           // 000c40a080301242
	alu[gprA_3, 0x0, +, gprB_4]                                  // 000720a080301300
	alu[gprA_3, 0xff, +, gprB_4]                                 // 000f60a0803013ff
	alu[*l$index2[9], gprA_5, XOR, gprB_0]                       // 000fc8ac20900005
	alu[*l$index2[9], gprA_5, XOR, @gprB_127]                    // 000428ac2093fc05
	alu[*l$index2[9], gprA_5, XOR, $xfer_31]                     // 000fe8ac20967c05
	alu[*l$index2[9], gprA_5, XOR, *l$index3[1]]                 // 0005ccac20988405
	alu[*l$index2[9], gprA_5, XOR, 0x7f]                         // 000b68ac209dfc05
	alu[--, gprB_4, -, gprA_3]                                   // 000540aaf0001003
	alu[gprB_7, gprB_4, -, gprA_3]                               // 0005e0bac0701003
	alu[@gprB_9, gprB_4, -, gprA_3]                              // 000920bac8901003
	alu[$xfer_40, gprB_4, -, gprA_3]                             // 000980aadc801003
	alu[*$index--, gprB_4, -, gprA_3]                            // 000980aad0401003
	alu[*l$index3--, gprB_4, -, gprA_3]                          // 0007e8aae3101003
	alu[n$reg_2, gprB_4, -, gprA_3]                              // 000300aae8201003
	alu[*n$index, gprB_4, -, gprA_3]                             // 000640aae4001003
	alu[gprA_1, gprB_2, -, 0x5]                                  // 000b80aac0100b05
	alu[gprA_1, 0x5, -, gprA_2]                                  // 000240aac01c1402
	alu[gprA_1, *l$index2[3], OR, *l$index3[4]]                  // 000b84aa00189203
	alu[--, --, B, 0x0]                                          // 000600a0300c0000
	crc_le[crc_ccitt, --, $xfer_2], byte_3, no_cc                // 000061a93006084b
	crc_be[--, gprB_1, *l$index2], bytes_0_2, bit_swap, gpr_wrboth // 000386b900180014
	crc_be[crc_5, --, gprA_1], bytes_0_1                         // 0007c0a970039401
	crc_be[crc_10, --, gprA_1], bytes_2_3                        // 000c20a970030801
	cam_lookup[--, gprB_4], lm_addr0[0]                          // 000f20abf0001001
	cam_lookup[*l$index3, 0x1f], lm_addr2[3], predicate_cc       // 000878aba200771f
	cam_write[gprA_1, gprB_2, 15]                                // 000120a9c0f00801
	cam_clear, no_cc                                             // 0002e1a5b0000000
