// SPDX-License-Identifier: Apache-2.0
// Static, global and hidden functions, shared by two programs; a function
// pointer for bpf_loop.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __noinline __u64 square(__u64 x)
{
	return x * x;
}

__noinline int global_one(int x)
{
	return x + square(x);
}

__hidden __noinline int hidden_one(int x)
{
	return global_one(x) - 1;
}

static long step(__u32 i, void *sum)
{
	*(__u64 *)sum += square(i);
	return 0;
}

SEC("xdp/first")
int first(struct xdp_md *ctx)
{
	return hidden_one(ctx->ingress_ifindex) & 3;
}

SEC("xdp")
int second(struct xdp_md *ctx)
{
	__u64 sum = ctx->rx_queue_index;

	bpf_loop(5, step, &sum, 0);
	return sum == 30 ? global_one(1) : XDP_DROP;
}

char _license[] SEC("license") = "Apache-2.0";
