package exportertest

import (
	"cmp"
	"slices"

	"mirrorwatch/pipeline"
)

// Life is a group of incidents through its life, told one batch after the other as the outbox does. The zero value has
// nothing told yet.
type Life struct {
	id     string
	labels map[string]string
	newest map[string]*pipeline.Change // by incident
}

// Tell returns the notification that follows with changes, oldest first. The labels are those of the default route.
func (l *Life) Tell(changes ...pipeline.Change) pipeline.Notification {
	if l.newest == nil {
		route := pipeline.Route{GroupBy: pipeline.DefaultGroupBy()}
		l.id, l.labels = changes[0].Incident.ID, route.GroupLabels(&changes[0].Incident)
		l.newest = map[string]*pipeline.Change{}
	}
	for n := range changes {
		l.newest[changes[n].Incident.ID] = new(changes[n])
	}
	n := pipeline.Notification{Key: changes[len(changes)-1].Key(), Group: l.id, Labels: l.labels, Changes: changes}
	var ended []*pipeline.Change
	for _, c := range l.newest {
		if c.Kind.Ends() {
			ended = append(ended, c)
		} else {
			n.Members = append(n.Members, c)
		}
	}
	n.Open, n.Ended = len(n.Members), len(ended)
	slices.SortFunc(n.Members, func(x, y *pipeline.Change) int {
		a, b := &x.Incident, &y.Incident
		return cmp.Or(cmp.Compare(rank(a.Level), rank(b.Level)), a.Opened.Compare(b.Opened), cmp.Compare(a.ID, b.ID))
	})
	slices.SortFunc(ended, func(x, y *pipeline.Change) int {
		if a, b := x.Kind == pipeline.Closed, y.Kind == pipeline.Closed; a != b {
			if a {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(y.Silent, x.Silent), cmp.Compare(x.Incident.ID, y.Incident.ID))
	})
	n.Members = append(n.Members, ended[:min(len(ended), pipeline.MostEnded)]...)
	return n
}

func rank(l pipeline.Level) int {
	switch l {
	case pipeline.Critical:
		return 0
	case pipeline.Unknown:
		return 1
	}
	return 2
}
