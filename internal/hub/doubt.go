package hub

// doubt is a reason not to rely on what is read. It covers every read that began while
// it held, also one that is shown only afterwards: what such a read found may date from
// before the repair. Without that rule the result would depend on which of two
// goroutines takes the hub's lock first, the reader or the one that reports the repair,
// and a wrong state could be shown as a session's last.
type doubt struct {
	holds   bool
	through uint64 // the last read that began while it held
}

// set notes whether the reason holds from now on, reads being the number of the last
// read that has begun. It says whether that is new.
func (d *doubt) set(holds bool, reads uint64) (changed bool) {
	if changed = d.holds != holds; changed && !holds {
		d.through = reads
	}
	d.holds = holds
	return changed
}

// of says whether the reason applies to a read. A read that began before the reason did
// is in doubt as well: nobody knows since when there was one.
func (d *doubt) of(read uint64) bool { return d.holds || read <= d.through }
