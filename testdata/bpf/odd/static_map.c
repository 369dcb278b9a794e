// SPDX-License-Identifier: Apache-2.0
// A legacy map that is static by mistake.
#include "legacy.h"

static struct bpf_elf_map SEC("maps") hidden = {
	.type = BPF_MAP_TYPE_ARRAY,
	.size_key = sizeof(__u32),
	.size_value = sizeof(__u32),
	.max_elem = 2,
};

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&hidden, &zero) ? XDP_PASS : XDP_DROP;
}
