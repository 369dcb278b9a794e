// SPDX-License-Identifier: Apache-2.0
// Walks the extension headers of IPv6 in a bounded loop. Drops packets with a
// routing header or more than six headers, aborts on cut ones, counts the
// upper layers of the rest by number of headers passed.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define MAX_HEADERS 6

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, MAX_HEADERS + 1);
} depth SEC(".maps");

SEC("xdp")
int ipv6_ext(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct ipv6hdr *ip = (void *)(eth + 1);
	void *p = ip + 1;
	__u64 *count;
	__u32 i;
	__u8 next;

	if (p > end || eth->h_proto != bpf_htons(ETH_P_IPV6))
		return XDP_PASS;
	next = ip->nexthdr;
#pragma clang loop unroll(disable)
	for (i = 0; i <= MAX_HEADERS; i++) {
		__u8 *h = p;
		__u32 len;

		if (next == IPPROTO_ROUTING)
			return XDP_DROP;
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_DSTOPTS && next != IPPROTO_FRAGMENT)
			break;
		if (p + 8 > end)
			return XDP_ABORTED;
		len = next == IPPROTO_FRAGMENT ? 8 : (h[1] + 1) * 8;
		next = h[0];
		p += len;
	}
	if (i > MAX_HEADERS)
		return XDP_DROP;
	count = bpf_map_lookup_elem(&depth, &i);
	if (count)
		__sync_fetch_and_add(count, 1);
	return next == IPPROTO_NONE ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "Apache-2.0";
