package jetstream

// This file holds how the parts of a document are read that come more than once: links, and members of groups.

// cluster reads the group of servers that hold a stream.
func (d *decoder) cluster() *group {
	g := &d.group
	leader := g.Leader
	*g = group{Replicas: g.Replicas[:0]}
	if !d.open('{') {
		return nil
	}
	for f := (fielded{}); d.more('}'); {
		switch string(d.field(&f, kindCluster)) {
		case "leader":
			d.known(&f, 1)
			g.Leader = d.word(leader)
		case "replicas":
			d.known(&f, 2)
			if d.open('[') {
				for d.more(']') {
					g.Replicas = append(g.Replicas, d.peer())
				}
			}
		default:
			d.unknown(&f, kindCluster)
		}
	}
	return g
}

func (d *decoder) peer() (p peer) {
	if !d.open('{') {
		return p
	}
	for f := (fielded{}); d.more('}'); {
		switch string(d.field(&f, kindPeer)) {
		case "name":
			d.known(&f, 1)
			p.Name = d.word("")
		case "current":
			d.known(&f, 2)
			p.Current = d.flag()
		case "offline":
			d.known(&f, 3)
			p.Offline = d.flag()
		case "pending":
			d.known(&f, 4)
			p.Pending = d.flag()
		case "active":
			d.known(&f, 5)
			p.Active = d.integer()
		case "lag":
			d.known(&f, 6)
			p.Lag = d.count()
		default:
			d.unknown(&f, kindPeer)
		}
	}
	return p
}

// sources reads a list of sources; one that is null stays nil.
func (d *decoder) sources(list []*replica) []*replica {
	if !d.open('[') {
		return nil
	}
	for d.more(']') {
		list = append(list, d.replica())
	}
	return list
}

// replica reads a mirror or a source; nil: it is null.
func (d *decoder) replica() *replica {
	if !d.open('{') {
		return nil
	}
	r := d.nextReplica()
	for f := (fielded{}); d.more('}'); {
		switch string(d.field(&f, kindReplica)) {
		case "name":
			d.known(&f, 1)
			r.Name = d.string(d.text())
		case "external":
			d.known(&f, 2)
			d.external(r)
		case "opt_start_seq":
			d.known(&f, 3)
			r.StartSeq = d.count()
		case "opt_start_time":
			d.known(&f, 4)
			r.StartTime = d.time(&d.times[3])
		case "filter_subject":
			d.known(&f, 5)
			r.Filter = d.string(d.text())
		case "subject_transforms":
			d.known(&f, 6)
			d.transforms(r)
		case "active":
			d.known(&f, 7)
			r.Active = d.integer()
		case "lag":
			d.known(&f, 8)
			r.Lag = d.count()
		case "seq":
			d.known(&f, 9)
			r.Seq = d.count()
		case "error":
			d.known(&f, 10)
			r.Error = d.apiError(&r.failure)
		default:
			d.unknown(&f, kindReplica)
		}
	}
	return r
}

// nextReplica returns an empty one that is the document's.
func (d *decoder) nextReplica() *replica {
	if d.used == len(d.replicas) {
		d.replicas = append(d.replicas, &replica{})
	}
	r := d.replicas[d.used]
	d.used++
	*r = replica{}
	return r
}

// external reads the way to an origin in another account or domain.
func (d *decoder) external(r *replica) {
	if !d.open('{') {
		return
	}
	for f := (fielded{}); d.more('}'); {
		switch string(d.field(&f, kindExternal)) {
		case "api":
			d.known(&f, 1)
			r.External.API = d.via()
		default:
			d.unknown(&f, kindExternal)
		}
	}
}

// transforms reads the subjects that are copied, where there are several.
func (d *decoder) transforms(r *replica) {
	if !d.open('[') {
		return
	}
	d.filters = d.filters[:0]
	for comma := false; d.more(']'); comma = true {
		if comma {
			d.filters = append(d.filters, ',')
		}
		if !d.open('{') {
			continue
		}
		for f := (fielded{}); d.more('}'); {
			if string(d.key()) != "src" {
				d.skip()
				continue
			}
			d.known(&f, 1)
			d.filters = append(d.filters, d.text()...)
		}
	}
	r.filters = d.string(d.filters)
}
