// SPDX-License-Identifier: Apache-2.0
// Collects which flows run inside which VXLAN networks: packets and bytes by flow, the
// network of each, and how often one came in another network than before.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define VXLAN 4789
#define HAS_NETWORK 0x08
#define UDP_END (sizeof(struct ethhdr) + sizeof(struct iphdr) + sizeof(struct udphdr))

struct vxlan {
	__u8 flags, reserved[3];
	__be32 network; // and a byte that is reserved
};

struct outer {
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
	struct vxlan vxlan;
	struct ethhdr inner;
} __attribute__((packed));

struct flow {
	__be32 saddr, daddr;
	__be16 sport, dport;
	__u32 proto;
};

struct inside {
	__u32 network, moved;
	__u64 packets, bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, struct flow);
	__type(value, struct inside);
} flows SEC(".maps");

enum { OUTSIDE, BROKEN, NOT_IP, FULL, WHATS };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WHATS);
	__type(key, __u32);
	__type(value, __u64);
} others SEC(".maps");

static __always_inline int other(__u32 what, int verdict)
{
	__u64 *n = bpf_map_lookup_elem(&others, &what);

	if (n)
		++*n;
	return verdict;
}

SEC("xdp")
int tunnel_flows(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct outer *o = data;
	struct iphdr *ip = (void *)(o + 1);
	__be16 *ports = (void *)(ip + 1);
	struct inside *i, first = {.packets = 1};
	struct flow flow = {};

	if (data + UDP_END > end || o->eth.h_proto != bpf_htons(ETH_P_IP) || o->ip.ihl != 5)
		return other(OUTSIDE, XDP_PASS);
	if (o->ip.protocol != IPPROTO_UDP || o->udp.dest != bpf_htons(VXLAN))
		return other(OUTSIDE, XDP_PASS);
	if ((void *)(o + 1) > end || !(o->vxlan.flags & HAS_NETWORK))
		return other(BROKEN, XDP_DROP);
	if (o->inner.h_proto != bpf_htons(ETH_P_IP))
		return other(NOT_IP, XDP_PASS);
	if ((void *)(ports + 2) > end || ip->ihl != 5)
		return other(BROKEN, XDP_DROP);
	flow.saddr = ip->saddr;
	flow.daddr = ip->daddr;
	flow.proto = ip->protocol;
	if (ip->protocol == IPPROTO_TCP || ip->protocol == IPPROTO_UDP) {
		flow.sport = ports[0];
		flow.dport = ports[1];
	}
	first.network = bpf_ntohl(o->vxlan.network) >> 8;
	first.bytes = end - (void *)&o->inner;
	i = bpf_map_lookup_elem(&flows, &flow);
	if (!i) {
		if (bpf_map_update_elem(&flows, &flow, &first, BPF_NOEXIST))
			return other(FULL, XDP_PASS);
		return XDP_PASS;
	}
	i->packets++;
	i->bytes += first.bytes;
	if (i->network != first.network) {
		i->network = first.network;
		i->moved++;
	}
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
