// SPDX-License-Identifier: Apache-2.0
// A parser of tail calls: one program for each protocol, entered through a
// program array that the object fills. The metadata travels in a per-CPU array.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum { IPV4, IPV6, VLAN, STAGES };

struct meta {
	__u32 offset;
	__u32 tags;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct meta);
	__uint(max_entries, 1);
} scratch SEC(".maps");

int ipv4(struct xdp_md *ctx);
int ipv6(struct xdp_md *ctx);
int vlan(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, STAGES);
	__type(key, __u32);
	__array(values, int(struct xdp_md *));
} stages SEC(".maps") = {
	.values = { [IPV4] = &ipv4, [IPV6] = &ipv6, [VLAN] = &vlan },
};

static __always_inline struct meta *meta(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&scratch, &zero);
}

// next enters the stage of an EtherType; it returns if there is none.
static __always_inline int next(struct xdp_md *ctx, __be16 proto)
{
	switch (proto) {
	case bpf_htons(ETH_P_IP):
		bpf_tail_call(ctx, &stages, IPV4);
		break;
	case bpf_htons(ETH_P_IPV6):
		bpf_tail_call(ctx, &stages, IPV6);
		break;
	case bpf_htons(ETH_P_8021Q):
	case bpf_htons(ETH_P_8021AD):
		bpf_tail_call(ctx, &stages, VLAN);
		break;
	}
	return XDP_PASS;
}

SEC("xdp")
int ipv4(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct meta *m = meta();
	struct iphdr *ip;

	if (!m || m->offset > 64)
		return XDP_ABORTED;
	ip = data + m->offset;
	if ((void *)(ip + 1) > end)
		return XDP_DROP;
	return ip->protocol == IPPROTO_UDP ? XDP_TX : XDP_PASS;
}

SEC("xdp")
int ipv6(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct meta *m = meta();
	struct ipv6hdr *ip;

	if (!m || m->offset > 64)
		return XDP_ABORTED;
	ip = data + m->offset;
	if ((void *)(ip + 1) > end)
		return XDP_DROP;
	return ip->nexthdr == IPPROTO_TCP ? XDP_TX : XDP_PASS;
}

SEC("xdp")
int vlan(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct meta *m = meta();
	__be16 *tag;

	if (!m || m->offset > 64)
		return XDP_ABORTED;
	tag = data + m->offset;
	if ((void *)(tag + 2) > end)
		return XDP_DROP;
	m->offset += 4;
	m->tags++;
	return next(ctx, tag[1]);
}

SEC("xdp")
int tail_parse(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct meta *m = meta();

	if (!m || (void *)(eth + 1) > end)
		return XDP_ABORTED;
	m->offset = sizeof(*eth);
	return next(ctx, eth->h_proto);
}

char _license[] SEC("license") = "Apache-2.0";
