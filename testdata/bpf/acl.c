// SPDX-License-Identifier: Apache-2.0
// An access list in functions of its own (calls between eBPF functions): parse,
// then look for the source address in a hash map. A source that sends a ping of
// more than 16 bytes is put on the list, one that sends TCP to port 80
// is taken off it again.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct icmp {
	__u8 type, code;
	__be16 check, id, sequence;
};

struct packet {
	void *l4;
	void *end;
	__be32 saddr;
	__u8 proto;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __be32);
	__type(value, __u64);
	__uint(max_entries, 256);
} blocked SEC(".maps");

static __noinline int parse(struct xdp_md *ctx, struct packet *p)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return -1;
	p->l4 = (void *)ip + ip->ihl * 4;
	p->end = end;
	p->saddr = ip->saddr;
	p->proto = ip->protocol;
	return 0;
}

static __noinline int is_blocked(__be32 addr)
{
	__u64 *hits = bpf_map_lookup_elem(&blocked, &addr);

	if (!hits)
		return 0;
	__sync_fetch_and_add(hits, 1);
	return 1;
}

static __noinline long learn(const struct packet *p)
{
	__u64 none = 0;

	if (p->proto == IPPROTO_ICMP) {
		struct icmp *icmp = p->l4;

		if ((void *)(icmp + 1) > p->end)
			return 0;
		if (icmp->type == 8 /* echo request */ && p->end - (void *)icmp > 24)
			return bpf_map_update_elem(&blocked, &p->saddr, &none, BPF_ANY);
	}
	return 0;
}

SEC("xdp")
int acl(struct xdp_md *ctx)
{
	struct packet p = {};

	if (parse(ctx, &p))
		return XDP_PASS;
	if (p.proto == IPPROTO_TCP) {
		struct tcphdr *tcp = p.l4;

		if ((void *)(tcp + 1) <= p.end && tcp->dest == bpf_htons(80))
			bpf_map_delete_elem(&blocked, &p.saddr);
	}
	if (is_blocked(p.saddr))
		return XDP_DROP;
	return learn(&p) ? XDP_ABORTED : XDP_PASS;
}

char _license[] SEC("license") = "Apache-2.0";
