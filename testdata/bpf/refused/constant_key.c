// SPDX-License-Identifier: Apache-2.0
// A constant lies before the key of an array, not in it: the lookup may find
// nothing, and nobody asks.

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64[2]);
} entries SEC(".maps");

SEC("xdp")
__attribute__((naked)) int constant_key(struct xdp_md *ctx)
{
	asm volatile(
		"r6 = *(u32 *)(r1 + 0); r7 = *(u32 *)(r1 + 4);"
		"r8 = r6; r8 += 14; if r8 > r7 goto 1f;"
		"r9 = *(u16 *)(r6 + 12);"
		"*(u16 *)(r10 - 6) = r9; *(u16 *)(r10 - 4) = r9;"
		"r9 = 0; *(u16 *)(r10 - 8) = r9;"
		"r2 = r10; r2 += -6; r1 = %[entries] ll; call %[lookup];"
		"r1 = *(u32 *)(r6 + 0); *(u32 *)(r0 + 0) = r1;"
		"1: r0 = 2; exit;"
		:: [entries] "i"(&entries), [lookup] "i"(bpf_map_lookup_elem) : "memory");
}

char _license[] SEC("license") = "GPL";
