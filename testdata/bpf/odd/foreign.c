// SPDX-License-Identifier: Apache-2.0
// Programs that no NIC runs beside one that it does, a call of a kernel
// function, a kernel configuration variable.
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

extern int LINUX_KERNEL_VERSION __kconfig;
extern void bpf_some_kfunc(struct xdp_md *ctx) __ksym;

SEC("kprobe/do_exit")
int probe(void *ctx)
{
	return 0;
}

SEC("xdp")
int good(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp")
int kfunc(struct xdp_md *ctx)
{
	bpf_some_kfunc(ctx);
	return XDP_PASS;
}

SEC("xdp")
int kconfig(struct xdp_md *ctx)
{
	return LINUX_KERNEL_VERSION > 5 ? XDP_PASS : XDP_DROP;
}

SEC("action")
int act(struct __sk_buff *skb)
{
	return TC_ACT_OK;
}

char _license[] SEC("license") = "GPL";
