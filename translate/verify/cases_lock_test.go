package verify_test

import "github.com/skipsw/skipsw/translate/object"

// locks looks up the value that R2's key says in map locked, keeps it in R6 and
// takes its lock, at byte 4; unlocks gives it back.
const (
	lookLocked = `*(u32 *)(r10 -4) = 1; r2 = r10; r2 += -4; r1 = map[locked]; call map_lookup_elem; if r0 == 0 goto out; r6 = r0;`
	lock       = `r1 = r6; r1 += 4; call spin_lock;`
	unlock     = `r1 = r6; r1 += 4; call spin_unlock;`
	locks      = lookLocked + lock
	again      = `r2 = r10; r2 += -4; r1 = map[locked]; call map_lookup_elem; if r0 == 0 goto out; r7 = r0;`
	data       = `r6 = map[lockeddata] value +0;`
)

// lockCases are programs with spin locks in map values.
var lockCases = []verdictCase{
	{name: "taken and given back", src: locks + `r1 = *(u64 *)(r6 +8); r1 += 1; *(u64 *)(r6 +8) = r1;` + unlock + out},
	{name: "taken and given back for tc", typ: object.TC, src: locks + unlock + out},
	{name: "taken twice in turn", src: locks + unlock + lock + unlock + out},
	{name: "held at the end", src: locks + out, want: "the program ends, and the lock that instruction"},
	{name: "held at the end of one path", src: lookLocked + `r7 = *(u32 *)(r6 +8);` + lock + `if r7 == 0 goto out;` + unlock + out, want: "the program ends, and the lock"},
	{name: "given back on both paths", src: lookLocked + `r7 = *(u32 *)(r6 +8);` + lock + `if r7 == 0 goto a;` + unlock + `r0 = 0; exit; a: ` + unlock + out},
	{name: "taken on one path alone", src: lookLocked + `r7 = *(u32 *)(r6 +8); if r7 == 0 goto a;` + lock + `a:` + unlock + out, want: "without a lock that is held"},
	{name: "taken and given back under one condition", src: lookLocked + `r7 = *(u32 *)(r6 +8); if r7 == 0 goto a;` + lock + `a: if r7 == 0 goto b;` + unlock + `b:` + out},
	{name: "taken and given back under two conditions", src: lookLocked + `r7 = *(u32 *)(r6 +8); r8 = *(u32 *)(r6 +12); if r7 == 0 goto a;` + lock + `a: if r8 == 0 goto b;` + unlock + `b:` + out, want: "lock"},
	{name: "taken twice", src: locks + lock + unlock + out, want: "bpf_spin_lock is called while the lock is held"},
	{name: "given back twice", src: locks + unlock + unlock + out, want: "without a lock that is held"},
	{name: "never taken", src: lookLocked + unlock + out, want: "without a lock that is held"},
	{name: "lock of another lookup given back", src: lookLocked + again + lock + `r1 = r7; r1 += 4; call spin_unlock;` + out, want: "another lock than the one"},
	{name: "lock of another map given back", src: lookLocked + lock + `r1 = map[lockeddata] value +0; call spin_unlock;` + out, want: "another lock than the one"},
	{name: "lock of another inner map given back", src: lookLocked + lock + data + `r1 = r6; call spin_unlock;` + out, want: "another lock than the one"},
	{name: "two locks in turn", src: lookLocked + again + lock + unlock + `r1 = r7; r1 += 4; call spin_lock; r1 = r7; r1 += 4; call spin_unlock;` + out},
	{name: "two locks at once", src: locks + `r1 = map[lockeddata] value +0; call spin_lock;` + unlock + out, want: "is called while the lock is held"},
	{name: "one of two values, chosen", src: lookLocked + again + `r8 = *(u32 *)(r6 +8); if r8 == 0 goto a; r6 = r7; a:` + lock + unlock + out},
	{name: "one of two values, chosen again", src: lookLocked + again + `r8 = *(u32 *)(r6 +8); r9 = r6; if r8 == 0 goto a; r9 = r7; a: r1 = r9; r1 += 4; call spin_lock; r1 = r6; r1 += 4; call spin_unlock;` + out, want: "another lock than the one"},
	{name: "helper under a lock", src: locks + `call get_prandom_u32;` + unlock + out, want: "bpf_get_prandom_u32 is called while the lock is held"},
	{name: "lookup under a lock", src: locks + again + unlock + out, want: "bpf_map_lookup_elem is called while the lock is held"},
	{name: "tail call under a lock", src: `r9 = r1;` + locks + `r1 = r9;` + tailCall + unlock + out, want: "is called while the lock is held"},
	{name: "static function under a lock", src: locks + `r1 = r6; call F;` + unlock + `r0 = 0; exit; out: r0 = 0; exit; F: r2 = *(u64 *)(r1 +8); r2 += 1; *(u64 *)(r1 +8) = r2; r0 = 0; exit`},
	{name: "static function that calls a helper under a lock", src: locks + `r1 = r6; call F;` + unlock + `r0 = 0; exit; out: r0 = 0; exit; F: call get_prandom_u32; exit`, want: "is called while the lock is held"},
	{name: "static function that takes the lock", src: lookLocked + `r1 = r6; call F;` + unlock + `r0 = 0; exit; out: r0 = 0; exit; F: r1 += 4; call spin_lock; r0 = 0; exit`},
	{name: "static function that gives the lock back", src: locks + `r1 = r6; call F; r0 = 0; exit; out: r0 = 0; exit; F: r1 += 4; call spin_unlock; r0 = 0; exit`},
	{name: "global function under a lock", src: locks + `r1 = 1; call F;` + unlock + `r0 = 0; exit; out: r0 = 0; exit; F: r0 = 0; exit`, global: map[string][]object.Arg{"F": {{Kind: object.ArgScalar}}}, want: `global function "F" is called while the lock is held`},
	{name: "lock in a global function", src: `r1 = 1; call F; r0 = 0; exit; F:` + data + `r1 = r6; call spin_lock; r1 = r6; call spin_unlock; r0 = 0; exit`, global: map[string][]object.Arg{"F": {{Kind: object.ArgScalar}}}},
	{name: "lock left by a global function", src: `r1 = 1; call F; r0 = 0; exit; F:` + data + `r1 = r6; call spin_lock; r0 = 0; exit`, global: map[string][]object.Arg{"F": {{Kind: object.ArgScalar}}}, want: "the program ends, and the lock"},
	{name: "lock in a callback", src: `r1 = 4; r2 = func F; r3 = 0; r4 = 0; call loop; r0 = 0; exit; F:` + data + `r1 = r6; call spin_lock; r1 = r6; call spin_unlock; r0 = 0; exit`},
	{name: "lock left by a callback", src: `r1 = 4; r2 = func F; r3 = 0; r4 = 0; call loop; r0 = 0; exit; F:` + data + `r1 = r6; call spin_lock; r0 = 0; exit`, want: "is called while the lock is held"},
	{name: "callback under a lock", src: data + `r1 = r6; call spin_lock; r1 = 4; r2 = func F; r3 = 0; r4 = 0; call loop; r1 = r6; call spin_unlock; r0 = 0; exit; F: r0 = 0; exit`, want: "bpf_loop is called while the lock is held"},
	{name: "lock of an element", src: `r1 = map[locked]; r2 = func F; r3 = 0; r4 = 0; call for_each_map_elem; r0 = 0; exit; F: r6 = r3;` + lock + `*(u64 *)(r6 +8) = 1;` + unlock + `r0 = 0; exit`},
	{name: "lock of an element given back as another", src: `r1 = map[lockeddata]; r2 = func F; r3 = 0; r4 = 0; call for_each_map_elem; r0 = 0; exit; F: r1 = r3; call spin_lock; r1 = map[lockeddata] value +0; call spin_unlock; r0 = 0; exit`},
	{name: "loop under a lock", src: locks + `r7 = 0; l: r1 = *(u32 *)(r6 +8); r1 += 1; *(u32 *)(r6 +8) = r1; r7 += 1; if r7 < 10 goto l;` + unlock + out},
	{name: "lock in a loop", src: lookLocked + `r7 = 0; l:` + lock + unlock + `r7 += 1; if r7 < 10 goto l;` + out},
	{name: "lock taken by the round before", src: lookLocked + lock + `r7 = 0; l:` + unlock + lock + `r7 += 1; if r7 < 10 goto l;` + unlock + out},
	{name: "lock left by the round before", src: lookLocked + `r7 = 0; l:` + lock + `r7 += 1; if r7 < 10 goto l;` + unlock + out, want: "is called while the lock is held"},
	{name: "iterator under a lock", src: `r1 = r10; r1 += -16; r2 = 0; r3 = 4; call iter_new; *(u32 *)(r10 -4) = 1;` + data + `r1 = r6; call spin_lock; l: r1 = r10; r1 += -16; call iter_next; if r0 == 0 goto d; goto l; d: r1 = r6; call spin_unlock; r1 = r10; r1 += -16; call iter_destroy; r0 = 0; exit`},
	{name: "address in the code", src: data + `r1 = r6; call spin_lock; *(u64 *)(r6 +8) = 1; r1 = r6; call spin_unlock; r0 = 0; exit`},
	{name: "two addresses in the code", src: data + `r1 = r6; call spin_lock; r1 = map[lockeddata] value +0; call spin_unlock; r0 = 0; exit`},
	{name: "address given back through a lookup", src: data + `*(u32 *)(r10 -4) = 0; r2 = r10; r2 += -4; r1 = map[lockeddata]; call map_lookup_elem; if r0 == 0 goto out; r7 = r0; r1 = r6; call spin_lock; r1 = r7; call spin_unlock;` + out, want: "another lock than the one"},
	{name: "constant key of an array", src: `*(u32 *)(r10 -4) = 0; r2 = r10; r2 += -4; r1 = map[lockedarr]; call map_lookup_elem; r6 = r0; r1 = r6; r1 += 8; call spin_lock; r1 = r6; r1 += 8; call spin_unlock; r0 = 0; exit`},
	{name: "two constant keys of an array", src: `*(u32 *)(r10 -4) = 0; r2 = r10; r2 += -4; r1 = map[lockedarr]; call map_lookup_elem; r6 = r0; r2 = r10; r2 += -4; r1 = map[lockedarr]; call map_lookup_elem; r7 = r0; r1 = r6; r1 += 8; call spin_lock; r1 = r7; r1 += 8; call spin_unlock; r0 = 0; exit`, want: "another lock than the one"},
	{name: "lock of an inner map", src: `*(u32 *)(r10 -4) = 0; r2 = r10; r2 += -4; r1 = map[lockedouter]; call map_lookup_elem; if r0 == 0 goto out; r1 = r0; r2 = r10; r2 += -4; call map_lookup_elem; if r0 == 0 goto out; r6 = r0; r1 = r6; call spin_lock; *(u32 *)(r6 +4) = 1; r1 = r6; call spin_unlock;` + out},
	{name: "spilled pointer", src: lookLocked + `*(u64 *)(r10 -16) = r6;` + lock + `r6 = 0; r6 = *(u64 *)(r10 -16);` + unlock + out},
	{name: "null not checked", src: `*(u32 *)(r10 -4) = 1; r2 = r10; r2 += -4; r1 = map[locked]; call map_lookup_elem; r1 = r0; call spin_lock; r0 = 0; exit`, want: "that may be null"},
	{name: "lock at another byte", src: lookLocked + `r1 = r6; call spin_lock; r1 = r6; call spin_unlock;` + out, want: "gets byte 0 of a value"},
	{name: "lock at a variable byte", src: lookLocked + `r7 = *(u32 *)(r6 +8); r7 &= 4; r1 = r6; r1 += r7; call spin_lock;` + out, want: "at a constant offset"},
	{name: "lock on the stack", src: `r1 = r10; r1 += -8; call spin_lock; r0 = 0; exit`, want: "it holds fp"},
	{name: "lock in the packet", src: pkt + `r1 = r2; call spin_lock;` + out, want: "it holds pkt"},
	{name: "number for a lock", src: `r1 = 5; call spin_lock; r0 = 0; exit`, want: "it holds scalar"},
	{name: "map without BTF", src: val + `r1 = r0; call spin_lock; r0 = 0;` + out, want: "which has no BTF"},
	{name: "lock read", src: lookLocked + `r0 = *(u32 *)(r6 +4);` + out, want: "reaches the bpf_spin_lock"},
	{name: "lock read in part", src: lookLocked + `r0 = *(u8 *)(r6 +7);` + out, want: "reaches the bpf_spin_lock"},
	{name: "lock read with others", src: lookLocked + `r0 = *(u64 *)(r6 +0);` + out, want: "reaches the bpf_spin_lock"},
	{name: "lock written", src: lookLocked + `*(u32 *)(r6 +4) = 0;` + out, want: "reaches the bpf_spin_lock"},
	{name: "lock changed by an atomic operation", src: lookLocked + `r1 = 1; lock *(u32 *)(r6 +4) += r1;` + out, want: "reaches the bpf_spin_lock"},
	{name: "around the lock", src: lookLocked + `r0 = *(u32 *)(r6 +0); r0 = *(u64 *)(r6 +8);` + out},
	{name: "lock at a variable offset", src: lookLocked + `r7 = *(u32 *)(r6 +8); r7 &= 7; r6 += r7; r0 = *(u8 *)(r6 +0);` + out, want: "reaches the bpf_spin_lock"},
	{name: "before the lock at a variable offset", src: lookLocked + `r7 = *(u32 *)(r6 +8); r7 &= 3; r6 += r7; r0 = *(u8 *)(r6 +0);` + out},
	{name: "behind the lock at a variable offset", src: lookLocked + `r7 = *(u32 *)(r6 +8); r7 &= 7; r6 += r7; r0 = *(u8 *)(r6 +8);` + out},
	{name: "value with a lock as a value", src: lookLocked + `r2 = r10; r2 += -4; r1 = map[locked]; r3 = r6; r4 = 0; call map_update_elem; r0 = 0;` + out, want: "reaches the bpf_spin_lock"},
	{name: "part of a value with a lock as a key", src: lookLocked + `r2 = r6; r1 = map[locked]; call map_lookup_elem; r0 = 0;` + out},
	{name: "lock as a key", src: lookLocked + `r2 = r6; r2 += 4; r1 = map[locked]; call map_lookup_elem; r0 = 0;` + out, want: "reaches the bpf_spin_lock"},
	{name: "bytes with a lock for a helper", src: lookLocked + `r1 = 0; r2 = 0; r3 = r6; r4 = 24; r5 = 0; call csum_diff; r0 = 0;` + out, want: "reaches the bpf_spin_lock"},
	{name: "update of a map with locks", src: `*(u32 *)(r10 -4) = 1; *(u64 *)(r10 -16) = 1; *(u64 *)(r10 -24) = 1; *(u64 *)(r10 -32) = 1; r2 = r10; r2 += -4; r3 = r10; r3 += -32; r1 = map[locked]; r4 = 4; call map_update_elem; r0 = 0; exit`},
	{name: "result of a lock", src: data + `r1 = r6; call spin_lock; r7 = r0; r1 = r6; call spin_unlock; r0 = 0; exit`, want: "R0 is read"},
	{name: "packet under a lock", src: `r8 = r1;` + locks + `r2 = *(u32 *)(r8 +0); r3 = *(u32 *)(r8 +4); r4 = r2; r4 += 14; if r4 > r3 goto a; r5 = *(u8 *)(r2 +0); *(u32 *)(r6 +8) = r5; a:` + unlock + out},
	{name: "legacy load under a lock", typ: object.TC, src: `r6 = r1; r7 = map[lockeddata] value +0; r1 = r7; call spin_lock; r0 = *(u16 *)skb[12]; r1 = r7; call spin_unlock; r0 = 0; exit`, want: "LD_ABS and LD_IND may end the program, and the lock"},
	{name: "record and lock", src: `r8 = r1;` + data + taken[len(`r6 = r1; `):] + `r9 = r6; r6 = map[lockeddata] value +0; r1 = r6; call spin_lock; *(u64 *)(r9 +0) = 1; r1 = r6; call spin_unlock; r1 = r9; r2 = 0; call ringbuf_submit;` + out},
}
