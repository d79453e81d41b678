package i18n

import (
	"golang.org/x/text/language"
)

// Bounds of what is read of a wish; they come from strangers.
const (
	maxWishes = 16
	maxHeader = 512 // bytes of Accept-Language
	maxKnown  = 256 // headers that are remembered
)

// Base returns the catalogue that all are compared with.
func (c *Catalogues) Base() *Catalogue { return c.all[0] }

// All returns every catalogue, the base first.
func (c *Catalogues) All() []*Catalogue { return c.all }

// Languages returns the tags of all, the base first.
func (c *Catalogues) Languages() []string {
	tags := make([]string, len(c.all))
	for i, one := range c.all {
		tags[i] = one.Language()
	}
	return tags
}

// Pick returns the catalogue for the first list of wishes that holds a language which is here or near to one, such as de
// for de-AT; else that of accept, the header Accept-Language (RFC 9110 §12.5.4); else the base. What is no language is
// passed over.
func (c *Catalogues) Pick(accept string, wishes ...[]string) *Catalogue {
	for _, list := range wishes {
		if one := c.match(parse(list)); one != nil {
			return one
		}
	}
	if accept == "" || len(accept) > maxHeader {
		return c.Base()
	}
	return c.accepted(accept)
}

// accepted remembers what it found: browsers send few different headers, and reading one takes longer than much of a page.
func (c *Catalogues) accepted(header string) *Catalogue {
	c.mu.RLock()
	known := c.known[header]
	c.mu.RUnlock()
	if known != nil {
		return known
	}
	found := c.Base()
	if tags, _, err := language.ParseAcceptLanguage(header); err == nil {
		if one := c.match(tags); one != nil {
			found = one
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) < maxKnown {
		c.known[header] = found
	}
	return found
}

func parse(list []string) []language.Tag {
	var tags []language.Tag
	for _, wish := range list[:min(len(list), maxWishes)] {
		if tag, err := language.Parse(wish); err == nil {
			tags = append(tags, tag)
		}
	}
	return tags
}

func (c *Catalogues) match(tags []language.Tag) *Catalogue {
	if len(tags) == 0 {
		return nil
	}
	if _, i, confidence := c.matcher.Match(tags...); confidence > language.No {
		return c.all[i]
	}
	return nil
}
