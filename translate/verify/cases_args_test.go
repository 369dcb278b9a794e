package verify_test

import "fmt"

// numbers leaves unknown numbers in the 24 bytes of stack below R10, the small
// number 2 in R9 and the context in R6.
const numbers = `r6 = r1; call get_prandom_u32; *(u64 *)(r10 -8) = r0; *(u64 *)(r10 -16) = r0; *(u64 *)(r10 -24) = r0; r9 = 2;`

// keyCases look up keys at each offset in and around a constant of each width:
// only a key that ends where the spilled constant ends, or one of zeros alone,
// is known.
func keyCases() (cases []verdictCase) {
	lookup := func(at int) string {
		return fmt.Sprintf(`r2 = r10; r2 += %d; r1 = map[arr]; call map_lookup_elem; r0 = *(u8 *)(r0 +0); exit`, at)
	}
	for _, size := range []int{1, 2, 4, 8} {
		for at := -24; at <= -8; at++ {
			c := verdictCase{
				name: fmt.Sprintf("constant of %d bytes at -16, key at %d", size, at),
				src:  numbers + fmt.Sprintf(`*(u%d *)(r10 -16) = r9;`, 8*size) + lookup(at),
				want: "R0 may be null here",
			}
			if size == 4 && at == -16 || size == 8 && at == -12 {
				c.want = ""
			}
			cases = append(cases, c)
		}
	}
	for at := -16; at <= -8; at++ {
		c := verdictCase{
			name: fmt.Sprintf("zeros at -14 to -5, key at %d", at),
			src:  numbers + `*(u16 *)(r10 -14) = 0; *(u32 *)(r10 -12) = 0; *(u8 *)(r10 -7) = 0; *(u16 *)(r10 -6) = 0;` + lookup(at),
			want: "R0 may be null here",
		}
		if at >= -14 && at <= -12 {
			c.want = ""
		}
		cases = append(cases, c)
	}
	return cases
}

var argumentCases = append(keyCases(), []verdictCase{
	{name: "constant above the entries in an upper half", src: numbers + `r9 <<= 32; *(u64 *)(r10 -16) = r9; r2 = r10; r2 += -12; r1 = map[arr]; call map_lookup_elem; r0 = *(u8 *)(r0 +0); exit`, want: "may be null"},
	{name: "constant wider than its spill", src: numbers + `r9 <<= 32; *(u32 *)(r10 -16) = r9; r2 = r10; r2 += -16; r1 = map[arr]; call map_lookup_elem; r0 = *(u8 *)(r0 +0); exit`, want: "may be null"},
	{name: "constant cut by a byte", src: numbers + `*(u32 *)(r10 -16) = r9; *(u8 *)(r10 -13) = 0; r2 = r10; r2 += -16; r1 = map[arr]; call map_lookup_elem; r0 = *(u8 *)(r0 +0); exit`, want: "may be null"},
	{name: "constant replaced by a narrower one", src: numbers + `*(u64 *)(r10 -16) = r9; *(u16 *)(r10 -16) = r9; r2 = r10; r2 += -14; r1 = map[arr]; call map_lookup_elem; r0 = *(u8 *)(r0 +0); exit`, want: "may be null"},
	{name: "constant beside a filled buffer", src: numbers + `*(u64 *)(r10 -16) = r9; r1 = r6; r2 = 0; r3 = r10; r3 += -9; r4 = 1; call xdp_load_bytes; r2 = r10; r2 += -16; r1 = map[arr]; call map_lookup_elem; r0 = *(u8 *)(r0 +0); exit`, want: "may be null"},
	{name: "zeros partly filled", src: numbers + `*(u64 *)(r10 -16) = 0; r1 = r6; r2 = 0; r3 = r10; r3 += -13; r4 = 2; call xdp_load_bytes; r2 = r10; r2 += -12; r1 = map[arr]; call map_lookup_elem; r0 = *(u8 *)(r0 +0); exit`, want: "may be null"},
	{name: "constant of one of two paths", src: numbers + `*(u32 *)(r10 -16) = r9; if r0 == 7 goto a; *(u16 *)(r10 -14) = r0; a: r2 = r10; r2 += -16; r1 = map[arr]; call map_lookup_elem; r0 = *(u8 *)(r0 +0); exit`, want: "may be null"},
	{name: "constant beyond on one of two paths", src: numbers + `if r0 == 7 goto a; r9 = 4; a: *(u32 *)(r10 -16) = r9; r2 = r10; r2 += -16; r1 = map[arr]; call map_lookup_elem; r0 = *(u8 *)(r0 +0); exit`, want: "may be null"},
	{name: "key at one of two offsets", src: numbers + `*(u32 *)(r10 -16) = r9; r0 &= 2; r2 = r10; r2 += -16; r2 += r0; r1 = map[arr]; call map_lookup_elem; r0 = *(u8 *)(r0 +0); exit`, want: "may be null"},
	{name: "pointer partly filled", src: `r6 = r1; *(u64 *)(r10 -8) = r1; r2 = 0; r3 = r10; r3 += -3; r4 = 1; call xdp_load_bytes; r1 = *(u64 *)(r10 -8); r0 = *(u32 *)(r1 +0); exit`, want: "R1 is a number"},
	{name: "pointer beside a filled buffer", src: `r6 = r1; *(u64 *)(r10 -16) = r1; r2 = 0; r3 = r10; r3 += -8; r4 = 8; call xdp_load_bytes; r1 = *(u64 *)(r10 -16); r0 = *(u32 *)(r1 +0); exit`},
	{name: "pointer in reach of a variable size", src: `r6 = r1; *(u64 *)(r10 -8) = r1; r7 = *(u32 *)(r1 +12); r7 &= 7; r7 += 1; r2 = 0; r3 = r10; r3 += -15; r4 = r7; call xdp_load_bytes; r1 = *(u64 *)(r10 -8); r0 = *(u32 *)(r1 +0); exit`, want: "R1 is a number"},
	{name: "pointer out of reach of a variable size", src: `r6 = r1; *(u64 *)(r10 -8) = r1; r7 = *(u32 *)(r1 +12); r7 &= 7; r7 += 1; r2 = 0; r3 = r10; r3 += -16; r4 = r7; call xdp_load_bytes; r1 = *(u64 *)(r10 -8); r0 = *(u32 *)(r1 +0); exit`},
	{name: "buffer across the end", src: `r2 = 0; r3 = r10; r3 += -3; r4 = 4; call xdp_load_bytes; exit`, want: "stack byte -3..0 written"},
	{name: "buffer at a variable offset across the end", src: `r6 = r1; call get_prandom_u32; r0 &= 3; r1 = r6; r2 = 0; r3 = r10; r3 += -6; r3 += r0; r4 = 4; call xdp_load_bytes; exit`, want: "stack byte -6..0 written"},
	{name: "constant in reach of a buffer at a variable offset", src: numbers + `*(u32 *)(r10 -16) = r9; r0 &= 3; r3 = r10; r3 += -22; r3 += r0; r1 = r6; r2 = 0; r4 = 4; call xdp_load_bytes; r2 = r10; r2 += -16; r1 = map[arr]; call map_lookup_elem; r0 = *(u8 *)(r0 +0); exit`, want: "may be null"},
	{name: "key across two slots with a pointer", src: `*(u64 *)(r10 -8) = r1; *(u64 *)(r10 -16) = 0; r2 = r10; r2 += -10; r1 = map[hash]; call map_lookup_elem; r0 = 0; exit`},
	{name: "bound in the lower bytes of a spill", src: val + `r7 = r0; call get_prandom_u32; r0 &= 15; *(u64 *)(r10 -16) = r0; r6 = *(u8 *)(r10 -16); r7 += r6; r0 = *(u8 *)(r7 +0); ` + out},
	{name: "bound in other bytes of a spill", src: val + `r7 = r0; call get_prandom_u32; r0 &= 0xf0f; *(u64 *)(r10 -16) = r0; r6 = *(u8 *)(r10 -15); r7 += r6; r0 = *(u8 *)(r7 +0); ` + out, want: "of the value of map"},
	{name: "constant in other bytes of a spill", src: val + `*(u64 *)(r10 -16) = 15; r6 = *(u8 *)(r10 -12); r0 += r6; r0 = *(u8 *)(r0 +0); ` + out, want: "of the value of map"},
	{name: "zero in other bytes of a spill", src: val + `*(u64 *)(r10 -16) = 0; r6 = *(u8 *)(r10 -11); r0 += r6; r0 = *(u8 *)(r0 +15); ` + out},
	{name: "load wider than the spill", src: val + `r7 = r0; call get_prandom_u32; *(u64 *)(r10 -16) = r0; *(u16 *)(r10 -16) = 3; r6 = *(u32 *)(r10 -16); r7 += r6; r0 = *(u8 *)(r7 +0); ` + out, want: "unbounded offset"},
	{name: "size from the middle of a slot", src: `r6 = r1; *(u64 *)(r10 -8) = 0; *(u16 *)(r10 -6) = 4; r2 = 0; r3 = r10; r3 += -16; r4 = *(u16 *)(r10 -6); call xdp_load_bytes; r0 = 0; exit`, want: "may be 0"},
}...)
