// SPDX-License-Identifier: Apache-2.0
// A global function that reads through a pointer without a test for null. Its
// only caller passes a good pointer, but a global function is proven on its own.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct limits {
	__u32 low, high;
};

__noinline int within(struct limits *l, __u32 n)
{
	return n >= l->low && n <= l->high;
}

SEC("xdp")
int global_null(struct xdp_md *ctx)
{
	struct limits l = {64, 1500};

	return within(&l, ctx->data_end - ctx->data) ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
