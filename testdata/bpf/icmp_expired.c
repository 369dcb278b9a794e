// SPDX-License-Identifier: Apache-2.0
// Answers packets whose time to live ends here as a router does: ICMP time exceeded with the
// first bytes of the packet, for traceroute.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define TIME_EXCEEDED 11

struct icmphdr {
	__u8 type, code;
	__be16 checksum;
	__be32 rest;
};

#define QUOTED (sizeof(struct iphdr) + 8)
#define ADDED (sizeof(struct iphdr) + sizeof(struct icmphdr))

static __always_inline __u16 fold(__u64 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

SEC("xdp")
int icmp_expired(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data, old;
	struct iphdr *ip = (void *)(eth + 1);
	struct icmphdr *icmp;
	__be32 from;
	int spare;

	if ((void *)(eth + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if ((void *)(ip + 1) + 8 > end || ip->ihl != 5)
		return XDP_PASS;
	if (ip->ttl > 1 || ip->protocol == IPPROTO_ICMP || ip->frag_off & bpf_htons(0x1fff))
		return XDP_PASS;
	from = ip->saddr;
	__builtin_memcpy(&old, eth, sizeof(old));
	spare = end - data - (int)(sizeof(*eth) + QUOTED);
	if (spare > 0 && bpf_xdp_adjust_tail(ctx, -spare))
		return XDP_DROP;
	if (bpf_xdp_adjust_head(ctx, -(int)ADDED))
		return XDP_DROP;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	eth = data;
	ip = (void *)(eth + 1);
	icmp = (void *)(ip + 1);
	if ((void *)(icmp + 1) + QUOTED > end)
		return XDP_ABORTED;
	__builtin_memcpy(eth->h_dest, old.h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, old.h_dest, ETH_ALEN);
	eth->h_proto = old.h_proto;
	__builtin_memset(ip, 0, sizeof(*ip));
	ip->version = 4;
	ip->ihl = 5;
	ip->tot_len = bpf_htons(ADDED + QUOTED);
	ip->ttl = 64;
	ip->protocol = IPPROTO_ICMP;
	ip->saddr = bpf_htonl(0xc0000201);
	ip->daddr = from;
	ip->check = fold(bpf_csum_diff(0, 0, (__be32 *)ip, sizeof(*ip), 0));
	__builtin_memset(icmp, 0, sizeof(*icmp));
	icmp->type = TIME_EXCEEDED;
	icmp->checksum = fold(bpf_csum_diff(0, 0, (__be32 *)icmp, sizeof(*icmp) + QUOTED, 0));
	return XDP_TX;
}

char _license[] SEC("license") = "Dual BSD/GPL";
