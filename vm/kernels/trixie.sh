# shellcheck shell=bash disable=SC2034
# Debian 13, Linux 6.12, with its own compiler.
kernel_source=suite
kernel_suite=trixie
kernel_package=linux-image-amd64
