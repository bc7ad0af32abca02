#!/bin/sh
# After the files are there: the user of the service, and folders that others cannot read. Of a
# new installation the service is not started, since it is not configured; a running one of an
# earlier version is restarted.
set -e

if ! getent passwd bosgraph >/dev/null; then
	useradd --system --user-group --home-dir /var/lib/bosgraph --no-create-home --shell /usr/sbin/nologin bosgraph
fi
# Tokens and keys lie there: root writes them, the service reads them.
chown root:bosgraph /etc/bosgraph
chmod 0750 /etc/bosgraph
install -d -o bosgraph -g bosgraph -m 0700 /var/lib/bosgraph

if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
	systemctl try-restart bosgraph.service
fi
