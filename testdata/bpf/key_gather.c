// SPDX-License-Identifier: Apache-2.0
// Gathers a key for a table from pieces of the packet: addresses, ports and the first bytes of
// the payload go one behind the other to a place on the stack that depends on what came
// before, and the rest of the key is zero.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define KEY 64
#define TEXT 12

struct key {
	__u8 bytes[KEY];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct key);
	__type(value, __u32);
	__uint(max_entries, 512);
} seen SEC(".maps");

SEC("xdp")
int key_gather(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct key k = {};
	__u32 one = 1, *n;
	__u64 at, off, len, left;
	__u8 protocol;

	if ((void *)(eth + 1) > end)
		return XDP_DROP;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = (void *)(eth + 1);

		if ((void *)(ip + 1) > end || ip->ihl != 5)
			return XDP_PASS;
		protocol = ip->protocol;
		off = sizeof(*eth) + 12;
		len = 8;
	} else if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = (void *)(eth + 1);

		if ((void *)(ip + 1) > end)
			return XDP_PASS;
		protocol = ip->nexthdr;
		off = sizeof(*eth) + 8;
		len = 32;
	} else {
		return XDP_PASS;
	}
	k.bytes[0] = protocol;
	if (bpf_xdp_load_bytes(ctx, off, k.bytes + 1, len))
		return XDP_ABORTED;
	at = 1 + len;
	off += len;
	if (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP) {
		if (bpf_xdp_load_bytes(ctx, off, k.bytes + at, 4))
			return XDP_DROP;
		at += 4;
		off += protocol == IPPROTO_TCP ? 20 : 8;
	}
	len = end - data;
	if (len > off) {
		left = len - off - 1; // without the first, so that verifiers see that there is one
		asm volatile("" : "+r"(left));
		if (left > TEXT - 1)
			left = TEXT - 1;
		if (bpf_xdp_load_bytes(ctx, off, k.bytes + at, left + 1))
			return XDP_ABORTED;
		k.bytes[KEY - 1] = left;
	}
	n = bpf_map_lookup_elem(&seen, &k);
	if (n) {
		*n += 1;
		return XDP_DROP;
	}
	bpf_map_update_elem(&seen, &k, &one, BPF_NOEXIST);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
