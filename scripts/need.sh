#!/bin/sh
# Makes sure that what the tests need is installed: what the pages are made with, real
# GraphQL clients, a real browser, a real Redis, and the C compiler that the race
# detector takes. Never skips: what can't be installed is an error that says so.
# With the argument "node" only what runs in Node.
set -eu

top=$(dirname "$0")/..
if ! command -v npm >/dev/null 2>&1 || ! node --eval 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)'; then
	echo "not installed: Node.js 20 or newer, with npm. Install it, so that node and npm are in the PATH, then try again." >&2
	exit 1
fi
for project in web internal/app/testdata/clients; do
	# npm writes this file at the end of an installation.
	installed=$top/$project/node_modules/.package-lock.json
	if [ ! -e "$installed" ] || [ -n "$(find "$top/$project/package-lock.json" -newer "$installed")" ]; then
		echo "installing the packages of $project" >&2
		(cd "$top/$project" && npm ci --no-audit --no-fund >&2) || {
			echo "npm could not install the packages of $project; see above." >&2
			exit 1
		}
	fi
done
[ "${1:-}" != node ] || exit 0

missing=
command -v redis-server >/dev/null 2>&1 || missing="redis-server"
command -v cc >/dev/null 2>&1 || command -v gcc >/dev/null 2>&1 || missing="$missing gcc libc6-dev"
# Debian has Chromium with windows and without: the one without takes half the time, so it is installed beside the other, too.
[ -x "${CHROMIUM:-/usr/bin/chromium-headless-shell}" ] || missing="$missing chromium-headless-shell"
command -v promtool >/dev/null 2>&1 && command -v prometheus >/dev/null 2>&1 || missing="$missing prometheus"
command -v nginx >/dev/null 2>&1 || [ -x /usr/sbin/nginx ] || missing="$missing nginx"
set -- /usr/lib/*/faketime/libfaketime.so.1
[ -e "$1" ] || missing="$missing faketime"
command -v iptables >/dev/null 2>&1 || [ -x /usr/sbin/iptables ] || missing="$missing iptables"
command -v ip >/dev/null 2>&1 || [ -x /usr/sbin/ip ] || missing="$missing iproute2"
[ -n "$missing" ] || exit 0

give_up() {
	if [ "$missing" = " chromium-headless-shell" ] && [ -x "${CHROMIUM:-/usr/bin/chromium}" ]; then
		echo "not installed:$missing, and $1; testing in /usr/bin/chromium, which takes longer." >&2
		exit 0
	fi
	echo "not installed: $missing, and $1." >&2
	echo "Install Redis 7.0 or newer and a C compiler, Prometheus, nginx, faketime, iptables and iproute2, so that redis-server, prometheus, promtool and cc are in the PATH, and Chromium," >&2
	echo "as /usr/bin/chromium-headless-shell, /usr/bin/chromium or where the variable CHROMIUM says, then try again." >&2
	exit 1
}

command -v apt-get >/dev/null 2>&1 || give_up "there is no apt-get to install it with"

as_root=
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null 2>&1 || give_up "installing it takes root or sudo"
	as_root=sudo
fi

echo "installing $missing" >&2
# The packages of Redis, Prometheus and nginx start services of their own. The tests start the servers they
# need, so on a machine that had none, none is to stay: RUNLEVEL=1 keeps an init
# script from starting it, systemd knows no such thing and is informed afterwards.
# A stale or partly unreachable package list may be good enough: let the
# installation decide.
$as_root apt-get update -q >&2 || echo "apt-get update failed; trying all the same" >&2
# shellcheck disable=SC2086 # several packages
$as_root env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive \
	apt-get install -q -y --no-install-recommends $missing >&2 || give_up "apt-get could not install it"
if [ -d /run/systemd/system ]; then
	for service in redis-server prometheus nginx; do
		case $missing in *$service*)
			$as_root systemctl disable --now $service >&2 || echo "the service of $service could not be stopped" >&2
		esac
	done
fi
command -v redis-server >/dev/null 2>&1 || give_up "redis-server is not in the PATH after its installation"
