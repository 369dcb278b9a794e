// SPDX-License-Identifier: Apache-2.0
// The edge of VXLAN tunnels by tunnel keys: what the customer sends to one of the
// sites gets the site's key and leaves by the tunnels, what comes out of a tunnel of
// ours goes to the customer. Counts what goes which way.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 customer = 132;
const volatile __u32 tunnels = 102;
const volatile __u32 first_id = 4096; // of the first site's tunnel

#define SITES 4

// The sites' far ends by the third byte of their networks, 10.9.x.0/24.
static const __u32 far_ends[SITES] = {0x0a000007, 0x0a000007, 0x0a000008, 0xcb007101};

enum way { OUT, OUT6, IN, FOREIGN, UNKNOWN, WAYS };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WAYS);
	__type(key, __u32);
	__type(value, __u64);
} ways SEC(".maps");

static __always_inline void count(__u32 way)
{
	__u64 *n = bpf_map_lookup_elem(&ways, &way);

	if (n)
		__sync_fetch_and_add(n, 1);
}

static __always_inline int send(struct __sk_buff *skb, struct bpf_tunnel_key *key, __u64 flags, __u32 way)
{
	if (bpf_skb_set_tunnel_key(skb, key, sizeof(*key), flags))
		return TC_ACT_SHOT;
	count(way);
	return bpf_redirect(tunnels, 0);
}

SEC("tc")
int vxlan_edge(struct __sk_buff *skb)
{
	struct bpf_tunnel_key key = {};
	void *data, *end;
	struct ethhdr *eth;

	if (bpf_skb_get_tunnel_key(skb, &key, sizeof(key), 0) == 0 ||
	    bpf_skb_get_tunnel_key(skb, &key, sizeof(key), BPF_F_TUNINFO_IPV6) == 0) {
		if (key.tunnel_id - first_id >= SITES) {
			count(FOREIGN);
			return TC_ACT_SHOT;
		}
		count(IN);
		return bpf_redirect(customer, 0);
	}
	data = (void *)(long)skb->data;
	end = (void *)(long)skb->data_end;
	eth = data;
	if ((void *)(eth + 1) > end)
		return TC_ACT_OK;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = (void *)(eth + 1);
		__u32 to, site;

		if ((void *)(ip + 1) > end)
			return TC_ACT_OK;
		to = bpf_ntohl(ip->daddr);
		site = to >> 8 & 0xff;
		if (to >> 16 == 0x0a09 && site < SITES) {
			key.tunnel_id = first_id + site;
			key.remote_ipv4 = far_ends[site];
			key.tunnel_tos = ip->tos;
			key.tunnel_ttl = 64;
			return send(skb, &key, site & 1 ? BPF_F_ZERO_CSUM_TX : 0, OUT);
		}
	} else if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = (void *)(eth + 1);

		if ((void *)(ip + 1) > end)
			return TC_ACT_OK;
		key.tunnel_id = first_id;
		key.remote_ipv6[0] = bpf_htonl(0x20010db8);
		key.remote_ipv6[3] = bpf_htonl(7);
		key.tunnel_label = ip->flow_lbl[1] << 8 | ip->flow_lbl[2];
		return send(skb, &key, BPF_F_TUNINFO_IPV6, OUT6);
	}
	count(UNKNOWN);
	return TC_ACT_OK;
}

char _license[] SEC("license") = "GPL";
