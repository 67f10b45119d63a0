#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs what images and test clusters need from Debian, and only what is missing.
set -euo pipefail

packages=(
	buildah                    # builds the image without a daemon
	ca-certificates            # goes into the image
	conntrack iptables nftables iproute2 # Services and links between test clusters
	containerd runc containernetworking-plugins # nodes of test clusters
)

command -v dpkg-query >/dev/null || {
	echo "This is no Debian: install by its own means ${packages[*]}" >&2
	exit 1
}
missing=()
for package in "${packages[@]}"; do
	[[ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" == installed ]] || missing+=("$package")
done
((${#missing[@]} > 0)) || exit 0

if ((EUID != 0)); then
	echo "Debian packages are missing; as root, run: apt-get install ${missing[*]}" >&2
	exit 1
fi
echo "installing from Debian: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# No daemon is wanted from them: the rig starts its own containerd.
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
