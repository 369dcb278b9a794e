	beq[.10]                                                     // 000200d802808120
	bne[.10]                                                     // 0002e0d802808121
	bmi[.10]                                                     // 000360d802808122
	bpl[.10]                                                     // 000380d802808123
	bcs[.10]                                                     // 000060d802808124
	bcc[.10]                                                     // 000080d802808125
	bvs[.10]                                                     // 000100d802808126
	bvc[.10]                                                     // 0001e0d802808127
	bge[.10]                                                     // 000660d802808128
	blt[.10]                                                     // 000680d802808129
	ble[.10]                                                     // 000700d80280812a
	bgt[.10]                                                     // 0007e0d80280812b
	br[.10]                                                      // 0006a0d802808038
	br=ctx[3, .10]                                               // 000640d80280c130
	br!=ctx[3, .10]                                              // 0006a0d80280c131
	br_signal[5, .10]                                            // 000420d802814132
	br_!signal[5, .10]                                           // 0004c0d802814133
	br_inp_state[nn_full, .10]                                   // 0005e0d802804134
	br_!inp_state[ctm_ring2_status, .10]                         // 000be0d802810135
	br_cls_state[cls_ring9_status, .10]                          // 000040d802824136
	br_!cls_state[cls_ring9_status, .10]                         // 0000a0d802824137
	br[.16383], defer[2]                                         // 000b01dfffe08038
	bne[.8191], defer[3]                                         // 000760dffff08121
	br_bset[gprA_2, 0, .20]                                      // 000e60d005048402
	br_bclr[gprA_2, 31, .20], defer[1]                           // 000400d005118002
	br_bset[gprB_3, 5, .20]                                      // 000540d005040c26
	br=byte[gprA_2, 0, 0x45, .30]                                // 0001c0c8078a9402
	br!=byte[gprA_2, 3, 0x80, .30], defer[2]                     // 000f40c807a48302
	rtn[gprA_5], defer[3]                                        // 000a00e8003c0005
	jump[gprB_5, .272]                                           // 0009a0e800401710
	ctx_arb[kill]                                                // 0006e0e000000000
	ctx_arb[voluntary]                                           // 000600e000000001
	ctx_arb[sig1, sig2]                                          // 0005e0e000000006
	ctx_arb[sig1, sig2], any                                     // 000720e000010006
	ctx_arb[sig3], br[.77], defer[2]                             // 000c00e013640008
	ctx_arb[bpt]                                                 // 000220e000020000
	ctx_arb[--]                                                  // 0005a0e000080000
	br[.0]                                                       // 000f60d800008038
	beq[.16383], defer[3]                                        // 000ae1dffff08120
	br=ctx[15, .8192]                                            // 0004e1d80003c130
	br_signal[1, .1], defer[1]                                   // 000c20d800504132
	br_inp_state[nn_empty, .5]                                   // 000a00d801400134
	br_inp_state[ctm_ring13_status, .5]                          // 0001e0d80143c134
	br_cls_state[cls_ring15_status, .16383]                      // 0007a1dfffc3c136
	br_bset[*l$index2[3], 7, .9]                                 // 000ae4d00244a053
	br_bset[$xfer_63, 31, .9], defer[2]                          // 000440d0026580df
	br_bclr[*$index++, 16, .0]                                   // 0001e0d00000c442
	br=byte[gprB_4, 1, 0x7f, .3], defer[1]                       // 000920c800d811ff
	br=byte[*l$index3[1], 2, 0xff, .3]                           // 000944c800cffe59
	rtn[gprB_21]                                                 // 000ba0e800005700
	rtn[*l$index3--], defer[1]                                   // 000664e8001c0231
	jump[@gprA_64, .131071], defer[2]                            // 000f60e87feffcc0
	jump[$xfer_2, .1]                                            // 000cc0e8000c0582
	ctx_arb[sig15]                                               // 000720e000008000
	ctx_arb[bpt], any                                            // 0000e0e000030000
	ctx_arb[voluntary], br[.16383]                               // 0003e1e7ffc40001
	ctx_arb[--], any, br[.5], defer[3]                           // 0009a0e0017d0000
	ctx_arb[kill], defer[1]                                      // 0003a0e000100000
	ctx_arb[sig1, sig2, sig3, sig4, sig5, sig6, sig7, sig8, sig9, sig10, sig11, sig12, sig13, sig14, sig15], any // 000ae0e00001fffe
