// SPDX-License-Identifier: Apache-2.0
// A function makes a tail call. The program that is called may move the packet,
// and returns to the function's caller, whose pointers are stale then.

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} programs SEC(".maps");

static __attribute__((noinline)) int hop(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &programs, 0);
	return 0;
}

SEC("xdp")
int tail_moves(struct xdp_md *ctx)
{
	char *data = (char *)(long)ctx->data, *end = (char *)(long)ctx->data_end;

	if (data + 34 > end)
		return XDP_DROP;
	hop(ctx);
	data[0] = 1;
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
