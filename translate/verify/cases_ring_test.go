package verify_test

import "github.com/skipsw/skipsw/translate/object"

// taken begins programs that hold a record of 16 bytes in R6.
const taken = `r6 = r1; r1 = map[ring]; r2 = 16; r3 = 0; call ringbuf_reserve; if r0 == 0 goto out; r7 = r6; r6 = r0; `

// submits ends them.
const submits = ` r1 = r6; r2 = 0; call ringbuf_submit;` + out

// ringCases are programs with reserved records of a ring buffer.
var ringCases = []verdictCase{
	{name: "record submitted", src: taken + `*(u64 *)(r6 +8) = 7;` + submits},
	{name: "record discarded", src: taken + `r1 = r6; r2 = 0; call ringbuf_discard;` + out},
	{name: "record not given back", src: taken + out, want: "neither submitted nor discarded"},
	{name: "record given back on one path", src: taken + `r1 = *(u32 *)(r7 +12); if r1 == 0 goto out;` + submits, want: "neither submitted nor discarded"},
	{name: "record given back on both paths", src: taken + `r3 = *(u32 *)(r7 +12); r1 = r6; r2 = 0; if r3 == 0 goto drop; call ringbuf_submit; r0 = 0; exit; drop: call ringbuf_discard;` + out},
	{name: "record given back twice", src: taken + `r1 = r6; r2 = 0; call ringbuf_submit; r1 = r6; r2 = 0; call ringbuf_submit;` + out, want: "needs a record from bpf_ringbuf_reserve in R1, it holds scalar"},
	{name: "record used afterwards", src: taken + `r1 = r6; r2 = 0; call ringbuf_submit; r0 = *(u32 *)(r6 +0);` + out, want: "R6 was a record that has been submitted"},
	{name: "record not compared with null", src: `r1 = map[ring]; r2 = 16; r3 = 0; call ringbuf_reserve; *(u64 *)(r0 +0) = 1;` + out, want: "R0 may be null here"},
	{name: "null submitted", src: `r1 = map[ring]; r2 = 16; r3 = 0; call ringbuf_reserve; r1 = r0; r2 = 0; call ringbuf_submit;` + out, want: "that may be null"},
	{name: "record moved before it is given back", src: taken + `r6 += 8;` + submits, want: "it was moved"},
	{name: "record moved and moved back", src: taken + `r6 += 8; r6 += -8;` + submits},
	{name: "last byte of a record", src: taken + `*(u8 *)(r6 +15) = 1;` + submits},
	{name: "byte behind a record", src: taken + `*(u8 *)(r6 +16) = 1;` + submits, want: "memory byte 16 written, the object has 16 bytes"},
	{name: "byte in front of a record", src: taken + `r0 = *(u8 *)(r6 -1);` + submits, want: "memory byte -1 read"},
	{name: "variable place in a record", src: taken + `r1 = *(u32 *)(r7 +12); r1 &= 8; r2 = r6; r2 += r1; *(u64 *)(r2 +0) = 1;` + submits},
	{name: "variable place too far", src: taken + `r1 = *(u32 *)(r7 +12); r1 &= 15; r2 = r6; r2 += r1; *(u64 *)(r2 +0) = 1;` + submits, want: "the object has 16 bytes"},
	{name: "record read before it is written", src: taken + `r8 = *(u64 *)(r6 +0);` + submits},
	{name: "size not constant", src: `r2 = *(u32 *)(r1 +12); r2 &= 15; r1 = map[ring]; r3 = 0; call ringbuf_reserve; if r0 == 0 goto out; r1 = r0; r2 = 0; call ringbuf_submit;` + out, want: "needs a constant size in R2"},
	{name: "record of no bytes", src: `r1 = map[ring]; r2 = 0; r3 = 0; call ringbuf_reserve; if r0 == 0 goto out; r1 = r0; r2 = 0; call ringbuf_submit;` + out},
	{name: "reserve in another map", src: `r1 = map[arr]; r2 = 16; r3 = 0; call ringbuf_reserve; r0 = 0; exit`, want: "bpf_ringbuf_reserve cannot work on map"},
	{name: "map value submitted", src: `r1 = map[data] value +0; r2 = 0; call ringbuf_submit;` + out, want: "needs a record from bpf_ringbuf_reserve"},
	{name: "record as memory of a helper", src: taken + `r1 = map[ring]; r2 = r6; r3 = 16; r4 = 0; call ringbuf_output;` + submits},
	{name: "more of a record than there is", src: taken + `r1 = map[ring]; r2 = r6; r3 = 17; r4 = 0; call ringbuf_output;` + submits, want: "the object has 16 bytes"},
	{name: "record filled by a helper", src: taken + `r1 = r7; r2 = 0; r3 = r6; r4 = 16; call xdp_load_bytes;` + submits},
	{name: "record spilled", src: taken + `*(u64 *)(r10 -8) = r6; r6 = *(u64 *)(r10 -8); *(u32 *)(r6 +4) = 1;` + submits},
	{name: "copy of a record is lost with it", src: taken + `*(u64 *)(r10 -8) = r6; r1 = r6; r2 = 0; call ringbuf_submit; r6 = *(u64 *)(r10 -8); *(u32 *)(r6 +4) = 1;` + out, want: "R6 was a record"},
	{name: "record forgotten", src: taken + `r6 = 0; r0 = 0;` + out, want: "neither submitted nor discarded"},
	{name: "two records", src: taken + `r1 = map[ring]; r2 = 8; r3 = 0; call ringbuf_reserve; if r0 == 0 goto one; *(u64 *)(r0 +0) = 1; r1 = r0; r2 = 0; call ringbuf_submit; one:` + submits},
	{name: "the other of two records", src: taken + `r1 = map[ring]; r2 = 8; r3 = 0; call ringbuf_reserve; if r0 == 0 goto one; r1 = r0; r2 = 0; call ringbuf_submit; r0 = 0; exit; one:` + submits, want: "neither submitted nor discarded"},
	{name: "record reserved in a function", src: `call Take; if r0 == 0 goto out; r6 = r0;` + submits + `; Take: r1 = map[ring]; r2 = 16; r3 = 0; call ringbuf_reserve; exit`},
	{name: "record given back in a function", src: taken + `r1 = r6; call Give;` + out + `; Give: r2 = 0; call ringbuf_submit; r0 = 0; exit`},
	{name: "tail call with a record", src: taken + `r1 = r7; r2 = map[progs]; r3 = 1; call tail_call;` + submits, want: "a tail call leaves the program"},
	{name: "socket asked for", src: `*(u32 *)(r10 -4) = 1; r1 = map[sockets]; r2 = r10; r2 += -4; call map_lookup_elem; if r0 == 0 goto out; r0 = 1; exit; out: r0 = 2; exit`},
	{name: "queue of a socket", src: `*(u32 *)(r10 -4) = 1; r1 = map[sockets]; r2 = r10; r2 += -4; call map_lookup_elem; if r0 == 0 goto out; r0 = *(u32 *)(r0 +0); out: exit`, want: "bpf_xdp_sock.queue_id", kernel: "takes it"},
	{name: "half a queue of a socket", src: `*(u32 *)(r10 -4) = 1; r1 = map[sockets]; r2 = r10; r2 += -4; call map_lookup_elem; if r0 == 0 goto out; r0 = *(u16 *)(r0 +0); out: r0 = 0; exit`, want: "bytes 0..3 can be read together"},
	{name: "socket not checked", src: `*(u32 *)(r10 -4) = 1; r1 = map[sockets]; r2 = r10; r2 += -4; call map_lookup_elem; r0 = *(u32 *)(r0 +0); r0 = 0; exit`, want: "may be null"},
	{name: "write to a socket", src: `*(u32 *)(r10 -4) = 1; r1 = map[sockets]; r2 = r10; r2 += -4; call map_lookup_elem; if r0 == 0 goto out; *(u32 *)(r0 +0) = 1; out: r0 = 0; exit`, want: "not bytes"},
	{name: "arithmetic on a socket", src: `*(u32 *)(r10 -4) = 1; r1 = map[sockets]; r2 = r10; r2 += -4; call map_lookup_elem; if r0 == 0 goto out; r0 += 4; out: r0 = 0; exit`, want: "arithmetic on xdp_sock"},
	{name: "socket as a key", src: `*(u32 *)(r10 -4) = 1; r1 = map[sockets]; r2 = r10; r2 += -4; call map_lookup_elem; if r0 == 0 goto out; r2 = r0; r1 = map[hash]; call map_lookup_elem; out: r0 = 0; exit`, want: "R2"},
	{name: "update of sockets", src: `*(u32 *)(r10 -4) = 1; r1 = map[sockets]; r2 = r10; r2 += -4; r3 = r2; r4 = 0; call map_update_elem; r0 = 0; exit`, want: "map_update_elem"},
	{name: "filter asked with memory", src: `*(u64 *)(r10 -8) = 1; r1 = map[bloom]; r2 = r10; r2 += -8; call map_peek_elem; r1 = map[bloom]; r2 = r10; r2 += -8; r3 = 0; call map_push_elem; r0 = *(u64 *)(r10 -8); exit`},
	{name: "filter asked with too little", src: `r1 = map[bloom]; r2 = r10; r2 += -4; call map_peek_elem; r0 = 0; exit`, want: "stack byte -4..3 read"},
	{name: "filter emptied", src: `*(u64 *)(r10 -8) = 1; r1 = map[bloom]; r2 = r10; r2 += -8; call map_pop_elem; r0 = 0; exit`, want: "map_pop_elem"},
	{name: "legacy load with a record", typ: object.TC, src: `r7 = r1; r1 = map[ring]; r2 = 16; r3 = 0; call ringbuf_reserve; if r0 == 0 goto out; r8 = r0; r6 = r7; r0 = *(u8 *)skb[0]; r1 = r8; r2 = 0; call ringbuf_submit;` + out, want: "may end the program"},
	{name: "records in a loop", src: `r6 = 0; again: r1 = map[ring]; r2 = 8; r3 = 0; call ringbuf_reserve; if r0 == 0 goto out; *(u64 *)(r0 +0) = r6; r1 = r0; r2 = 0; call ringbuf_submit; r6 += 1; if r6 < 4 goto again;` + out},
	{name: "records kept in a loop", src: `r6 = 0; again: r1 = map[ring]; r2 = 8; r3 = 0; call ringbuf_reserve; if r0 == 0 goto out; r7 = r0; r6 += 1; if r6 < 2 goto again; r1 = r7; r2 = 0; call ringbuf_submit;` + out, want: "neither submitted nor discarded"},
	{name: "query", src: `r1 = map[ring]; r2 = 1; call ringbuf_query;` + out},
}
