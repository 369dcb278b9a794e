// SPDX-License-Identifier: Apache-2.0
// A label switch for MPLS: reads the stack of labels into an array on the stack, looks for the
// innermost one that the table knows, and swaps the outermost.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define DEEP 6
#define BOTTOM 0x100

struct label {
	__u32 out;
	__u32 packets;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, struct label);
	__uint(max_entries, 16);
} labels SEC(".maps");

SEC("xdp")
int label_stack(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	__be32 *entry = (void *)(eth + 1);
	__u32 stack[DEEP] = {}, depth = 0, word = 0, at;
	struct label *l = 0;

	if ((void *)(eth + 1) > end || eth->h_proto != bpf_htons(ETH_P_MPLS_UC))
		return XDP_PASS;
#pragma clang loop unroll(disable)
	for (; depth < DEEP; depth++) {
		if ((void *)(entry + depth + 1) > end)
			return XDP_DROP;
		word = bpf_ntohl(entry[depth]);
		stack[depth] = word >> 12;
		if (word & BOTTOM)
			break;
	}
	if (!(word & BOTTOM))
		return XDP_DROP; // deeper than anybody stacks them
#pragma clang loop unroll(disable)
	for (at = depth + 1; at > 0 && at <= DEEP; at--) {
		__u32 key = stack[at - 1] & 0xff;

		l = bpf_map_lookup_elem(&labels, &key);
		if (l)
			break;
	}
	if (!l) {
		__u32 key = stack[0] & 0xff;
		struct label fresh = {.out = stack[0] ^ 0x155};

		return bpf_map_update_elem(&labels, &key, &fresh, BPF_ANY) ? XDP_ABORTED : XDP_PASS;
	}
	l->packets++;
	word = bpf_ntohl(*entry);
	if ((word & 0xff) <= 1)
		return XDP_DROP; // the time to live ends
	*entry = bpf_htonl(((word & 0xfff) - 1) | l->out << 12);
	return XDP_TX;
}

char _license[] SEC("license") = "Dual BSD/GPL";
