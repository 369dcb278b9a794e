// SPDX-License-Identifier: Apache-2.0
// iproute2's style: a legacy map, sections that name a direction and no type.
#include "legacy.h"

struct bpf_elf_map SEC("maps") acc = {
	.type = BPF_MAP_TYPE_ARRAY,
	.size_key = sizeof(__u32),
	.size_value = sizeof(__u32),
	.max_elem = 2,
	.pinning = 2,
};

static __always_inline int count(struct __sk_buff *skb, __u32 dir)
{
	__u32 *bytes = bpf_map_lookup_elem(&acc, &dir);

	if (bytes)
		__sync_fetch_and_add(bytes, skb->len);
	return 0;
}

SEC("ingress")
int tc_ingress(struct __sk_buff *skb)
{
	return count(skb, 0);
}

SEC("egress")
int tc_egress(struct __sk_buff *skb)
{
	return count(skb, 1);
}

char __license[] SEC("license") = "GPL";
