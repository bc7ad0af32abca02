#!/bin/sh
# Before the files are removed, and not for an upgrade: dpkg says "upgrade", rpm says 1.
set -e

case $1 in
remove | deconfigure | 0) ;;
*) exit 0 ;;
esac
if [ -d /run/systemd/system ]; then
	systemctl disable --now bosgraph.service
fi
