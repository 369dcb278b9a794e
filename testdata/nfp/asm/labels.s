// Directives, labels and comments.
	.ctx 4
	.start 3072
	.done 1
	.target skipsw 1
	.stack 64
	.entry main xdp
	.entry other tc

main:	immed[gprA_0, other]                      // 000480f000cc1400
loop:
	alu[gprA_1, gprA_1, -, 0x1]               ; counts down
	bne[loop], defer[1]
	nop
	br=byte[gprA_1, 0, 0x7f, main]
other:	br_bset[gprB_2, 31, end]
	ctx_arb[sig1], br[loop]
	jump[gprA_0, .2]
	.word 0xfa00000000                            // 000000fa00000000
end:	br[done]
