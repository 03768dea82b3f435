package measure

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestScrapeTellsEachSeries(t *testing.T) {
	pages := http.NewServeMux()
	pages.HandleFunc("/metrics", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "# TYPE a counter\na{x=\"one two\",y=\"3\"} 4.5\na 1e+06\n\n") // who hung up sees nothing
	})
	pages.HandleFunc("/wrong", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "a much\n") })
	s := httptest.NewServer(pages)
	defer s.Close()
	var got []string
	each := func(name, labels string, value float64) {
		got = append(got, fmt.Sprintf("%s|%s|%g", name, labels, value))
	}
	there, err := Scrape(s.URL+"/metrics", each)
	if diff := cmp.Diff([]string{`a|x="one two",y="3"|4.5`, "a||1e+06"}, got); diff != "" || !there || err != nil {
		t.Errorf("%t, %v, series (-want +got):\n%s", there, err, diff)
	}
	if there, err := Scrape(s.URL+"/nowhere", each); there || err != nil {
		t.Errorf("%t, %v of a page that is not there", there, err)
	}
	if _, err := Scrape(s.URL+"/wrong", each); err == nil {
		t.Error("no error of a value that is no number")
	}
}
