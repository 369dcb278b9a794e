// SPDX-License-Identifier: Apache-2.0
// A firewall whose rules are entries of maps that callbacks go through: networks in an
// array, in order, and ports in a hash map, in any. Both fill themselves.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct bpf_map;

struct net {
	__u32 addr, mask, verdict, hits;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct net);
	__uint(max_entries, 12);
} nets SEC(".maps");

struct port_key {
	__be16 port;
	__u8 proto, pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct port_key);
	__type(value, __u64);
	__uint(max_entries, 24);
} ports SEC(".maps");

struct question {
	__u32 saddr;
	struct port_key key;
	__u32 verdict, asked;
	__u64 total;
};

static long ask_net(struct bpf_map *map, __u32 *key, struct net *n, void *ctx)
{
	struct question *q = ctx;

	q->asked = *key + 1;
	if (!n->mask) {
		n->mask = bpf_htonl(*key & 1 ? 0xffffff00 : 0xfffffff0);
		n->addr = q->saddr & n->mask;
		n->verdict = *key % 3 ? XDP_PASS : XDP_DROP;
		return 1;
	}
	if ((q->saddr & n->mask) != n->addr)
		return 0;
	n->hits++;
	q->verdict = n->verdict;
	return 1;
}

/* Counts what other ports have had, and forgets those that had too much. */
static long ask_port(struct bpf_map *map, struct port_key *key, __u64 *hits, void *ctx)
{
	struct question *q = ctx;

	if (key->port == q->key.port && key->proto == q->key.proto)
		++*hits;
	q->total += *hits * (key->proto + 1);
	if (*hits > 5)
		bpf_map_delete_elem(map, key);
	return 0;
}

SEC("xdp")
int rule_each(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	__be16 *l4 = (void *)(ip + 1);
	struct question q = { .verdict = XDP_TX };
	__u64 one = 1;
	long n;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	q.saddr = ip->saddr;
	q.key.proto = ip->protocol;
	if (bpf_for_each_map_elem(&nets, ask_net, &q, 0) != q.asked)
		return XDP_ABORTED;
	if (ip->ihl != 5 || (void *)(l4 + 2) > end || (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP))
		return q.verdict;
	q.key.port = l4[1] & bpf_htons(0x1f);
	bpf_map_update_elem(&ports, &q.key, &one, BPF_NOEXIST);
	n = bpf_for_each_map_elem(&ports, ask_port, &q, 0);
	if (n < 1 || bpf_for_each_map_elem(&ports, ask_port, &q, 1) != -22)
		return XDP_ABORTED;
	return q.total > 60 ? XDP_DROP : q.verdict;
}

char _license[] SEC("license") = "Dual BSD/GPL";
