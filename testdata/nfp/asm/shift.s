	alu_shf[gprA_1, --, B, gprB_3, >>4]                          // 0006008040100d00
	alu_shf[gprA_1, --, ~B, gprB_3, <<4]                         // 000c8083c0100e00
	alu_shf[gprA_1, gprA_2, AND, gprB_3, >>rot7]                 // 000dc08470100c02
	alu_shf[gprA_1, gprA_2, ~AND, gprB_3, >>1]                   // 000e608610100d02
	alu_shf[gprA_1, gprA_2, AND~, gprB_3, >>1]                   // 0004808810100d02
	alu_shf[gprA_1, gprA_2, OR, 0xff, <<8]                       // 0007a08b8017fe02
	asr[gprA_1, gprB_3, >>9]                                     // 000ce08c90100d00
	dbl_shf[gprA_1, gprA_2, gprB_3, >>12]                        // 00034080c0100f02
	byte_align_be[gprA_1, gprB_3]                                // 0008c08e00100c00
	byte_align_le[gprA_1, gprA_2]                                // 0006808e00100202
	alu_shf[--, gprA_2, OR, gprB_3, >>rot0]                      // 0001608a02000c02
	ld_field[gprA_1, 0101, gprB_3]                               // 000920c005000c01
	ld_field_w_clr[gprA_1, 1100, gprB_3, <<16], load_cc          // 000f80c50c100e01
	ld_field[gprA_1, 1111, gprB_3, >>rot8]                       // 000420c08f000c01
	alu_shf[gprA_1, --, B, gprA_2, >>rot31]                      // 00008081f0180002
	alu_shf[gprA_1, --, ~B, gprA_2, >>rot31]                     // 000d8083f0180002
	alu_shf[gprA_1, gprB_9, AND, gprA_2, >>rot31]                // 00018085f0182402
	alu_shf[gprA_1, gprB_9, ~AND, gprA_2, >>rot31]               // 000c8087f0182402
	alu_shf[gprA_1, gprB_9, AND~, gprA_2, >>rot31]               // 00066089f0182402
	alu_shf[gprA_1, gprB_9, OR, gprA_2, >>rot31]                 // 000b608bf0182402
	alu_shf[$xfer_33, *l$index1[7], OR, gprB_3, >>1], no_cc      // 0004c18a1c100d5f
	alu_shf[$xfer_33, *l$index1[7], OR, gprB_3, >>31], no_cc     // 000ec18bfc100d5f
	alu_shf[$xfer_33, *l$index1[7], OR, gprB_3, <<1], no_cc      // 0005418bfc100e5f
	alu_shf[$xfer_33, *l$index1[7], OR, gprB_3, <<31], no_cc     // 000f418a1c100e5f
	alu_shf[$xfer_33, *l$index1[7], OR, gprB_3, >>indirect], no_cc // 0002418a0c100d5f
	alu_shf[$xfer_33, *l$index1[7], OR, gprB_3, <<indirect], no_cc // 0009c18a0c100e5f
	alu_shf[$xfer_33, *l$index1[7], OR, gprB_3, >>rot0], no_cc   // 000ae18a0c100c5f
	alu_shf[$xfer_33, *l$index1[7], OR, gprB_3, >>rot1], no_cc   // 000c618a1c100c5f
	alu_shf[*l$index3[5], gprA_0, AND, gprB_1, >>3]              // 000ac88435d00500
	alu_shf[*l$index3[5], $xfer_31, AND, gprB_1, >>3]            // 0001888435d0059f
	alu_shf[*l$index3[5], $xfer_32, AND, gprB_1, >>3]            // 000cc88435d005c0
	alu_shf[*l$index3[5], *$index, AND, gprB_1, >>3]             // 0008688435d00540
	alu_shf[*l$index3[5], *$index++, AND, gprB_1, >>3]           // 0009088435d00542
	alu_shf[*l$index3[5], *$index--, AND, gprB_1, >>3]           // 000a088435d00544
	alu_shf[*l$index3[5], *l$index0, AND, gprB_1, >>3]           // 0000088435d00550
	alu_shf[*l$index3[5], *l$index1[7], AND, gprB_1, >>3]        // 0007888435d0055f
	alu_shf[*l$index3[5], *l$index2[1], AND, gprB_1, >>3]        // 000d4c8435d00551
	alu_shf[*l$index3[5], *l$index3[2], AND, gprB_1, >>3]        // 0008ac8435d0055a
	alu_shf[*l$index3[5], *n$index, AND, gprB_1, >>3]            // 0008888435d00541
	alu_shf[*l$index3[5], *n$index++, AND, gprB_1, >>3]          // 0009e88435d00543
	alu_shf[*l$index3[5], 0x0, AND, gprB_1, >>3]                 // 000b688435d00520
	alu_shf[*l$index3[5], 0x7f, AND, gprB_1, >>3]                // 0002888435d005ff
	alu_shf[*l$index3[5], 0x80, AND, gprB_1, >>3]                // 0003a88435d40520
	alu_shf[*l$index3[5], 0xff, AND, gprB_1, >>3]                // 000a488435d405ff
	alu_shf[--, $xfer_1, ~AND, gprB_0, <<3], gpr_wrboth, predicate_cc // 000af287d2000281
	alu_shf[--, $xfer_1, ~AND, $xfer_63, <<3], gpr_wrboth, predicate_cc // 0000d287d2037e81
	alu_shf[--, $xfer_1, ~AND, 0xc8, <<3], gpr_wrboth, predicate_cc // 000d1287d206a281
	asr[gprB_1, *l$index2[3], >>indirect]                        // 0008c49c00114d00
	asr[--, gprA_1, >>31], gpr_wrboth                            // 000f228df2080101
	dbl_shf[gprA_1, gprB_2, gprA_3, >>1]                         // 0008c08010180b03
	dbl_shf[gprA_1, gprA_2, $xfer_3, >>indirect]                 // 000c008000120f02
	dbl_shf[--, 0x7f, gprB_3, >>31], no_cc                       // 0006c181f2000fff
	byte_align_le[$xfer_4, gprB_2], no_cc                        // 000a618e08480a00
	byte_align_be[*l$index1[2], $xfer_9], gpr_wrboth             // 0007228e05a22400
	ld_field[gprB_1, 0000, gprA_1]                               // 000a80c000080401
	ld_field[*l$index3[2], 1000, gprA_1, >>indirect]             // 00006cc008096901
	ld_field[*l$index0[2], 1000, *l$index1[3], <<indirect], gpr_wrboth // 000262c008016e52
	ld_field[$xfer_34, 0011, 0xff, >>rot16], predicate_cc        // 000b50c10307fcc2
	ld_field_w_clr[gprB_21, 0110, gprA_20, >>8], load_cc, gpr_wrboth, predicate_cc // 0008f2c486185514
	ld_field[gprA_1, 1001, gprB_3, >>dbl7]                       // 000e20c079000f01
	ld_field[gprA_1, 1001, *$index++, <<31]                      // 000760c019010a01
