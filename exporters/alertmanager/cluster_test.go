package alertmanager

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"mirrorwatch/exporters/exportertest"
	"mirrorwatch/pipeline"
)

func TestOneMemberThatAcceptsIsEnoughAndTheOtherLearnsLater(t *testing.T) {
	up, down := serve(t), serve(t)
	a := open(t, Config{URLs: []string{up.url, down.url + "/"}})
	lost := exportertest.Lost()
	opened, end := exportertest.Of(lost, pipeline.Opened, 0), exportertest.Of(lost, pipeline.Resolved, time.Minute)
	up.tell(t, a, opened)
	down.refuse(http.StatusServiceUnavailable)
	up.tell(t, a, end)
	if len(up.firing()) != 0 || len(down.firing()) != 1 {
		t.Fatalf("firing are %v and %v", up.firing(), down.firing())
	}
	if err := a.Refresh(t.Context(), nil); err == nil {
		t.Error("a refresh that one member missed is a success")
	}
	down.refuse(0)
	if err := a.Refresh(t.Context(), nil); err != nil || len(down.firing()) != 0 {
		t.Errorf("%v: the other member still has %v", err, down.firing())
	}
	sent := len(down.sizes)
	if err := a.Refresh(t.Context(), nil); err != nil || len(down.sizes) != sent {
		t.Errorf("%v: what nobody missed is told again", err)
	}
}

func TestANewIncidentReplacesTheEndThatWasMissed(t *testing.T) {
	up, down := serve(t), serve(t)
	a := open(t, Config{URLs: []string{up.url, down.url}})
	lost := exportertest.Lost()
	down.refuse(http.StatusServiceUnavailable)
	up.tell(t, a, exportertest.Of(lost, pipeline.Resolved, time.Minute))
	lost.Opened = lost.Opened.Add(time.Hour)
	up.tell(t, a, exportertest.Of(lost, pipeline.Opened, 0))
	down.refuse(0)
	if err := a.Refresh(t.Context(), nil); err != nil || len(down.alerts) != 0 {
		t.Errorf("%v: an old end is told of what is open: %v", err, down.alerts)
	}
}

func TestErrorsOfAClusterLeaveTheMostHope(t *testing.T) {
	for _, test := range []struct {
		codes             [2]int
		permanent, broken bool
	}{
		{[2]int{503, 404}, false, false}, {[2]int{401, 500}, false, false}, {[2]int{400, 403}, true, false}, {[2]int{401, 404}, true, true},
	} {
		one, two := serve(t), serve(t)
		one.refuse(test.codes[0])
		two.refuse(test.codes[1])
		a := open(t, Config{URLs: []string{one.url, two.url}})
		_, err := a.Notify(t.Context(), rendered(t, a, exportertest.Of(exportertest.Lost(), pipeline.Opened, 0)))
		if err == nil || pipeline.IsPermanent(err) != test.permanent || pipeline.IsBroken(err) != test.broken {
			t.Errorf("%v: permanent %v, broken %v: %v", test.codes, pipeline.IsPermanent(err), pipeline.IsBroken(err), err)
		}
		if !strings.Contains(err.Error(), one.url) || !strings.Contains(err.Error(), two.url) {
			t.Errorf("a member is missing in %v", err)
		}
	}
}

func TestExchangesOfMembersAreToldOneByOne(t *testing.T) {
	one, two := serve(t), serve(t)
	a := open(t, Config{URLs: []string{one.url, two.url}})
	var urls []string // the race detector sees two at a time
	ctx := pipeline.WithExchanges(t.Context(), func(e pipeline.Exchange) { urls = append(urls, e.URL) })
	if _, err := a.Notify(ctx, rendered(t, a, exportertest.Of(exportertest.Lost(), pipeline.Opened, 0))); err != nil || len(urls) != 2 {
		t.Errorf("%v: exchanges with %v", err, urls)
	}
}
