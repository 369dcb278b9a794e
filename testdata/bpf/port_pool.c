// SPDX-License-Identifier: Apache-2.0
// Hands out ports to connections from a pool: a queue of free ports, which fills itself in a
// callback; the end of a connection gives its port back. A stack has the last ports that
// came back.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define PORTS 24

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__type(value, __u32);
	__uint(max_entries, PORTS);
} pool SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__type(value, __u32);
	__uint(max_entries, 4);
} recent SEC(".maps");

struct flow {
	__be32 saddr, daddr;
	__be16 source, dest;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct flow);
	__type(value, __u32);
	__uint(max_entries, 64);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 4);
} state SEC(".maps");

static long fill(__u64 i, void *first)
{
	__u32 port = *(__u32 *)first + i;

	return bpf_map_push_elem(&pool, &port, 0) != 0;
}

SEC("xdp")
int port_pool(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct tcphdr *tcp = (void *)(ip + 1);
	__u32 key = 0, first = 40000, port, last, *filled, *have, *empty;
	struct flow f;

	if ((void *)(tcp + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if (ip->ihl != 5 || ip->protocol != IPPROTO_TCP)
		return XDP_PASS;
	filled = bpf_map_lookup_elem(&state, &key);
	if (!filled)
		return XDP_ABORTED;
	if (!*filled) {
		*filled = 1;
		bpf_loop(PORTS + 1, fill, &first, 0);
	}
	f = (struct flow){ip->saddr & bpf_htonl(0xff0000ff), ip->daddr & bpf_htonl(0xff000003), tcp->source & bpf_htons(3), 0};
	have = bpf_map_lookup_elem(&ports, &f);
	if (have && (tcp->fin || tcp->rst)) {
		port = *have;
		bpf_map_delete_elem(&ports, &f);
		if (bpf_map_push_elem(&pool, &port, 0))
			return XDP_ABORTED;
		bpf_map_push_elem(&recent, &port, BPF_EXIST); // the oldest falls out
		return XDP_PASS;
	}
	if (have) {
		tcp->source = bpf_htons(*have);
		return XDP_TX;
	}
	if (!tcp->syn)
		return XDP_DROP;
	if (!bpf_map_peek_elem(&recent, &last)) {
		key = 1;
		have = bpf_map_lookup_elem(&state, &key);
		if (have)
			*have = last;
	}
	if (bpf_map_pop_elem(&pool, &port)) {
		key = 2;
		empty = bpf_map_lookup_elem(&state, &key);
		if (empty)
			*empty += 1;
		bpf_map_pop_elem(&recent, &last);
		return XDP_DROP;
	}
	bpf_map_update_elem(&ports, &f, &port, BPF_NOEXIST);
	tcp->source = bpf_htons(port);
	return XDP_TX;
}

char _license[] SEC("license") = "Dual BSD/GPL";
