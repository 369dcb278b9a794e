// SPDX-License-Identifier: Apache-2.0
// CO-RE against the contexts of the UAPI, and against what only a kernel knows.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

struct xdp_md___x {
	__u32 data;
	__u32 rx_queue_index;
	__u32 no_such;
} __attribute__((preserve_access_index));

struct __sk_buff___x {
	__u32 cb[5];
	__u32 mark;
} __attribute__((preserve_access_index));

struct own {
	__u8 first;
	__u16 second;
} __attribute__((preserve_access_index));

struct inode___x {
	int i_ino;
} __attribute__((preserve_access_index));

SEC("xdp") int moved(struct xdp_md___x *ctx) { return ctx->rx_queue_index ? XDP_DROP : XDP_PASS; }

SEC("xdp") int exists(struct xdp_md *ctx)
{
	struct xdp_md___x *c = (void *)ctx;

	return bpf_core_field_exists(c->rx_queue_index) && !bpf_core_field_exists(c->no_such) ? XDP_TX : XDP_DROP;
}

SEC("tc") int skb(struct __sk_buff___x *ctx) { return ctx->mark == 7 ? ctx->cb[2] : 0; }

SEC("xdp") int wire(struct xdp_md *ctx)
{
	struct own *o = (void *)(long)ctx->data;

	if ((void *)(o + 1) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	return o->second ? XDP_DROP : XDP_PASS;
}

SEC("xdp") int kernel(struct xdp_md *ctx)
{
	struct inode___x *i = (void *)ctx;

	return bpf_core_field_exists(i->i_ino) ? XDP_DROP : XDP_PASS;
}

enum bpf_func_id___x { BPF_FUNC_xdp_load_bytes___x = 1, BPF_FUNC_no_such___x = 2 };

SEC("xdp") int helper(struct xdp_md *ctx)
{
	return bpf_core_enum_value_exists(enum bpf_func_id___x, BPF_FUNC_xdp_load_bytes___x) &&
	       !bpf_core_enum_value_exists(enum bpf_func_id___x, BPF_FUNC_no_such___x) ? XDP_TX : XDP_DROP;
}

SEC("xdp") int read_absent(struct xdp_md___x *ctx) { return ctx->no_such; }

char _license[] SEC("license") = "GPL";
