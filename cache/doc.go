// Package cache keeps component states, sessions and everything derived from
// them in Redis. It and the packages below it are the only ones that talk to Redis.
//
// # Keys
//
// All keys of a namespace begin with its hash tag, "{namespace}:", so that one script may
// touch all of them on a Redis Cluster, where a namespace is one slot. What is stored is
// described once, in internal/schema: the names that Go and the scripts use, the lists
// of fields that reads ask for and the tables below are made of that. Every key that a
// script touches is declared.
//
// A scope is "tenant/name", whether or not a session of that name exists. The home of a
// session is its scope, or "@incarnation" once a newer session took the name of one that
// BOS has deleted.
//
// # Epochs
//
// Revisions only grow within an epoch, and an epoch never outlives one history of the data:
// the time for which one Redis server is the master without interruption. Redis marks that
// with a replication id (INFO replication: master_replid), which a server draws when it
// starts and when it is promoted, and which no other master ever has. The namespace notes in
// meta the id under which its epoch was begun. Every script that writes, renews the lease or
// reads the position compares that with the server's own before anything else; where they
// differ, lua/epoch.lua begins another epoch, and only then the script runs again.
//
// A version is a revision, so in another epoch it may be that of another record. Each change
// therefore depends on the epoch that it was read in, which is read together with the records.
// A tenure of the lease belongs to one epoch, too.
package cache

//go:generate go run ./internal/schema/gendoc doc_tables.go
