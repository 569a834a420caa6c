# shellcheck shell=bash disable=SC2034
# Debian 11, Linux 5.10, with its own compiler.
kernel_source=suite
kernel_suite=bullseye
kernel_package=linux-image-amd64
