package agent

import (
	"fmt"

	"mirrorwatch/exporters/alertmanager"
	"mirrorwatch/exporters/otlp"
	"mirrorwatch/exporters/otlplog"
	"mirrorwatch/exporters/slack"
	"mirrorwatch/exporters/webhook"
)

// ExportersConfig is the destinations. Those left out are off.
type ExportersConfig struct {
	OTLP         *otlp.Config          `koanf:"otlp"`
	OTLPLog      []otlplog.Config      `koanf:"otlplog"`
	Webhook      []webhook.Config      `koanf:"webhook"`
	Slack        []slack.Config        `koanf:"slack"`
	Alertmanager []alertmanager.Config `koanf:"alertmanager"`
}

// eachReceiver visits every receiver with the path of its configuration.
func (e *ExportersConfig) eachReceiver(visit func(path, name string)) {
	for i := range e.OTLPLog {
		visit(fmt.Sprintf("exporters.otlplog[%d]", i), e.OTLPLog[i].Name)
	}
	for i := range e.Webhook {
		visit(fmt.Sprintf("exporters.webhook[%d]", i), e.Webhook[i].Name)
	}
	for i := range e.Slack {
		visit(fmt.Sprintf("exporters.slack[%d]", i), e.Slack[i].Name)
	}
	for i := range e.Alertmanager {
		visit(fmt.Sprintf("exporters.alertmanager[%d]", i), e.Alertmanager[i].Name)
	}
}

// names is the names of all receivers, in the order of the configuration.
func (e *ExportersConfig) names() []string {
	var names []string
	e.eachReceiver(func(_, name string) {
		if name != "" {
			names = append(names, name)
		}
	})
	return names
}

func (e *ExportersConfig) validate(report func(path, problem string)) {
	if e.OTLP != nil {
		e.OTLP.Validate(func(path, problem string) {
			if path != "endpoint" || e.OTLP.Endpoint != "" || !otlp.Disabled() { // what is switched off needs none
				report("exporters.otlp."+path, problem)
			}
		})
	}
	for i := range e.OTLPLog {
		e.OTLPLog[i].Validate(under(fmt.Sprintf("exporters.otlplog[%d]", i), report))
	}
	for i := range e.Webhook {
		e.Webhook[i].Validate(under(fmt.Sprintf("exporters.webhook[%d]", i), report))
	}
	for i := range e.Slack {
		e.Slack[i].Validate(under(fmt.Sprintf("exporters.slack[%d]", i), report))
	}
	for i := range e.Alertmanager {
		e.Alertmanager[i].Validate(under(fmt.Sprintf("exporters.alertmanager[%d]", i), report))
	}
	names := map[string]string{}
	e.eachReceiver(func(path, name string) { unique(names, name, path, report) })
}
