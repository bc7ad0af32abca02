package bos

import "time"

// Reason says why something is [Unavailable], for programs and runbooks: each has its row
// in docs/operations.md. It is empty where the code alone says it all.
type Reason string

// The reasons that an answer of bosgraph may carry.
const (
	RedisUnreachable       Reason = "REDIS_UNREACHABLE"        // no connection can be made, or it was closed
	RedisTimeout           Reason = "REDIS_TIMEOUT"            // connected, but no answer in time
	RedisLoading           Reason = "REDIS_LOADING"            // it reads its data from disk
	RedisReadOnly          Reason = "REDIS_READONLY"           // it is a replica
	RedisOutOfMemory       Reason = "REDIS_OUT_OF_MEMORY"      // maxmemory is reached
	RedisDiskError         Reason = "REDIS_DISK_ERROR"         // it cannot persist, and takes no writes until it can
	RedisNoPermission      Reason = "REDIS_NO_PERMISSION"      // the ACL user lacks a right
	RedisAuthentication    Reason = "REDIS_AUTHENTICATION"     // no password, or a wrong one
	RedisClusterDown       Reason = "REDIS_CLUSTER_DOWN"       // the cluster serves no slots, or not this one
	RedisBusy              Reason = "REDIS_BUSY"               // a script blocks it, or a slot is being moved
	RedisMaxClients        Reason = "REDIS_MAX_CLIENTS"        // it has as many connections as it may have
	RedisNoReplicas        Reason = "REDIS_NO_REPLICAS"        // fewer replicas than it needs to take writes
	RedisEvicting          Reason = "REDIS_EVICTING"           // it has removed keys to free memory
	TooManyOpenFiles       Reason = "SERVER_TOO_MANY_FILES"    // bosgraph has no file descriptor left
	TokenIssuerUnreachable Reason = "TOKEN_ISSUER_UNREACHABLE" // a token needs a key that is not known, and the issuer does not answer
	BudgetExhausted        Reason = "BUDGET_EXHAUSTED"         // the client has asked for as much as it may in a minute
	FollowedElsewhere      Reason = "BOS_FOLLOWED_ELSEWHERE"   // another server of the namespace follows a BOS, and this one does not
	RedisMemoryNearMax     Reason = "REDIS_MEMORY_NEARLY_FULL"
	RedisMayEvict          Reason = "REDIS_MAY_EVICT"  // its policy is not noeviction
	RedisNotSaving         Reason = "REDIS_NOT_SAVING" // its AOF was on, and is off
)

// RedisReasons are those that a state of Redis, or of the way to it, has.
var RedisReasons = []Reason{
	RedisUnreachable, RedisTimeout, RedisLoading, RedisReadOnly, RedisOutOfMemory, RedisDiskError, RedisNoPermission, RedisAuthentication,
	RedisClusterDown, RedisBusy, RedisMaxClients, RedisNoReplicas, RedisEvicting, RedisMemoryNearMax, RedisMayEvict, RedisNotSaving, TooManyOpenFiles,
}

// ReasonOf returns the reason of the first *Error in err's chain, "" for none.
func ReasonOf(err error) Reason {
	if known := asError(err); known != nil {
		return known.Reason
	}
	return ""
}

// Problem is a state of Redis, or of this server, that an operator should know of.
type Problem struct {
	Reason  Reason
	Message string
	Since   time.Time
}

// Level says what a [Finding] means.
type Level string

// The levels.
const (
	Fine    Level = "ok"
	Warning Level = "warning" // it works, and something may be lost or slow
	Failure Level = "failure" // it does not work as it is
)

// Finding is what a check of the surroundings has found: one for each thing that was looked at.
type Finding struct {
	Subject string `json:"subject"` // what was looked at
	Level   Level  `json:"level"`
	Text    string `json:"text"`
	Fix     string `json:"fix,omitempty"`
	// Refused says that a server does not start like this: it could not keep its promises.
	Refused bool `json:"refused,omitempty"`
	// Reason is the state of Redis of which a running server reports this; empty for none.
	Reason Reason `json:"reason,omitempty"`
}
