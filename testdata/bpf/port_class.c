// SPDX-License-Identifier: Apache-2.0
// Counts UDP and TCP packets by the class of their destination port, in global
// functions: a verifier proves each of them once, on its own, with nothing known
// of the arguments but their types.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define CLASSES 4

struct flow {
	__be32 saddr;
	__be16 sport, dport;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, CLASSES);
} counts SEC(".maps");

// read_flow fills f, and returns 0 for a packet that has ports.
__noinline int read_flow(struct xdp_md *ctx, struct flow *f)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	__be16 *ports = (void *)(ip + 1);

	if (!f)
		return -1;
	if ((void *)(ports + 2) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5)
		return -1;
	if (ip->protocol != IPPROTO_UDP && ip->protocol != IPPROTO_TCP)
		return -1;
	f->saddr = ip->saddr;
	f->sport = ports[0];
	f->dport = ports[1];
	return 0;
}

// class_of sorts a port number: 0 system, 1 user, 2 dynamic.
__noinline int class_of(__u32 port)
{
	if (port < 1024)
		return 0;
	return port < 49152 ? 1 : 2;
}

SEC("xdp")
int port_class(struct xdp_md *ctx)
{
	struct flow f = {};
	__u64 *count;
	__u32 class;

	if (read_flow(ctx, &f))
		return XDP_PASS;
	class = class_of(bpf_ntohs(f.dport));
	if (f.sport == f.dport)
		class = 3;
	if (class >= CLASSES)
		return XDP_ABORTED; // class_of may return anything, for all that a verifier knows
	count = bpf_map_lookup_elem(&counts, &class);
	if (count)
		__sync_fetch_and_add(count, 1);
	return class == 3 ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
