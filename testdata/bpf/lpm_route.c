// SPDX-License-Identifier: Apache-2.0
// A routing table that fills itself: longest-prefix match on the destination of
// IPv4; a miss enters the /24 of the address. Hits are counted in a per-CPU
// array.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct prefix {
	__u32 bits;
	__be32 addr;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__type(key, struct prefix);
	__type(value, __u32);
	__uint(max_entries, 64);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} routes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 4);
} hits SEC(".maps");

SEC("xdp")
int lpm_route(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct prefix key = { .bits = 32 };
	__u32 slot, *port, first;
	__u64 *n;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	key.addr = ip->daddr;
	port = bpf_map_lookup_elem(&routes, &key);
	if (!port) {
		key.bits = 24;
		first = bpf_ntohl(key.addr) >> 24;
		if (bpf_map_update_elem(&routes, &key, &first, BPF_NOEXIST))
			return XDP_DROP;
		return XDP_PASS;
	}
	slot = *port & 3;
	n = bpf_map_lookup_elem(&hits, &slot);
	if (n)
		*n += 1;
	eth->h_dest[5] = *port;
	return XDP_TX;
}

char _license[] SEC("license") = "Apache-2.0";
