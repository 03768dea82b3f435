package jetstream

import "time"

// This file holds what the catalogue knows of accounts, and of how much servers hold.

// account returns the name under which an account's streams are known: its own, or its id where another account has that name.
func (c *catalogue) account(name, id string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.names[id]; ok {
		return known
	}
	if c.names == nil {
		c.names, c.accounts = map[string]string{}, map[string]string{}
	}
	if _, taken := c.accounts[name]; taken {
		name = id
	}
	c.names[id], c.accounts[name] = name, id
	return name
}

// accountID returns an account's id; empty: no server told of it yet.
func (c *catalogue) accountID(name string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.accounts[name]
}

// accountName returns the name of an account's id, or the id itself.
func (c *catalogue) accountName(id string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if name, ok := c.names[id]; ok {
		return name
	}
	return id
}

// answered notes how many streams and accounts a server holds, and how long it took to tell of them.
func (c *catalogue) answered(server string, streams, accounts int, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.served == nil {
		c.served = map[string]load{}
	}
	c.served[server] = load{streams, accounts}
	c.slowest = max(took, c.slowest/2)
}

// most is the greatest number of streams, and of accounts, on one server; zeros while nobody told.
func (c *catalogue) most() (streams, accounts int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, x := range c.served {
		streams, accounts = max(streams, x.streams), max(accounts, x.accounts)
	}
	return streams, accounts
}

// copies is how many streams servers hold, a stream once for each of them, and how many there are.
func (c *catalogue) copies() (copies, streams int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, x := range c.served {
		copies += x.streams
	}
	return copies, c.there
}

// effort is how long an answer took its server lately.
func (c *catalogue) effort() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.slowest
}
