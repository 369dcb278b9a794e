// SPDX-License-Identifier: Apache-2.0
// A parser of tail calls in two levels: network stages for IPv4 and IPv6, then
// transport stages for UDP and TCP. Each stage counts in a map of its own; where
// the next header begins goes from stage to stage in a per-CPU array.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum { V4, V6, UDP, TCP, STAGES };
enum { MAX_OFFSET = 128 };

struct flow {
	__u64 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 1);
} next_header SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 64);
} ttls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 256);
} next_protos SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u16);
	__type(value, struct flow);
	__uint(max_entries, 128);
} udp_ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 64);
} tcp_flags SEC(".maps");

int stage_v4(struct xdp_md *ctx);
int stage_v6(struct xdp_md *ctx);
int stage_udp(struct xdp_md *ctx);
int stage_tcp(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, STAGES);
	__type(key, __u32);
	__array(values, int(struct xdp_md *));
} stages SEC(".maps") = {
	.values = { [V4] = &stage_v4, [V6] = &stage_v6, [UDP] = &stage_udp, [TCP] = &stage_tcp },
};

static __always_inline __u32 *offset(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&next_header, &zero);
}

static __always_inline void transport(struct xdp_md *ctx, __u8 proto)
{
	switch (proto) {
	case IPPROTO_UDP:
		bpf_tail_call(ctx, &stages, UDP);
		break;
	case IPPROTO_TCP:
		bpf_tail_call(ctx, &stages, TCP);
		break;
	}
}

SEC("xdp")
int stage_v4(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	__u32 *at = offset();
	struct iphdr *ip;
	__u64 *count;
	__u32 key;

	if (!at || *at > MAX_OFFSET)
		return XDP_ABORTED;
	ip = data + *at;
	if ((void *)(ip + 1) > end || ip->ihl < 5)
		return XDP_DROP;
	key = ip->ttl >> 2;
	count = bpf_map_lookup_elem(&ttls, &key);
	if (count)
		*count += 1;
	if (ip->frag_off & bpf_htons(0x1fff))
		return XDP_PASS;
	*at += ip->ihl * 4;
	transport(ctx, ip->protocol);
	return XDP_PASS;
}

SEC("xdp")
int stage_v6(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	__u32 *at = offset();
	struct ipv6hdr *ip;
	__u64 *count;
	__u32 key;

	if (!at || *at > MAX_OFFSET)
		return XDP_ABORTED;
	ip = data + *at;
	if ((void *)(ip + 1) > end)
		return XDP_DROP;
	key = ip->nexthdr;
	count = bpf_map_lookup_elem(&next_protos, &key);
	if (count)
		*count += 1;
	*at += sizeof(*ip);
	transport(ctx, ip->nexthdr);
	return XDP_PASS;
}

SEC("xdp")
int stage_udp(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	__u32 *at = offset();
	struct flow *flow, fresh = { 1, 0 };
	struct udphdr *udp;
	__u16 port;

	if (!at || *at > MAX_OFFSET)
		return XDP_ABORTED;
	udp = data + *at;
	if ((void *)(udp + 1) > end)
		return XDP_DROP;
	port = bpf_ntohs(udp->dest);
	flow = bpf_map_lookup_elem(&udp_ports, &port);
	if (flow) {
		flow->packets += 1;
		flow->bytes += bpf_ntohs(udp->len);
	} else {
		fresh.bytes = bpf_ntohs(udp->len);
		bpf_map_update_elem(&udp_ports, &port, &fresh, BPF_NOEXIST);
	}
	return port == 53 ? XDP_TX : XDP_PASS;
}

SEC("xdp")
int stage_tcp(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	__u32 *at = offset();
	struct tcphdr *tcp;
	__u64 *count;
	__u32 key;

	if (!at || *at > MAX_OFFSET)
		return XDP_ABORTED;
	tcp = data + *at;
	if ((void *)(tcp + 1) > end)
		return XDP_DROP;
	key = ((__u8 *)tcp)[13] & 63;
	count = bpf_map_lookup_elem(&tcp_flags, &key);
	if (count)
		*count += 1;
	return tcp->syn && tcp->fin ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int tail_stages(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	__u32 *at = offset();

	if (!at || (void *)(eth + 1) > end)
		return XDP_ABORTED;
	*at = sizeof(*eth);
	switch (eth->h_proto) {
	case bpf_htons(ETH_P_IP):
		bpf_tail_call(ctx, &stages, V4);
		break;
	case bpf_htons(ETH_P_IPV6):
		bpf_tail_call(ctx, &stages, V6);
		break;
	}
	return XDP_PASS;
}

char _license[] SEC("license") = "Apache-2.0";
