package histories

import (
	"fmt"
	"strings"
)

// A packet is an operation: its kind, its key and its value in the first 16 bytes;
// the program leaves what it got in the 16 bytes behind them.
const head = `
	r6 = *(u32 *)(r1 +0)
	r2 = *(u32 *)(r1 +4)
	r3 = r6
	r3 += 64
	if r3 > r2 goto out
	r7 = *(u32 *)(r6 +0)
	r8 = *(u32 *)(r6 +4)
	r9 = *(u64 *)(r6 +8)
	*(u32 *)(r10 -4) = r8
	*(u64 *)(r10 -16) = r9
	r0 = 0
`

const tail = `
	done: *(u64 *)(r6 +16) = r0
	out: r0 = 2
	exit`

// found leaves the value that r0 points at, or 0 for none.
const found = `
	if r0 == 0 goto done
	r1 = *(u64 *)(r0 +0)
	*(u64 *)(r6 +24) = r1
	r0 = 1
	goto done
`

// hashProgram looks up (0), updates with flags kind-1 (1 to 3), deletes (4).
const hashProgram = head + hashBody + tail

const hashBody = `
	if r7 == 0 goto look
	if r7 == 4 goto remove
	r4 = r7
	r4 += -1
	r1 = map[m]
	r2 = r10
	r2 += -4
	r3 = r10
	r3 += -16
	call map_update_elem
	goto done
	remove: r1 = map[m]
	r2 = r10
	r2 += -4
	call map_delete_elem
	goto done
	look: r1 = map[m]
	r2 = r10
	r2 += -4
	call map_lookup_elem` + found

// longProgram is hashProgram with keys of 72 bytes: half of the number at each end, and zeros.
var longProgram = strings.NewReplacer("r2 += -4", "r2 += -88", "*(u32 *)(r10 -4) = r8", zeros(-88, 72)+"*(u16 *)(r10 -88) = r8\nr8 >>= 16\n*(u16 *)(r10 -20) = r8").Replace(hashProgram)

// zeros clears n bytes of the stack, a multiple of 8.
func zeros(at, n int) string {
	var b strings.Builder
	for k := at; k < at+n; k += 8 {
		fmt.Fprintf(&b, "*(u64 *)(r10 %d) = 0\n", k)
	}
	return b.String()
}

// arrayProgram reads (0), writes (1), adds and gets the old value (5), exchanges (6).
const arrayProgram = head + `
	r1 = map[m]
	r2 = r10
	r2 += -4
	call map_lookup_elem
	if r0 == 0 goto done
	if r7 == 1 goto write
	if r7 == 5 goto add
	if r7 == 6 goto swap` + found + `
	write: *(u64 *)(r0 +0) = r9
	r0 = 1
	goto done` + counting

// compareProgram is arrayProgram that compares and exchanges, too (10): it expects the
// number that it has read before, which it leaves at byte 32.
const compareProgram = head + `
	r1 = map[m]
	r2 = r10
	r2 += -4
	call map_lookup_elem
	if r0 == 0 goto done
	if r7 == 1 goto write
	if r7 == 5 goto add
	if r7 == 6 goto swap
	if r7 == 10 goto compare` + found + comparing + `
	write: *(u64 *)(r0 +0) = r9
	r0 = 1
	goto done` + counting

const comparing = `
	compare: r8 = r0
	r0 = *(u64 *)(r8 +0)
	*(u64 *)(r6 +32) = r0
	r0 = atomic_cmpxchg((u64 *)(r8 +0), r0, r9)
	*(u64 *)(r6 +24) = r0
	r0 = 1
	goto done
`

const counting = `
	add: r1 = r9
	r1 = atomic_fetch_add((u64 *)(r0 +0), r1)
	goto old
	swap: r1 = r9
	r1 = atomic_xchg((u64 *)(r0 +0), r1)
	old: *(u64 *)(r6 +24) = r1
	r0 = 1
` + tail

// compareUpdateProgram is compareProgram whose writes are updates.
const compareUpdateProgram = head + `
	if r7 == 1 goto write
	r1 = map[m]
	r2 = r10
	r2 += -4
	call map_lookup_elem
	if r0 == 0 goto done
	if r7 == 5 goto add
	if r7 == 6 goto swap
	if r7 == 10 goto compare` + found + comparing + `
	write: r1 = map[m]
	r2 = r10
	r2 += -4
	r3 = r10
	r3 += -16
	r4 = 0
	call map_update_elem
	r0 += 1
	goto done` + counting

// spinProgram works on values of three numbers that are always the same, beside a
// lock, at byte 8, and a word that stays 0. It reads (0), adds and gets the old number (5) and
// exchanges (6) under the lock, and updates (1) with BPF_F_LOCK. What it got is 1, or 3 for
// numbers that differ.
const spinProgram = head + `
	if r7 == 1 goto write
	r1 = map[m]
	r2 = r10
	r2 += -4
	call map_lookup_elem
	if r0 == 0 goto done
	r8 = r0
	r1 = r8
	r1 += 8
	call spin_lock
	r1 = *(u64 *)(r8 +0)` + spinPause + `
	r2 = *(u64 *)(r8 +16)` + spinPause + `
	r3 = *(u64 *)(r8 +24)
	*(u64 *)(r6 +24) = r1
	r5 = 1
	if r1 != r2 goto torn
	if r1 == r3 goto whole
	torn: r5 = 3
	whole: *(u64 *)(r10 -24) = r5
	if r7 == 0 goto free
	r3 = r9
	if r7 == 6 goto store
	r3 += r1
	store: *(u64 *)(r8 +0) = r3` + spinPause + `
	*(u64 *)(r8 +16) = r3` + spinPause + `
	*(u64 *)(r8 +24) = r3
	free: r1 = r8
	r1 += 8
	call spin_unlock
	r0 = *(u64 *)(r10 -24)
	goto done
	write: *(u64 *)(r10 -48) = r9
	*(u64 *)(r10 -40) = 0
	*(u64 *)(r10 -32) = r9
	*(u64 *)(r10 -24) = r9
	r1 = map[m]
	r2 = r10
	r2 += -4
	r3 = r10
	r3 += -48
	r4 = 4
	call map_update_elem
	r0 += 1
` + tail

// spinPause is a command to the value at r8 that changes nothing, which no other may
// be put together with.
const spinPause = `
	r4 = *(u32 *)(r6 +40)
	lock *(u32 *)(r8 +12) += r4`

// plainProgram reads (0) and writes (1).
const plainProgram = head + plainBody + tail

const plainBody = `
	r1 = map[m]
	r2 = r10
	r2 += -4
	call map_lookup_elem
	if r0 == 0 goto done
	if r7 == 1 goto write` + found + `
	write: *(u64 *)(r0 +0) = r9
	r0 = 1
`

// trieProgram does what hashProgram does, with the length of the prefix behind the kind.
const trieProgram = head + `
	r5 = r7
	r5 >>= 8
	r7 &= 255
	*(u32 *)(r10 -8) = r5
	r2 = r10
	r2 += -8
	r1 = map[m]
	if r7 == 0 goto look
	if r7 == 4 goto remove
	r4 = r7
	r4 += -1
	r3 = r10
	r3 += -16
	call map_update_elem
	goto done
	remove: call map_delete_elem
	goto done
	look: call map_lookup_elem` + found + tail

// ringProgram peeks (0), pushes with flags kind-1 (1, 3), pops (4).
const ringProgram = head + `
	r1 = map[m]
	r2 = r10
	r2 += -16
	if r7 == 0 goto peek
	if r7 == 4 goto pop
	r3 = r7
	r3 += -1
	call map_push_elem
	goto done
	peek: call map_peek_elem
	goto got
	pop: call map_pop_elem
	got: r1 = *(u64 *)(r10 -16)
	*(u64 *)(r6 +24) = r1
` + tail

// bloomProgram asks for (0) and puts in (1) the key.
const bloomProgram = head + `
	r1 = map[m]
	r2 = r10
	r2 += -4
	if r7 == 0 goto ask
	r3 = 0
	call map_push_elem
	goto done
	ask: call map_peek_elem
` + tail

// recordsProgram sends its value by ringbuf_output (1), or reserves a record, waits a
// little, and submits (2) or discards (3) it. It leaves 0 for what is sent.
const recordsProgram = head + `
	if r7 != 1 goto reserve
	r1 = map[m]
	r2 = r10
	r2 += -16
	r3 = 8
	r4 = 0
	call ringbuf_output
	goto done
	reserve: r1 = map[m]
	r2 = 8
	r3 = 0
	call ringbuf_reserve
	if r0 == 0 goto full
	*(u64 *)(r0 +0) = r9
	r8 &= 15
	wait: r8 += -1
	if r8 s> 0 goto wait
	r1 = r0
	r2 = 0
	if r7 == 3 goto drop
	call ringbuf_submit
	r0 = 0
	goto done
	drop: call ringbuf_discard
	r0 = 1
	goto done
	full: r0 = -11
` + tail

// walkProgram does what hashProgram does, and walks (8): it leaves which numbers the
// values have that it came to, a bit for each of their lowest three bits, and behind these
// bits how many values it came to.
var walkProgram = strings.Replace(hashProgram, "	if r7 == 0 goto look\n", `
	if r7 == 0 goto look
	if r7 != 8 goto one
	*(u64 *)(r10 -24) = 0
	r1 = map[m]
	r2 = func each
	r3 = r10
	r3 += -24
	r4 = 0
	call for_each_map_elem
	r1 = *(u64 *)(r10 -24)
	*(u64 *)(r6 +24) = r1
	r0 = 1
	goto done
	one: r0 = 0
`, 1) + `
	each: r5 = *(u64 *)(r3 +0)
	r5 &= 7
	r1 = 1
	r1 <<= r5
	r2 = *(u64 *)(r4 +0)
	r1 |= r2
	r1 += 256
	*(u64 *)(r4 +0) = r1
	r0 = 0
	exit`

// nestedProgram reads (0) the value of the inner map of an index.
const nestedProgram = head + `
	r1 = map[m]
	r2 = r10
	r2 += -4
	call map_lookup_elem
	if r0 == 0 goto done
	r1 = 0
	*(u32 *)(r10 -4) = r1
	r1 = r0
	r2 = r10
	r2 += -4
	call map_lookup_elem` + found + tail
