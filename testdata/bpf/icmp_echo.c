// SPDX-License-Identifier: Apache-2.0
// Answers pings of IPv4 and IPv6 on the card: addresses change places, the request
// becomes a reply, the checksum is brought up to date.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum {
	ECHO_REPLY = 0,
	ECHO = 8,
	ECHO6 = 128,
	ECHO6_REPLY = 129,
};

struct message {
	__u8 type, code;
	__u16 checksum;
	__u32 rest;
};

static __always_inline void back(struct ethhdr *eth)
{
	__u8 mac[ETH_ALEN];

	__builtin_memcpy(mac, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, mac, ETH_ALEN);
}

// less takes a difference in the first word of the message off its checksum.
static __always_inline __u16 less(__u16 check, __u16 by)
{
	__u32 sum = check + by;

	return sum + (sum >> 16);
}

SEC("xdp")
int icmp_echo(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;

	if ((void *)(eth + 1) > end || eth->h_dest[0] & 1)
		return XDP_PASS;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = (void *)(eth + 1);
		struct message *icmp = (void *)(ip + 1);
		__u32 from;

		if ((void *)(icmp + 1) > end || ip->ihl != 5 || ip->protocol != IPPROTO_ICMP)
			return XDP_PASS;
		if (icmp->type != ECHO || ip->frag_off & bpf_htons(0x3fff))
			return XDP_PASS;
		from = ip->saddr;
		ip->saddr = ip->daddr;
		ip->daddr = from;
		icmp->type = ECHO_REPLY;
		icmp->checksum = less(icmp->checksum, bpf_htons(ECHO << 8));
		back(eth);
		return XDP_TX;
	}
	if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = (void *)(eth + 1);
		struct message *icmp = (void *)(ip + 1);
		struct in6_addr from;

		if ((void *)(icmp + 1) > end || ip->nexthdr != IPPROTO_ICMPV6)
			return XDP_PASS;
		if (icmp->type != ECHO6)
			return XDP_PASS;
		from = ip->saddr;
		ip->saddr = ip->daddr;
		ip->daddr = from;
		icmp->type = ECHO6_REPLY;
		// The type is one more: the checksum is one less.
		icmp->checksum = less(icmp->checksum, bpf_htons(0xfeff));
		back(eth);
		return XDP_TX;
	}
	return XDP_PASS;
}

char _license[] SEC("license") = "Apache-2.0";
