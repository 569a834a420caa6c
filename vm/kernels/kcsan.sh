# shellcheck shell=bash disable=SC2034
# Linux 6.1 of Debian 12, with KCSAN watching lend for races.
kernel_source=source
kernel_package=linux-source-6.1
kernel_config='machine.config kcsan.config'
# The kernel's own files are not instrumented: their races are none of ours, and
# each watched access can be one of lend's. Where they race with lend, a value that
# changes tells.
kernel_make=KCSAN_SANITIZE=n
kernel_slower=2
kernel_parallel=1
# Emulated processors need longer to meet; and there is less to choose from.
kernel_args='acpi=noirq kcsan.skip_watch=100 kcsan.udelay_task=500 kcsan.udelay_interrupt=100'
