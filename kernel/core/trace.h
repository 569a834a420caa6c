/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM lend

#if !defined(LEND_CORE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define LEND_CORE_TRACE_H

#include <linux/tracepoint.h>

#include "buffer.h"

TRACE_EVENT(lend_fill,
	TP_PROTO(const struct lend_buffer *buf),
	TP_ARGS(buf),
	TP_STRUCT__entry(
		__field(const void *, buf)
		__field(u32, backing)
		__field(u32, map)
		__field(unsigned long, npages)
		__field(unsigned long, huge)
		__field(unsigned long, runs)
	),
	TP_fast_assign(
		__entry->buf = buf;
		__entry->backing = buf->spec.backing->id;
		__entry->map = buf->map->id;
		__entry->npages = buf->npages;
		__entry->huge = buf->huge;
		__entry->runs = buf->mem.nr;
	),
	TP_printk("buf=%p backing=%u map=%u pages=%lu huge=%lu runs=%lu",
		  __entry->buf, __entry->backing, __entry->map, __entry->npages,
		  __entry->huge, __entry->runs)
);

TRACE_EVENT(lend_destroy,
	TP_PROTO(const struct lend_buffer *buf),
	TP_ARGS(buf),
	TP_STRUCT__entry(
		__field(const void *, buf)
		__field(unsigned long, npages)
	),
	TP_fast_assign(
		__entry->buf = buf;
		__entry->npages = buf->npages;
	),
	TP_printk("buf=%p pages=%lu", __entry->buf, __entry->npages)
);

TRACE_EVENT(lend_fault,
	TP_PROTO(const struct lend_buffer *buf, pgoff_t index, unsigned int npages),
	TP_ARGS(buf, index, npages),
	TP_STRUCT__entry(
		__field(const void *, buf)
		__field(pgoff_t, index)
		__field(unsigned int, npages)
	),
	TP_fast_assign(
		__entry->buf = buf;
		__entry->index = index;
		__entry->npages = npages;
	),
	TP_printk("buf=%p page=%lu pages=%u", __entry->buf, __entry->index, __entry->npages)
);

TRACE_EVENT(lend_sync,
	TP_PROTO(const struct lend_buffer *buf, u64 offset, u64 length, unsigned int flags),
	TP_ARGS(buf, offset, length, flags),
	TP_STRUCT__entry(
		__field(const void *, buf)
		__field(u64, offset)
		__field(u64, length)
		__field(unsigned int, flags)
	),
	TP_fast_assign(
		__entry->buf = buf;
		__entry->offset = offset;
		__entry->length = length;
		__entry->flags = flags;
	),
	TP_printk("buf=%p offset=%llu length=%llu flags=%u",
		  __entry->buf, __entry->offset, __entry->length, __entry->flags)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
