package nfpisa

// cmdAction names one action of a command: it is chosen by the token and, where
// lenMask is not 0, by bits of the length field.
type cmdAction struct {
	token        uint8
	len, lenMask uint8
	name         string
}

// cmdActions lists the defined commands by the op field (bits 38:32).
// Source: GNU binutils opcodes/nfp-dis.c.
var cmdActions = [128][]cmdAction{
	0x00: {
		{token: 0, name: "read"},
		{token: 1, name: "read_check_error"},
	},
	0x01: {
		{token: 0, name: "write"},
		{token: 1, name: "write_check_error"},
	},
	0x02: {
		{token: 0, name: "read_int"},
	},
	0x03: {
		{token: 0, len: 0, lenMask: 7, name: "write_int"},
		{token: 0, len: 3, lenMask: 7, name: "write_dma"},
	},
	0x04: {
		{token: 0, name: "read"},
	},
	0x05: {
		{token: 0, name: "write"},
	},
	0x07: {
		{token: 0, name: "packet_ready_drop"},
		{token: 1, name: "packet_ready_unicast"},
		{token: 2, name: "packet_ready_multicast_dont_free"},
		{token: 3, name: "packet_ready_multicast_free_on_last"},
	},
	0x0c: {
		{token: 0, name: "read"},
		{token: 1, name: "read_rid"},
	},
	0x0d: {
		{token: 0, name: "write"},
		{token: 1, name: "write_rid"},
		{token: 2, name: "write_vdm"},
	},
	0x0e: {
		{token: 0, name: "read_int"},
	},
	0x0f: {
		{token: 0, name: "write_int"},
	},
	0x14: {
		{token: 0, name: "read"},
	},
	0x15: {
		{token: 0, name: "write"},
	},
	0x16: {
		{token: 0, name: "write_fifo"},
	},
	0x18: {
		{token: 0, name: "read"},
	},
	0x19: {
		{token: 0, name: "write"},
	},
	0x1c: {
		{token: 0, name: "xpb_read"},
		{token: 1, name: "ring_get"},
		{token: 2, name: "interthread_signal"},
	},
	0x1d: {
		{token: 0, name: "xpb_write"},
		{token: 1, name: "ring_put"},
		{token: 2, name: "ctnn_write"},
	},
	0x1e: {
		{token: 0, name: "reflect_read_none"},
		{token: 1, name: "reflect_read_sig_init"},
		{token: 2, name: "reflect_read_sig_remote"},
		{token: 3, name: "reflect_read_sig_both"},
	},
	0x1f: {
		{token: 0, name: "reflect_write_none"},
		{token: 1, name: "reflect_write_sig_init"},
		{token: 2, name: "reflect_write_sig_remote"},
		{token: 3, name: "reflect_write_sig_both"},
	},
	0x40: {
		{token: 0, name: "read"},
		{token: 1, name: "read_le"},
		{token: 2, name: "read_swap"},
		{token: 3, name: "read_swap_le"},
	},
	0x41: {
		{token: 0, name: "write"},
		{token: 1, name: "write_le"},
		{token: 2, name: "write_swap"},
		{token: 3, name: "write_swap_le"},
	},
	0x42: {
		{token: 0, name: "write8"},
		{token: 1, name: "write8_le"},
		{token: 2, name: "write8_swap"},
		{token: 3, name: "write8_swap_le"},
	},
	0x43: {
		{token: 0, name: "atomic_read"},
		{token: 1, name: "read8"},
		{token: 2, name: "compare_write_or_incr/mask_compare_write"},
		{token: 3, name: "test_compare_write_or_incr/test_mask_compare_write"},
	},
	0x44: {
		{token: 0, name: "atomic_write"},
		{token: 1, name: "swap"},
		{token: 2, name: "atomic_write_imm"},
		{token: 3, name: "swap_imm"},
	},
	0x45: {
		{token: 0, name: "set"},
		{token: 1, name: "test_set"},
		{token: 2, name: "set_imm"},
		{token: 3, name: "test_set_imm"},
	},
	0x46: {
		{token: 0, name: "clr"},
		{token: 1, name: "test_clr"},
		{token: 2, name: "clr_imm"},
		{token: 3, name: "test_clr_imm"},
	},
	0x47: {
		{token: 0, len: 0, lenMask: 4, name: "add"},
		{token: 0, len: 4, lenMask: 4, name: "add64"},
		{token: 1, len: 0, lenMask: 4, name: "test_add"},
		{token: 1, len: 4, lenMask: 4, name: "test_add64"},
		{token: 2, len: 0, lenMask: 4, name: "add_imm"},
		{token: 2, len: 4, lenMask: 4, name: "add64_imm"},
		{token: 3, len: 0, lenMask: 4, name: "test_add_imm"},
		{token: 3, len: 4, lenMask: 4, name: "test_add64_imm"},
	},
	0x48: {
		{token: 0, len: 0, lenMask: 4, name: "addsat"},
		{token: 0, len: 4, lenMask: 4, name: "addsat64"},
		{token: 1, len: 0, lenMask: 4, name: "test_addsat"},
		{token: 1, len: 4, lenMask: 4, name: "test_addsat64"},
		{token: 2, len: 0, lenMask: 4, name: "addsat_imm"},
		{token: 2, len: 4, lenMask: 4, name: "addsat64_imm"},
		{token: 3, len: 0, lenMask: 4, name: "test_addsat_imm"},
		{token: 3, len: 4, lenMask: 4, name: "test_addsat64_imm"},
	},
	0x49: {
		{token: 0, len: 0, lenMask: 4, name: "sub"},
		{token: 0, len: 4, lenMask: 4, name: "sub64"},
		{token: 1, len: 0, lenMask: 4, name: "test_sub"},
		{token: 1, len: 4, lenMask: 4, name: "test_sub64"},
		{token: 2, len: 0, lenMask: 4, name: "sub_imm"},
		{token: 2, len: 4, lenMask: 4, name: "sub64_imm"},
		{token: 3, len: 0, lenMask: 4, name: "test_sub_imm"},
		{token: 3, len: 4, lenMask: 4, name: "test_sub64_imm"},
	},
	0x4a: {
		{token: 0, len: 0, lenMask: 4, name: "subsat"},
		{token: 0, len: 4, lenMask: 4, name: "subsat64"},
		{token: 1, len: 0, lenMask: 4, name: "test_subsat"},
		{token: 1, len: 4, lenMask: 4, name: "test_subsat64"},
		{token: 2, len: 0, lenMask: 4, name: "subsat_imm"},
		{token: 2, len: 4, lenMask: 4, name: "subsat64_imm"},
		{token: 3, len: 0, lenMask: 4, name: "test_subsat_imm"},
		{token: 3, len: 4, lenMask: 4, name: "test_subsat64_imm"},
	},
	0x4b: {
		{token: 0, name: "ticket_release"},
		{token: 1, name: "ticket_release_ind"},
	},
	0x4c: {
		{token: 0, len: 0, lenMask: 7, name: "cam128_lookup8/cam384_lookup8"},
		{token: 0, len: 1, lenMask: 7, name: "cam128_lookup16/cam384_lookup16"},
		{token: 0, len: 2, lenMask: 7, name: "cam128_lookup24/cam384_lookup24"},
		{token: 0, len: 3, lenMask: 7, name: "cam128_lookup32/cam384_lookup32"},
		{token: 0, len: 4, lenMask: 7, name: "cam256_lookup8/cam512_lookup8"},
		{token: 0, len: 5, lenMask: 7, name: "cam256_lookup16/cam512_lookup16"},
		{token: 0, len: 6, lenMask: 7, name: "cam256_lookup24/cam512_lookup24"},
		{token: 0, len: 7, lenMask: 7, name: "cam256_lookup32/cam512_lookup32"},
		{token: 1, len: 0, lenMask: 7, name: "cam128_lookup8_add/cam384_lookup8_add"},
		{token: 1, len: 1, lenMask: 7, name: "cam128_lookup16_add/cam384_lookup16_add"},
		{token: 1, len: 2, lenMask: 7, name: "cam128_lookup24_add/cam384_lookup24_add"},
		{token: 1, len: 3, lenMask: 7, name: "cam128_lookup32_add/cam384_lookup32_add"},
		{token: 1, len: 4, lenMask: 7, name: "cam256_lookup8_add/cam512_lookup8_add"},
		{token: 1, len: 5, lenMask: 7, name: "cam256_lookup16_add/cam512_lookup16_add"},
		{token: 1, len: 6, lenMask: 7, name: "cam256_lookup24_add/cam512_lookup24_add"},
		{token: 1, len: 7, lenMask: 7, name: "cam256_lookup32_add/cam512_lookup32_add"},
		{token: 2, len: 0, lenMask: 7, name: "tcam128_lookup8/tcam384_lookup8"},
		{token: 2, len: 1, lenMask: 7, name: "tcam128_lookup16/tcam384_lookup16"},
		{token: 2, len: 2, lenMask: 7, name: "tcam128_lookup24/tcam384_lookup24"},
		{token: 2, len: 3, lenMask: 7, name: "tcam128_lookup32/tcam384_lookup32"},
		{token: 2, len: 4, lenMask: 7, name: "tcam256_lookup8/tcam512_lookup8"},
		{token: 2, len: 5, lenMask: 7, name: "tcam256_lookup16/tcam512_lookup16"},
		{token: 2, len: 6, lenMask: 7, name: "tcam256_lookup24/tcam512_lookup24"},
		{token: 2, len: 7, lenMask: 7, name: "tcam256_lookup32/tcam512_lookup32"},
		{token: 3, len: 0, lenMask: 7, name: "lock128/lock384"},
		{token: 3, len: 2, lenMask: 7, name: "cam128_lookup24_add_inc/cam384_lookup24_add_inc"},
		{token: 3, len: 4, lenMask: 7, name: "lock256/lock512"},
		{token: 3, len: 6, lenMask: 7, name: "cam256_lookup24_add_inc/cam512_lookup24_add_inc"},
	},
	0x4d: {
		{token: 0, len: 0, lenMask: 7, name: "microq128_get"},
		{token: 0, len: 4, lenMask: 7, name: "microq256_get"},
		{token: 1, len: 0, lenMask: 7, name: "microq128_pop"},
		{token: 1, len: 4, lenMask: 7, name: "microq256_pop"},
		{token: 2, len: 0, lenMask: 7, name: "microq128_put"},
		{token: 2, len: 4, lenMask: 7, name: "microq256_put"},
	},
	0x4e: {
		{token: 0, len: 0, lenMask: 7, name: "queue128_lock"},
		{token: 0, len: 4, lenMask: 7, name: "queue256_lock"},
		{token: 1, len: 0, lenMask: 7, name: "queue128_unlock"},
		{token: 1, len: 4, lenMask: 7, name: "queue256_unlock"},
	},
	0x4f: {
		{token: 0, name: "xor"},
		{token: 1, name: "test_xor"},
		{token: 2, name: "xor_imm"},
		{token: 3, name: "test_xor_imm"},
	},
	0x50: {
		{token: 0, name: "ctm.packet_wait_packet_status/emem.rd_qdesc/imem.stats_log"},
		{token: 1, name: "ctm.packet_read_packet_status/emem.wr_qdesc/imem.stats_log_sat"},
		{token: 2, name: "emem.push_qdesc/imem.stats_log_event"},
		{token: 3, name: "imem.stats_log_sat_event"},
	},
	0x51: {
		{token: 0, name: "ctm.packet_alloc/emem.enqueue/imem.stats_push"},
		{token: 1, name: "ctm.packet_credit_get/emem.enqueue_tail/imem.stats_push_clear"},
		{token: 2, name: "ctm.packet_alloc_poll/emem.dequeue"},
		{token: 3, name: "ctm.packet_add_thread"},
	},
	0x52: {
		{token: 0, name: "ctm.packet_free/emem.read_queue/imem.lb_write_desc"},
		{token: 1, name: "ctm.packet_free_and_signal/emem.read_queue_ring/imem.lb_read_desc"},
		{token: 2, name: "ctm.packet_free_and_return_pointer/emem.write_queue"},
		{token: 3, name: "ctm.packet_return_pointer/emem.write_queue_ring"},
	},
	0x53: {
		{token: 0, name: "ctm.packet_complete_drop/emem.add_tail/imem.lb_write_idtable"},
		{token: 1, name: "ctm.packet_complete_unicast/emem.qadd_thread/imem.lb_read_idtable"},
		{token: 2, name: "ctm.packet_complete_multicast/emem.qadd_work"},
		{token: 3, name: "ctm.packet_complete_multicast_free/emem.qadd_work_imm"},
	},
	0x54: {
		{token: 0, name: "ctm.pe_dma_to_memory_packet/emem.put/imem.lb_bucket_write_local"},
		{token: 1, name: "ctm.pe_dma_to_memory_packet_swap/imem.lb_bucket_write_dcache"},
		{token: 2, name: "ctm.pe_dma_to_memory_packet_free/emem.journal"},
		{token: 3, name: "ctm.pe_dma_to_memory_packet_free_swap"},
	},
	0x55: {
		{token: 0, name: "ctm.pe_dma_to_memory_indirect/emem.get/imem.lb_bucket_read_local"},
		{token: 1, name: "ctm.pe_dma_to_memory_indirect_swap/emem.get_eop/imem.lb_bucket_read_dcache"},
		{token: 2, name: "ctm.pe_dma_to_memory_indirect_free/emem.get_freely"},
		{token: 3, name: "ctm.pe_dma_to_memory_indirect_free_swap"},
	},
	0x56: {
		{token: 0, name: "ctm.pe_dma_to_memory_buffer/emem.pop/imem.lb_lookup_bundleid"},
		{token: 1, name: "ctm.pe_dma_to_memory_buffer_le/emem.pop_eop/imem.lb_lookup_dcache"},
		{token: 2, name: "ctm.pe_dma_to_memory_buffer_swap/emem.pop_freely/imem.lb_lookup_idtable"},
		{token: 3, name: "ctm.pe_dma_to_memory_buffer_le_swap"},
	},
	0x57: {
		{token: 0, name: "ctm.pe_dma_from_memory_buffer/emem.fast_journal/imem.lb_push_stats_local"},
		{token: 1, name: "ctm.pe_dma_from_memory_buffer_le/emem.fast_journal_sig/imem.lb_push_stats_dcache"},
		{token: 2, name: "ctm.pe_dma_from_memory_buffer_swap/imem.lb_push_stats_local_clr"},
		{token: 3, name: "ctm.pe_dma_from_memory_buffer_le_swap/imem.lb_push_stats_dcache_clr"},
	},
	0x5a: {
		{token: 0, name: "emem.lookup/imem.lookup"},
	},
	0x5c: {
		{token: 0, name: "read32"},
		{token: 1, name: "read32_le"},
		{token: 2, name: "read32_swap"},
		{token: 3, name: "read32_swap_le"},
	},
	0x5d: {
		{token: 1, name: "cam_lookup_add_lock"},
		{token: 2, name: "cam_lookup_add_extend"},
		{token: 3, name: "cam_lookup_add_inc"},
	},
	0x5e: {
		{token: 2, name: "meter"},
	},
	0x5f: {
		{token: 0, name: "write32"},
		{token: 1, name: "write32_le"},
		{token: 2, name: "write32_swap"},
		{token: 3, name: "write32_swap_le"},
	},
	0x60: {
		{token: 0, name: "read"},
		{token: 1, name: "read_le"},
		{token: 2, name: "swap/test_compare_write"},
		{token: 3, name: "xor"},
	},
	0x61: {
		{token: 0, name: "write"},
		{token: 1, name: "write_le"},
		{token: 2, name: "write8_be"},
		{token: 3, name: "write8_le"},
	},
	0x62: {
		{token: 0, name: "set"},
		{token: 1, name: "clr"},
		{token: 2, name: "test_set"},
		{token: 3, name: "test_clr"},
	},
	0x63: {
		{token: 0, name: "set_imm"},
		{token: 1, name: "clr_imm"},
		{token: 2, name: "test_set_imm"},
		{token: 3, name: "test_clr_imm"},
	},
	0x64: {
		{token: 0, name: "add"},
		{token: 1, name: "add64"},
		{token: 2, name: "addsat"},
	},
	0x65: {
		{token: 0, name: "add_imm"},
		{token: 1, name: "add64_imm"},
		{token: 2, name: "addsat_imm"},
	},
	0x66: {
		{token: 0, name: "sub"},
		{token: 1, name: "sub64"},
		{token: 2, name: "subsat"},
	},
	0x67: {
		{token: 0, name: "sub_imm"},
		{token: 1, name: "sub64_imm"},
		{token: 2, name: "subsat_imm"},
	},
	0x68: {
		{token: 0, name: "queue_lock"},
		{token: 1, name: "queue_unlock"},
		{token: 2, name: "hash_mask"},
		{token: 3, name: "hash_mask_clear"},
	},
	0x69: {
		{token: 0, name: "get"},
		{token: 1, name: "pop"},
		{token: 2, name: "get_safe"},
		{token: 3, name: "pop_safe"},
	},
	0x6a: {
		{token: 0, name: "ring_put"},
		{token: 2, name: "ring_journal"},
	},
	0x6b: {
		{token: 0, name: "cam_lookup32"},
		{token: 1, name: "cam_lookup32_add"},
		{token: 2, name: "cam_lookup24"},
		{token: 3, name: "cam_lookup24_add"},
	},
	0x6c: {
		{token: 0, name: "cam_lookup8"},
		{token: 1, name: "cam_lookup8_add"},
		{token: 2, name: "cam_lookup16"},
		{token: 3, name: "cam_lookup16_add"},
	},
	0x6d: {
		{token: 0, name: "tcam_lookup32"},
		{token: 1, name: "tcam_lookup24"},
		{token: 2, name: "tcam_lookup16"},
		{token: 3, name: "tcam_lookup8"},
	},
	0x6e: {
		{token: 0, name: "reflect_write_sig_local"},
		{token: 1, name: "reflect_write_sig_remote"},
		{token: 2, name: "reflect_write_sig_both"},
	},
	0x6f: {
		{token: 0, name: "reflect_read_sig_remote"},
		{token: 1, name: "reflect_read_sig_local"},
		{token: 2, name: "reflect_read_sig_both"},
	},
	0x70: {
		{token: 1, name: "cam_lookup32_add_lock"},
		{token: 2, name: "cam_lookup24_add_inc"},
		{token: 3, name: "cam_lookup32_add_extend"},
	},
	0x71: {
		{token: 0, name: "meter"},
		{token: 2, name: "statistic"},
		{token: 3, name: "statistic_imm"},
	},
	0x74: {
		{token: 0, name: "test_add"},
		{token: 1, name: "test_add64"},
		{token: 2, name: "test_addsat"},
	},
	0x75: {
		{token: 0, name: "test_add_imm"},
		{token: 1, name: "test_add64_imm"},
		{token: 2, name: "test_addsat_imm"},
	},
	0x76: {
		{token: 0, name: "test_sub"},
		{token: 1, name: "test_sub64"},
		{token: 2, name: "test_subsat"},
	},
	0x77: {
		{token: 0, name: "test_sub_imm"},
		{token: 1, name: "test_sub64_imm"},
		{token: 2, name: "test_subsat_imm"},
	},
	0x78: {
		{token: 0, name: "ring_read"},
		{token: 1, name: "ring_write"},
		{token: 2, name: "ring_ordered_lock"},
		{token: 3, name: "ring_ordered_unlock"},
	},
	0x79: {
		{token: 0, name: "ring_workq_add_thread"},
		{token: 1, name: "ring_workq_add_work"},
	},
}
