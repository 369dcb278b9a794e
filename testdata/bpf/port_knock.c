// SPDX-License-Identifier: Apache-2.0
// A door that opens by knocking: who sends to three ports in order may connect, until it has
// sent a number of packets; a wrong knock begins anew. A state machine for each host.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define DOOR 443
#define ALLOWED 3

enum { CLOSED, FIRST, SECOND, OPEN };

struct host {
	__u8 state, left;
	__u16 wrong;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, __be32);
	__type(value, struct host);
	__uint(max_entries, 256);
} hosts SEC(".maps");

SEC("xdp")
int port_knock(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	__be16 *ports = (void *)(ip + 1);
	struct host *h, fresh = {};
	__u32 port;
	__be32 who;

	if ((void *)(ports + 2) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5)
		return XDP_PASS;
	if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
		return XDP_PASS;
	who = ip->saddr & bpf_htonl(0xff000001);
	port = bpf_ntohs(ports[1]);
	h = bpf_map_lookup_elem(&hosts, &who);
	if (!h) {
		bpf_map_update_elem(&hosts, &who, &fresh, BPF_ANY);
		h = bpf_map_lookup_elem(&hosts, &who);
		if (!h)
			return XDP_ABORTED;
	}
	switch (h->state) {
	case CLOSED:
		h->state = port == 7777 ? FIRST : CLOSED;
		break;
	case FIRST:
		if (port == 53)
			h->state = SECOND;
		else if (port != 7777)
			h->state = CLOSED;
		break;
	case SECOND:
		if (port == 80) {
			h->state = OPEN;
			h->left = ALLOWED;
		} else {
			h->state = CLOSED;
			h->wrong++;
		}
		break;
	default:
		if (port == DOOR)
			return XDP_PASS;
		if (--h->left == 0)
			h->state = CLOSED;
	}
	return port == DOOR ? XDP_DROP : XDP_TX;
}

char _license[] SEC("license") = "Dual BSD/GPL";
