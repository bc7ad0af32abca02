#!/bin/sh
# After the files are removed. `apt purge` removes the state, the log and the user, too; rpm has no
# such thing and leaves them.
set -e

if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
fi
[ "$1" = purge ] || exit 0
rm -rf /var/lib/bosgraph /var/log/bosgraph /etc/bosgraph
if getent passwd bosgraph >/dev/null; then
	userdel bosgraph
fi
