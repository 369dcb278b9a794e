package verify_test

// onEight makes eight bytes of the stack the memory of a helper's first two arguments.
const onEight = `*(u64 *)(r10 -8) = 0; r1 = r10; r1 += -8; r2 = 8; `

var stringCases = []verdictCase{
	{name: "stack beside a string", src: onEight + `r3 = map[rodata] value +0; call strncmp; exit`},
	{name: "stack beside a string inside the data", src: onEight + `r3 = map[rodata] value +5; call strncmp; exit`},
	{name: "value beside a string", src: val + `r1 = r0; r2 = 16; r3 = map[rodata] value +4; call strncmp;` + out},
	{name: "value beside a string, beyond the value", src: val + `r1 = r0; r2 = 17; r3 = map[rodata] value +4; call strncmp;` + out, want: "byte 0..16"},
	{name: "string beside a string", src: `r1 = map[rodata] value +0; r2 = 8; r3 = map[rodata] value +4; call strncmp; exit`},
	{name: "bytes that nobody wrote", src: `r1 = r10; r1 += -8; r2 = 8; r3 = map[rodata] value +4; call strncmp; exit`},
	{name: "no bytes", src: `*(u64 *)(r10 -8) = 0; r1 = r10; r1 += -8; r2 = 0; r3 = map[rodata] value +4; call strncmp; exit`, want: "may be 0"},
	{name: "bytes of the packet", src: pkt + `r1 = r2; r2 = 8; r3 = map[rodata] value +4; call strncmp;` + out, want: "packet memory"},
	{name: "as many bytes as a run knows", src: rnd + `r6 = r0; ` + onEight + `r2 = r6; r2 &= 7; r2 += 1; r3 = map[rodata] value +4; call strncmp; exit`},
	{name: "result is a number", src: onEight + `r3 = map[rodata] value +4; call strncmp; r0 = *(u8 *)(r0 +0); exit`, want: "R0"},
	{name: "string without end", src: onEight + `r3 = map[endless] value +1; call strncmp; exit`, want: `the string of map "endless" at byte 1, which bpf_strncmp gets in R3, has no 0 byte at its end`},
	{name: "string behind the data", src: onEight + `r3 = map[rodata] value +0; r3 += 8; call strncmp; exit`, want: "byte 8 of the value"},
	{name: "string before the data", src: onEight + `r3 = map[rodata] value +0; r3 += -1; call strncmp; exit`, want: "byte -1 of the value"},
	{name: "string in data that changes", src: onEight + `r3 = map[data] value +0; call strncmp; exit`, want: `may change`},
	{name: "string in a value", src: val + `r6 = r0; ` + onEight + `r3 = r6; call strncmp;` + out, want: `may change`},
	{name: "string on the stack", src: onEight + `r3 = r1; call strncmp; exit`, want: "needs a constant string in R3"},
	{name: "a number for a string", src: onEight + `r3 = 0; call strncmp; exit`, want: "needs a constant string in R3"},
	{name: "string at a place that a run knows", src: rnd + `r6 = r0; r6 &= 3; ` + onEight + `r3 = map[rodata] value +0; r3 += r6; call strncmp; exit`, want: "is not constant"},
	{name: "one of two strings", src: rnd + `r6 = r0; ` + onEight + `r3 = map[rodata] value +0; if r6 == 0 goto j; r3 += 4; j: call strncmp; exit`},
}
