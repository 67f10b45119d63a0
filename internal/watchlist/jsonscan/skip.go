// SPDX-License-Identifier: Apache-2.0

package jsonscan

// Skip reads a value of any kind and checks it.
func (c *Cursor) Skip() error {
	switch c.Kind() {
	case '{':
		return c.Object(func([]byte) error { return c.Skip() })
	case '[':
		return c.Array(c.Skip)
	case '"':
		_, err := c.String()
		return err
	case 't', 'f':
		_, err := c.Bool()
		return err
	case 'n':
		if c.Null() {
			return nil
		}
		return ErrSyntax
	}
	return c.number()
}

// number reads a number of RFC 8259, section 6.
func (c *Cursor) number() error {
	c.any("-")
	if !c.any("0") && c.digits() == 0 {
		return ErrSyntax
	}
	if c.any(".") && c.digits() == 0 {
		return ErrSyntax
	}
	if c.any("eE") {
		c.any("+-")
		if c.digits() == 0 {
			return ErrSyntax
		}
	}
	return nil
}

// any passes one of the bytes, if it is next.
func (c *Cursor) any(of string) bool {
	if c.at < len(c.text) {
		for i := range len(of) {
			if c.text[c.at] == of[i] {
				c.at++
				return true
			}
		}
	}
	return false
}

func (c *Cursor) digits() (n int) {
	for c.any("0123456789") {
		n++
	}
	return n
}
