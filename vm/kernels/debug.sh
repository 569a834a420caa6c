# shellcheck shell=bash disable=SC2034
# Linux 6.1 of Debian 12, with every checker: three to six times slower.
kernel_source=source
kernel_package=linux-source-6.1
kernel_config='machine.config debug.config'
kernel_slower=6
kernel_takes=25
kernel_args='page_owner=on acpi=noirq log_buf_len=8M'
