package verify_test

import "github.com/skipsw/skipsw/translate/object"

const (
	// each calls bpf_for_each_map_elem on a map: F with the stack's last 8 bytes.
	eachHash = `r1 = map[hash];` + eachOf
	eachArr  = `r1 = map[arr];` + eachOf
	eachOf   = `r2 = func F; r3 = r10; r3 += -8; r4 = 0; call for_each_map_elem;`
	eachEnd  = `r0 = 0; exit; F: `
	zero8    = `*(u64 *)(r10 -8) = 0;`
	// inner leaves an inner map in R0.
	inner = `*(u32 *)(r10 -4) = 1; r2 = r10; r2 += -4; r1 = map[outer]; call map_lookup_elem; if r0 == 0 goto out;`
)

var elementCases = []verdictCase{
	{name: "counts", src: zero8 + eachHash + `r0 = *(u64 *)(r10 -8); exit; F: r5 = *(u64 *)(r4 +0); r5 += 1; *(u64 *)(r4 +0) = r5; r0 = 0; exit`},
	{name: "array", src: zero8 + eachArr + eachEnd + `r0 = *(u32 *)(r2 +0); *(u64 *)(r4 +0) = r0; r0 = 0; exit`},
	{name: "per CPU array", src: `r1 = map[percpu];` + eachOf + eachEnd + `r0 = *(u64 *)(r3 +0); r0 = 0; exit`},
	{name: "for tc", typ: object.TC, src: zero8 + eachHash + eachEnd + `r0 = 1; exit`},
	{name: "trie", src: `r1 = map[lpm];` + eachOf + eachEnd + `r0 = 0; exit`, want: "cannot work on map"},
	{name: "queue", src: `r1 = map[queue];` + eachOf + eachEnd + `r0 = 0; exit`, want: "cannot work on map"},
	{name: "program array", src: `r1 = map[progs];` + eachOf + eachEnd + `r0 = 0; exit`, want: "cannot work on map"},
	{name: "map of maps", src: `r1 = map[outer];` + eachOf + eachEnd + `r0 = 0; exit`, want: "cannot work on map"},
	{name: "inner map", src: inner + `r1 = r0;` + eachOf + `out: r0 = 0; exit; F: r0 = *(u64 *)(r3 +0); r0 = 0; exit`},
	{name: "inner map beyond its value", src: inner + `r1 = r0;` + eachOf + `out: r0 = 0; exit; F: r0 = *(u64 *)(r3 +8); r0 = 0; exit`, want: "byte 8..15 of the value"},
	{name: "inner map or null", src: `*(u32 *)(r10 -4) = 1; r2 = r10; r2 += -4; r1 = map[outer]; call map_lookup_elem; r1 = r0;` + eachOf + eachEnd + `r0 = 0; exit`, want: "needs a map in R1"},
	{name: "value is written", src: eachHash + eachEnd + `*(u64 *)(r3 +8) = 7; r0 = 0; exit`},
	{name: "beyond the value", src: eachHash + eachEnd + `*(u64 *)(r3 +16) = 7; r0 = 0; exit`, want: "byte 16..23 of the value"},
	{name: "key is read", src: eachHash + eachEnd + `r0 = *(u16 *)(r2 +2); r0 = 0; exit`},
	{name: "key is written", src: eachHash + eachEnd + `*(u32 *)(r2 +0) = 1; r0 = 0; exit`, want: "may only read"},
	{name: "key is counted in", src: eachHash + eachEnd + `r0 = 1; lock *(u32 *)(r2 +0) += r0; r0 = 0; exit`, want: "may only read"},
	{name: "beyond the key", src: eachHash + eachEnd + `r0 = *(u32 *)(r2 +4); r0 = 0; exit`, want: "which has 4 bytes"},
	{name: "across the end of the key", src: eachHash + eachEnd + `r0 = *(u64 *)(r2 +0); r0 = 0; exit`, want: "which has 4 bytes"},
	{name: "before the key", src: eachHash + eachEnd + `r0 = *(u8 *)(r2 -1); r0 = 0; exit`, want: "byte -1 of the key"},
	{name: "key at an index", src: eachHash + eachEnd + `r5 = *(u8 *)(r2 +0); r5 &= 3; r2 += r5; r0 = *(u8 *)(r2 +0); r0 = 0; exit`},
	{name: "key at an index beyond", src: eachHash + eachEnd + `r5 = *(u8 *)(r2 +0); r5 &= 7; r2 += r5; r0 = *(u8 *)(r2 +0); r0 = 0; exit`, want: "which has 4 bytes"},
	{name: "key at any index", src: eachHash + eachEnd + `r5 = *(u32 *)(r2 +0); r2 += r5; r0 = *(u8 *)(r2 +0); r0 = 0; exit`, want: "key"},
	{name: "key is a key", src: eachHash + eachEnd + `call map_lookup_elem; if r0 == 0 goto z; r0 = *(u64 *)(r0 +0); z: r0 = 0; exit`},
	{name: "key of another size", src: eachHash + eachEnd + `r1 = map[lpm]; call map_lookup_elem; r0 = 0; exit`, want: "which has 4 bytes"},
	{name: "key is filled", typ: object.TC, src: `*(u64 *)(r10 -8) = r1; r1 = map[hash]; r2 = func F; r3 = r10; r3 += -8; r4 = 0; call for_each_map_elem;` + eachEnd + `r6 = r2; r1 = *(u64 *)(r4 +0); r2 = 0; r3 = r6; r4 = 4; call skb_load_bytes; r0 = 0; exit`, want: "may only read"},
	{name: "element is deleted", src: eachHash + eachEnd + `call map_delete_elem; r0 = 0; exit`},
	{name: "element is updated", src: eachHash + eachEnd + `r4 = 0; call map_update_elem; r0 = 0; exit`},
	{name: "key is null", src: eachHash + eachEnd + `if r2 == 0 goto z; r0 = 0; exit; z: r0 = *(u64 *)(r2 +100); exit`},
	{name: "value is null", src: eachHash + eachEnd + `if r3 == 0 goto z; r0 = 0; exit; z: r0 = *(u64 *)(r3 +100); exit`},
	{name: "fifth argument", src: eachHash + eachEnd + `r0 = r5; r0 = 0; exit`, want: "R5 is read"},
	{name: "null for the context", src: `r1 = map[hash]; r2 = func F; r3 = 0; r4 = 0; call for_each_map_elem;` + eachEnd + `r0 = *(u64 *)(r4 +0); r0 = 0; exit`, want: "R4 is null"},
	{name: "returns 2", src: eachHash + eachEnd + `r0 = 2; exit`, want: "other numbers than 0 and 1"},
	{name: "returns a number of the value", src: eachHash + eachEnd + `r0 = *(u8 *)(r3 +0); exit`, want: "other numbers than 0 and 1"},
	{name: "returns the key", src: eachHash + eachEnd + `r0 = r2; exit`, want: "a callback returns map_key"},
	{name: "number for the map", src: `r1 = 1;` + eachOf + eachEnd + `r0 = 0; exit`, want: "needs a map in R1"},
	{name: "value kept on the caller's stack", src: zero8 + eachHash + `r1 = *(u64 *)(r10 -8); if r1 == 0 goto out; r0 = *(u64 *)(r1 +0); out: r0 = 0; exit; F: *(u64 *)(r4 +0) = r3; r0 = 1; exit`},
	{name: "value kept or a number", src: `*(u64 *)(r10 -8) = 1;` + eachHash + `r1 = *(u64 *)(r10 -8); r0 = *(u64 *)(r1 +0); r0 = 0; exit; F: *(u64 *)(r4 +0) = r3; r0 = 1; exit`, want: "R1 is a number"},
	{name: "two maps at one call", src: rnd + `if r0 > 5 goto b; r1 = map[hash]; goto c; b: r1 = map[arr]; c:` + eachOf + eachEnd + `r0 = *(u64 *)(r3 +8); r0 = 0; exit`},
	{name: "elements of elements", src: zero8 + eachHash + eachEnd + `r6 = r4; r1 = map[arr]; r2 = func H; r3 = r6; r4 = 0; call for_each_map_elem; r0 = 0; exit; H: r5 = *(u64 *)(r4 +0); r5 += 1; *(u64 *)(r4 +0) = r5; r0 = 0; exit`},
	{name: "packet moved by the callback", src: `r6 = r1;` + pkt + `r7 = r2; *(u64 *)(r10 -8) = r6;` + eachHash + `r0 = *(u8 *)(r7 +0); out: r0 = 0; exit; F: r1 = *(u64 *)(r4 +0); r2 = 0; call xdp_adjust_head; r0 = 0; exit`, want: "may have moved the packet"},
	{name: "record that the callback reserves", src: zero8 + eachHash + eachEnd + `r1 = map[ring]; r2 = 8; r3 = 0; call ringbuf_reserve; r0 = 0; exit`, want: "neither submitted nor discarded"},
}

const (
	// iter makes an iterator at R10-8 from 0 to 9, iterNext asks for a number.
	iter    = `r6 = r10; r6 += -8; r1 = r6; r2 = 0; r3 = 10; call iter_new;`
	next    = `r1 = r6; call iter_next; if r0 == 0 goto done;`
	destroy = `done: r1 = r6; call iter_destroy;`
)

var iteratorCases = []verdictCase{
	{name: "no round", src: iter + `r1 = r6; call iter_destroy; r0 = 0; exit`},
	{name: "loop", src: iter + `l: ` + next + `r1 = *(u32 *)(r0 +0); goto l;` + destroy + `r0 = 0; exit`},
	{name: "for tc", typ: object.TC, src: iter + `l: ` + next + `r1 = *(u32 *)(r0 +0); goto l;` + destroy + `r0 = 0; exit`},
	{name: "counts", src: iter + `r7 = 0; l: ` + next + `r7 += 1; goto l;` + destroy + `r0 = r7; exit`},
	{name: "sums", src: iter + `r7 = 0; l: ` + next + `r1 = *(u32 *)(r0 +0); r7 += r1; goto l;` + destroy + `r0 = r7; exit`},
	{name: "any bounds", src: rnd + `r8 = r0;` + rnd + `r6 = r10; r6 += -8; r1 = r6; r2 = r8; r3 = r0; call iter_new; l: ` + next + `goto l;` + destroy + `r0 = 0; exit`},
	{name: "not destroyed", src: iter + `r0 = 0; exit`, want: "is not destroyed"},
	{name: "not destroyed after the loop", src: iter + `l: ` + next + `goto l; done: r0 = 0; exit`, want: "is not destroyed"},
	{name: "not destroyed on one way", src: iter + `l: ` + next + `r1 = *(u32 *)(r0 +0); if r1 == 3 goto x; goto l;` + destroy + `r0 = 0; exit; x: r0 = 1; exit`, want: "is not destroyed"},
	{name: "destroyed twice", src: iter + `r1 = r6; call iter_destroy; r1 = r6; call iter_destroy; r0 = 0; exit`, want: "that bpf_iter_num_new has made"},
	{name: "next of none", src: `r1 = r10; r1 += -8; call iter_next; r0 = 0; exit`, want: "that bpf_iter_num_new has made"},
	{name: "next of data", src: `*(u64 *)(r10 -8) = 0; r1 = r10; r1 += -8; call iter_next; r0 = 0; exit`, want: "that bpf_iter_num_new has made"},
	{name: "next of a destroyed one", src: iter + `r1 = r6; call iter_destroy; r1 = r6; call iter_next; r0 = 0; exit`, want: "that bpf_iter_num_new has made"},
	{name: "made twice", src: iter + `r1 = r6; r2 = 0; r3 = 5; call iter_new; r1 = r6; call iter_destroy; r0 = 0; exit`, want: "that is in use"},
	{name: "made again", src: iter + `r1 = r6; call iter_destroy;` + iter + `r1 = r6; call iter_destroy; r0 = 0; exit`},
	{name: "overwritten", src: iter + `*(u64 *)(r10 -8) = 0; r1 = r6; call iter_destroy; r0 = 0; exit`, want: "that bpf_iter_num_new has made"},
	{name: "one byte overwritten", src: iter + `*(u8 *)(r10 -3) = 0; r1 = r6; call iter_destroy; r0 = 0; exit`, want: "that bpf_iter_num_new has made"},
	{name: "read", src: iter + `r7 = *(u64 *)(r10 -8); r1 = r6; call iter_destroy; r0 = 0; exit`, want: "belongs to an iterator"},
	{name: "read at a variable offset", src: `*(u64 *)(r10 -16) = 0;` + iter + rnd + `r0 &= 8; r1 = r10; r1 += -16; r1 += r0; r7 = *(u64 *)(r1 +0); r1 = r6; call iter_destroy; r0 = 0; exit`, want: "belongs to an iterator"},
	{name: "unaligned", src: `r6 = r10; r6 += -12; r1 = r6; r2 = 0; r3 = 10; call iter_new; r1 = r6; call iter_destroy; r0 = 0; exit`, want: "no multiple of 8"},
	{name: "beyond the stack", src: `r6 = r10; r1 = r6; r2 = 0; r3 = 10; call iter_new; r0 = 0; exit`, want: "stack byte"},
	{name: "at the far end", src: `r6 = r10; r6 += -512; r1 = r6; r2 = 0; r3 = 10; call iter_new; r1 = r6; call iter_destroy; r0 = 0; exit`},
	{name: "in a map value", src: val + `r1 = r0; r2 = 0; r3 = 4; call iter_new; out: r0 = 0; exit`, want: "needs an iterator on the stack"},
	{name: "at a variable offset", src: rnd + `r0 &= 8; r1 = r10; r1 += -16; r1 += r0; r2 = 0; r3 = 4; call iter_new; r0 = 0; exit`, want: "needs an iterator on the stack"},
	{name: "pointer for a bound", src: `r1 = r10; r1 += -8; r2 = r10; r3 = 4; call iter_new; r0 = 0; exit`, want: "needs a number in R2"},
	{name: "bound not set", src: `r1 = r10; r1 += -8; r2 = 0; call iter_new; r0 = 0; exit`, want: "R3 is read"},
	{name: "number without check", src: iter + `r1 = r6; call iter_next; r1 = *(u32 *)(r0 +0); r1 = r6; call iter_destroy; r0 = 0; exit`, want: "R0 is null"},
	{name: "number is written", src: iter + next + `*(u32 *)(r0 +0) = 5;` + destroy + `r0 = 0; exit`, want: "may only read"},
	{name: "beyond the number", src: iter + next + `r1 = *(u64 *)(r0 +0);` + destroy + `r0 = 0; exit`, want: "which has 4 bytes"},
	{name: "part of the number", src: iter + next + `r1 = *(u16 *)(r0 +2);` + destroy + `r0 = 0; exit`},
	{name: "number after the end", src: iter + `r7 = 0; ` + next + `r7 = r0;` + destroy + `if r7 == 0 goto z; r0 = *(u32 *)(r7 +0); z: r0 = 0; exit`, want: "R7"},
	{name: "number of the round before", src: iter + next + `r7 = r0;` + `r1 = r6; call iter_next; r1 = *(u32 *)(r7 +0);` + destroy + `r0 = 0; exit`},
	{name: "index that is checked", src: val + `r9 = r0;` + iter + `l: ` + next + `r1 = *(u32 *)(r0 +0); if r1 > 15 goto l; r2 = r9; r2 += r1; r3 = *(u8 *)(r2 +0); goto l;` + destroy + out},
	{name: "index that is not checked", src: val + `r9 = r0;` + iter + `l: ` + next + `r1 = *(u32 *)(r0 +0); r2 = r9; r2 += r1; r3 = *(u8 *)(r2 +0); goto l;` + destroy + out, want: "at an unbounded offset (R2)"},
	{name: "counter that is checked", src: val + `r9 = r0; r7 = 0;` + iter + `l: ` + next + `if r7 > 15 goto l; r2 = r9; r2 += r7; r3 = *(u8 *)(r2 +0); r7 += 1; goto l;` + destroy + out},
	{name: "counter that is not checked", src: val + `r9 = r0; r7 = 0;` + iter + `l: ` + next + `r2 = r9; r2 += r7; r3 = *(u8 *)(r2 +0); r7 += 1; goto l;` + destroy + out, want: "of the value of map"},
	{name: "pointer that moves", src: val + `r9 = r0;` + iter + `l: ` + next + `r3 = *(u8 *)(r9 +0); r9 += 1; goto l;` + destroy + out, want: "of the value of map"},
	{name: "pointer becomes a number", src: val + `r9 = r0;` + iter + `l: ` + next + `r3 = *(u8 *)(r9 +0); r9 = 1; goto l;` + destroy + out, want: "R9 is a number"},
	{name: "set in the loop, used behind", src: iter + `r7 = 0; l: ` + next + `r7 = 100; goto l;` + destroy + `r1 = r10; r1 += r7; *(u8 *)(r1 -8) = 1; r0 = 0; exit`, want: "stack byte"},
	{name: "loop in a loop", src: iter + `r7 = r10; r7 += -16; l: ` + next + `r1 = r7; r2 = 0; r3 = 3; call iter_new; m: r1 = r7; call iter_next; if r0 == 0 goto e; goto m; e: r1 = r7; call iter_destroy; goto l;` + destroy + `r0 = 0; exit`},
	{name: "inner one is not destroyed", src: iter + `r7 = r10; r7 += -16; l: ` + next + `r1 = r7; r2 = 0; r3 = 3; call iter_new; goto l;` + destroy + `r0 = 0; exit`, want: "iterator"},
	{name: "endless loop inside", src: iter + `l: ` + next + `m: goto m;` + destroy + `r0 = 0; exit`, want: "never ends"},
	{name: "loop inside", src: iter + `l: ` + next + `r1 = 0; m: r1 += 1; if r1 < 9 goto m; goto l;` + destroy + `r0 = 0; exit`},
	{name: "goes on without asking", src: iter + `l: r1 = 0; goto l;` + destroy + `r0 = 0; exit`, want: "unreachable"},
	{name: "drained one asked again", src: iter + `l: ` + next + `goto l; done: r1 = r6; call iter_next; if r0 != 0 goto x; r1 = r6; call iter_destroy; r0 = 0; exit; x: r0 = *(u64 *)(r10 +8); exit`},
	{name: "of the caller", src: iter + `r1 = r6; call F; r1 = r6; call iter_destroy; r0 = 0; exit; F: r6 = r1; l: r1 = r6; call iter_next; if r0 == 0 goto z; r1 = *(u32 *)(r0 +0); goto l; z: r0 = 0; exit`},
	{name: "made by a function", src: `r1 = r10; r1 += -8; call F; r1 = r10; r1 += -8; call iter_destroy; r0 = 0; exit; F: r2 = 0; r3 = 4; call iter_new; r0 = 0; exit`},
	{name: "left in a function", src: `call F; r0 = 0; exit; F: r1 = r10; r1 += -8; r2 = 0; r3 = 4; call iter_new; r0 = 0; exit`, want: "is not destroyed"},
	{name: "in a callback", src: `*(u64 *)(r10 -8) = 0; r1 = 10;` + loopOf + `r0 = 0; exit; F: r6 = r10; r6 += -8; r1 = r6; r2 = 0; r3 = 4; call iter_new; l: r1 = r6; call iter_next; if r0 == 0 goto d; goto l; d: r1 = r6; call iter_destroy; r0 = 0; exit`},
	{name: "result of new", src: iter + `r7 = r0; r1 = r6; call iter_destroy; r0 = r7; exit`},
	{name: "result of destroy", src: iter + `r1 = r6; call iter_destroy; exit`, want: "R0 is read"},
	{name: "arguments after next", src: iter + `r1 = r6; call iter_next; r7 = r1; r1 = r6; call iter_destroy; r0 = 0; exit`, want: "R1 is read"},
	{name: "number as a key", src: iter + next + `r2 = r0; r1 = map[hash]; call map_lookup_elem;` + destroy + `r0 = 0; exit`, want: "which it cannot take"},
	{name: "number in a record", src: iter + next + `r2 = r0; r1 = map[ring]; r3 = 4; r4 = 0; call ringbuf_output;` + destroy + `r0 = 0; exit`},
	{name: "iterator as a key", src: iter + `r2 = r10; r2 += -8; r1 = map[hash]; call map_lookup_elem; r1 = r6; call iter_destroy; r0 = 0; exit`, want: "belongs to an iterator"},
	{name: "iterator is filled", typ: object.TC, src: `r7 = r1;` + iter + `r1 = r7; r2 = 0; r3 = r10; r3 += -8; r4 = 8; call skb_load_bytes; r1 = r6; call iter_destroy; r0 = 0; exit`, want: "that bpf_iter_num_new has made"},
	{name: "spilled pointer in the slot", src: `*(u64 *)(r10 -8) = r1;` + iter + `r1 = r6; call iter_destroy; r0 = 0; exit`},
	{name: "packet pointer over the loop", src: pkt + `r9 = r2;` + iter + `l: ` + next + `r1 = *(u8 *)(r9 +13); goto l;` + destroy + out},
	{name: "value or null over the loop", src: `*(u32 *)(r10 -12) = 1; r2 = r10; r2 += -12; r1 = map[hash]; call map_lookup_elem; r9 = r0;` + iter + `l: ` + next + `if r9 == 0 goto l; r1 = *(u64 *)(r9 +0); goto l;` + destroy + `r0 = 0; exit`},
	{name: "tail call in the loop", src: `r9 = r1;` + iter + next + `r1 = r9;` + tailCall + destroy + `r0 = 0; exit`, want: "is not destroyed"},
}
