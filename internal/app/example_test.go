package app_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/bosgraph/bosgraph/internal/app"
	"github.com/bosgraph/bosgraph/internal/config"
)

// A server is made of a command line, started, asked, and stopped: with no Redis given
// it brings its own, in memory.
func Example() {
	c, err := config.Parse([]string{"serve", "--listen", "127.0.0.1:0"}, os.Stdout, os.Stderr)
	if err != nil {
		panic(err)
	}
	a, err := app.New(c, slog.New(slog.DiscardHandler))
	if err != nil {
		panic(err)
	}
	if err := a.Start(); err != nil {
		panic(err)
	}

	response, err := http.Get("http://" + a.Addr() + "/readyz")
	if err != nil {
		panic(err)
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	fmt.Print(response.Status, " ", string(body), err, "\n")

	// Requests under way may end, and subscribers are moved elsewhere, until then.
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	fmt.Println(a.Stop(ctx))
	// Output:
	// 200 OK ready
	// <nil>
	// <nil>
}
