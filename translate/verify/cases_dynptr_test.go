package verify_test

import "github.com/skipsw/skipsw/translate/object"

// Pieces of programs with dynptrs.
const (
	// xdpDyn makes a dynptr of the packet at R10-16, whose address is in R7; R6 has
	// the context.
	xdpDyn = `r6 = r1; r7 = r10; r7 += -16; r2 = 0; r3 = r7; call from_xdp;`
	skbDyn = `r6 = r1; r7 = r10; r7 += -16; r2 = 0; r3 = r7; call from_skb;`
	// memDyn makes one of 32 bytes of map data.
	memDyn = `r6 = r1; r7 = r10; r7 += -16; r1 = map[data] value +0; r2 = 32; r3 = 0; r4 = r7; call dynptr_from_mem;`
	// ringDyn makes one of a record of 24 bytes.
	ringDyn = `r6 = r1; r7 = r10; r7 += -16; r1 = map[ring]; r2 = 24; r3 = 0; r4 = r7; call ringbuf_reserve_dynptr;`
	// submitDyn submits it.
	submitDyn = `r1 = r7; r2 = 0; call ringbuf_submit_dynptr;`
	// slice leaves 8 bytes of the dynptr in R0, or leaves.
	slice8 = `r1 = r7; r2 = 4; r3 = r10; r3 += -32; r4 = 8; call slice; if r0 == 0 goto out;`
	rdwr8  = `r1 = r7; r2 = 4; r3 = r10; r3 += -32; r4 = 8; call slice_rdwr; if r0 == 0 goto out;`
	data8  = `r1 = r7; r2 = 4; r3 = 8; call dynptr_data; if r0 == 0 goto out;`
	// cloneDyn makes a clone at R10-48, whose address is in R8.
	cloneDyn = `r8 = r10; r8 += -48; r1 = r7; r2 = r8; call clone;`
	read8    = `r1 = r10; r1 += -32; r2 = 8; r3 = r7; r4 = 0; r5 = 0; call dynptr_read;`
	write8   = `*(u64 *)(r10 -32) = 5; r1 = r7; r2 = 0; r3 = r10; r3 += -32; r4 = 8; r5 = 0; call dynptr_write;`
)

var (
	dynptrArg   = object.Arg{Kind: object.ArgDynptr}
	takesDynptr = map[string][]object.Arg{"Size": {dynptrArg}}
)

// dynptrCases are programs that make dynptrs and work on them.
var dynptrCases = []verdictCase{
	{name: "from xdp", src: xdpDyn + `r0 = 2; exit`},
	{name: "from skb", typ: object.TC, src: skbDyn + `r0 = 0; exit`},
	{name: "from xdp in tc", typ: object.TC, src: xdpDyn + `r0 = 0; exit`, want: "which tc programs cannot call"},
	{name: "from skb in xdp", src: skbDyn + `r0 = 0; exit`, want: "which xdp programs cannot call"},
	{name: "from a map value", src: memDyn + `r0 = 2; exit`},
	{name: "from a value looked up", src: val + `r1 = r0; r2 = 16; r3 = 0; r4 = r10; r4 += -32; call dynptr_from_mem;` + out},
	{name: "from a value that may be null", src: `*(u32 *)(r10 -4) = 1; r2 = r10; r2 += -4; r1 = map[hash]; call map_lookup_elem; r1 = r0; r2 = 16; r3 = 0; r4 = r10; r4 += -32; call dynptr_from_mem; r0 = 0; exit`, want: "R1 may be null"},
	{name: "from more than a value", src: `r1 = map[data] value +0; r2 = 33; r3 = 0; r4 = r10; r4 += -16; call dynptr_from_mem; r0 = 0; exit`, want: "byte 0..32"},
	{name: "from the middle of a value", src: `r1 = map[data] value +8; r2 = 24; r3 = 0; r4 = r10; r4 += -16; call dynptr_from_mem; r0 = 0; exit`},
	{name: "from no bytes", src: `r1 = map[data] value +8; r2 = 0; r3 = 0; r4 = r10; r4 += -16; call dynptr_from_mem; r0 = 0; exit`},
	{name: "from bytes that a run counts", src: rnd + `r2 = r0; r2 &= 31; r1 = map[data] value +0; r3 = 0; r4 = r10; r4 += -16; call dynptr_from_mem; r0 = 0; exit`},
	{name: "from the stack", src: `*(u64 *)(r10 -32) = 0; r1 = r10; r1 += -32; r2 = 8; r3 = 0; r4 = r10; r4 += -16; call dynptr_from_mem; r0 = 0; exit`, want: "needs a map value in R1"},
	{name: "from the packet", src: pkt + `r1 = r2; r2 = 8; r3 = 0; r4 = r10; r4 += -16; call dynptr_from_mem;` + out, want: "packet memory in R1"},
	{name: "from constants", src: `r1 = map[rodata] value +0; r2 = 8; r3 = 0; r4 = r10; r4 += -16; call dynptr_from_mem; r0 = 0; exit`, want: "may only read"},
	{name: "from xdp with a moved context", src: `r1 += 4; r2 = 0; r3 = r10; r3 += -16; call from_xdp; r0 = 2; exit`, want: "needs the context"},
	{name: "flags that are a pointer", src: `r2 = r1; r3 = r10; r3 += -16; call from_xdp; r0 = 2; exit`, want: "needs a number in R2"},
	{name: "flags of a run", src: `r6 = r1;` + rnd + `r1 = r6; r2 = r0; r3 = r10; r3 += -16; call from_xdp; r0 = 2; exit`},
	{name: "not aligned", src: `r2 = 0; r3 = r10; r3 += -20; call from_xdp; r0 = 2; exit`, want: "where none of 16 bytes can be"},
	{name: "too high", src: `r2 = 0; r3 = r10; r3 += -8; call from_xdp; r0 = 2; exit`, want: "where none of 16 bytes can be"},
	{name: "at the stack's end", src: `r2 = 0; r3 = r10; r3 += -512; call from_xdp; r0 = 2; exit`},
	{name: "beyond the stack's end", src: `r2 = 0; r3 = r10; r3 += -520; call from_xdp; r0 = 2; exit`, want: "where none of 16 bytes can be"},
	{name: "variable place", src: `r6 = r1;` + rnd + `r0 &= 16; r3 = r10; r3 += -48; r3 += r0; r1 = r6; r2 = 0; call from_xdp; r0 = 2; exit`, want: "variable offset"},
	{name: "in a map value", src: `r3 = map[data] value +0; r2 = 0; call from_xdp; r0 = 2; exit`, want: "needs a dynptr on the stack in R3"},
	{name: "made twice", src: xdpDyn + `r1 = r6; r2 = 0; r3 = r7; call from_xdp; r0 = 2; exit`},
	{name: "made over half of another", src: xdpDyn + `r1 = r6; r2 = 0; r3 = r10; r3 += -24; call from_xdp; r1 = r7; call size; r0 = 2; exit`, want: "that was made before"},
	{name: "size", src: xdpDyn + `r1 = r7; call size; r0 = 2; exit`},
	{name: "packet pointers outlive a function that asks for a size", typ: object.TC, src: `r6 = r1; r9 = *(u32 *)(r1 +76); r2 = *(u32 *)(r1 +80); r3 = r9; r3 += 4; if r3 > r2 goto out; r1 = r6; call Made; r0 = *(u8 *)(r9 +0); out: r0 = 0; exit; Made: ` + skbDyn + `r1 = r7; call size; r1 = r7; r2 = r10; r2 += -48; call clone; r1 = r10; r1 += -48; call size; r0 = 0; exit`, global: map[string][]object.Arg{"Made": {{Kind: object.ArgCtx}}}},
	{name: "size of none", src: `r1 = r10; r1 += -16; call size; r0 = 2; exit`, want: "that was made before"},
	{name: "size of data", src: `*(u64 *)(r10 -16) = 0; *(u64 *)(r10 -8) = 0; r1 = r10; r1 += -16; call size; r0 = 2; exit`, want: "that was made before"},
	{name: "size of the second half", src: xdpDyn + `r1 = r10; r1 += -8; call size; r0 = 2; exit`, want: "where none of 16 bytes can be"},
	{name: "size of a middle", src: `r6 = r1; r2 = 0; r3 = r10; r3 += -32; call from_xdp; r1 = r6; r2 = 0; r3 = r10; r3 += -16; call from_xdp; r1 = r10; r1 += -24; call size; r0 = 2; exit`, want: "that was made before"},
	{name: "made on one path", src: `r6 = r1; r7 = r10; r7 += -16;` + rnd + `if r0 == 0 goto x; r1 = r6; r2 = 0; r3 = r7; call from_xdp; x: r1 = r7; call size; r0 = 2; exit`, want: "that was made before"},
	{name: "made on both paths", src: `r6 = r1; r7 = r10; r7 += -16;` + rnd + `r1 = r6; r2 = 0; r3 = r7; if r0 == 0 goto x; call from_xdp; goto y; x: call from_xdp; y: r1 = r7; call size; r0 = 2; exit`},
	{name: "is null", src: xdpDyn + `r1 = r7; call is_null; r0 = 2; exit`},
	{name: "is rdonly", src: xdpDyn + `r1 = r7; call is_rdonly; r0 = 2; exit`},
	{name: "adjust", src: xdpDyn + `r1 = r7; r2 = 14; r3 = 34; call adjust; r0 = 2; exit`},
	{name: "adjust by what a run knows", src: xdpDyn + rnd + `r1 = r7; r2 = r0; r3 = r0; call adjust; r0 = 2; exit`},
	{name: "adjust by a pointer", src: xdpDyn + `r1 = r7; r2 = r6; r3 = 34; call adjust; r0 = 2; exit`, want: "needs a number in R2"},
	{name: "clone", src: xdpDyn + cloneDyn + `r1 = r8; call size; r0 = 2; exit`},
	{name: "clone of none", src: `r7 = r10; r7 += -16;` + cloneDyn + `r0 = 2; exit`, want: "that was made before"},
	{name: "clone over itself", src: xdpDyn + `r1 = r7; r2 = r7; call clone; r0 = 2; exit`},
	{name: "read", src: xdpDyn + read8 + `r0 = *(u64 *)(r10 -32); r0 = 2; exit`},
	{name: "read of no bytes", src: xdpDyn + `r1 = r10; r1 += -32; r2 = 0; r3 = r7; r4 = 0; r5 = 0; call dynptr_read; r0 = 2; exit`},
	{name: "read of as many bytes as a run counts", src: xdpDyn + rnd + `r1 = r10; r1 += -32; r2 = r0; r2 &= 15; r3 = r7; r4 = 0; r5 = 0; call dynptr_read; r0 = 2; exit`},
	{name: "read into itself", src: xdpDyn + `r1 = r7; r2 = 8; r3 = r7; r4 = 0; r5 = 0; call dynptr_read; r0 = 2; exit`, want: "would write to a dynptr"},
	{name: "read into part of another", src: xdpDyn + cloneDyn + `r1 = r10; r1 += -36; r2 = 8; r3 = r7; r4 = 0; r5 = 0; call dynptr_read; r0 = 2; exit`, want: "would write to a dynptr"},
	{name: "read into a map value", src: xdpDyn + `r1 = map[data] value +0; r2 = 32; r3 = r7; r4 = 0; r5 = 0; call dynptr_read; r0 = 2; exit`},
	{name: "read into the packet", src: pkt + `r6 = r2;` + `r7 = r10; r7 += -16; r2 = 0; r3 = r7; call from_xdp; r1 = r6; r2 = 4; r3 = r7; r4 = 0; r5 = 0; call dynptr_read;` + out, want: "packet memory"},
	{name: "write", src: xdpDyn + write8 + `r0 = 2; exit`},
	{name: "write of the dynptr", src: xdpDyn + `r1 = r7; r2 = 0; r3 = r7; r4 = 8; r5 = 0; call dynptr_write; r0 = 2; exit`, want: "belongs to a dynptr"},
	{name: "write to a map value", src: memDyn + write8 + `r0 = 2; exit`},
	{name: "bytes loaded", src: xdpDyn + `r0 = *(u64 *)(r10 -16); exit`, want: "belongs to a dynptr"},
	{name: "bytes of the second half loaded", src: xdpDyn + `r0 = *(u8 *)(r10 -3); exit`, want: "belongs to a dynptr"},
	{name: "bytes loaded from somewhere", src: `r6 = r1;` + xdpDyn + rnd + `r0 &= 16; r1 = r10; r1 += -32; r1 += r0; r0 = *(u64 *)(r1 +0); r0 = 2; exit`, want: "belongs to a dynptr"},
	{name: "bytes stored", src: xdpDyn + `*(u8 *)(r10 -1) = 1; r0 = 2; exit`},
	{name: "used after a store", src: xdpDyn + `*(u8 *)(r10 -1) = 1; r1 = r7; call size; r0 = 2; exit`, want: "that was made before"},
	{name: "used after a store somewhere", src: xdpDyn + rnd + `r0 &= 16; r1 = r10; r1 += -32; r1 += r0; *(u64 *)(r1 +0) = 1; r1 = r7; call size; r0 = 2; exit`, want: "that was made before"},
	{name: "second half read after a store to the first", src: xdpDyn + `*(u64 *)(r10 -16) = 1; r0 = *(u64 *)(r10 -8); r0 = 2; exit`},
	{name: "atomic on a dynptr", src: xdpDyn + `r1 = 1; lock *(u64 *)(r10 -8) += r1; r0 = 2; exit`, want: "belongs to a dynptr"},
	{name: "as a key", src: xdpDyn + `r2 = r7; r1 = map[hash]; call map_lookup_elem; r0 = 2; exit`, want: "belongs to a dynptr"},
	{name: "as a buffer", src: xdpDyn + `r1 = r6; r2 = 0; r3 = r10; r3 += -20; r4 = 8; call xdp_load_bytes; r0 = 2; exit`, want: "would write to a dynptr"},
	{name: "iterator over it", src: xdpDyn + `r1 = r10; r1 += -8; r2 = 0; r3 = 3; call iter_new; r1 = r10; r1 += -8; call iter_destroy; r0 = 2; exit`},
	{name: "over an iterator", src: `r6 = r1; r1 = r10; r1 += -8; r2 = 0; r3 = 3; call iter_new; r1 = r6; r2 = 0; r3 = r10; r3 += -16; call from_xdp; r0 = 2; exit`, want: "is not destroyed"},
	{name: "in a function", src: xdpDyn + `r1 = r7; call Size; r0 = 2; exit; Size: call size; exit`},
	{name: "made in a function", src: `r6 = r1; r2 = r10; r2 += -16; call Make; r1 = r10; r1 += -16; call size; r0 = 2; exit; Make: r3 = r2; r2 = 0; call from_xdp; exit`},
	{name: "made and gone", src: `call Make; r1 = r10; r1 += -16; call size; r0 = 2; exit; Make: r2 = 0; r3 = r10; r3 += -16; call from_xdp; exit`, want: "that was made before"},
	{name: "in a loop", src: xdpDyn + `r8 = 0; l: r1 = r7; r2 = r8; r3 = 0; r4 = 4; call slice; if r0 == 0 goto out; r0 = *(u32 *)(r0 +0); r8 += 4; if r8 < 40 goto l;` + out},
	{name: "of a value with a lock", src: lookLocked + `r1 = r0; r2 = 24; r3 = 0; r4 = r10; r4 += -32; call dynptr_from_mem;` + out, want: "reaches the bpf_spin_lock"},
	{name: "of a value behind its lock", src: lookLocked + `r1 = r0; r1 += 8; r2 = 16; r3 = 0; r4 = r10; r4 += -32; call dynptr_from_mem;` + out},
	{name: "size under a lock", src: xdpDyn + `r8 = r7; *(u32 *)(r10 -20) = 1; r2 = r10; r2 += -20; r1 = map[locked]; call map_lookup_elem; if r0 == 0 goto out; r6 = r0; r1 = r0; r1 += 4; call spin_lock; r1 = r8; call size;` + unlock + out, want: "is called while the lock is held"},
	{name: "global function", src: xdpDyn + `r1 = r7; call Size; r0 = 2; exit; Size: call size; exit`, global: takesDynptr},
	{name: "global function works on it", src: memDyn + `r1 = r7; call Sum; r0 = 2; exit; Sum: r6 = r1; r2 = 4; r3 = 0; r4 = 8; call slice; if r0 == 0 goto f; r1 = r6; r2 = 1; r3 = 2; call adjust; f: r0 = 0; exit`, global: map[string][]object.Arg{"Sum": {dynptrArg}}},
	{name: "global function clones it", src: memDyn + `r1 = r7; call Copy; r0 = 2; exit; Copy: r2 = r10; r2 += -16; call clone; r0 = 0; exit`, global: map[string][]object.Arg{"Copy": {dynptrArg}}},
	{name: "global function without one", src: `r1 = r10; r1 += -16; call Size; r0 = 2; exit; Size: call size; exit`, global: takesDynptr, want: "that was made before"},
	{name: "global function with data", src: `r1 = map[data] value +0; call Size; r0 = 2; exit; Size: call size; exit`, global: takesDynptr, want: "needs a dynptr on the stack"},
	{name: "global function submits it", src: ringDyn + `r1 = r7; call Size; r0 = 2; exit; Size: r2 = 0; call ringbuf_submit_dynptr; r0 = 0; exit`, global: takesDynptr, want: "neither submitted nor discarded"},
	{name: "global function makes it again", src: xdpDyn + `r1 = r7; call Size; r0 = 2; exit; Size: r4 = r1; r1 = map[data] value +0; r2 = 8; r3 = 0; call dynptr_from_mem; r0 = 0; exit`, global: takesDynptr, want: "needs a dynptr on the stack"},
	{name: "global function reads its bytes", src: xdpDyn + `r1 = r7; call Size; r0 = 2; exit; Size: r0 = *(u64 *)(r1 +0); r0 = 0; exit`, global: takesDynptr, want: "nothing can be read through it"},
	{name: "in a callback", src: xdpDyn + `r1 = 3; r2 = func Cb; r3 = r7; r4 = 0; call loop; r0 = 2; exit; Cb: r1 = r2; call size; r0 = 0; exit`},
	{name: "ended in a callback", src: xdpDyn + `r1 = 3; r2 = func Cb; r3 = r7; r4 = 0; call loop; r1 = r7; call size; r0 = 2; exit; Cb: *(u64 *)(r2 +0) = 0; r0 = 0; exit`, want: "that was made before"},
}

// sliceCases are programs with memory of dynptrs.
var sliceCases = []verdictCase{
	{name: "slice", src: xdpDyn + slice8 + `r0 = *(u64 *)(r0 +0);` + out},
	{name: "slice not compared with null", src: xdpDyn + `r1 = r7; r2 = 4; r3 = r10; r3 += -32; r4 = 8; call slice; r0 = *(u8 *)(r0 +0);` + out, want: "may be null"},
	{name: "last byte", src: xdpDyn + slice8 + `r0 = *(u8 *)(r0 +7);` + out},
	{name: "byte behind", src: xdpDyn + slice8 + `r0 = *(u8 *)(r0 +8);` + out, want: "the object has 8 bytes"},
	{name: "byte in front", src: xdpDyn + slice8 + `r0 = *(u8 *)(r0 -1);` + out, want: "memory byte -1"},
	{name: "variable place", src: xdpDyn + slice8 + `r1 = *(u8 *)(r0 +0); r1 &= 7; r0 += r1; r0 = *(u8 *)(r0 +0);` + out},
	{name: "variable place too far", src: xdpDyn + slice8 + `r1 = *(u8 *)(r0 +0); r1 &= 15; r0 += r1; r0 = *(u8 *)(r0 +0);` + out, want: "the object has 8 bytes"},
	{name: "write to a slice", src: xdpDyn + slice8 + `*(u8 *)(r0 +0) = 1;` + out, want: "may only read"},
	{name: "write to a slice for writing", src: xdpDyn + rdwr8 + `*(u8 *)(r0 +0) = 1;` + out},
	{name: "atomic on a slice for writing", src: memDyn + rdwr8 + `r1 = 1; lock *(u32 *)(r0 +0) += r1;` + out},
	{name: "slice of a run-time offset", src: xdpDyn + rnd + `r1 = r7; r2 = r0; r3 = r10; r3 += -32; r4 = 8; call slice; if r0 == 0 goto out; r0 = *(u64 *)(r0 +0);` + out},
	{name: "slice of a run-time size", src: xdpDyn + rnd + `r1 = r7; r2 = 0; r3 = r10; r3 += -32; r4 = r0; r4 &= 7; call slice; r0 = 2; exit`, want: "constant size"},
	{name: "slice without a buffer", src: xdpDyn + `r1 = r7; r2 = 4; r3 = 0; r4 = 8; call slice; if r0 == 0 goto out; r0 = *(u64 *)(r0 +0);` + out},
	{name: "slice of a run-time size without a buffer", src: xdpDyn + rnd + `r1 = r7; r2 = 0; r3 = 0; r4 = r0; call slice; r0 = 2; exit`, want: "constant size"},
	{name: "slice of no bytes", src: xdpDyn + `r1 = r7; r2 = 4; r3 = r10; r3 += -32; r4 = 0; call slice; if r0 == 0 goto out;` + out},
	{name: "buffer too small", src: xdpDyn + `r1 = r7; r2 = 4; r3 = r10; r3 += -32; r4 = 40; call slice; r0 = 2; exit`, want: "stack"},
	{name: "buffer over the dynptr", src: xdpDyn + `r1 = r7; r2 = 4; r3 = r10; r3 += -20; r4 = 8; call slice; r0 = 2; exit`, want: "belongs to a dynptr"},
	{name: "buffer in a map value", src: xdpDyn + `r1 = r7; r2 = 4; r3 = map[data] value +0; r4 = 32; call slice; if r0 == 0 goto out; r0 = *(u64 *)(r0 +24);` + out},
	{name: "buffer in constants", src: xdpDyn + `r1 = r7; r2 = 4; r3 = map[rodata] value +0; r4 = 8; call slice; r0 = 2; exit`, want: "may only read"},
	{name: "buffer that is a number", src: xdpDyn + `r1 = r7; r2 = 4; r3 = 8; r4 = 8; call slice; r0 = 2; exit`, want: "needs memory in R3"},
	{name: "buffer is lost", src: xdpDyn + `r8 = 7; *(u64 *)(r10 -32) = r6;` + slice8 + `r1 = *(u64 *)(r10 -32); r1 = *(u32 *)(r1 +0);` + out, want: "a number, not a pointer"},
	{name: "slice in tc", typ: object.TC, src: skbDyn + slice8 + `r0 = *(u64 *)(r0 +0);` + out},
	{name: "slice for writing in tc", typ: object.TC, src: skbDyn + rdwr8 + `*(u8 *)(r0 +0) = 1;` + out},
	{name: "slice after the head moved", src: xdpDyn + slice8 + `r8 = r0; r1 = r6; r2 = 4; call xdp_adjust_head; r0 = *(u8 *)(r8 +0);` + out, want: "a helper called since may have moved the packet"},
	{name: "dynptr after the head moved", src: xdpDyn + `r1 = r6; r2 = 4; call xdp_adjust_head;` + slice8 + `r0 = *(u8 *)(r0 +0);` + out},
	{name: "slice of a map value after the head moved", src: memDyn + slice8 + `r8 = r0; r1 = r6; r2 = 4; call xdp_adjust_head; r0 = *(u8 *)(r8 +0);` + out},
	{name: "slice after a write in xdp", src: xdpDyn + slice8 + `r8 = r0;` + write8 + `r0 = *(u8 *)(r8 +0);` + out},
	{name: "slice after a write in tc", typ: object.TC, src: skbDyn + slice8 + `r8 = r0;` + write8 + `r0 = *(u8 *)(r8 +0);` + out, want: "may have moved the packet"},
	{name: "packet after a write in tc", typ: object.TC, src: `r9 = *(u32 *)(r1 +76); r2 = *(u32 *)(r1 +80); r3 = r9; r3 += 4; if r3 > r2 goto out;` + skbDyn + write8 + `r0 = *(u8 *)(r9 +0);` + out, want: "may have moved the packet"},
	{name: "slice after a write to a map value in tc", typ: object.TC, src: memDyn + rdwr8 + `r8 = r0;` + write8 + `r0 = *(u8 *)(r8 +0);` + out},
	{name: "slice after the dynptr was adjusted", src: xdpDyn + slice8 + `r8 = r0; r1 = r7; r2 = 1; r3 = 2; call adjust; r0 = *(u8 *)(r8 +0);` + out},
	{name: "slice after the dynptr is gone", src: xdpDyn + slice8 + `*(u64 *)(r10 -8) = 0; r0 = *(u8 *)(r0 +0);` + out},
	{name: "slice of a map value after the dynptr is gone", src: memDyn + rdwr8 + `*(u64 *)(r10 -8) = 0; r0 = *(u8 *)(r0 +0);` + out},
	{name: "slice for reading of a map value after the dynptr is gone", src: memDyn + slice8 + `*(u64 *)(r10 -8) = 0; r0 = *(u8 *)(r0 +0);` + out},
	{name: "slice of a clone after the dynptr is gone", src: memDyn + cloneDyn + `r1 = r8; r2 = 4; r3 = 0; r4 = 8; call slice_rdwr; if r0 == 0 goto out; *(u64 *)(r10 -8) = 0; r0 = *(u8 *)(r0 +0);` + out},
	{name: "slice spilled", src: xdpDyn + slice8 + `*(u64 *)(r10 -64) = r0; r8 = *(u64 *)(r10 -64); r0 = *(u8 *)(r8 +0);` + out},
	{name: "slice as bytes of a helper", src: xdpDyn + slice8 + `r1 = map[ring]; r2 = r0; r3 = 8; r4 = 0; call ringbuf_output;` + out},
	{name: "more of a slice than there is", src: xdpDyn + slice8 + `r1 = map[ring]; r2 = r0; r3 = 9; r4 = 0; call ringbuf_output;` + out, want: "the object has 8 bytes"},
	{name: "slice as a key", src: xdpDyn + slice8 + `r1 = map[hash]; r2 = r0; call map_lookup_elem;` + out, want: "which it cannot take"},
	{name: "slice for writing as a key", src: xdpDyn + rdwr8 + `r1 = map[hash]; r2 = r0; call map_lookup_elem;` + out, want: "which it cannot take"},
	{name: "slice of a map value as a key", src: memDyn + rdwr8 + `r1 = map[hash]; r2 = r0; call map_lookup_elem;` + out, want: "which it cannot take"},
	{name: "data as a key", src: memDyn + data8 + `r1 = map[hash]; r2 = r0; call map_lookup_elem;` + out},
	{name: "slice for reading of a map value as a key", src: memDyn + slice8 + `r1 = map[hash]; r2 = r0; call map_lookup_elem;` + out, want: "which it cannot take"},
	{name: "slice filled by a helper", src: xdpDyn + rdwr8 + `r1 = r6; r2 = 0; r3 = r0; r4 = 8; call xdp_load_bytes;` + out},
	{name: "slice for reading filled by a helper", src: xdpDyn + slice8 + `r1 = r6; r2 = 0; r3 = r0; r4 = 8; call xdp_load_bytes;` + out, want: "may only read"},
	{name: "slice compared with its buffer", src: xdpDyn + `r8 = r10; r8 += -32;` + rdwr8 + `if r0 == r8 goto out; *(u8 *)(r0 +0) = 1;` + out},
	{name: "slice compared with the packet's end", src: xdpDyn + `r8 = *(u32 *)(r6 +4);` + slice8 + `if r0 > r8 goto out; r0 = *(u8 *)(r0 +0);` + out},
	{name: "data of a map value", src: memDyn + data8 + `*(u64 *)(r0 +0) = 1;` + out},
	{name: "data of a packet", src: xdpDyn + data8 + `*(u64 *)(r0 +0) = 1;` + out},
	{name: "data of a packet after the head moved", src: xdpDyn + data8 + `r8 = r0; r1 = r6; r2 = 4; call xdp_adjust_head; r0 = *(u8 *)(r8 +0);` + out},
	{name: "data of a run-time size", src: memDyn + rnd + `r1 = r7; r2 = 0; r3 = r0; call dynptr_data; r0 = 2; exit`, want: "constant size"},
	{name: "data after the dynptr is gone", src: memDyn + data8 + `*(u64 *)(r10 -8) = 0; r0 = *(u8 *)(r0 +0);` + out, want: "a number, not a pointer"},
}

// recordCases are programs with dynptrs of records.
var recordCases = []verdictCase{
	{name: "submitted", src: ringDyn + submitDyn + `r0 = 2; exit`},
	{name: "discarded", src: ringDyn + `r1 = r7; r2 = 0; call ringbuf_discard_dynptr; r0 = 2; exit`},
	{name: "neither", src: ringDyn + `r0 = 2; exit`, want: "neither submitted nor discarded"},
	{name: "only where it was made", src: ringDyn + `if r0 != 0 goto out;` + submitDyn + out, want: "neither submitted nor discarded"},
	{name: "of a run-time size", src: rnd + `r7 = r10; r7 += -16; r1 = map[ring]; r2 = r0; r3 = 0; r4 = r7; call ringbuf_reserve_dynptr;` + submitDyn + `r0 = 2; exit`},
	{name: "of another map", src: `r7 = r10; r7 += -16; r1 = map[arr]; r2 = 8; r3 = 0; r4 = r7; call ringbuf_reserve_dynptr;` + submitDyn + `r0 = 2; exit`, want: "cannot work on map"},
	{name: "submitted twice", src: ringDyn + submitDyn + submitDyn + `r0 = 2; exit`, want: "that was made before"},
	{name: "dynptr of a packet submitted", src: xdpDyn + submitDyn + `r0 = 2; exit`, want: "that of another object"},
	{name: "record of ringbuf_reserve submitted", src: `r1 = map[ring]; r2 = 16; r3 = 0; call ringbuf_reserve; if r0 == 0 goto out; r1 = r0; r2 = 0; call ringbuf_submit_dynptr;` + out, want: "needs a dynptr on the stack"},
	{name: "written", src: ringDyn + write8 + submitDyn + `r0 = 2; exit`},
	{name: "written after it was submitted", src: ringDyn + submitDyn + write8 + `r0 = 2; exit`, want: "that was made before"},
	{name: "data", src: ringDyn + `r1 = r7; r2 = 0; r3 = 8; call dynptr_data; if r0 == 0 goto s; *(u64 *)(r0 +0) = 1; s:` + submitDyn + `r0 = 2; exit`},
	{name: "data after it was submitted", src: ringDyn + `r1 = r7; r2 = 0; r3 = 8; call dynptr_data; r8 = r0;` + submitDyn + `if r8 == 0 goto out; *(u64 *)(r8 +0) = 1;` + out, want: "was a record that has been submitted"},
	{name: "data submitted", src: ringDyn + `r1 = r7; r2 = 0; r3 = 8; call dynptr_data; if r0 == 0 goto s; r1 = r0; r2 = 0; call ringbuf_submit; s:` + submitDyn + `r0 = 2; exit`, want: "needs a record from bpf_ringbuf_reserve"},
	{name: "slice", src: ringDyn + `r1 = r7; r2 = 0; r3 = 0; r4 = 8; call slice_rdwr; if r0 == 0 goto s; *(u64 *)(r0 +0) = 1; s:` + submitDyn + `r0 = 2; exit`},
	{name: "slice after it was submitted", src: ringDyn + `r1 = r7; r2 = 0; r3 = 0; r4 = 8; call slice_rdwr; r8 = r0;` + submitDyn + `if r8 == 0 goto out; *(u64 *)(r8 +0) = 1;` + out, want: "was a record that has been submitted", kernel: "it forgets that such slices are of a record"},
	{name: "overwritten", src: ringDyn + `*(u64 *)(r10 -8) = 1;` + submitDyn + `r0 = 2; exit`, want: "is overwritten"},
	{name: "overwritten by another", src: ringDyn + `r1 = r6; r2 = 0; r3 = r7; call from_xdp; r0 = 2; exit`, want: "is overwritten"},
	{name: "clone overwritten", src: ringDyn + cloneDyn + `*(u64 *)(r10 -48) = 1;` + submitDyn + `r0 = 2; exit`, want: "is overwritten"},
	{name: "overwritten where there is a clone", src: ringDyn + cloneDyn + `*(u64 *)(r10 -8) = 1; r1 = r8; r2 = 0; call ringbuf_submit_dynptr; r0 = 2; exit`, want: "is overwritten"},
	{name: "clone after it was submitted", src: ringDyn + cloneDyn + submitDyn + `r1 = r8; call size; r0 = 2; exit`, want: "that was made before"},
	{name: "data of a clone after it was submitted", src: ringDyn + cloneDyn + `r1 = r8; r2 = 0; r3 = 8; call dynptr_data; r8 = r0;` + submitDyn + `if r8 == 0 goto out; *(u64 *)(r8 +0) = 1;` + out, want: "was a record that has been submitted"},
	{name: "clone in a caller after it was submitted", src: ringDyn + cloneDyn + `r1 = r8; call Give; r1 = r8; call size; r0 = 2; exit; Give: r2 = r10; r2 += -16; r6 = r2; call clone; r1 = r6; r2 = 0; call ringbuf_submit_dynptr; r0 = 0; exit`, want: "that was made before", kernel: "clones in other frames stay"},
	{name: "adjusted and submitted", src: ringDyn + `r1 = r7; r2 = 8; r3 = 16; call adjust;` + submitDyn + `r0 = 2; exit`},
	{name: "submitted in a function", src: ringDyn + `r1 = r7; call Give; r0 = 2; exit; Give: r2 = 0; call ringbuf_submit_dynptr; r0 = 0; exit`},
	{name: "made in a function", src: `r7 = r10; r7 += -16; r1 = r7; call Take;` + submitDyn + `r0 = 2; exit; Take: r4 = r1; r1 = map[ring]; r2 = 8; r3 = 0; call ringbuf_reserve_dynptr; exit`},
	{name: "gone with a function", src: `call Take; r0 = 2; exit; Take: r4 = r10; r4 += -16; r1 = map[ring]; r2 = 8; r3 = 0; call ringbuf_reserve_dynptr; exit`, want: "neither submitted nor discarded"},
	{name: "tail call", src: ringDyn + `r1 = r6;` + tailCall + submitDyn + `r0 = 2; exit`, want: "a tail call leaves the program"},
	{name: "in a loop", src: `r6 = 0; r7 = r10; r7 += -16; l: r1 = map[ring]; r2 = r6; r3 = 0; r4 = r7; call ringbuf_reserve_dynptr;` + submitDyn + `r6 += 8; if r6 < 40 goto l; r0 = 2; exit`},
	{name: "kept in a loop", src: `r6 = 0; r7 = r10; r7 += -16; l: r1 = map[ring]; r2 = r6; r3 = 0; r4 = r7; call ringbuf_reserve_dynptr; r6 += 8; if r6 < 40 goto l;` + submitDyn + `r0 = 2; exit`, want: "is overwritten"},
	{name: "of one of two kinds", src: `r6 = r1; r7 = r10; r7 += -16;` + rnd + `if r0 == 0 goto x; r1 = r6; r2 = 0; r3 = r7; call from_xdp; goto y; x: r1 = map[data] value +0; r2 = 32; r3 = 0; r4 = r7; call dynptr_from_mem; y:` + slice8 + `r0 = *(u8 *)(r0 +0);` + out},
	{name: "submitted or not", src: ringDyn + rnd + `if r0 == 0 goto x;` + submitDyn + `x: r0 = 2; exit`, want: "neither submitted nor discarded"},
}
