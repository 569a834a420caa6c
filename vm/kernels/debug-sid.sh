# shellcheck shell=bash disable=SC2034
# Linux 7.x of Debian unstable, its own compiler, with every checker.
kernel_source=source
kernel_suite=sid
kernel_package=linux-source
kernel_config='machine.config debug.config debug-sid.config'
# As debug.sh.
kernel_cflags='-fno-expensive-optimizations -fno-gcse -fno-schedule-insns2 -fno-tree-pre -fno-tree-vrp'
kernel_make=call_threshold=16
kernel_slower=6
kernel_takes=25
kernel_args='page_owner=on acpi=noirq log_buf_len=8M'
