package fetch

import (
	"io"
	"net"
)

// icyConn lets net/http read the answers of old SHOUTcast servers, whose status line starts with
// "ICY" where HTTP's version would stand.
type icyConn struct {
	net.Conn
	begun bool
	head  []byte // of the first answer, not yet read
}

func (c *icyConn) Read(p []byte) (int, error) {
	if !c.begun {
		c.begun = true
		c.head = make([]byte, 4)
		n, _ := io.ReadFull(c.Conn, c.head) // an error comes again with the next read
		if c.head = c.head[:n]; string(c.head) == "ICY " {
			c.head = []byte("HTTP/1.0 ")
		}
	}
	if len(c.head) > 0 {
		n := copy(p, c.head)
		c.head = c.head[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

// icyBody drops the titles that some stations put between the sound though they were not asked to:
// after every interval bytes, one byte that counts blocks of 16 bytes, and those.
type icyBody struct {
	io.ReadCloser
	interval, left int
}

func (b *icyBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		if err := b.skipTitle(); err != nil {
			return 0, err
		}
		b.left = b.interval
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

func (b *icyBody) skipTitle() error {
	var count [1]byte
	if _, err := io.ReadFull(b.ReadCloser, count[:]); err != nil {
		return err
	}
	_, err := io.CopyN(io.Discard, b.ReadCloser, 16*int64(count[0]))
	return err
}
