# shellcheck shell=bash disable=SC2034
# Debian unstable, Linux 7.x, with its own compiler.
kernel_source=suite
kernel_suite=sid
kernel_package=linux-image-amd64
