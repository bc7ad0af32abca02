package config

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// completed is what the completions of every shell are made of.
type completed struct {
	commands []*kong.Node
	tops     [][2]string // the first words of the commands, with what they do
}

func newCompleted() (completed, error) {
	var g grammar
	parser, err := newParser(&g)
	if err != nil {
		return completed{}, err
	}
	c := completed{commands: parser.Model.Leaves(true)}
	for _, top := range parser.Model.Children {
		c.tops = append(c.tops, [2]string{top.Name, brief(top.Help)})
	}
	return c, nil
}

// command is the one of that name without others below it.
func (c completed) command(name string) *kong.Node {
	return c.commands[slices.IndexFunc(c.commands, func(n *kong.Node) bool { return words(n) == name })]
}

// below are the commands below one, such as accept below sync.
func (c completed) below(top string) []*kong.Node {
	var all []*kong.Node
	for _, command := range c.commands {
		if strings.HasPrefix(words(command), top+" ") {
			all = append(all, command)
		}
	}
	return all
}

// WriteBashCompletion writes the completions of bash.
func WriteBashCompletion(out io.Writer) error {
	c, err := newCompleted()
	if err != nil {
		return err
	}
	var tops []string
	for _, top := range c.tops {
		tops = append(tops, top[0])
	}
	var b strings.Builder
	fmt.Fprintf(&b, `# Completions of bosgraph for bash. Generated from its command line.
_bosgraph() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= next='%s' flags='%s' i
	# readline takes --flag=value for three words.
	if [[ $word == = ]]; then
		word=
	elif [[ $before == = ]]; then
		before=${COMP_WORDS[COMP_CWORD-2]}
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		case "$command ${COMP_WORDS[i]}" in
`, strings.Join(tops, " "), flagNames(c.commands[0]))
	for _, command := range c.commands {
		group, last, nested := strings.Cut(words(command), " ")
		if !nested {
			group, last = "", group
		}
		fmt.Fprintf(&b, "\t\t'%s %s') command=%s next= flags='%s' ;;\n", group, last, last, flagNames(command))
	}
	for _, top := range c.tops {
		var below []string
		for _, command := range c.below(top[0]) {
			below = append(below, command.Name)
		}
		if len(below) > 0 {
			fmt.Fprintf(&b, "\t\t' %s') command=%s next='%s' flags= ;;\n", top[0], top[0], strings.Join(below, " "))
		}
	}
	fmt.Fprintf(&b, `		esac
	done
	case $before in
	%s) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
	%s) mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
	%s) return ;;
	esac
	[[ $word != -* ]] || next=$flags
	mapfile -t COMPREPLY < <(compgen -W "$next" -- "$word")
}
complete -o filenames -F _bosgraph bosgraph
`, c.taking("FILE"), c.taking("DIR"), c.taking(""))
	_, err = io.WriteString(out, b.String())
	return err
}

// WriteZshCompletion writes the completions of zsh.
func WriteZshCompletion(out io.Writer) error {
	c, err := newCompleted()
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("#compdef bosgraph\n# Completions of bosgraph for zsh. Generated from its command line.\n\n_bosgraph() {\n" +
		"\tlocal -a commands=(\n")
	for _, top := range c.tops {
		fmt.Fprintf(&b, "\t\t%s\n", quoted(top[0]+":"+top[1]))
	}
	b.WriteString("\t)\n\tif (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then\n\t\t_describe command commands\n\t\treturn\n\tfi\n\tcase $words[2] in\n")
	for _, top := range c.tops {
		fmt.Fprintf(&b, "\t%s)\n", top[0])
		below := c.below(top[0])
		if len(below) == 0 {
			writeZshArguments(&b, c.command(top[0]))
			continue
		}
		b.WriteString("\t\tif (( CURRENT == 3 )); then\n\t\t\tcommands=(\n")
		for _, command := range below {
			fmt.Fprintf(&b, "\t\t\t\t%s\n", quoted(command.Name+":"+brief(command.Help)))
		}
		b.WriteString("\t\t\t)\n\t\t\t_describe command commands\n\t\t\treturn\n\t\tfi\n\t\tcase $words[3] in\n")
		for _, command := range below {
			fmt.Fprintf(&b, "\t\t%s)\n", command.Name)
			writeZshArguments(&b, command)
		}
		b.WriteString("\t\tesac ;;\n")
	}
	b.WriteString("\t-*)\n\t\t_arguments")
	writeZshFlags(&b, c.commands[0])
	b.WriteString(" ;;\n\tesac\n}\n\n_bosgraph \"$@\"\n")
	_, err = io.WriteString(out, b.String())
	return err
}

// writeZshArguments writes what a command takes, its own words included: zsh counts them.
func writeZshArguments(b *strings.Builder, command *kong.Node) {
	b.WriteString("\t\t_arguments")
	position := 0
	for word := range strings.FieldsSeq(words(command)) {
		position++
		fmt.Fprintf(b, " '%d: :(%s)'", position, word)
	}
	for _, argument := range command.Positional {
		position++
		fmt.Fprintf(b, " '%d:%s:'", position, argument.Name)
	}
	writeZshFlags(b, command)
	b.WriteString(" ;;\n")
}

func writeZshFlags(b *strings.Builder, command *kong.Node) {
	colons := strings.NewReplacer(":", `\:`, "[", `\[`, "]", `\]`)
	for _, f := range command.Flags {
		spec := "--" + f.Name
		switch {
		case f.IsBool():
			spec += "[" + colons.Replace(brief(f.Help)) + "]"
		default:
			spec += "=[" + colons.Replace(brief(f.Help)) + "]:" + colons.Replace(f.FormatPlaceHolder()) + ":"
			switch f.PlaceHolder {
			case "FILE":
				spec += "_files"
			case "DIR":
				spec += "_files -/"
			}
		}
		b.WriteString(" \\\n\t\t\t" + quoted(spec))
	}
}

// WriteFishCompletion writes the completions of fish.
func WriteFishCompletion(out io.Writer) error {
	c, err := newCompleted()
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("# Completions of bosgraph for fish. Generated from its command line.\ncomplete -c bosgraph -f\n")
	for _, top := range c.tops {
		fmt.Fprintf(&b, "complete -c bosgraph -n __fish_use_subcommand -a %s -d %s\n", top[0], quoted(top[1]))
	}
	for i, command := range c.commands {
		top, last, nested := strings.Cut(words(command), " ")
		when := "__fish_seen_subcommand_from " + top
		if nested {
			fmt.Fprintf(&b, "complete -c bosgraph -n %s -a %s -d %s\n", quoted(when), last, quoted(brief(command.Help)))
			when += "; and __fish_seen_subcommand_from " + last
		}
		if i == 0 { // the default
			when += "; or __fish_use_subcommand"
		}
		for _, f := range command.Flags {
			value := " -x"
			switch {
			case f.IsBool():
				value = ""
			case f.PlaceHolder == "FILE" || f.PlaceHolder == "DIR":
				value = " -r -F"
			}
			fmt.Fprintf(&b, "complete -c bosgraph -n %s -l %s%s -d %s\n", quoted(when), f.Name, value, quoted(brief(f.Help)))
		}
	}
	_, err = io.WriteString(out, b.String())
	return err
}

// taking are the flags, as a pattern of bash, whose value has that placeholder; all that have
// a value if it is empty. The pattern without any flag matches nothing.
func (c completed) taking(placeholder string) string {
	var flags []string
	seen := map[string]bool{}
	for _, command := range c.commands {
		for _, f := range command.Flags {
			if !f.IsBool() && !seen[f.Name] && (placeholder == "" || f.PlaceHolder == placeholder) {
				seen[f.Name] = true
				flags = append(flags, "--"+f.Name)
			}
		}
	}
	if len(flags) == 0 {
		return "''"
	}
	return strings.Join(flags, "|")
}

func flagNames(command *kong.Node) string {
	var names []string
	for _, f := range command.Flags {
		names = append(names, "--"+f.Name)
	}
	return strings.Join(names, " ")
}

// brief is the first sentence of a help text.
func brief(help string) string {
	first, _, _ := strings.Cut(help, ". ")
	return strings.TrimSuffix(first, ".")
}

// quoted puts a text into single quotes, which all three shells read in the same way: a quote
// in it ends them for a moment.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
