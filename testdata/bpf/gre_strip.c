// SPDX-License-Identifier: Apache-2.0
// Ends GRE tunnels: counts checksum, key and sequence fields into the header's length and
// takes off what is in front of the inner packet.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define HAS_SUM 0x8000
#define HAS_KEY 0x2000
#define HAS_SEQ 0x1000

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 4);
} seen SEC(".maps");

SEC("xdp")
int gre_strip(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data, old;
	struct iphdr *ip = (void *)(eth + 1);
	__be16 *gre;
	__u32 bits, off, kind, *n;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if (ip->protocol != IPPROTO_GRE || ip->ihl < 5)
		return XDP_PASS;
	off = ip->ihl * 4;
	gre = (void *)ip + off;
	if ((void *)(gre + 2) > end)
		return XDP_DROP;
	bits = bpf_ntohs(gre[0]);
	if (bits & 7) // version
		return XDP_DROP;
	kind = !!(bits & HAS_KEY) | !!(bits & HAS_SEQ) << 1;
	n = bpf_map_lookup_elem(&seen, &kind);
	if (n)
		__sync_fetch_and_add(n, 1);
	__builtin_memcpy(&old, eth, sizeof(old));
	old.h_proto = gre[1];
	if (old.h_proto != bpf_htons(ETH_P_IP) && old.h_proto != bpf_htons(ETH_P_IPV6))
		return XDP_PASS;
	off += 4;
	if (bits & HAS_SUM)
		off += 4;
	if (bits & HAS_KEY)
		off += 4;
	if (bits & HAS_SEQ)
		off += 4;
	if (bpf_xdp_adjust_head(ctx, off))
		return XDP_DROP; // nothing is behind the header
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	eth = data;
	if ((void *)(eth + 1) > end)
		return XDP_ABORTED;
	__builtin_memcpy(eth, &old, sizeof(old));
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
