// Package watch shows on a terminal, or reports to scripts, the progress of a session.
//
// What is shown is made of a picture and the time by functions without effects: of a
// terminal's screen in screen.go, of lines for a pipe in plain.go.
package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/term"

	"github.com/bosgraph/bosgraph/bos"
	"github.com/bosgraph/bosgraph/internal/client"
)

// Options say what to watch, and how to report it.
type Options struct {
	client.Options
	Session bos.SessionKey
	Latest  bool // instead of the session's name: the one that was started last
	JSON    bool // one object a line, for scripts
}

// What [Run] and [Failed] return: the status to exit with.
const (
	Successful  = 0   // complete, and all components are successful
	Failures    = 1   // complete, and something has failed, or there is no component
	Unknown     = 2   // there is no such session, the server is out of reach or does not answer, or the output cannot be written
	Deleted     = 3   // deleted at its source before it was complete
	Interrupted = 130 // ended by the user, as shells have it
)

// display shows pictures, on which it works alone.
type display interface {
	// follow shows pictures as they come, to the last.
	follow(pictures <-chan picture)
	// end shows how it ended. The picture is empty if there has never been a status.
	end(p picture, e ending)
}

// Run shows a session until it is complete, ctx ends or the server is lost, and returns
// the status to exit with.
func Run(ctx context.Context, o Options, stdout, stderr io.Writer) int {
	c, err := client.New(o.Options)
	if err != nil {
		complain(stderr, err)
		return Unknown
	}
	defer c.Close()
	ctx, interrupt := context.WithCancel(ctx)
	defer interrupt()
	var d display
	interval := time.Second
	out := &output{to: stdout, lost: interrupt}
	switch screen, ok := terminal(stdout); {
	case o.JSON:
		d = newJSON(out)
	case ok:
		// Five updates a second look alive; lines and scripts have no use for so many.
		d, interval = &live{out: screen, stderr: stderr, interrupt: interrupt}, 200*time.Millisecond
	default:
		d = &plain{out: out}
	}
	if o.Latest {
		if o.Session, err = c.Latest(ctx, o.Session.Tenant, o.reportOnce(stderr)); err != nil {
			return conclude(d, picture{}, err, out, stderr)
		}
	}
	// Without a buffer: what a display has not taken yet is skipped by the server, not queued
	// here.
	all, shown := &sequence{picture: picture{server: o.Server}, pictures: make(chan picture)}, make(chan struct{})
	go func() {
		d.follow(all.pictures)
		close(shown)
	}()
	var asking sync.WaitGroup
	asks, stop := context.WithCancel(ctx)
	defer stop()
	if _, ok := d.(*live); ok { // only a screen has a place for it
		asking.Go(func() { all.askWaits(asks, c, o.Session) })
	}
	p := all.picture
	var failure error
	for event, err := range c.Follow(ctx, o.Session, interval) {
		if failure = err; err != nil {
			break
		}
		// Before there was a status no display has anything to show: the loss is reported once,
		// here.
		first := p.lost == nil
		p = all.change(func(p picture) picture { return p.after(event, time.Now()) })
		if p.came.IsZero() && first {
			complain(stderr, unreachable(o, p.lost))
		}
	}
	stop()
	asking.Wait()
	// The display restores the terminal before anything else is printed on it.
	close(all.pictures)
	<-shown
	return conclude(d, p, failure, out, stderr)
}

// conclude shows how it ended, and returns the status to exit with.
func conclude(d display, p picture, failure error, out *output, stderr io.Writer) int {
	e := endingOf(p, failure)
	d.end(p, e)
	if out.err != nil { // first: a log that lacks lines must not pass for whole
		complain(stderr, out.err)
		return Unknown
	}
	if e.status == Unknown || e.status == Deleted {
		complain(stderr, failure)
	}
	return e.status
}

// output is where lines go. It remembers the first that could not be written, and ends the command with it: nobody
// would see the rest. A reader that closes the pipe ends the process without this.
type output struct {
	to   io.Writer
	lost context.CancelFunc
	err  error
}

func (o *output) Write(text []byte) (int, error) {
	n, err := o.to.Write(text)
	if err != nil && o.err == nil {
		o.err = err
		o.lost()
	}
	return n, err
}

func complain(stderr io.Writer, err error) { fmt.Fprintf(stderr, "bosgraph: %s\n", clean(err.Error())) }

// unreachable is reported once, while there is still hope: otherwise a minute would pass in
// silence.
func unreachable(o Options, err error) error {
	return fmt.Errorf("%s does not answer, trying for %v: %w", o.Server, o.Patience, err)
}

// reportOnce reports the first attempt that fails, and no other: standard error may be a log that somebody reads.
func (o Options) reportOnce(stderr io.Writer) func(error) {
	var once sync.Once
	return func(err error) { once.Do(func() { complain(stderr, unreachable(o, err)) }) }
}

// terminal reports whether this is a terminal on which text can be replaced.
func terminal(w io.Writer) (*os.File, bool) {
	f, ok := w.(*os.File)
	kind := os.Getenv("TERM")
	return f, ok && term.IsTerminal(f.Fd()) && kind != "" && kind != "dumb"
}

// onlyASCII reports whether the locale has nothing else, or does not say.
func onlyASCII() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} { // the first that is set decides
		if v := strings.ToUpper(os.Getenv(name)); v != "" {
			return !strings.Contains(v, "UTF-8") && !strings.Contains(v, "UTF8")
		}
	}
	return true
}

// ending is how watching came to its end.
type ending struct {
	outcome string // for scripts
	status  int    // to exit with
	reason  string // in a sentence
}

// endingOf decides how it ended. What went wrong goes before the status, which may be an old
// one then.
func endingOf(p picture, failure error) ending {
	s := p.status
	switch {
	case errors.Is(failure, context.Canceled):
		return ending{"interrupted", Interrupted, "interrupted; the session continues"}
	case errors.As(failure, new(*client.Deleted)):
		return ending{"deleted", Deleted, failure.Error()}
	case client.NotFound(failure):
		return ending{"not_found", Unknown, failure.Error()}
	case errors.As(failure, new(*client.Lost)):
		return ending{"lost", Unknown, failure.Error()}
	case failure != nil:
		return ending{"refused", Unknown, failure.Error()}
	case s.Session.Error != nil:
		return ending{"failures", Failures, "set-up failed: " + *s.Session.Error}
	case s.Managed == 0: // BOS completes a session whose components it has lost
		return ending{"failures", Failures, "it is complete without any component"}
	case p.successful():
		return ending{"successful", Successful, fmt.Sprintf("all %s successful", count(s.Managed, "component"))}
	}
	return ending{"failures", Failures, result(s.Managed, s.PercentDone, s.PercentFailed, s.Counts)}
}
