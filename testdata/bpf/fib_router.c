// SPDX-License-Identifier: Apache-2.0
// Routes IPv4 and IPv6 by the host's tables: asks for the way, takes one off the
// TTL or hop limit, writes the link addresses and sends the frame out of the
// interface. What has no way goes up to the host, what is forbidden is dropped.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/in.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define AF_INET 2
#define AF_INET6 10

const volatile __u32 uplink = 102; // interface whose rules count

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} answers SEC(".maps");

static __always_inline int expired(struct ethhdr *eth, void *end, struct bpf_fib_lookup *fib)
{
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = (void *)(eth + 1);

		if ((void *)(ip + 1) > end || ip->ttl <= 1)
			return 1;
		fib->family = AF_INET;
		fib->tos = ip->tos;
		fib->l4_protocol = ip->protocol;
		fib->tot_len = bpf_ntohs(ip->tot_len);
		fib->ipv4_src = ip->saddr;
		fib->ipv4_dst = ip->daddr;
		return 0;
	}
	if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = (void *)(eth + 1);

		if ((void *)(ip + 1) > end || ip->hop_limit <= 1)
			return 1;
		fib->family = AF_INET6;
		fib->l4_protocol = ip->nexthdr;
		fib->tot_len = bpf_ntohs(ip->payload_len) + sizeof(*ip);
		__builtin_memcpy(fib->ipv6_src, &ip->saddr, 16);
		__builtin_memcpy(fib->ipv6_dst, &ip->daddr, 16);
		return 0;
	}
	return 1;
}

SEC("xdp")
int fib_router(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct bpf_fib_lookup fib = {};
	__u32 answer;
	__u64 *count;

	if ((void *)(eth + 1) > end || expired(eth, end, &fib))
		return XDP_PASS;
	fib.ifindex = uplink;
	answer = bpf_fib_lookup(ctx, &fib, sizeof(fib), 0);
	answer = answer > 14 ? 15 : answer;
	count = bpf_map_lookup_elem(&answers, &answer);
	if (count)
		__sync_fetch_and_add(count, 1);
	switch (answer) {
	case BPF_FIB_LKUP_RET_SUCCESS:
		break;
	case BPF_FIB_LKUP_RET_BLACKHOLE:
	case BPF_FIB_LKUP_RET_UNREACHABLE:
	case BPF_FIB_LKUP_RET_PROHIBIT:
		return XDP_DROP;
	default:
		return XDP_PASS;
	}
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = (void *)(eth + 1);
		__u32 sum;

		if ((void *)(ip + 1) > end)
			return XDP_PASS;
		sum = ip->check + bpf_htons(0x0100);
		ip->check = sum + (sum >= 0xffff);
		ip->ttl--;
	} else {
		struct ipv6hdr *ip = (void *)(eth + 1);

		if ((void *)(ip + 1) > end)
			return XDP_PASS;
		ip->hop_limit--;
	}
	__builtin_memcpy(eth->h_dest, fib.dmac, ETH_ALEN);
	__builtin_memcpy(eth->h_source, fib.smac, ETH_ALEN);
	return bpf_redirect(fib.ifindex, 0);
}

char _license[] SEC("license") = "GPL";
