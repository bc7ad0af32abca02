#!/bin/sh
# Makes sure that redis-server is installed: the tests run against a real one.
set -eu

if command -v redis-server >/dev/null 2>&1; then
	exit 0
fi

give_up() {
	echo "redis-server is not installed, and $1." >&2
	echo "Install Redis 7.0 or newer so that redis-server is in the PATH, then try again." >&2
	exit 1
}

command -v apt-get >/dev/null 2>&1 || give_up "there is no apt-get to install it with"

as_root=
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null 2>&1 || give_up "installing it takes root or sudo"
	as_root=sudo
fi

echo "installing redis-server" >&2
# The package starts a service of its own. The tests start the servers they need,
# so on a machine that had none, none is to stay: RUNLEVEL=1 keeps an init script
# from starting it, systemd knows no such thing and is told afterwards.
# A stale or partly unreachable package list may be good enough: let the
# installation decide.
$as_root apt-get update -q >&2 || echo "apt-get update failed; trying all the same" >&2
$as_root env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive \
	apt-get install -q -y --no-install-recommends redis-server >&2 || give_up "apt-get could not install it"
if [ -d /run/systemd/system ]; then
	$as_root systemctl disable --now redis-server >&2 || echo "its service could not be stopped" >&2
fi

command -v redis-server >/dev/null 2>&1 || give_up "it is not in the PATH after its installation"
