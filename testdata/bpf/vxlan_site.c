// SPDX-License-Identifier: Apache-2.0
// Sends frames to the sites of a network through a tunnel device: a tunnel key says
// network, far end, traffic class and whether routers may fragment. Counts frames by
// network as the key is read back.
#include <stddef.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define HOPS 64
#define DF 0x4000

const volatile __u32 device = 2; // interface of the tunnel device
const volatile __u32 sites4 = 0x0a000000; // far ends over IPv4, by the site's number
const volatile __u32 sites6[3] = {bpf_htonl(0x20010db8), 0, 0}; // over IPv6
const volatile __u32 networks = 100; // number of site 0's network

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} frames SEC(".maps");

// leave sends a frame with a key, and counts it.
static __always_inline int leave(struct __sk_buff *skb, struct bpf_tunnel_key *key, __u64 flags)
{
	__u64 family = flags & BPF_F_TUNINFO_IPV6, one = 1, *n;
	struct bpf_tunnel_key now = {};

	if (bpf_skb_set_tunnel_key(skb, key, sizeof(*key), flags))
		return TC_ACT_SHOT;
	if (!bpf_skb_get_tunnel_key(skb, &now, sizeof(now), family ^ BPF_F_TUNINFO_IPV6))
		return TC_ACT_SHOT; // a key of the other family
	if (bpf_skb_get_tunnel_key(skb, &now, sizeof(now), family))
		return TC_ACT_SHOT;
	n = bpf_map_lookup_elem(&frames, &now.tunnel_id);
	if (n)
		__sync_fetch_and_add(n, 1);
	else
		bpf_map_update_elem(&frames, &now.tunnel_id, &one, BPF_NOEXIST);
	skb->mark = now.tunnel_id << 8 | now.tunnel_tos;
	return bpf_redirect(device, 0);
}

static __always_inline int site4(struct __sk_buff *skb, struct iphdr *ip)
{
	__u32 to = bpf_ntohl(ip->daddr);
	struct bpf_tunnel_key key = {
		.tunnel_id = networks + (to >> 8 & 15),
		.remote_ipv4 = sites4 | (to >> 8 & 15),
		.tunnel_tos = ip->tos & ~3,
		.tunnel_ttl = HOPS,
	};
	__u64 flags = BPF_F_ZERO_CSUM_TX;

	if (ip->ttl <= 1)
		return TC_ACT_SHOT;
	if (ip->frag_off & bpf_htons(DF))
		flags |= BPF_F_DONT_FRAGMENT;
	return leave(skb, &key, flags);
}

static __always_inline int site6(struct __sk_buff *skb, struct ipv6hdr *ip)
{
	__u32 site = ip->daddr.s6_addr[15] & 7;
	struct bpf_tunnel_key key = {
		.tunnel_id = networks + 16 + site,
		.remote_ipv6 = {sites6[0], sites6[1], sites6[2], bpf_htonl(site)},
		.tunnel_tos = ip->priority << 4,
		.tunnel_ttl = HOPS,
		.tunnel_label = ip->flow_lbl[2],
	};

	if (ip->hop_limit <= 1)
		return TC_ACT_SHOT;
	return leave(skb, &key, BPF_F_TUNINFO_IPV6 | BPF_F_SEQ_NUMBER);
}

SEC("tc")
int vxlan_site(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	void *network = eth + 1;

	if (network > end)
		return TC_ACT_SHOT;
	switch (eth->h_proto) {
	case bpf_htons(ETH_P_IP):
		if (network + sizeof(struct iphdr) > end)
			return TC_ACT_SHOT;
		return site4(skb, network);
	case bpf_htons(ETH_P_IPV6):
		if (network + sizeof(struct ipv6hdr) > end)
			return TC_ACT_SHOT;
		return site6(skb, network);
	}
	return TC_ACT_OK;
}

char _license[] SEC("license") = "GPL";
