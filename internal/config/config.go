// Package config is the command line of bosgraph: its commands, their options
// and what values these may have. Flags, variables, help, docs/options.md, the
// manual page and the completions of shells all come from the structs in this file.
package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"
	"github.com/alecthomas/kong"
)

//go:generate go run ./gendocs options ../../docs/options.md
//go:generate go run ./gendocs variables ../../packaging/chart/bosgraph/variables.txt

// Command is what bosgraph is asked to do.
type Command string

// The commands.
const (
	Serve    Command = "serve"
	Demo     Command = "demo"
	Check    Command = "check"
	Recount  Command = "recount"
	Accept   Command = "sync accept"
	Watch    Command = "watch"
	Failed   Command = "failed"
	Why      Command = "why"
	Node     Command = "component"
	Troubled Command = "troubled"
	List     Command = "list"
	Compare  Command = "compare"
	Version  Command = "version"
	Licenses Command = "licenses"
	Token    Command = "token"

	ListWebhooks  Command = "webhooks list"
	TestWebhooks  Command = "webhooks test"
	RetryWebhooks Command = "webhooks retry"
)

// Config is a checked command line.
type Config struct {
	Command      Command
	Server                // of serve, demo and check; of recount and accept only Redis and Log
	BOS                   // of serve and check; of compare only which BOS
	Simulation            // of demo
	Verification          // of recount
	Client                // of commands that ask a server; of compare all but Session and Patience
	Holder                // of token
	Latest       bool     // of watch
	Listing      Listing  // of list, whose Asking is that of Client
	XName        string   // of component
	Troubles     Troubles // of troubled, whose Reaching is that of Client
	Hooks        Hooks    // of the commands of webhooks, which have Redis and Log besides
}

// Redis holds the options of every command that needs Redis.
type Redis struct {
	RedisURL      string `name:"redis-url" placeholder:"URL" help:"Redis that keeps the state: redis://host:port/db, rediss:// with TLS, unix:///path, redis+cluster:// for a Redis Cluster, redis+sentinel://host:port?master_name=NAME for Sentinel. For TLS, these two begin with rediss. Add further hosts to them as addr=host:port after the question mark. Empty for that of --data-dir, or an embedded Redis, which keeps the state in the memory of this process and loses it at the end."`
	DataDir       string `placeholder:"DIR" help:"Keep the state in this directory: bosgraph runs a redis-server of its own on it, which listens on a socket in it alone and saves every change. For a system with one bosgraph server, instead of --redis-url. redis-server 7.0 or later has to be installed. recount and sync accept work on the directory of a running server."`
	RedisUser     string `placeholder:"NAME" help:"User to log in to Redis as. Empty for Redis' default user."`
	RedisPassword string `name:"redis-password-file" placeholder:"FILE" help:"File that holds the password for Redis."`
	RedisCA       string `name:"redis-ca-file" placeholder:"FILE" help:"PEM file with the certificate authorities to trust for Redis over TLS, instead of the system's."`
	RedisWait     int    `name:"redis-wait" default:"0" placeholder:"N" help:"Acknowledge a change only when N replicas of Redis have it, so that a failover to any of them does not lose it. While fewer do, changes are made but answered UNAVAILABLE. 0 to 10; 0 waits for none."`
	Namespace     string `default:"bosgraph" placeholder:"NAME" help:"Prefix of all keys in Redis. Servers of one system share it. Give every other system another one, even in another database of the same Redis server, because all databases share pub/sub. 1 to 64 letters, digits, '-', '_' and '.'."`
}

// Embedded says whether the state is in the memory of this process alone.
func (r Redis) Embedded() bool { return r.RedisURL == "" && r.DataDir == "" }

// Log holds the options of every command that writes a log.
type Log struct {
	LogLevel  slog.Level `type:"level" default:"info" placeholder:"LEVEL" help:"Log messages of this level and above: debug, info, warn or error."`
	LogFormat string     `default:"text" placeholder:"FORMAT" help:"How to write the log: text or json."`
}

// Server holds the options of serve, which demo has too.
type Server struct {
	Listen        string `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Address to serve on. Without a host, all interfaces."`
	MetricsListen string `placeholder:"HOST:PORT" help:"Serve /metrics on this address instead of --listen. Requests to it need no token. Empty to serve it with everything else, where it needs the role viewer or admin."`
	BasePath      string `placeholder:"/PATH" help:"Serve everything under this path, for an ingress that passes it on. Empty for none."`
	Access
	AllowHosts     []string `name:"allow-host" placeholder:"NAME" help:"Host names in requests that are answered, such as boot.example.com, without a port; separate several with commas. Always allowed are localhost, every IP address and the host of --listen. Requests for other names are refused, because a web page can make its own name resolve to this server (DNS rebinding). * allows every name."`
	TrustedProxies []string `name:"trusted-proxies" placeholder:"CIDR" help:"Networks of the proxies in front of the server, such as 10.32.0.0/12 or 10.1.2.3; separate several with commas. From them, and nobody else, X-Forwarded-For says which client a request is from; otherwise all limits of an address apply to the proxy's."`
	Redis
	DataDirMemory int64         `placeholder:"BYTES" default:"0" help:"Most memory that the redis-server of --data-dir may use, its maxmemory: at least 10000000, such as 2000000000. Beyond it changes are refused, and the state stays. 0 for no limit: then the kernel may kill it, or other programs."`
	Retention     time.Duration `type:"days" default:"90d" placeholder:"DURATION" help:"How long the status of a completed session is kept, from the moment it is frozen: days (90d), hours (36h) or both (1d12h). At least 1h."`
	Capacity
	Live
	Limits
	Collector
	Log
	Webhooks        string        `placeholder:"FILE" help:"Configuration of webhooks: which events of sessions and of the BOS sync are sent where. It is read again when it changes. Give all servers of a namespace the same. See docs/webhooks.md. Empty for none."`
	AuditLog        string        `default:"stdout" placeholder:"FILE" help:"Where to record mutations, one JSON object a line: a file, which is made again after it was moved away, or stdout, stderr or none. See docs/access.md."`
	ShutdownDelay   time.Duration `default:"0s" placeholder:"DURATION" help:"How long a server that stops still accepts connections after /readyz has begun to fail, before --shutdown-timeout begins: as long as load balancers need to notice. 0s to 5m."`
	ShutdownTimeout time.Duration `default:"10s" placeholder:"DURATION" help:"How long requests in progress may take to finish when the server stops. Subscribers are sent to other replicas within the first half of it."`
}

// Capacity holds the options that say how much a namespace may hold.
type Capacity struct {
	MaxComponents int `default:"2000000" placeholder:"N" help:"Most components that are stored, and most that tenants own. New ones beyond that are refused with CONFLICT, one by one; existing ones are still updated. Give all servers of a namespace the same limits."`
	MaxSessions   int `default:"100000" placeholder:"N" help:"Most sessions that are stored, including complete ones until their retention ends. New ones beyond that are refused with CONFLICT."`
	MaxTenants    int `default:"10000" placeholder:"N" help:"Most tenants that own components. New ones beyond that are refused with CONFLICT."`
}

// Live holds the options of subscriptions.
type Live struct {
	Tick                     time.Duration `default:"100ms" placeholder:"DURATION" help:"Shortest time between two reads of a watched session, and so between two updates of it: 1ms to 10s."`
	PingInterval             time.Duration `default:"25s" placeholder:"DURATION" help:"How often subscribers are pinged. A client that is silent for two and a half intervals is disconnected."`
	InitTimeout              time.Duration `default:"10s" placeholder:"DURATION" help:"Disconnect the client of a WebSocket that has not sent connection_init for this long."`
	WriteDeadline            time.Duration `default:"10s" placeholder:"DURATION" help:"Disconnect a client that has not accepted an answer or a message for this long. Each 65536 bytes that it has accepted add one second."`
	MaxMessage               int64         `default:"65536" placeholder:"BYTES" help:"Largest message that a WebSocket's client may send."`
	MaxSubscriptions         int           `default:"100" placeholder:"N" help:"Most operations at a time on one WebSocket."`
	MaxConnections           int           `default:"20000" placeholder:"N" help:"Most WebSockets and event streams at a time."`
	MaxConnectionsPerAddress int           `default:"10000" placeholder:"N" help:"Most WebSockets and event streams from one address. Behind an ingress all clients have the address of the ingress: lower it where they connect directly."`
	AllowOrigins             []string      `name:"allow-origin" placeholder:"ORIGIN" help:"Origins of other web pages that may use the server, such as https://ops.example.com; separate several with commas. They can use WebSockets only, for no Access-Control headers are sent, and need a token: the login cookie does not count for them. Also needed for the server's own pages behind a proxy that does not pass on the Host header."`
}

// Collector holds the options of Go's garbage collector.
type Collector struct {
	GCPercent int   `name:"gc-percent" default:"400" placeholder:"N" help:"How much garbage may gather before it is collected, in percent of the memory in use, while the heap stays below --gc-heap; 10 to 1000. A server whose heap is larger uses Go's default, 100. Has no effect if the environment variable GOGC is set. GOMEMLIMIT is obeyed in any case."`
	GCHeap    int64 `name:"gc-heap" default:"60000000" placeholder:"BYTES" help:"Size of the heap, garbage included, that --gc-percent may lead to."`
}

// BOS holds the options of serve alone: which BOS to follow.
type BOS struct {
	BOSURL           string        `name:"bos-url" placeholder:"URL" help:"Follow the BOS at this address, to which /v2 is appended, such as https://api-gw-service-nmn.local/apis/bos: its components and sessions are stored here, and mutations of them are refused. One server of a namespace reads BOS for all. Empty for none."`
	BOSToken         string        `name:"bos-token-file" placeholder:"FILE" help:"File that holds the bearer token for BOS and TAPMS. It is read again for each request, so it can be replaced at any time."`
	BOSCA            string        `name:"bos-ca-file" placeholder:"FILE" help:"PEM file with the certificate authorities to trust for BOS and TAPMS, instead of the system's."`
	BOSInterval      time.Duration `name:"bos-interval" default:"3s" placeholder:"DURATION" help:"How often BOS is read while a session runs: 100ms to 1h. While none runs, a fifth as often. In any case bosgraph keeps BOS busy for at most half of the time."`
	BOSPageSize      int           `name:"bos-page-size" default:"10000" placeholder:"N" help:"Most components to read from BOS in one request: 100 to 50000. BOS reads all of its components for each page, so fewer pages cost it less. Pages get smaller by themselves if BOS cannot handle them."`
	BOSConfirmSweeps int           `name:"bos-confirm-sweeps" default:"3" placeholder:"N" help:"How many complete sweeps have to show a large loss at BOS before the records are removed here: 2 to 100. A large loss is more than a fifth of the components and at least 20, all of them, or a session that was not complete. Until then the status is stale and serverInfo.sync.error says what is missing. \"bosgraph sync accept\" confirms the loss at once."`
	BOSConfirmTime   time.Duration `name:"bos-confirm-time" default:"1m" placeholder:"DURATION" help:"How long sweeps have to show a large loss at BOS, at least, before the records are removed here: 1s to 24h."`
	BOSTimeout       time.Duration `name:"bos-timeout" default:"1m" placeholder:"DURATION" help:"Longest time to wait for an answer of BOS or TAPMS: at least 1s."`
	TAPMSURL         string        `name:"tapms-url" placeholder:"URL" help:"Read which tenant owns which components from the TAPMS at this address, to which /v1alpha3/tenants is appended, such as https://api-gw-service-nmn.local/apis/tapms. Empty for none."`
	TenantsFile      string        `placeholder:"FILE" help:"Read which tenant owns which components from this file, again with each sweep: a JSON object with a list of xnames for each tenant."`
}

// Verification holds the options of recount alone.
type Verification struct {
	Repair bool   `help:"Repair the differences. Servers may keep running."`
	Resume uint64 `placeholder:"CURSOR" help:"Resume an interrupted run: the last cursor that it reported."`
}

// Hooks holds the options of the commands of webhooks.
type Hooks struct {
	File   string // of test
	Target string // of test and retry
	JSON   bool   // of list
}

// Simulation holds the options of demo alone.
type Simulation struct {
	Components int     `default:"1000" placeholder:"N" help:"Components to simulate: 1 to 10000, up to 100000 with --redis-url or --data-dir."`
	Seed       uint64  `default:"1" placeholder:"N" help:"The same seed gives the same events."`
	Speed      float64 `default:"10" placeholder:"X" help:"Simulated seconds per second: more than 0, up to 1000."`
}

// Client holds the options of the commands that ask a running server.
type Client struct {
	Session string `arg:"" name:"session" help:"The session's name; if the name was reused, the newest."`
	Asking
}

// Watching holds the options of watch.
type Watching struct {
	Session string `arg:"" optional:"" name:"session" help:"The session's name; if the name was reused, the newest."`
	Latest  bool   `help:"Follow the session that was started last, instead of one by its name. Without --tenant that of all that the token may see."`
	Asking
}

// Listing holds the options of list.
type Listing struct {
	First  int    `default:"20" placeholder:"N" help:"Print at most so many sessions, the newest first; up to 1000."`
	Status string `enum:"pending,running,complete,any" type:"lower" default:"any" placeholder:"STATE" help:"Only sessions that are pending, running or complete; any for all."`
	Asking
}

// Asking holds the options of the commands that ask a running server.
type Asking struct {
	URL       string        `name:"server" default:"http://127.0.0.1:8080" placeholder:"URL" help:"The bosgraph server to ask, with its base path if it has one."`
	JSON      bool          `help:"Print JSON, for scripts."`
	Patience  time.Duration `default:"1m" placeholder:"DURATION" help:"Give up after the server has been unreachable for this long."`
	CA        string        `name:"ca-file" placeholder:"FILE" help:"PEM file with the certificate authorities to trust for https, instead of the system's."`
	TokenFile string        `placeholder:"FILE" help:"File that holds a token to send as Authorization: Bearer. It is read again for every request."`
	Tenant    string        `placeholder:"NAME" help:"Tenant that the session belongs to, or whose components and sessions are shown. Empty for none."`
}

// Inspecting holds the options of component.
type Inspecting struct {
	XName string `arg:"" name:"xname" help:"The component's id, such as x3000c0s13b0n0."`
	Asking
}

// Troubles holds the options of troubled.
type Troubles struct {
	First    int    `default:"20" placeholder:"N" help:"Print at most so many components, those that failed most often first; up to 1000."`
	Days     int    `default:"0" placeholder:"N" help:"Only failures of today (UTC) and of N days before; 0 for all that are known, which are those of the server's --retention."`
	Template string `placeholder:"NAME" help:"Only failures in sessions of this template. Empty for all."`
	Asking
}

// Comparison holds the options of compare.
type Comparison struct {
	BOSURL    string `name:"bos-url" placeholder:"URL" help:"The BOS to compare with, without /v2, such as https://api-gw-service-nmn.local/apis/bos."`
	BOSToken  string `name:"bos-token-file" placeholder:"FILE" help:"File that holds the bearer token for BOS."`
	BOSCA     string `name:"bos-ca-file" placeholder:"FILE" help:"PEM file with the certificate authorities to trust for BOS, instead of the system's."`
	URL       string `name:"server" default:"http://127.0.0.1:8080" placeholder:"URL" help:"The bosgraph server to compare, with its base path if it has one."`
	Tenant    string `placeholder:"NAME" help:"Tenant to ask for as well. Empty to leave those requests out."`
	JSON      bool   `help:"Print JSON, for scripts."`
	CA        string `name:"ca-file" placeholder:"FILE" help:"PEM file with the certificate authorities to trust for the bosgraph server, instead of the system's."`
	TokenFile string `placeholder:"FILE" help:"File that holds a bearer token for the bosgraph server."`
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
	Check struct {
		Server
		BOS
		JSON bool `help:"Print JSON, for scripts."`
	} `cmd:"" help:"Check what \"bosgraph serve\" with the same options needs: Redis' version, rights, settings and clock, BOS, TAPMS, the OpenID Connect providers, files. Changes nothing but a key in Redis that expires within seconds; on the --data-dir of a server that does not run, starts redis-server for a moment. Prints a line for each, with what to do. Exits with 0 if all is well, 3 if there are only warnings, 1 if something does not work."`
	Recount struct {
		Redis
		Log
		Verification
	} `cmd:"" help:"Verify, while servers run, that the records of the components in Redis are complete and that all counters, members, indexes, error groups and texts agree with them, and the lists of sessions with the sessions. Prints each difference and, last, \"drift N\". Exits with 0 if N is 0, 1 if not, 2 if it failed."`
	Sync struct {
		Accept struct {
			Redis
			Log
		} `cmd:"" help:"Confirm that BOS really has lost the records that serverInfo.sync.error names: the sync removes them with its next sweep instead of waiting. Waits for that sweep, and prints what was confirmed. Exits with 0, 1 if there is nothing to confirm, more has been lost since or no sweep came, 2 if Redis does not answer."`
	} `cmd:"" help:"Control the sync from BOS."`
	Webhooks struct {
		List struct {
			Redis
			Log
			JSON bool `help:"Print JSON, for scripts."`
		} `cmd:"" help:"Print the targets that servers send webhooks to, how many events wait for each, and the events that were given up. Exits with 0 if nothing was given up and all targets accept events, 1 if not, 2 if Redis does not answer."`
		Test struct {
			Webhooks string `required:"" placeholder:"FILE" help:"Configuration of webhooks."`
			Target   string `placeholder:"NAME" help:"Only this target. Empty for all."`
			Log
		} `cmd:"" help:"Check a configuration of webhooks, and send an event of the type io.github.bosgraph.test.v1 to its targets. Needs no server and no Redis. Exits with 0 if all have accepted it, 1 if not, 2 if the configuration is wrong."`
		Retry struct {
			Redis
			Target string `placeholder:"NAME" help:"Only this target. Empty for all."`
			Log
		} `cmd:"" help:"Send the events again that were given up. Prints how many for each target. Exits with 0, 1 if there are none or their target is disabled or not configured, 2 if Redis does not answer."`
	} `cmd:"" help:"List, test and retry webhooks."`
	Watch struct {
		Watching
	} `cmd:"" help:"Follow a session until it is complete: a live display on a terminal, otherwise lines. Survives restarts of the server. Exits with 0 if the session is complete and all its components are successful, 1 if it is complete with failures or without any component, 2 if there is no such session, the server is lost or the output cannot be written, 3 if it was deleted at its source before it was complete, 64 if the command line is wrong, 130 after Ctrl-C."`
	List struct {
		Listing
	} `cmd:"" help:"Print the newest sessions: state, what is done, what has failed, operation, template, start. Without --tenant those of all tenants that the token may see. Exits with 0, or 2 if the server is lost."`
	Token struct {
		Holder
	} `cmd:"" help:"Make an access token for a server with --auth=tokens. Prints two lines: the token, which is stored nowhere, and the line by which --token-file knows it."`
	Failed struct {
		Client
	} `cmd:"" help:"Print the components of a session that have failed, of a complete one those that had failed at its end, comma-separated as BOS takes them for the limit of a retry; an empty line if there are none. Exits with 0, or 2 if there is no such session, BOS saved that more failed than are known, or the server is lost."`
	Why struct {
		Client
	} `cmd:"" help:"Print why a session is not complete: its active components by what they wait for, with the reason in words, since when, and the first of them; how long components stayed in each phase, beside the session before; and the cabinets with most active ones. Exits with 0, or 2 if there is no such session or the server is lost."`
	Component struct {
		Inspecting
	} `cmd:"" help:"Print a component's state, and the sessions that managed it, newest first: how each ended for the component, how long it took, and the error. Exits with 0, or 2 if there is no such component or the server is lost."`
	Troubled struct {
		Troubles
	} `cmd:"" help:"Print the components that failed most often, with the number of failures and sessions, and the last error. Exits with 0, or 2 if the server is lost."`
	Compare struct {
		Comparison
	} `cmd:"" help:"Send the same read-only requests to a BOS and to the REST API of the bosgraph that follows it, and print where the answers differ: a line for each request, then a summary. Sends one request at a time; repeats a request whose answers differ. Exits with 0 if all answers are the same or differ on purpose, 1 if some differ, 2 if one side cannot be reached."`
	Version struct {
		JSON bool `help:"Print JSON, for scripts."`
	} `cmd:"" help:"Print the version, and the commit that it was built from."`
	Licenses struct{} `cmd:"" help:"Print the licenses of bosgraph and of everything that is built into it: Go, Go modules, and the packages in the pages."`
}

// ErrHelp is returned by [Parse] when it has printed the help that was asked for:
// there is nothing left to do.
var ErrHelp = errors.New("the help was printed")

// ExitCode is the status to exit with for an error of [Parse].
func ExitCode(err error) int {
	switch {
	case err == nil, errors.Is(err, ErrHelp):
		return 0
	case errors.As(err, new(*unprinted)):
		return 2 // as of other commands that only print
	}
	return usage
}

// unprinted is why the help could not be printed: nothing is wrong with the command line then.
type unprinted struct{ error }

// printHelp prints the help. What it returns is among kong's errors of command lines.
func printHelp(o kong.HelpOptions, ctx *kong.Context) error {
	if err := kong.DefaultHelpPrinter(o, ctx); err != nil {
		return &unprinted{err}
	}
	return nil
}

// usage is the status for a wrong command line: EX_USAGE of sysexits.h, as other statuses are results
// of commands.
const usage = 64

// Parse reads the command line, without the program's name, and the variables of
// the environment. Help goes to stdout; what is wrong, in a sentence, to stderr.
func Parse(args []string, stdout, stderr io.Writer) (Config, error) {
	cfg, err := parse(args, stdout, stderr)
	switch {
	case err == nil, errors.Is(err, ErrHelp):
	case errors.As(err, new(*unprinted)):
		fmt.Fprintf(stderr, "bosgraph: %v\n", err)
	default:
		fmt.Fprintf(stderr, "bosgraph: %v\nRun \"bosgraph --help\" for the commands, \"bosgraph %[2]s --help\" for the options of %[2]s.\n", err, cmp.Or(cfg.Command, Serve))
	}
	return cfg, err
}

// inWords replaces what kong says of numbers and of variables.
var inWords = strings.NewReplacer("a valid 64 bit uint", "a whole number of at least 0", "a valid 64 bit int", "a whole number", "from envar", "from the environment variable")

// parse is Parse without printing what is wrong. With an error, the Config has only the command, if there is one.
func parse(args []string, stdout, stderr io.Writer) (Config, error) {
	// As other programs have it, where no command is given.
	if slices.Equal(args, []string{"--version"}) {
		args = []string{"version"}
	}
	var g grammar
	helped := false
	parser, err := newParser(&g, kong.Writers(stdout, stderr), kong.Help(printHelp), kong.Exit(func(int) { helped = true }))
	if err != nil {
		return Config{}, err
	}
	parsed, err := parser.Parse(withNegatives(args))
	if lost := (*unprinted)(nil); errors.As(err, &lost) {
		return Config{}, lost
	}
	if helped { // whatever else the line says
		return Config{}, ErrHelp
	}
	if err != nil {
		var cfg Config
		if wrong := (*kong.ParseError)(nil); errors.As(err, &wrong) {
			cfg.Command = selected(wrong.Context)
		}
		return cfg, suggest(parser.Model, args, blameEmpty(parser.Model, args, errors.New(inWords.Replace(err.Error()))))
	}
	// After the command line: help, and what is wrong with the line itself, come first.
	if err := checkEnvironment(parser.Model); err != nil {
		return Config{}, err
	}
	cfg := Config{Command: selected(parsed)}
	// A grammar has the options of every command; what is used is only those of the one that
	// was given.
	switch cfg.Command {
	case Serve:
		cfg.Server, cfg.BOS = g.Serve.Server, g.Serve.BOS
	case Check:
		cfg.Server, cfg.BOS, cfg.JSON = g.Check.Server, g.Check.BOS, g.Check.JSON
	case Demo:
		cfg.Server, cfg.Simulation = g.Demo.Server, g.Demo.Simulation
	case Accept:
		cfg.Redis, cfg.Log = g.Sync.Accept.Redis, g.Sync.Accept.Log
	case ListWebhooks:
		cfg.Redis, cfg.Log, cfg.Hooks = g.Webhooks.List.Redis, g.Webhooks.List.Log, Hooks{JSON: g.Webhooks.List.JSON}
	case TestWebhooks:
		cfg.Log, cfg.Hooks = g.Webhooks.Test.Log, Hooks{File: g.Webhooks.Test.Webhooks, Target: g.Webhooks.Test.Target}
	case RetryWebhooks:
		cfg.Redis, cfg.Log, cfg.Hooks = g.Webhooks.Retry.Redis, g.Webhooks.Retry.Log, Hooks{Target: g.Webhooks.Retry.Target}
	case Recount:
		cfg.Redis, cfg.Log, cfg.Verification = g.Recount.Redis, g.Recount.Log, g.Recount.Verification
	case Token:
		cfg.Holder = g.Token.Holder
	case Watch:
		cfg.Client = Client{g.Watch.Session, g.Watch.Asking}
		cfg.Latest = g.Watch.Latest
	case List:
		cfg.Listing = g.List.Listing
		cfg.Asking = cfg.Listing.Asking
	case Failed:
		cfg.Client = g.Failed.Client
	case Why:
		cfg.Client = g.Why.Client
	case Node:
		cfg.XName, cfg.Asking = g.Component.XName, g.Component.Asking
	case Troubled:
		cfg.Troubles = g.Troubled.Troubles
		cfg.Asking = cfg.Troubles.Asking
	case Compare:
		// Compare has structs of its own: those of the others would give it options that it has
		// no use for. From here on its options are where those of other clients are.
		c := g.Compare.Comparison
		cfg.BOSURL, cfg.BOSToken, cfg.BOSCA = c.BOSURL, c.BOSToken, c.BOSCA
		cfg.Client = Client{Asking: Asking{URL: c.URL, JSON: c.JSON, CA: c.CA, TokenFile: c.TokenFile, Tenant: c.Tenant}}
	case Version:
		cfg.JSON = g.Version.JSON
		return cfg, nil
	default:
		return cfg, nil
	}
	if err := cfg.check(); err != nil {
		return Config{Command: cfg.Command}, blameEmpty(parser.Model, args, err)
	}
	return cfg, nil
}

var negative = regexp.MustCompile(`^-[0-9.]`)

// withNegatives ties negative numbers to the option in front, as in --days=-1. kong takes them for options otherwise, and
// advises to write them like this, though no option has one: its own check says what is right.
func withNegatives(args []string) (tied []string) {
	for i, arg := range args {
		if i > 0 && negative.MatchString(arg) && strings.HasPrefix(args[i-1], "--") && !strings.Contains(args[i-1], "=") {
			tied[len(tied)-1] += "=" + arg
		} else {
			tied = append(tied, arg)
		}
	}
	return tied
}

// selected is the command of a command line, empty for none.
func selected(c *kong.Context) Command {
	node := c.Selected()
	if node == nil {
		return ""
	}
	return Command(strings.TrimPrefix(node.FullPath(), c.Model.Name+" "))
}

// suggest adds to what is wrong with a command line which command may have been meant, as one that does not
// exist is taken for an argument of serve.
func suggest(model *kong.Application, args []string, err error) error {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return err
	}
	nearest, distance := "", 3 // more than two letters are another word
	for _, command := range model.Children {
		if d := levenshtein.ComputeDistance(args[0], command.Name); d == 0 {
			return err
		} else if d < distance {
			nearest, distance = command.Name, d
		}
	}
	if nearest == "" {
		return fmt.Errorf("there is no command %q", args[0])
	}
	return fmt.Errorf("there is no command %q: did you mean %q?", args[0], nearest)
}

func newParser(g *grammar, options ...kong.Option) (*kong.Kong, error) {
	return kong.New(g, append([]kong.Option{
		kong.Name("bosgraph"),
		kong.Description("Watch BOS boots live: what is done, what failed, and where. " +
			"Every option can also be set by environment variable; flags take precedence."),
		kong.DefaultEnvars("BOSGRAPH"),
		kong.ValueFormatter(helpText),
		kong.KindMapper(reflect.Bool, switches{kong.NewRegistry().RegisterDefaults().ForType(reflect.TypeFor[bool]())}),
		kong.NamedMapper("days", kong.MapperFunc(decodeDays)),
		kong.NamedMapper("lower", kong.MapperFunc(decodeLower)),
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
