// SPDX-License-Identifier: Apache-2.0
// A dispatcher of several programs: the packet's first byte says which slot comes
// next. One slot is empty, indexes may lie behind the last, one program calls
// itself until the kernel's limit of 33 tail calls stops it, and another moves the
// packet's start before it goes on.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

enum { COUNT, EMPTY, AROUND, CUT, LAST, SLOTS };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 64);
} visits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
	__uint(max_entries, 1);
} rounds SEC(".maps");

int count(struct xdp_md *ctx);
int around(struct xdp_md *ctx);
int cut(struct xdp_md *ctx);
int last(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, SLOTS);
	__type(key, __u32);
	__array(values, int(struct xdp_md *));
} programs SEC(".maps") = {
	.values = { [COUNT] = &count, [AROUND] = &around, [CUT] = &cut, [LAST] = &last },
};

static __always_inline void visit(__u32 what)
{
	__u64 *n = bpf_map_lookup_elem(&visits, &what);

	if (n)
		__sync_fetch_and_add(n, 1);
}

static __always_inline int byte(struct xdp_md *ctx, __u32 at)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;

	if (data + at + 1 > end)
		return 0;
	return *(__u8 *)(data + at);
}

SEC("xdp")
int count(struct xdp_md *ctx)
{
	visit(COUNT);
	bpf_tail_call(ctx, &programs, byte(ctx, 11) % (SLOTS + 2));
	visit(SLOTS + COUNT);
	return XDP_TX;
}

SEC("xdp")
int around(struct xdp_md *ctx)
{
	__u32 zero = 0, *n = bpf_map_lookup_elem(&rounds, &zero);

	visit(AROUND);
	if (n)
		*n += 1;
	bpf_tail_call(ctx, &programs, AROUND);
	visit(SLOTS + AROUND);
	return XDP_DROP;
}

SEC("xdp")
int cut(struct xdp_md *ctx)
{
	visit(CUT);
	if (bpf_xdp_adjust_head(ctx, 2))
		return XDP_ABORTED;
	bpf_tail_call(ctx, &programs, byte(ctx, 5) % SLOTS);
	visit(SLOTS + CUT);
	return XDP_PASS;
}

SEC("xdp")
int last(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;

	visit(LAST);
	if (data + 4 > end)
		return XDP_DROP;
	*(__u32 *)data ^= 0x01020304;
	return XDP_TX;
}

SEC("xdp")
int tail_dispatch(struct xdp_md *ctx)
{
	__u32 index = byte(ctx, 5) & 7;

	if (byte(ctx, 11) & 1)
		index |= 0x100; // behind the last slot
	bpf_tail_call(ctx, &programs, index);
	visit(32 + (index & 15));
	return XDP_PASS;
}

char _license[] SEC("license") = "Apache-2.0";
