// SPDX-License-Identifier: Apache-2.0
// A switch that knows nobody: groups and unknown stations are flooded to all ports
// but their own, frames from and to one port are dropped.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u32);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u64);
	__type(value, __u32);
} stations SEC(".maps"); // address to interface

static __always_inline __u64 address(const __u8 *mac)
{
	__u64 key = 0;

	__builtin_memcpy(&key, mac, ETH_ALEN);
	return key;
}

SEC("xdp")
int flood(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	__u32 in = ctx->ingress_ifindex, *out;
	__u64 key;

	if ((void *)(eth + 1) > end)
		return XDP_DROP;
	if (!(eth->h_source[0] & 1)) {
		key = address(eth->h_source);
		bpf_map_update_elem(&stations, &key, &in, BPF_ANY);
	}
	if (!(eth->h_dest[0] & 1)) {
		key = address(eth->h_dest);
		out = bpf_map_lookup_elem(&stations, &key);
		if (out && *out == in)
			return XDP_DROP;
		if (out)
			return bpf_redirect(*out, 0);
	}
	return bpf_redirect_map(&ports, 0, BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS);
}

char _license[] SEC("license") = "Apache-2.0";
