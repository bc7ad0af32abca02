// Command bare broadcasts the status of sessions over WebSocket with gorilla's
// library and nothing else: no GraphQL, one message prepared for all clients of a
// session, a goroutine that writes to each. It is the yardstick for bosgraph.
//
// With -lean there are no writers: two goroutines write to all clients, without a deadline. It is
// the floor.
//
// It speaks as much of graphql-transport-ws as the clients of the benchmark need.
// All of them have to use one id, so that one message fits all.
package main

import (
	"context"
	"flag"
	"log"
	"net/http"

	"github.com/bosgraph/bosgraph/bench/live/status"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "`address` to serve on")
	redisURL := flag.String("redis-url", "redis://127.0.0.1:6379", "`URL` of Redis")
	lean := flag.Bool("lean", false, "two goroutines write to all clients")
	flag.Parse()
	log.Fatal(serve(*listen, *redisURL, *lean))
}

func serve(listen, redisURL string, lean bool) error {
	ctx := context.Background()
	reader, err := status.Open(ctx, redisURL)
	if err != nil {
		return err
	}
	h := &hub{reader: reader, groups: map[string]*group{}}
	if lean {
		h.lanes = []*lane{newLane(), newLane()}
	}
	go h.follow(ctx)
	http.HandleFunc("/graphql", h.accept)
	return http.ListenAndServe(listen, nil)
}
