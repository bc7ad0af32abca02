// Package webhooks sends events to other programs, which a configuration file lists.
//
// The store notes events of sessions with the writes that cause them; the [Sender] notes those that
// no write causes: sessions that are stalled, and a sync that is lost. The process that has the
// sender's lease gives each event to the queues of the targets that want it, and sends from the
// queues. A target gets each event at least once, always with the same id, and the events of one
// session in the order in which they happened. Events of different sessions do not wait for each
// other.
//
// The file (config.go), bodies (body.go), signatures (sign.go), and what is sent next (queue.go) are
// without I/O of their own; request.go sends one request, sender.go, targets.go and stall.go do the rest.
package webhooks
