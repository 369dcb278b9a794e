// SPDX-License-Identifier: Apache-2.0
// Follows TCP connections in an LRU hash map: new, established, closing. Drops
// what belongs to no connection. Both directions find the same entry.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum state { NEW = 1, ESTABLISHED, CLOSING };

struct conn {
	__be32 low, high;
	__be16 low_port, high_port;
};

struct track {
	__u32 state;
	__u32 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct conn);
	__type(value, struct track);
	__uint(max_entries, 8192);
} conns SEC(".maps");

SEC("xdp")
int flow_track(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct conn key = {};
	struct track *t, fresh = { .state = NEW, .packets = 1 };
	struct tcphdr *tcp;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if (ip->protocol != IPPROTO_TCP || ip->frag_off & bpf_htons(0x1fff))
		return XDP_PASS;
	tcp = (void *)ip + ip->ihl * 4;
	if ((void *)(tcp + 1) > end)
		return XDP_DROP;
	if (ip->saddr < ip->daddr || (ip->saddr == ip->daddr && tcp->source < tcp->dest)) {
		key.low = ip->saddr;
		key.high = ip->daddr;
		key.low_port = tcp->source;
		key.high_port = tcp->dest;
	} else {
		key.low = ip->daddr;
		key.high = ip->saddr;
		key.low_port = tcp->dest;
		key.high_port = tcp->source;
	}
	t = bpf_map_lookup_elem(&conns, &key);
	if (!t) {
		if (!tcp->syn || tcp->ack)
			return XDP_DROP;
		fresh.bytes = end - data;
		bpf_map_update_elem(&conns, &key, &fresh, BPF_ANY);
		return XDP_PASS;
	}
	t->packets++;
	t->bytes += end - data;
	if (tcp->rst) {
		bpf_map_delete_elem(&conns, &key);
		return XDP_PASS;
	}
	if (tcp->fin)
		t->state = CLOSING;
	else if (tcp->ack && t->state == NEW)
		t->state = ESTABLISHED;
	return XDP_PASS;
}

char _license[] SEC("license") = "Apache-2.0";
