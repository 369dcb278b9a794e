// SPDX-License-Identifier: Apache-2.0
// Translates between IPv6 and IPv4 (RFC 6052, 64:ff9b::/96 and a prefix for the
// clients): TCP and UDP with their checksums, addresses in the header's place.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define PREFIX 0x0064ff9b // of servers; 2001:db8::/96 is that of clients

static __always_inline int checksum_at(__u8 protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return 16;
	case IPPROTO_UDP:
		return 6;
	}
	return -1;
}

static __always_inline __u16 fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static __always_inline int to_ipv4(struct __sk_buff *skb, struct ethhdr *eth, struct ipv6hdr *ip6)
{
	__u32 from[8];
	__u32 into[2];
	struct iphdr ip = {.version = 4, .ihl = 5, .ttl = ip6->hop_limit, .protocol = ip6->nexthdr};
	int at = checksum_at(ip6->nexthdr);
	__u16 type = bpf_htons(ETH_P_IP);
	__s64 diff;

	if (at < 0)
		return TC_ACT_OK;
	__builtin_memcpy(from, &ip6->saddr, sizeof(from));
	into[0] = ip.saddr = ip6->saddr.in6_u.u6_addr32[3];
	into[1] = ip.daddr = ip6->daddr.in6_u.u6_addr32[3];
	ip.tot_len = bpf_htons(bpf_ntohs(ip6->payload_len) + sizeof(ip));
	ip.frag_off = bpf_htons(0x4000);
	ip.check = fold(bpf_csum_diff(0, 0, (__u32 *)&ip, sizeof(ip), 0));
	diff = bpf_csum_diff(from, sizeof(from), into, sizeof(into), 0);
	if (bpf_skb_change_proto(skb, bpf_htons(ETH_P_IP), 0))
		return TC_ACT_SHOT;
	if (bpf_skb_store_bytes(skb, ETH_HLEN, &ip, sizeof(ip), 0) || bpf_skb_store_bytes(skb, 12, &type, sizeof(type), 0))
		return TC_ACT_SHOT;
	if (bpf_l4_csum_replace(skb, ETH_HLEN + sizeof(ip) + at, 0, diff, BPF_F_PSEUDO_HDR))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

static __always_inline int to_ipv6(struct __sk_buff *skb, struct ethhdr *eth, struct iphdr *ip)
{
	__u32 from[2];
	__u32 into[8] = {bpf_htonl(0x20010db8), 0, 0, 0, bpf_htonl(PREFIX), 0, 0, 0};
	struct ipv6hdr ip6 = {.version = 6, .hop_limit = ip->ttl, .nexthdr = ip->protocol};
	int at = checksum_at(ip->protocol);
	__u16 type = bpf_htons(ETH_P_IPV6);
	__s64 diff;

	if (at < 0 || ip->ihl != 5 || ip->frag_off & bpf_htons(0x3fff))
		return TC_ACT_OK;
	from[0] = into[3] = ip->saddr;
	from[1] = into[7] = ip->daddr;
	ip6.payload_len = bpf_htons(bpf_ntohs(ip->tot_len) - sizeof(*ip));
	__builtin_memcpy(&ip6.saddr, into, sizeof(into));
	diff = bpf_csum_diff(from, sizeof(from), into, sizeof(into), 0);
	if (bpf_skb_change_proto(skb, bpf_htons(ETH_P_IPV6), 0))
		return TC_ACT_SHOT;
	if (bpf_skb_store_bytes(skb, ETH_HLEN, &ip6, sizeof(ip6), 0) || bpf_skb_store_bytes(skb, 12, &type, sizeof(type), 0))
		return TC_ACT_SHOT;
	if (bpf_l4_csum_replace(skb, ETH_HLEN + sizeof(ip6) + at, 0, diff, BPF_F_PSEUDO_HDR))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

SEC("tc")
int nat64(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	struct ipv6hdr *ip6 = (void *)(eth + 1);
	struct iphdr *ip = (void *)(eth + 1);

	if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		if ((void *)(ip6 + 1) > end)
			return TC_ACT_SHOT;
		return to_ipv4(skb, eth, ip6);
	}
	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		if ((void *)(ip + 1) > end)
			return TC_ACT_SHOT;
		return to_ipv6(skb, eth, ip);
	}
	return TC_ACT_OK;
}

char _license[] SEC("license") = "Apache-2.0";
