// SPDX-License-Identifier: Apache-2.0
// Copies every frame to all ports but its own, and makes each copy one of the port
// that it leaves by: a program in the entries of the device map gives it the port's
// address, and keeps frames for one neighbour from the other ports.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct bpf_devmap_val);
} ports SEC(".maps");

struct edge {
	__u8 own[ETH_ALEN];
	__u8 peer[ETH_ALEN]; // all zero: groups and everybody
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32); // interface
	__type(value, struct edge);
} edges SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3);
	__type(key, __u32);
	__type(value, __u64);
} copies SEC(".maps"); // sent, for others, without an edge

static __always_inline void count(__u32 what)
{
	__u64 *n = bpf_map_lookup_elem(&copies, &what);

	if (n)
		__sync_fetch_and_add(n, 1);
}

SEC("xdp")
int broadcast_edge(struct xdp_md *ctx)
{
	return bpf_redirect_map(&ports, 0, BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS);
}

SEC("xdp/devmap")
int edge_address(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	__u32 out = ctx->egress_ifindex;
	struct edge *edge;
	__u8 any = 0, other = 0;

	if ((void *)(eth + 1) > end)
		return XDP_DROP;
	edge = bpf_map_lookup_elem(&edges, &out);
	if (!edge) {
		count(2);
		return XDP_PASS;
	}
	for (int k = 0; k < ETH_ALEN; k++) {
		any |= edge->peer[k];
		other |= edge->peer[k] ^ eth->h_dest[k];
	}
	if (any && other && !(eth->h_dest[0] & 1)) {
		count(1);
		return XDP_DROP;
	}
	__builtin_memcpy(eth->h_source, edge->own, ETH_ALEN);
	count(0);
	return XDP_PASS;
}

char _license[] SEC("license") = "Apache-2.0";
