// SPDX-License-Identifier: Apache-2.0
// Translates source addresses: the hosts of a network get addresses of
// 192.0.2.0/24 by their last byte, and ports of TCP and UDP a bit set; checksums
// follow. Counts translations by protocol.
#include <stddef.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define OUTSIDE 0xc0000200 /* 192.0.2.0 */
#define IP_OFF ETH_HLEN

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 256);
} translated SEC(".maps");

SEC("tc")
int nat44(struct __sk_buff *skb)
{
	struct iphdr ip;
	__be32 inside, outside;
	__u64 *n;
	__u32 protocol, l4, first;
	__be16 port, bound;

	if (skb->protocol != bpf_htons(ETH_P_IP))
		return TC_ACT_OK;
	if (bpf_skb_pull_data(skb, IP_OFF + sizeof(ip)) < 0)
		return TC_ACT_SHOT;
	if (bpf_skb_load_bytes(skb, IP_OFF, &ip, sizeof(ip)) < 0)
		return TC_ACT_SHOT;
	if (ip.ihl < 5 || ip.ttl == 0)
		return TC_ACT_SHOT;
	inside = ip.saddr;
	outside = bpf_htonl(OUTSIDE | (bpf_ntohl(inside) & 0xff));
	if (inside == outside)
		return TC_ACT_OK;
	protocol = ip.protocol;
	l4 = IP_OFF + ip.ihl * 4;
	first = !(ip.frag_off & bpf_htons(0x1fff));
	if (first && (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP) &&
	    !bpf_skb_load_bytes(skb, l4, &port, sizeof(port))) {
		bound = port | bpf_htons(0x8000);
		if (protocol == IPPROTO_UDP) {
			if (bpf_l4_csum_replace(skb, l4 + offsetof(struct udphdr, check), inside, outside,
						BPF_F_PSEUDO_HDR | BPF_F_MARK_MANGLED_0 | sizeof(inside)) < 0)
				return TC_ACT_SHOT;
			bpf_l4_csum_replace(skb, l4 + offsetof(struct udphdr, check), port, bound,
					    BPF_F_MARK_MANGLED_0 | sizeof(port));
		} else {
			if (bpf_l4_csum_replace(skb, l4 + offsetof(struct tcphdr, check), inside, outside,
						BPF_F_PSEUDO_HDR | sizeof(inside)) < 0)
				return TC_ACT_SHOT;
			bpf_l4_csum_replace(skb, l4 + offsetof(struct tcphdr, check), port, bound, sizeof(port));
		}
		bpf_skb_store_bytes(skb, l4, &bound, sizeof(bound), 0);
	}
	bpf_l3_csum_replace(skb, IP_OFF + offsetof(struct iphdr, check), inside, outside, sizeof(inside));
	bpf_skb_store_bytes(skb, IP_OFF + offsetof(struct iphdr, saddr), &outside, sizeof(outside), 0);
	n = bpf_map_lookup_elem(&translated, &protocol);
	if (n)
		__sync_fetch_and_add(n, 1);
	return TC_ACT_OK;
}

char _license[] SEC("license") = "Apache-2.0";
