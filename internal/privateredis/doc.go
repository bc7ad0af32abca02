// Package privateredis runs a redis-server for one bosgraph alone: it keeps its data in a
// directory, listens on a socket in it, and starts and ends with the program.
//
// The directory holds
//
//	lock               locked by the bosgraph that uses the directory; its process id
//	redis/             of this user alone
//	redis/lock         locked by redis-server itself, which inherits it: while another
//	                   process has it, one runs here, even if what started it has crashed
//	redis/redis.sock   where it listens
//	redis/appendonlydir the data
package privateredis
