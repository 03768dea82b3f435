package jetstream

// part is something that is read of a document: a value, or the beginning of what there may be several of.
type part uint8

const (
	partEnd     part = iota
	partUnknown      // a value that is not of interest

	partError
	partConfig
	partCreated
	partState
	partName
	partTS

	partConfigName
	partSubjects
	partMetadata
	partMaxMsgs
	partMaxBytes
	partDiscard
	partSealed

	partMessages
	partBytes
	partFirstSeq
	partLastSeq
	partLastTime
	partDeleted
	partGone
	partCount

	partCluster // begins
	partLeader
	partPeer // begins
	partPeerName
	partPeerCurrent
	partPeerOffline
	partPeerPending
	partPeerActive
	partPeerLag

	partConfigMirror // begins
	partConfigSource // begins
	partMirror       // begins
	partSource       // begins
	partLinkName
	partVia
	partStartSeq
	partStartTime
	partFilter
	partTransforms
	partActive
	partLag
	partSeq
	partLinkError
)

// fielded is one object while its elements are read.
type fielded struct{ seen uint64 }

// once notes that a key of an object is read, and refuses it when it was before.
func (s *scanner) once(f *fielded, key part) {
	if f.seen&(1<<key) != 0 {
		s.refuse("a key is there twice")
	}
	f.seen |= 1 << key
}

// value reads what stands at a key of an object.
func (d *decoder) value(f *fielded, p part) {
	d.once(f, p)
	d.part(p)
}

// read takes a part of the document that stands where the decoder does.
func (d *decoder) read(p part) {
	switch p {
	case partUnknown:
		d.skip()
	case partError:
		d.doc.Error = d.apiError(&apiError{})
	case partCreated:
		d.doc.Created = d.time(&d.times[0])
	case partName:
		d.doc.Name = d.string(d.text())
	case partTS:
		d.doc.TS = d.time(&d.times[1])
	case partConfigName, partSubjects, partMetadata, partMaxMsgs, partMaxBytes, partDiscard, partSealed:
		d.readConfig(p)
	case partMessages:
		d.doc.State.Messages = d.count()
	case partBytes:
		d.doc.State.Bytes = d.count()
	case partFirstSeq:
		d.doc.State.FirstSeq = d.count()
	case partLastSeq:
		d.doc.State.LastSeq = d.count()
	case partLastTime:
		d.doc.State.LastTime = d.time(&d.times[2])
	case partDeleted:
		d.doc.State.Deleted = d.integer()
	case partGone:
		d.doc.State.Gone = d.gone(d.doc.State.Gone[:0])
	case partCount:
		d.doc.State.Subjects = d.count()
	case partCluster:
		d.group = group{Replicas: d.group.Replicas[:0]}
		d.doc.Cluster = &d.group
	case partLeader:
		d.leader = d.word(d.leader)
		d.group.Leader = d.leader
	case partPeer:
		d.group.Replicas = append(d.group.Replicas, peer{})
	case partPeerName, partPeerCurrent, partPeerOffline, partPeerPending, partPeerActive, partPeerLag:
		d.readPeer(&d.group.Replicas[len(d.group.Replicas)-1], p)
	case partConfigMirror:
		d.link = d.nextReplica()
		d.doc.Config.Mirror = d.link
	case partConfigSource:
		d.link = d.nextReplica()
		d.doc.Config.Sources = append(d.doc.Config.Sources, d.link)
	case partMirror:
		d.link = d.nextReplica()
		d.doc.Mirror = d.link
	case partSource:
		d.link = d.nextReplica()
		d.doc.Sources = append(d.doc.Sources, d.link)
	default:
		d.readLink(d.link, p)
	}
}

func (d *decoder) readConfig(p part) {
	c := &d.doc.Config
	switch p {
	case partConfigName:
		c.Name = d.string(d.text())
	case partSubjects:
		c.Subjects = d.subjects()
	case partMetadata:
		c.settings = d.metadata()
	case partMaxMsgs:
		c.MaxMsgs = d.integer()
	case partMaxBytes:
		c.MaxBytes = d.integer()
	case partDiscard:
		c.Discard = d.word("old")
	case partSealed:
		c.Sealed = d.flag()
	}
}

func (d *decoder) readPeer(x *peer, p part) {
	switch p {
	case partPeerName:
		x.Name = d.word("")
	case partPeerCurrent:
		x.Current = d.flag()
	case partPeerOffline:
		x.Offline = d.flag()
	case partPeerPending:
		x.Pending = d.flag()
	case partPeerActive:
		x.Active = d.integer()
	case partPeerLag:
		x.Lag = d.count()
	}
}

func (d *decoder) readLink(r *replica, p part) {
	switch p {
	case partLinkName:
		r.Name = d.string(d.text())
	case partVia:
		r.External.API = d.via()
	case partStartSeq:
		r.StartSeq = d.count()
	case partStartTime:
		r.StartTime = d.time(&d.times[3])
	case partFilter:
		r.Filter = d.string(d.text())
	case partTransforms:
		r.filters = d.transforms()
	case partActive:
		r.Active = d.integer()
	case partLag:
		r.Lag = d.count()
	case partSeq:
		r.Seq = d.count()
	case partLinkError:
		r.Error = d.apiError(&r.failure)
	}
}
