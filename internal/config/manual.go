package config

import (
	"fmt"
	"io"
	"strings"
)

// WriteManual writes the manual page bosgraph(1), in the format of man(7).
func WriteManual(out io.Writer) error {
	var g grammar
	parser, err := newParser(&g)
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString(".TH BOSGRAPH 1\n.SH NAME\nbosgraph \\- watch BOS boots live\n" +
		".SH SYNOPSIS\n.B bosgraph\n[\\fICOMMAND\\fR] [\\fIOPTION\\fR...]\n" +
		".SH DESCRIPTION\n" + roff(parser.Model.Help) + "\n.SH COMMANDS\n")
	commands := parser.Model.Leaves(true)
	for _, command := range commands {
		fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(synopsis(command)), roff(command.Help))
	}
	for _, s := range newOptions(commands) {
		title := "OPTIONS OF " + strings.ToUpper(s.command)
		if s.shared {
			title += ", BESIDES THOSE IT SHARES"
		}
		fmt.Fprintf(&b, ".SH \"%s\"\n", title)
		for _, f := range s.flags {
			fmt.Fprintf(&b, ".TP\n.BR %s \" (\" %s )\n%s\n", roff(f.String()), f.Envs[0], roff(f.Help))
			if f.HasDefault {
				fmt.Fprintf(&b, "Default: %s.\n", roff(f.Default))
			}
		}
	}
	b.WriteString(".SH FILES\n.TP\n.I /etc/bosgraph/bosgraph.env\n" +
		"Variables of the service that the packages install.\n" +
		".SH SEE ALSO\n.BR systemctl (1),\n.BR redis-server (1)\n")
	_, err = io.WriteString(out, b.String())
	return err
}

// roff makes a text fit for a line of a manual page: a hyphen in an option is a minus to
// copy, and what starts a line with a dot or quote would be a request.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`).Replace(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	return text
}
