// Package config is the command line of bosgraph: its commands, their options
// and what values these may have. Flags, variables, help and docs/options.md all
// come from the structs in this file.
package config

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/alecthomas/kong"
)

//go:generate go run ./gendocs ../../docs/options.md

// Command is what bosgraph shall do.
type Command string

// The commands.
const (
	Serve   Command = "serve"
	Demo    Command = "demo"
	Recount Command = "recount"
	Watch   Command = "watch"
	Failed  Command = "failed"
	Version Command = "version"
)

// Config is a checked command line.
type Config struct {
	Command      Command
	Server       // of serve and demo; of recount only Redis and Log
	BOS          // of serve
	Simulation   // of demo
	Verification // of recount
	Client       // of watch and failed
}

// Redis holds the options of every command that needs Redis.
type Redis struct {
	RedisURL      string `name:"redis-url" placeholder:"URL" help:"Redis that keeps the state: redis://host:port/db, rediss:// with TLS, unix:///path, redis+cluster:// for a Redis Cluster, redis+sentinel://host:port?master_name=NAME for Sentinel, these two with rediss for TLS; further hosts of these as addr=host:port behind the question mark. Empty for an embedded one: in memory, lost at the end, for this process alone."`
	RedisUser     string `placeholder:"NAME" help:"User to log in to Redis as. Empty for Redis' default user."`
	RedisPassword string `name:"redis-password-file" placeholder:"FILE" help:"File that holds the password for Redis."`
	RedisCA       string `name:"redis-ca-file" placeholder:"FILE" help:"PEM file with the certificate authorities to trust for Redis over TLS, instead of the system's."`
	Namespace     string `default:"bosgraph" placeholder:"NAME" help:"Prefix of all keys in Redis. Servers of one system share it; every other system has another, also in another database of one Redis server, whose notices all databases share. 1 to 64 letters, digits, '-', '_' and '.'."`
}

// Log holds the options of every command that writes a log.
type Log struct {
	LogLevel  slog.Level `type:"level" default:"info" placeholder:"LEVEL" help:"Least severe messages to log: debug, info, warn or error."`
	LogFormat string     `default:"text" placeholder:"FORMAT" help:"How to write the log: text or json."`
}

// Server holds the options of serve, which demo has too.
type Server struct {
	Listen   string `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Address to serve on. Without a host, all interfaces."`
	BasePath string `placeholder:"/PATH" help:"Serve everything under this path, for an ingress that passes it on. Empty for none."`
	Redis
	Retention time.Duration `type:"days" default:"90d" placeholder:"DURATION" help:"How long the status of a completed session is kept, from the moment it is frozen: days (90d), hours (36h) or both (1d12h). At least 1h."`
	Live
	Log
	ShutdownTimeout time.Duration `default:"10s" placeholder:"DURATION" help:"How long requests under way may take to end when the server stops. Those who watch are sent elsewhere within the first half of it."`
}

// Live holds the options of subscriptions.
type Live struct {
	Tick                     time.Duration `default:"100ms" placeholder:"DURATION" help:"Least time between two reads of a watched session, and so between two updates of it: 1ms to 10s."`
	PingInterval             time.Duration `default:"25s" placeholder:"DURATION" help:"How often clients that watch are asked whether they are still there. One that is silent for two and a half of it is let go."`
	InitTimeout              time.Duration `default:"10s" placeholder:"DURATION" help:"How long the client of a WebSocket may take to begin with connection_init."`
	WriteDeadline            time.Duration `default:"10s" placeholder:"DURATION" help:"How long a client may take to accept what it is sent before it is let go."`
	MaxMessage               int64         `default:"65536" placeholder:"BYTES" help:"Largest message that a WebSocket's client may send."`
	MaxSubscriptions         int           `default:"100" placeholder:"N" help:"Operations that may run on one WebSocket at a time."`
	MaxConnections           int           `default:"20000" placeholder:"N" help:"Clients that may watch at a time, by WebSocket or event stream."`
	MaxConnectionsPerAddress int           `default:"10000" placeholder:"N" help:"Of these, from one address. Behind an ingress all clients have that of the ingress: lower it where they connect directly."`
	AllowOrigins             []string      `name:"allow-origin" placeholder:"ORIGIN" help:"Origins whose web pages may subscribe here, besides the server's own, as https://ops.example.com; several with commas."`
}

// BOS holds the options of serve alone: which BOS to follow.
type BOS struct {
	BOSURL      string        `name:"bos-url" placeholder:"URL" help:"Follow the BOS at this address, to which /v2 is appended, such as https://api-gw-service-nmn.local/apis/bos: its components and sessions are kept here, and mutations of them are refused. One of all servers of a namespace does it for all. Empty for none."`
	BOSToken    string        `name:"bos-token-file" placeholder:"FILE" help:"File that holds the bearer token for BOS and TAPMS. It is read anew for each request, so it may be replaced at any time."`
	BOSCA       string        `name:"bos-ca-file" placeholder:"FILE" help:"PEM file with the certificate authorities to trust for BOS and TAPMS, instead of the system's."`
	BOSInterval time.Duration `name:"bos-interval" default:"3s" placeholder:"DURATION" help:"How often BOS is read while a session runs: 100ms to 1h. Five times as seldom while none does, and never so often that BOS is busy with it for more than half of the time."`
	BOSPageSize int           `name:"bos-page-size" default:"10000" placeholder:"N" help:"The most components that BOS is asked for at a time: 100 to 50000. It looks at all of its components for each page, so fewer pages cost it less; pages shrink by themselves where BOS does not bear them."`
	BOSTimeout  time.Duration `name:"bos-timeout" default:"1m" placeholder:"DURATION" help:"How long BOS and TAPMS may take for one answer: at least 1s."`
	TAPMSURL    string        `name:"tapms-url" placeholder:"URL" help:"Learn from the TAPMS at this address, to which /v1alpha3/tenants is appended, which components belong to which tenant, such as https://api-gw-service-nmn.local/apis/tapms. Empty for none."`
	TenantsFile string        `placeholder:"FILE" help:"The same from a file, read anew with each sweep: a JSON object of lists of xnames by tenant."`
}

// Verification holds the options of recount alone.
type Verification struct {
	Repair bool   `help:"Mend what does not agree. The server may go on meanwhile."`
	Resume uint64 `placeholder:"CURSOR" help:"Go on where an earlier run was broken off: the last cursor that it has told."`
}

// Simulation holds the options of demo alone.
type Simulation struct {
	Components int     `default:"1000" placeholder:"N" help:"Components to simulate: 1 to 10000, up to 100000 with --redis-url."`
	Seed       uint64  `default:"1" placeholder:"N" help:"The same seed gives the same course of events."`
	Speed      float64 `default:"10" placeholder:"X" help:"Simulated seconds per second: more than 0, up to 1000."`
}

// Client holds the options of the commands that ask a running server.
type Client struct {
	Session   string        `arg:"" name:"session" help:"The session's name; of several in the course of time, the newest."`
	URL       string        `name:"server" default:"http://127.0.0.1:8080" placeholder:"URL" help:"The bosgraph server to ask, with its base path if it has one."`
	Tenant    string        `placeholder:"NAME" help:"Tenant that the session is of. Empty for none."`
	JSON      bool          `help:"Print JSON, for scripts."`
	Patience  time.Duration `default:"1m" placeholder:"DURATION" help:"How long the server may be out of reach before it counts as lost."`
	CA        string        `name:"ca-file" placeholder:"FILE" help:"PEM file with the certificate authorities to trust for https, instead of the system's."`
	TokenFile string        `placeholder:"FILE" help:"File that holds a token to send as Authorization: Bearer. It is read anew for every request."`
}

// grammar is what kong makes the command line of.
type grammar struct {
	Serve struct {
		Server
		BOS
	} `cmd:"" default:"withargs" help:"Serve the API and the dashboard. This is what bosgraph does when no command is given."`
	Demo struct {
		Server
		Simulation
	} `cmd:"" help:"Serve, and simulate a system that boots: no BOS needed. The simulator writes to the Redis given, so give the demo a namespace of its own there."`
	Recount struct {
		Redis
		Log
		Verification
	} `cmd:"" help:"Verify that all counters, members, indexes and error groups in Redis are what the records of the components make, while servers go on. Prints what is wrong and, last, \"drift N\"; exits with 0 if N is 0, 1 if not, 2 if it could not tell."`
	Watch struct {
		Client
	} `cmd:"" help:"Show how a session goes, until it is complete: on a terminal live, otherwise in lines. Survives restarts of the server. Exits with 0 if the session is complete and all its components are successful, 1 if it is complete with failures, 2 if there is no such session or the server is lost, 130 after Ctrl-C."`
	Failed struct {
		Client
	} `cmd:"" help:"Print the components of a session that have failed, comma-separated as BOS takes them for the limit of a retry; an empty line if there are none. Exits with 0, or 2 if there is no such session or the server is lost."`
	Version struct{} `cmd:"" help:"Print the version."`
}

// ErrHelp is returned by [Parse] when it has printed the help that was asked for:
// there is nothing left to do.
var ErrHelp = errors.New("the help was printed")

// ExitCode is the status to exit with for an error of [Parse].
func ExitCode(err error) int {
	if err == nil || errors.Is(err, ErrHelp) {
		return 0
	}
	return 2 // as flag and most shells' builtins do for a wrong command line
}

// Parse reads the command line, without the program's name, and the variables of
// the environment. Help goes to stdout; what is wrong, in a sentence, to stderr.
func Parse(args []string, stdout, stderr io.Writer) (Config, error) {
	cfg, err := parse(args, stdout, stderr)
	if err != nil && !errors.Is(err, ErrHelp) {
		fmt.Fprintf(stderr, "bosgraph: %v\nRun \"bosgraph --help\" for the commands, \"bosgraph serve --help\" for the options of one.\n", err)
	}
	return cfg, err
}

func parse(args []string, stdout, stderr io.Writer) (Config, error) {
	var g grammar
	helped := false
	parser, err := newParser(&g, kong.Writers(stdout, stderr), kong.Exit(func(int) { helped = true }))
	if err != nil {
		return Config{}, err
	}
	parsed, err := parser.Parse(args)
	if helped { // whatever else the line says
		return Config{}, ErrHelp
	}
	if err != nil {
		return Config{}, err
	}
	cfg := Config{Command: Command(parsed.Selected().Name)}
	switch cfg.Command {
	case Serve:
		cfg.Server, cfg.BOS = g.Serve.Server, g.Serve.BOS
	case Demo:
		cfg.Server, cfg.Simulation = g.Demo.Server, g.Demo.Simulation
	case Recount:
		cfg.Redis, cfg.Log, cfg.Verification = g.Recount.Redis, g.Recount.Log, g.Recount.Verification
	case Watch:
		cfg.Client = g.Watch.Client
	case Failed:
		cfg.Client = g.Failed.Client
	default:
		return cfg, nil
	}
	if err := cfg.check(); err != nil {
		return Config{}, err
	}
	return cfg, nil
}

func newParser(g *grammar, options ...kong.Option) (*kong.Kong, error) {
	return kong.New(g, append([]kong.Option{
		kong.Name("bosgraph"),
		kong.Description("A GraphQL API with subscriptions for the status of BOS sessions. " +
			"Every option can also be given by its variable; a flag goes first."),
		kong.DefaultEnvars("BOSGRAPH"),
		kong.ValueFormatter(helpText),
		kong.NamedMapper("days", kong.MapperFunc(decodeDays)),
		kong.NamedMapper("level", kong.MapperFunc(decodeLevel)),
	}, options...)...)
}

// helpText is an option's help with its default and its variable.
func helpText(v *kong.Value) string {
	help := kong.DefaultHelpValueFormatter(v)
	if !v.HasDefault {
		return help
	}
	return fmt.Sprintf("%s Default: %s.", help, v.Default)
}
