package load

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/bosgraph/bosgraph/bench/live/status"
)

// Protocol is what is spoken over a WebSocket.
type Protocol string

// The protocols of the servers: graphql-transport-ws, and Centrifugo's own, as JSON.
const (
	GraphQL    Protocol = ""
	Centrifugo Protocol = "centrifugo"
)

// upgrade is the path of the endpoint, and the subprotocol to ask for; none for the default.
func (p Protocol) upgrade() (path, subprotocol string) {
	if p == Centrifugo {
		return "/connection/websocket", ""
	}
	return "/graphql", "graphql-transport-ws"
}

// subscribeChannel begins to watch the channel of a session.
func (c *client) subscribeChannel() error {
	if err := c.send(map[string]any{"id": 1, "connect": struct{}{}}); err != nil {
		return err
	}
	if err := c.await("connect"); err != nil {
		return err
	}
	return c.send(map[string]any{"id": 2, "subscribe": map[string]any{"channel": c.session}})
}

// answerCentrifugo answers pings, which are empty objects. A reply is an error, or says that the
// client has subscribed.
func (c *client) answerCentrifugo(payload []byte) error {
	switch {
	case string(payload) == "{}":
		_, err := c.wire.Write(appendFrame(nil, opText, payload))
		return err
	case bytes.Contains(payload, []byte(`"error"`)) || bytes.Contains(payload, []byte(`"disconnect"`)):
		return fmt.Errorf("the server says %.500s", payload)
	}
	return nil
}

// api publishes through Centrifugo's HTTP API: it reads no statuses by itself.
type api struct {
	address string
	reader  *status.Reader
	client  http.Client
}

// publish reads a session and publishes it to its channel, once for all clients.
func (a *api) publish(ctx context.Context, session string) error {
	found, err := a.reader.Read(ctx, session)
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]any{"channel": session, "data": found})
	if err != nil {
		return err
	}
	return post(ctx, &a.client, "http://"+a.address+"/api/publish", body, `"result"`)
}
