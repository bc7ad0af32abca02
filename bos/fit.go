package bos

import (
	"strings"
	"unicode/utf8"
)

// Fit changes what is in c's texts, but not in its id, so that [Component.Check] accepts it, and returns what
// Check said before; nil for nothing. What numbers depend on stays: a session whose name can't be one has no
// components, so c is in none then.
func (c *Component) Fit() error {
	err := c.Check()
	if err == nil {
		return nil
	}
	texts := []*string{&c.Error, (*string)(&c.Phase), &c.Override}
	sessions := []*string{&c.Session}
	artifacts := func(b *BootArtifacts) { texts = append(texts, &b.Kernel, &b.KernelParameters, &b.Initrd) }
	if s := c.DesiredState; s != nil {
		artifacts(&s.BootArtifacts)
		texts = append(texts, &s.Configuration, &s.BSSToken)
	}
	if s := c.ActualState; s != nil {
		artifacts(&s.BootArtifacts)
		texts = append(texts, &s.BSSToken)
	}
	if s := c.StagedState; s != nil {
		artifacts(&s.BootArtifacts)
		texts = append(texts, &s.Configuration)
		sessions = append(sessions, &s.Session)
	}
	if l := c.LastAction; l != nil {
		texts = append(texts, &l.Action)
	}
	for _, text := range texts {
		*text = fitText(*text)
	}
	for _, name := range sessions {
		if checkSessionName("session", *name) != nil {
			*name = ""
		}
	}
	if c.Shape.check() != nil {
		c.Shape.Extra = ""
	}
	return err
}

// fitText is a text as checkText accepts it. One that is cut off ends with an ellipsis.
func fitText(s string) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "\ufffd"), "\ufffd")
	if len(s) <= MaxText || utf8.RuneCountInString(s) <= MaxText {
		return s
	}
	return string([]rune(s)[:MaxText-1]) + "…"
}
