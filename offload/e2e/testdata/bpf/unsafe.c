// SPDX-License-Identifier: Apache-2.0
// Reads a packet byte without a bounds check, which no verifier takes.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int unsafe(struct xdp_md *ctx)
{
	__u8 *data = (void *)(long)ctx->data;

	return data[12];
}

char _license[] SEC("license") = "Apache-2.0";
