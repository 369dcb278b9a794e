// SPDX-License-Identifier: Apache-2.0
// Classifies frames for tunnels: a class by the type of service and the port, kept in
// the mark and in cb, and a tunnel key of the class, which is read back the way that
// old and new programs do.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>
#include <stddef.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

// struct bpf_tunnel_key as programs knew it before there were flow labels.
#define OLD_SIZE offsetof(struct bpf_tunnel_key, tunnel_label)

struct seen {
	__u32 flags; // of the tunnel
	__u32 class;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct seen);
	__type(value, __u64);
} classes SEC(".maps");

static __always_inline __u32 classify(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return 0;
	skb->cb[1] = ip->tos;
	if (ip->tos >> 5 >= 5)
		return 3;
	if (ip->protocol == IPPROTO_UDP && ip->ihl == 5 && (void *)(udp + 1) <= end)
		return bpf_ntohs(udp->dest) < 1024 ? 2 : 1;
	return ip->protocol == IPPROTO_TCP;
}

SEC("tc")
int tunnel_class(struct __sk_buff *skb)
{
	static const __u64 of_class[4] = {0, BPF_F_ZERO_CSUM_TX, BPF_F_ZERO_CSUM_TX | BPF_F_DONT_FRAGMENT, BPF_F_SEQ_NUMBER};
	struct bpf_tunnel_key key = {}, old = {};
	struct seen seen = {};
	__u64 one = 1, *n;

	seen.class = classify(skb);
	skb->mark = 0x100 | seen.class;
	skb->cb[0] = skb->mark;
	key.tunnel_id = skb->cb[0];
	key.remote_ipv4 = 0x0a000007;
	key.local_ipv4 = 0x0a000009;
	key.tunnel_tos = skb->cb[1];
	key.tunnel_ttl = 16 + seen.class;
	if (bpf_skb_set_tunnel_key(skb, &key, sizeof(key), of_class[seen.class & 3]))
		return TC_ACT_SHOT;
	// A key that is set tells the two ends the other way round.
	if (bpf_skb_get_tunnel_key(skb, &key, sizeof(key), BPF_F_TUNINFO_FLAGS) || key.local_ipv4 != 0x0a000007)
		return TC_ACT_SHOT;
	seen.flags = key.tunnel_flags;
	if (bpf_skb_get_tunnel_key(skb, &old, OLD_SIZE, 0) || old.tunnel_ext || old.tunnel_id != skb->mark)
		return TC_ACT_SHOT;
	if (bpf_skb_get_tunnel_key(skb, &old, sizeof(old), BPF_F_TUNINFO_IPV6) == 0)
		return TC_ACT_SHOT;
	n = bpf_map_lookup_elem(&classes, &seen);
	if (n)
		__sync_fetch_and_add(n, 1);
	else
		bpf_map_update_elem(&classes, &seen, &one, BPF_ANY);
	return TC_ACT_OK;
}

char _license[] SEC("license") = "GPL";
