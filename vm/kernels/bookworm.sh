# shellcheck shell=bash disable=SC2034
# Debian 12, Linux 6.1: from the host's own apt sources.
kernel_source=apt
kernel_package=linux-image-amd64
