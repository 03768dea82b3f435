package series

import (
	"iter"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"mirrorwatch/pipeline"
)

// This file has the metrics of the ways between servers: gateways and leafnode connections.

// routePoints are the data points of some ways of one kind.
type routePoints struct {
	up  []metricdata.DataPoint[int64]
	rtt []metricdata.DataPoint[float64]
}

// way is all routes that share their attributes, as one: up where all are, with the longest round trip.
type way struct {
	kind       pipeline.TrunkKind
	attributes attribute.Set
	size       int // of the attributes, encoded
	up         bool
	rtt        time.Duration
}

// Trunks yields the metrics of all ways between servers, in portions as Links does.
func Trunks(routes []pipeline.Trunk, now time.Time, budget int) iter.Seq[[]metricdata.Metrics] {
	return func(yield func([]metricdata.Metrics) bool) {
		gateways, leafnodes := &routePoints{}, &routePoints{}
		size := 0
		for _, w := range ways(routes) {
			to := gateways
			if w.kind == pipeline.TrunkLeafnode {
				to = leafnodes
			}
			need := 2 * pointSize(w.size)
			if size > 0 && size+need > budget {
				if !yield(routeMetrics(gateways, leafnodes)) {
					return
				}
				gateways.reset()
				leafnodes.reset()
				size = 0
			}
			to.add(w, now)
			size += need
		}
		if size > 0 {
			yield(routeMetrics(gateways, leafnodes))
		}
	}
}

// ways returns the routes in their order, those that share their attributes as one: two points of one name and the same
// attributes would be refused.
func ways(routes []pipeline.Trunk) []*way {
	var all []*way
	known := map[attribute.Distinct]*way{}
	for i := range routes {
		r := &routes[i]
		attributes := trunkAttributes(r)
		set := attribute.NewSet(attributes...)
		w := known[set.Equivalent()]
		if w == nil {
			w = &way{kind: r.Kind, attributes: set, size: AttributesSize(attributes), up: true}
			known[set.Equivalent()] = w
			all = append(all, w)
		}
		w.up = w.up && r.Up
		if r.Up {
			w.rtt = max(w.rtt, r.RTT)
		}
	}
	return all
}

// add appends a way's points. The round trip of a way that is down, or that nobody measured, is left out.
func (p *routePoints) add(w *way, now time.Time) {
	up := int64(0)
	if w.up {
		up = 1
	}
	p.up = append(p.up, metricdata.DataPoint[int64]{Attributes: w.attributes, Time: now, Value: up})
	if w.rtt > 0 {
		p.rtt = append(p.rtt, metricdata.DataPoint[float64]{Attributes: w.attributes, Time: now, Value: w.rtt.Seconds()})
	}
}

func (p *routePoints) reset() { p.up, p.rtt = p.up[:0], p.rtt[:0] }

// routeMetrics returns the metrics that have points. They share the points' memory.
func routeMetrics(gateways, leafnodes *routePoints) []metricdata.Metrics {
	var all []metricdata.Metrics
	for _, of := range []struct {
		name, what string
		*routePoints
	}{
		{"nats.gateway", "gateway connection", gateways},
		{"nats.leafnode", "leafnode connection", leafnodes},
	} {
		if len(of.up) > 0 {
			all = append(all, metricdata.Metrics{
				Name: of.name + ".up", Description: "Whether the " + of.what + " is there, as a server tells: 1 or 0.",
				Data: metricdata.Gauge[int64]{DataPoints: of.up},
			})
		}
		if len(of.rtt) > 0 {
			all = append(all, metricdata.Metrics{
				Name: of.name + ".rtt", Unit: "s", Description: "Round-trip time on the " + of.what + ", as a server measured it.",
				Data: metricdata.Gauge[float64]{DataPoints: of.rtt},
			})
		}
	}
	return all
}

// trunkAttributes is what identifies a way, in the order of the keys. Only gateways have a direction: no way has the attributes
// of one of another kind.
func trunkAttributes(r *pipeline.Trunk) []attribute.KeyValue {
	direction := ""
	if r.Kind == pipeline.TrunkGateway {
		direction = "inbound"
		if r.Outbound {
			direction = "outbound"
		}
	}
	var all []attribute.KeyValue
	for _, a := range []struct{ key, value string }{
		{"nats.account", r.Account},
		{"nats.cluster.name", r.Cluster},
		{"nats.connection", r.Connection},
		{"nats.gateway.direction", direction},
		{"nats.remote.name", r.Remote},
		{"nats.server.name", r.Server},
	} {
		all = appendAttribute(all, a.key, a.value)
	}
	return all
}
