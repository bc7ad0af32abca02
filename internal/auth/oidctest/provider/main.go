// Provider is an OpenID Connect provider for tests: the one of zitadel/oidc, with its login
// page, some users, and roles and tenants in the claims that Keycloak has in CSM. It is a
// module and a program of its own, so that what it needs is no dependency of bosgraph's.
//
// It writes the name of its issuer as the first line, obeys the commands rotate and retire on
// its standard input, with a line "ok" for each, and ends with it.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "`ADDRESS` to serve on")
	client := flag.String("client", "bosgraph", "`ID` of the client")
	redirect := flag.String("redirect", "http://127.0.0.1/callback", "`URL` that the client may be sent back to; the port is free")
	lifetime := flag.Duration("lifetime", 5*time.Minute, "`TIME` that access tokens are valid")
	flag.Parse()
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	issuer := "http://" + listener.Addr().String()
	storage.RegisterClients(storage.NativeClient(*client, *redirect))
	s := &store{Storage: storage.NewStorage(users{}), lifetime: *lifetime}
	s.rotate()
	go func() { log.Fatal(http.Serve(listener, exampleop.SetupServer(issuer, s, nil, false))) }()
	fmt.Println(issuer)

	commands := bufio.NewScanner(os.Stdin)
	for commands.Scan() {
		switch commands.Text() {
		case "rotate":
			s.rotate()
		case "retire":
			s.retire()
		default:
			log.Fatalf("unknown command %q", commands.Text())
		}
		fmt.Println("ok")
	}
}
