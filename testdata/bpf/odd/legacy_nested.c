// SPDX-License-Identifier: Apache-2.0
// A map of maps in iproute2's style: the outer map names its inner map by ID.
#include "legacy.h"

struct bpf_elf_map SEC("maps") inner = {
	.type = BPF_MAP_TYPE_ARRAY,
	.size_key = sizeof(__u32),
	.size_value = sizeof(__u32),
	.max_elem = 4,
	.id = 3,
	.inner_idx = 1,
};

struct bpf_elf_map SEC("maps") outer = {
	.type = BPF_MAP_TYPE_ARRAY_OF_MAPS,
	.size_key = sizeof(__u32),
	.size_value = sizeof(__u32),
	.max_elem = 2,
	.inner_id = 3,
};

SEC("xdp")
int nested(struct xdp_md *ctx)
{
	__u32 one = 1, *n;
	void *m = bpf_map_lookup_elem(&outer, &one);

	if (!m)
		return XDP_DROP;
	n = bpf_map_lookup_elem(m, &one);
	if (n)
		++*n;
	return XDP_PASS;
}

char __license[] SEC("license") = "GPL";
