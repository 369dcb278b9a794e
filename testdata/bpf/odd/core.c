// SPDX-License-Identifier: Apache-2.0
// Structures that ask for relocation (CO-RE): field offsets and sizes of
// a header that the program defines itself.
#include <linux/types.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct xdp_md {
	__u32 data;
	__u32 data_end;
	__u32 data_meta;
	__u32 ingress_ifindex;
	__u32 rx_queue_index;
	__u32 egress_ifindex;
};

struct header {
	__u8 dst[6], src[6];
	__u16 proto;
};
#pragma clang attribute pop

__attribute__((section("xdp"), used)) int core(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct header *h = data;

	if (data + __builtin_preserve_type_info(*h, 1) > end)
		return 1;
	return h->proto == 0x0008 ? 3 : 2;
}

char _license[] __attribute__((section("license"), used)) = "GPL";
