package verify_test

// coarseCases are those in which the kernel's rules are coarser than they need be,
// or finer than one thinks.
var coarseCases = []verdictCase{
	{name: "pointer to the program's stack into a caller's frame", src: `r1 = r10; r1 += -8; call F; r0 = 0; exit; F: r2 = r10; r2 += -8; call H; r0 = 0; exit; H: *(u64 *)(r2 +0) = r1; r0 = 0; exit`, want: "stored in the stack of a caller"},
	{name: "pointer to the program's stack into its own frame", src: `r1 = r10; r1 += -8; call F; r0 = 0; exit; F: *(u64 *)(r1 +0) = r1; r0 = 0; exit`, want: "stored in the stack of a caller"},
	{name: "pointer to the program's stack in the own frame", src: `r1 = r10; r1 += -8; call F; r0 = 0; exit; F: *(u64 *)(r10 -8) = r1; r0 = 0; exit`},
	{name: "pointer to the packet into a caller's frame", src: pkt + `*(u64 *)(r10 -8) = 0; r1 = r10; r1 += -8; call F; r1 = *(u64 *)(r10 -8); r0 = *(u8 *)(r1 +13);` + out + `; F: *(u64 *)(r1 +0) = r2; r0 = 0; exit`},
	{name: "pointer fetched by an exchange", src: val + `*(u64 *)(r10 -16) = r0; r1 = 0; r1 = atomic_xchg((u64 *)(r10 -16), r1); r0 = *(u64 *)(r1 +0);` + out},
	{name: "pointer fetched by an addition", src: val + `*(u64 *)(r10 -16) = r0; r1 = 0; r1 = atomic_fetch_add((u64 *)(r10 -16), r1); r0 = *(u64 *)(r1 +0);` + out},
	{name: "pointer fetched is not there any more", src: val + `*(u64 *)(r10 -16) = r0; r1 = 0; r1 = atomic_xchg((u64 *)(r10 -16), r1); r1 = *(u64 *)(r10 -16); r0 = *(u64 *)(r1 +0);` + out, want: "not a pointer"},
	{name: "pointer fetched by an exchange, beyond the value", src: val + `*(u64 *)(r10 -16) = r0; r1 = 0; r1 = atomic_xchg((u64 *)(r10 -16), r1); r0 = *(u64 *)(r1 +16);` + out, want: "byte 16..23 of the value"},
	{name: "arithmetic on a pointer fetched", src: val + `*(u64 *)(r10 -16) = r0; r1 = 0; r1 = atomic_xchg((u64 *)(r10 -16), r1); r1 *= 2; ` + out, want: "a pointer"},
	{name: "null of size 0", src: `r1 = 0; r2 = 0; r3 = r10; r3 += -8; r4 = 8; r5 = 0; call csum_diff; exit`},
	{name: "null of a size that may be more", src: rnd + `r2 = r0; r2 &= 4; r1 = 0; r3 = r10; r3 += -8; r4 = 8; r5 = 0; call csum_diff; exit`, want: "a size that may not be 0"},
	{name: "null and null", src: `r1 = 0; r2 = 0; r3 = 0; r4 = 0; r5 = 0; call csum_diff; exit`},
	{name: "nothing at the frame's top", src: `r1 = r10; r2 = 0; r3 = 0; r4 = 0; r5 = 0; call csum_diff; exit`, want: "stack byte"},
	{name: "nothing below the frame's top", src: `r1 = r10; r1 += -1; r2 = 0; r3 = 0; r4 = 0; r5 = 0; call csum_diff; exit`},
	{name: "nothing behind a packet pointer", src: `r1 = *(u32 *)(r1 +0); r2 = 0; r3 = 0; r4 = 0; r5 = 0; call csum_diff; exit`},
	{name: "nothing behind a value that may be null", src: `*(u32 *)(r10 -4) = 1; r2 = r10; r2 += -4; r1 = map[hash]; call map_lookup_elem; r1 = r0; r2 = 0; r3 = 0; r4 = 0; r5 = 0; call csum_diff; exit`},
	{name: "something behind a value that may be null", src: `*(u32 *)(r10 -4) = 1; r2 = r10; r2 += -4; r1 = map[hash]; call map_lookup_elem; r1 = r0; r2 = 4; r3 = 0; r4 = 0; r5 = 0; call csum_diff; exit`, want: "null", kernel: "takes it, and reads at 0"},
	{name: "stack of a function that is never reached", src: `*(u64 *)(r10 -504) = 0; r1 = 0; if r1 == 0 goto z; call F; z: r0 = 0; exit; F: *(u64 *)(r10 -16) = 0; r0 = 0; exit`},
	{name: "stack of a function that is reached", src: `*(u64 *)(r10 -496) = 0; call F; r0 = 0; exit; F: r0 = 0; exit`},
	{name: "stack of a function that has none", src: `*(u64 *)(r10 -504) = 0; call F; r0 = 0; exit; F: r0 = 0; exit`},
	{name: "stack of a function, 16 bytes too much", src: `*(u64 *)(r10 -504) = 0; call F; r0 = 0; exit; F: *(u64 *)(r10 -8) = 0; r0 = 0; exit`, want: "bytes of stack together"},
}
