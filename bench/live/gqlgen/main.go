// Command gqlgen is a GraphQL server as gqlgen's documentation has one make it,
// with the transports, cache sizes and intervals shown there. bosgraph is compared
// with it.
package main

import (
	"context"
	"flag"
	"log"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/bosgraph/bosgraph/bench/live/gqlgen/graph"
	"github.com/bosgraph/bosgraph/bench/live/status"
)

//go:generate go tool gqlgen generate

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "`address` to serve on")
	redisURL := flag.String("redis-url", "redis://127.0.0.1:6379", "`URL` of Redis")
	flag.Parse()
	log.Fatal(serve(*listen, *redisURL))
}

func serve(listen, redisURL string) error {
	reader, err := status.Open(context.Background(), redisURL)
	if err != nil {
		return err
	}
	server := handler.New(graph.NewExecutableSchema(graph.Config{Resolvers: &graph.Resolver{Reader: reader}}))
	server.AddTransport(transport.Websocket{KeepAlivePingInterval: 10 * time.Second})
	server.AddTransport(transport.Options{})
	server.AddTransport(transport.GET{})
	server.AddTransport(transport.POST{})
	server.SetQueryCache(lru.New[*ast.QueryDocument](1000))
	server.Use(extension.Introspection{})
	server.Use(extension.AutomaticPersistedQuery{Cache: lru.New[string](100)})
	http.Handle("/graphql", server)
	return http.ListenAndServe(listen, nil)
}
