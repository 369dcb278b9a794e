// SPDX-License-Identifier: Apache-2.0
// A table of IPv6 prefixes that learns: unknown networks are entered with 64 bits, hosts that
// send much with all 128 and a verdict of their own, and they are removed again.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in6.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct prefix {
	__u32 bits;
	struct in6_addr addr;
};

struct rule {
	__u32 packets;
	__u32 verdict;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__type(key, struct prefix);
	__type(value, struct rule);
	__uint(max_entries, 12);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} table SEC(".maps");

SEC("xdp")
int lpm6_learn(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct ipv6hdr *ip = (void *)(eth + 1);
	struct prefix p = {.bits = 128};
	struct rule *r, fresh = {.packets = 1, .verdict = XDP_PASS};

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IPV6))
		return XDP_PASS;
	p.addr = ip->saddr;
	r = bpf_map_lookup_elem(&table, &p);
	if (!r) {
		p.bits = 64;
		if (bpf_map_update_elem(&table, &p, &fresh, BPF_NOEXIST))
			return XDP_ABORTED;
		return XDP_TX;
	}
	r->packets++;
	if (r->verdict == XDP_DROP) {
		if (r->packets > 4)
			bpf_map_delete_elem(&table, &p);
		return XDP_DROP;
	}
	if (r->packets % 8 == 0) {
		fresh.verdict = XDP_DROP;
		if (bpf_map_update_elem(&table, &p, &fresh, BPF_ANY))
			return XDP_ABORTED;
	}
	return r->verdict;
}

char _license[] SEC("license") = "Dual BSD/GPL";
