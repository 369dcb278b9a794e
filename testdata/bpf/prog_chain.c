// SPDX-License-Identifier: Apache-2.0
// Runs several programs on a packet, one after the other, as libxdp's dispatcher does:
// each is a global function, proven on its own, and a setting says by verdict after which
// of them the next one runs.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define PROGRAMS 3

const volatile struct {
	__u32 enabled; // how many run
	__u32 goes_on[PROGRAMS]; // bits of the verdicts behind which the next one runs
} chain = {.enabled = PROGRAMS, .goes_on = {1 << XDP_PASS, 1 << XDP_PASS | 1 << XDP_TX, 0}};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 2 * PROGRAMS);
} runs SEC(".maps");

static __always_inline void count(__u32 which)
{
	__u64 *n = bpf_map_lookup_elem(&runs, &which);

	if (n)
		__sync_fetch_and_add(n, 1);
}

// Drops what is no frame for hosts.
__attribute__((noinline)) int guard(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;

	count(0);
	if ((void *)(eth + 1) > end || eth->h_source[0] & 1)
		return XDP_DROP;
	return bpf_ntohs(eth->h_proto) < 0x600 ? XDP_ABORTED : XDP_PASS;
}

// Sends pings back, as they are.
__attribute__((noinline)) int mirror(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);

	count(1);
	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	return ip->protocol == IPPROTO_ICMP ? XDP_TX : XDP_PASS;
}

// Drops what is longer than a frame should be.
__attribute__((noinline)) int sizes(struct xdp_md *ctx)
{
	count(2);
	return ctx->data_end - ctx->data > 200 ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int prog_chain(struct xdp_md *ctx)
{
	__u32 verdict;

	if (chain.enabled < 1)
		return XDP_PASS;
	verdict = guard(ctx);
	count(PROGRAMS);
	if (verdict > XDP_REDIRECT || !(1 << verdict & chain.goes_on[0]))
		return verdict;
	if (chain.enabled < 2)
		return verdict;
	verdict = mirror(ctx);
	count(PROGRAMS + 1);
	if (verdict > XDP_REDIRECT || !(1 << verdict & chain.goes_on[1]))
		return verdict;
	if (chain.enabled < 3)
		return verdict;
	verdict = sizes(ctx);
	count(PROGRAMS + 2);
	return verdict;
}

char _license[] SEC("license") = "Dual BSD/GPL";
