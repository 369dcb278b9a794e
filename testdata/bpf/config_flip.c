// SPDX-License-Identifier: Apache-2.0
// Settings in two versions, as arrays in an array of maps: a packet reads one version from
// beginning to end, while the other one is written; then a number in .bss says that the
// new one holds.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define CLASSES 8

struct limits {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u32); // bytes that frames of a class may have
	__uint(max_entries, CLASSES);
};

struct limits even SEC(".maps"), odd SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__type(key, __u32);
	__uint(max_entries, 3); // the third has no map
	__array(values, struct limits);
} versions SEC(".maps") = {
	.values = { [0] = &even, [1] = &odd },
};

__u32 active, packets, flips;

SEC("xdp")
int config_flip(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end, *now, *later;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	__u32 version = active & 1, other = version ^ 1, class, most = 100, *limit, *next;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	class = ip->tos >> 5;
	if (ip->ttl == 0)
		version = 2;
	now = bpf_map_lookup_elem(&versions, &version);
	if (!now)
		return XDP_TX;
	limit = bpf_map_lookup_elem(now, &class);
	if (!limit)
		return XDP_ABORTED;
	if (*limit)
		most = *limit;
	if (++packets % 16 == 0) {
		later = bpf_map_lookup_elem(&versions, &other);
		if (!later)
			return XDP_ABORTED;
		for (__u32 c = 0; c < CLASSES; c++) {
			__u32 key = c;

			next = bpf_map_lookup_elem(later, &key);
			if (next)
				*next = 60 + (flips * 8 + c * 16) % 100;
		}
		flips++;
		active = other;
	}
	return end - data > most ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
