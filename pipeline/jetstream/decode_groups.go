package jetstream

// This file holds how the parts of a document are read that come more than once: links, and members of groups.

// cluster reads the group of servers that hold a stream; nil: there is none.
func (d *decoder) cluster() *group {
	if !d.open('{') {
		return nil
	}
	d.part(partCluster)
	for f := (fielded{}); d.more('}'); {
		switch string(d.key()) {
		case "leader":
			d.value(&f, partLeader)
		case "replicas":
			d.once(&f, partPeer)
			if d.open('[') {
				for d.more(']') {
					d.part(partPeer)
					d.peer()
				}
			}
		default:
			d.unknown()
		}
	}
	return &d.group
}

func (d *decoder) peer() {
	if !d.open('{') {
		return
	}
	for f := (fielded{}); d.more('}'); {
		switch string(d.key()) {
		case "name":
			d.value(&f, partPeerName)
		case "current":
			d.value(&f, partPeerCurrent)
		case "offline":
			d.value(&f, partPeerOffline)
		case "pending":
			d.value(&f, partPeerPending)
		case "active":
			d.value(&f, partPeerActive)
		case "lag":
			d.value(&f, partPeerLag)
		default:
			d.unknown()
		}
	}
}

// sources reads a list of sources, each of which begins as part does; one that is null is nil in the list.
func (d *decoder) sources(list *[]*replica, begin part) {
	if !d.open('[') {
		return
	}
	for d.more(']') {
		if !d.replica(begin) {
			*list = append(*list, nil)
			d.path = nil
		}
	}
}

// replica reads a mirror or a source, which begins as part does, and is false where it is null.
func (d *decoder) replica(begin part) bool {
	if !d.open('{') {
		return false
	}
	d.part(begin)
	for f := (fielded{}); d.more('}'); {
		switch string(d.key()) {
		case "name":
			d.value(&f, partLinkName)
		case "external":
			d.once(&f, partVia)
			d.external()
		case "opt_start_seq":
			d.value(&f, partStartSeq)
		case "opt_start_time":
			d.value(&f, partStartTime)
		case "filter_subject":
			d.value(&f, partFilter)
		case "subject_transforms":
			d.value(&f, partTransforms)
		case "active":
			d.value(&f, partActive)
		case "lag":
			d.value(&f, partLag)
		case "seq":
			d.value(&f, partSeq)
		case "error":
			d.value(&f, partLinkError)
		default:
			d.unknown()
		}
	}
	return true
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
func (d *decoder) external() {
	if !d.open('{') {
		return
	}
	for f := (fielded{}); d.more('}'); {
		switch string(d.key()) {
		case "api":
			d.value(&f, partVia)
		default:
			d.unknown()
		}
	}
}

// transforms reads the subjects that are copied, where there are several, separated by commas.
func (d *decoder) transforms() string {
	if !d.open('[') {
		return ""
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
			d.once(&f, 1)
			d.filters = append(d.filters, d.text()...)
		}
	}
	return d.string(d.filters)
}
