// SPDX-License-Identifier: Apache-2.0
// Drops everything from senders that have knocked at a port where nobody lives. A
// Bloom filter in front spares most packets the lookup in the list itself, which has
// the last word.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
	__type(value, __u32);
	__uint(max_entries, 8192);
	__uint(map_extra, 4); // hash functions
} suspects SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 1024);
} listed SEC(".maps");

static __always_inline int empty(__u16 port)
{
	return (bpf_ntohs(port) & 7) == 6;
}

SEC("xdp")
int bloom_prefilter(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1); // ports of TCP are in the same place
	__u64 *dropped, first = 0;
	__u32 from;

	if ((void *)(udp + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5)
		return XDP_PASS;
	from = ip->saddr;
	if (!bpf_map_peek_elem(&suspects, &from)) {
		dropped = bpf_map_lookup_elem(&listed, &from);
		if (dropped) {
			*dropped += 1;
			return XDP_DROP;
		}
	}
	if (ip->protocol != IPPROTO_UDP && ip->protocol != IPPROTO_TCP)
		return XDP_PASS;
	if (empty(udp->dest) && !bpf_map_update_elem(&listed, &from, &first, BPF_ANY))
		bpf_map_push_elem(&suspects, &from, BPF_ANY);
	return XDP_PASS;
}

char _license[] SEC("license") = "Apache-2.0";
