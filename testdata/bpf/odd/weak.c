// SPDX-License-Identifier: Apache-2.0
// What a kernel would define, and may not: weak symbols, and its configuration.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

extern const int absent_variable __ksym __weak;
extern int absent_function(int) __ksym __weak;
extern int LINUX_KERNEL_VERSION __kconfig;
extern unsigned long CONFIG_ABSENT __kconfig __weak;

SEC("xdp") int asks(struct xdp_md *ctx)
{
	if (&absent_variable)
		return XDP_ABORTED;
	if (absent_function)
		return absent_function(1);
	return CONFIG_ABSENT ? XDP_DROP : XDP_PASS;
}

SEC("xdp") int calls(struct xdp_md *ctx) { return absent_function(1); }

SEC("?xdp") int version(struct xdp_md *ctx) { return LINUX_KERNEL_VERSION > 5 ? XDP_PASS : XDP_DROP; }

char _license[] SEC("license") = "GPL";
