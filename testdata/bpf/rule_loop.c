// SPDX-License-Identifier: Apache-2.0
// A firewall that asks rules one after the other in a callback of bpf_loop. The
// list fills itself: a packet that no rule knows makes one for its network.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define RULES 24

struct rule {
	__u32 net, mask;
	__u8 used, proto, verdict, pad;
	__u32 hits;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct rule);
	__uint(max_entries, RULES);
} rules SEC(".maps");

struct question {
	__u32 saddr;
	__u8 proto, verdict;
	__u16 asked;
};

static long ask(__u64 i, void *ctx)
{
	struct question *q = ctx;
	__u32 key = i;
	struct rule *r = bpf_map_lookup_elem(&rules, &key);

	if (!r)
		return 1;
	q->asked++;
	if (!r->used) {
		r->mask = i & 1 ? bpf_htonl(0xffffff00) : bpf_htonl(0xfffffff8);
		r->net = q->saddr & r->mask;
		r->proto = q->proto;
		r->verdict = i % 3 ? XDP_PASS : XDP_DROP;
		r->used = 1;
		return 1;
	}
	if ((q->saddr & r->mask) != r->net || q->proto != r->proto)
		return 0;
	r->hits++;
	q->verdict = r->verdict;
	return 1;
}

SEC("xdp")
int rule_loop(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct question q = {.verdict = XDP_PASS};

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	q.saddr = ip->saddr;
	q.proto = ip->protocol;
	if (bpf_loop(RULES, ask, &q, 0) != q.asked)
		return XDP_ABORTED;
	return q.verdict;
}

char _license[] SEC("license") = "Dual BSD/GPL";
