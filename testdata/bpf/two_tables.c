// SPDX-License-Identifier: Apache-2.0
// Counts senders of IPv4 and of IPv6 in tables with keys of different sizes, and gives
// each a budget: one piece of code works on the entry that either lookup has found.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct sender {
	__u64 bytes;
	__u32 packets, dropped;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, struct sender);
	__uint(max_entries, 256);
} v4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct in6_addr);
	__type(value, struct sender);
	__uint(max_entries, 256);
} v6 SEC(".maps");

SEC("xdp")
int two_tables(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct sender fresh = {}, *s;
	struct in6_addr a6;
	__u32 a4;

	if ((void *)(eth + 1) > end)
		return XDP_ABORTED;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = (void *)(eth + 1);

		if ((void *)(ip + 1) > end)
			return XDP_DROP;
		a4 = ip->saddr & bpf_htonl(0xfffffff0);
		s = bpf_map_lookup_elem(&v4, &a4);
		if (!s) {
			bpf_map_update_elem(&v4, &a4, &fresh, BPF_ANY);
			s = bpf_map_lookup_elem(&v4, &a4);
		}
	} else if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = (void *)(eth + 1);

		if ((void *)(ip + 1) > end)
			return XDP_DROP;
		a6 = ip->saddr;
		a6.s6_addr[15] &= 0xf0;
		s = bpf_map_lookup_elem(&v6, &a6);
		if (!s) {
			bpf_map_update_elem(&v6, &a6, &fresh, BPF_ANY);
			s = bpf_map_lookup_elem(&v6, &a6);
		}
	} else {
		return XDP_PASS;
	}
	if (!s)
		return XDP_TX;
	s->packets++;
	s->bytes += end - data;
	if (s->bytes > 400) {
		s->dropped++;
		return XDP_DROP;
	}
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
