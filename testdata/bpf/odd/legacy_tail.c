// SPDX-License-Identifier: Apache-2.0
// Tail calls in iproute2's style: section "ID/INDEX" puts a program into the
// program array of that ID.
#include "legacy.h"

struct bpf_elf_map SEC("maps") jumps = {
	.type = BPF_MAP_TYPE_PROG_ARRAY,
	.id = 7,
	.size_key = sizeof(__u32),
	.size_value = sizeof(__u32),
	.max_elem = 2,
};

SEC("7/0")
int first(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &jumps, 1);
	return XDP_ABORTED;
}

SEC("7/1")
int second(struct xdp_md *ctx)
{
	return XDP_TX;
}

SEC("prog")
int entry(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &jumps, 0);
	return XDP_DROP;
}

char __license[] SEC("license") = "GPL";
