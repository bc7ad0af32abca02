// Package lua holds the scripts that Redis runs.
package lua

import (
	_ "embed"

	"github.com/redis/go-redis/v9"

	"github.com/bosgraph/bosgraph/cache/internal/schema"
)

//go:embed write.lua
var writeSource string

//go:embed status.lua
var statusSource string

//go:embed lease.lua
var leaseSource string

//go:embed epoch.lua
var epochSource string

// historySource defines what those that come after it in a script may call.
//
//go:embed history.lua
var historySource string

//go:embed rights.lua
var rightsSource string

// Rights touches no key, and so is never guarded.
var Rights = redis.NewScript(rightsSource)

// The scripts, each described at the head of its file. Tests replace them by guarded ones.
var (
	Write, Status, Lease, Epoch = scripts("")
)

// Guard puts a text in front of every script, from now on: tests watch them by that.
func Guard(prefix string) { Write, Status, Lease, Epoch = scripts(prefix) }

// scripts makes the scripts of their sources, in which the stored names are constants.
func scripts(prefix string) (write, status, lease, epoch *redis.Script) {
	script := func(source string) *redis.Script { return redis.NewScript(prefix + schema.Fold(source)) }
	return script(historySource + writeSource), script(statusSource), script(historySource + leaseSource), script(historySource + epochSource)
}

// WriteText is Write as Redis has it.
func WriteText() string { return schema.Fold(historySource + writeSource) }

// WriteSource is the source of Write.
func WriteSource() string { return writeSource }
