package jetstream

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// jsz is what is read of a JSZ answer but for its streams. Now is the server's clock before it read its first stream.
type jsz struct {
	Now      time.Time
	Disabled bool
	Streams  int
	Total    int    // accounts
	Meta     *group // the other servers of the cluster, where it tells of one
}

// jszAccount is one account in an answer.
type jszAccount struct {
	name, id string // its tag, where it has one, and what it is
	streams  int    // where the array of its streams begins; 0: there is none
}

// answer reads an answer but for its streams, of which it checks the syntax. What the reader holds is valid until the next.
func (r *jszReader) answer(data []byte) (*said[jsz], error) {
	d := &r.decoder
	d.reset(data)
	r.accounts = r.accounts[:0]
	one := &said[jsz]{}
	if d.open('{') {
		for f := (fielded{}); d.more('}'); {
			switch string(d.key()) {
			case "server":
				d.once(&f, 1)
				r.server(&one.Server)
			case "data":
				d.once(&f, 2)
				one.Data = r.data()
			case "error":
				d.once(&f, 3)
				one.Error = d.apiError(&apiError{})
			default:
				d.skip()
			}
		}
	}
	switch err := d.end(); {
	case err != nil:
		return nil, fmt.Errorf("decode: %w", err)
	case one.Server.Name == "" || one.Data == nil && one.Error == nil:
		return nil, errNobody
	}
	return one, nil
}

var errNobody = errors.New("decode: server or data is missing")

func (r *jszReader) server(i *serverInfo) {
	d := &r.decoder
	if !d.open('{') {
		return
	}
	for f := (fielded{}); d.more('}'); {
		switch string(d.key()) {
		case "name":
			d.once(&f, 1)
			i.Name = d.word("")
		case "id":
			d.once(&f, 2)
			i.ID = d.word("")
		case "cluster":
			d.once(&f, 3)
			i.Cluster = d.word("")
		case "domain":
			d.once(&f, 4)
			i.Domain = d.word("")
		case "time":
			d.once(&f, 5)
			i.Time = d.time(&d.times[1])
		default:
			d.skip()
		}
	}
}

func (r *jszReader) data() *jsz {
	d := &r.decoder
	if !d.open('{') {
		return nil
	}
	x := &jsz{}
	for f := (fielded{}); d.more('}'); {
		switch string(d.key()) {
		case "now":
			d.once(&f, 1)
			x.Now = d.time(&d.times[1])
		case "disabled":
			d.once(&f, 2)
			x.Disabled = d.flag()
		case "streams":
			d.once(&f, 3)
			x.Streams = int(d.integer())
		case "total":
			d.once(&f, 4)
			x.Total = int(d.integer())
		case "meta_cluster":
			d.once(&f, 5)
			if g := d.cluster(); g != nil {
				x.Meta = &group{Leader: g.Leader, Replicas: slices.Clone(g.Replicas)}
			}
		case "account_details":
			d.once(&f, 6)
			if d.open('[') {
				for d.more(']') {
					r.account()
				}
			}
		default:
			d.skip()
		}
	}
	return x
}

func (r *jszReader) account() {
	d := &r.decoder
	if !d.open('{') {
		return
	}
	a := jszAccount{}
	for f := (fielded{}); d.more('}'); {
		switch string(d.key()) {
		case "name":
			d.once(&f, 1)
			a.name = d.word("")
		case "id":
			d.once(&f, 2)
			a.id = d.word("")
		case "stream_detail":
			d.once(&f, 3)
			if d.peek() == '[' {
				a.streams = d.pos
				d.skip()
			} else {
				d.misfit("an array")
			}
		default:
			d.skip()
		}
	}
	r.accounts = append(r.accounts, a)
}
