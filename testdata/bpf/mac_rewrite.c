// SPDX-License-Identifier: Apache-2.0
// Forwards by a table: the low bits of the IPv4 destination pick an entry with
// new Ethernet addresses. An entry that was never written learns the reverse
// of the frame's addresses and leaves the frame to the host.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct hop {
	__u8 dst[ETH_ALEN];
	__u8 src[ETH_ALEN];
	__u32 hits;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct hop);
	__uint(max_entries, 16);
} hops SEC(".maps");

SEC("xdp")
int mac_rewrite(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct hop *hop;
	__u32 key;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	key = bpf_ntohl(ip->daddr) & 31;
	hop = bpf_map_lookup_elem(&hops, &key);
	if (!hop)
		return XDP_DROP;
	hop->hits++;
	if (hop->hits == 1) {
		__builtin_memcpy(hop->dst, eth->h_source, ETH_ALEN);
		__builtin_memcpy(hop->src, eth->h_dest, ETH_ALEN);
		return XDP_PASS;
	}
	__builtin_memcpy(eth->h_dest, hop->dst, ETH_ALEN);
	__builtin_memcpy(eth->h_source, hop->src, ETH_ALEN);
	return XDP_TX;
}

char _license[] SEC("license") = "Apache-2.0";
