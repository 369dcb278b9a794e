// SPDX-License-Identifier: Apache-2.0
// Histograms of frame lengths by powers of two, one for each kind of packet: a table of
// tables in one array of structures.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum { OTHER, TCP, UDP, ICMP, V6, KINDS };

struct histogram {
	__u64 slots[16];
	__u64 bytes;
	__u32 least, most;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct histogram);
	__uint(max_entries, KINDS);
} lengths SEC(".maps");

static __always_inline __u32 log2(__u32 v)
{
	__u32 r = (v > 0xff) << 3, s;

	v >>= r;
	s = (v > 0xf) << 2;
	v >>= s;
	r |= s;
	s = (v > 3) << 1;
	v >>= s;
	return r | s | v >> 1;
}

SEC("xdp")
int len_hist(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	__u32 kind = OTHER, len = end - data;
	struct histogram *h;

	if ((void *)(eth + 1) <= end) {
		struct iphdr *ip = (void *)(eth + 1);

		if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
			kind = V6;
		} else if (eth->h_proto == bpf_htons(ETH_P_IP) && (void *)(ip + 1) <= end) {
			switch (ip->protocol) {
			case IPPROTO_TCP:
				kind = TCP;
				break;
			case IPPROTO_UDP:
				kind = UDP;
				break;
			case IPPROTO_ICMP:
				kind = ICMP;
				break;
			}
		}
	}
	h = bpf_map_lookup_elem(&lengths, &kind);
	if (!h)
		return XDP_ABORTED;
	h->slots[log2(len & 0xffff) & 15]++;
	h->bytes += len;
	if (!h->least || len < h->least)
		h->least = len;
	if (len > h->most)
		h->most = len;
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
