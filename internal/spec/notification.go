package spec

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Notification tells somebody how a build ended, or that it waits for approval: by exactly one of webhook and dingTalk.
type Notification struct {
	// On what; left out: all of it.
	On []string `json:"on,omitempty" jsonschema:"minItems=1,enum=waiting,enum=succeeded,enum=failed,enum=cancelled,enum=unchanged,enum=skipped"`
	// Webhook gets a CloudEvent over HTTP.
	Webhook *Webhook `json:"webhook,omitempty"`
	// DingTalk is a robot of a DingTalk group.
	DingTalk *DingTalk `json:"dingTalk,omitempty"`
}

// Webhook takes CloudEvents 1.0 as structured JSON, signed after the Standard Webhooks specification.
type Webhook struct {
	// URL to post to.
	URL string `json:"url"`
	// SecretEnv is the worker's environment variable, KILN_NOTIFY_…, that holds the signing secret (whsec_…).
	SecretEnv string `json:"secretEnv,omitempty"`
}

// DingTalk is a custom robot. Its secrets are in the worker's environment, never in the document.
type DingTalk struct {
	// TokenEnv is the worker's environment variable, KILN_NOTIFY_…, that holds the robot's access token.
	TokenEnv string `json:"tokenEnv"`
	// SecretEnv is the one that holds the robot's signing secret, SEC…; left out, messages are not signed.
	SecretEnv string `json:"secretEnv,omitempty"`
	// URL of the robot's API; default https://oapi.dingtalk.com/robot/send.
	URL string `json:"url,omitempty"`
}

// notifyPrefix is that of the variables of the worker that a document may name: it must
// not be able to send any other to an address of its choice.
const notifyPrefix = "KILN_NOTIFY_"

var (
	notifyEnv = regexp.MustCompile(`^` + notifyPrefix + `[A-Z0-9_]+$`)
	plainEnv  = regexp.MustCompile(`^[A-Z_][A-Z0-9_]*$`)
	// secretText is what cannot be anything but a secret: of Standard Webhooks, and of a
	// robot of DingTalk.
	secretText = regexp.MustCompile(`whsec_|SEC[0-9A-Fa-f]{32}|(?i:access_token=)`)
	// userText is a user, with or without a password, in front of a host.
	userText = regexp.MustCompile(`^[^/?#]*//[^/?#]*@`)
)

var notificationRules = []func(*checker){
	(*checker).notifications,
}

func (c *checker) notifications() {
	for i, notification := range c.Notifications {
		p := path{"notifications", i}
		c.oneWay(p)
		c.onceEach(notification.On, p.join("on"))
		if w := notification.Webhook; w != nil {
			c.address(w.URL, p.join("webhook", "url"), "sign with secretEnv instead")
			c.optionalEnvironment(w.SecretEnv, p.join("webhook", "secretEnv"))
		}
		if d := notification.DingTalk; d != nil {
			if d.URL != "" {
				c.address(d.URL, p.join("dingTalk", "url"), "tokenEnv names the variable for the token")
			}
			c.environment(d.TokenEnv, p.join("dingTalk", "tokenEnv"))
			c.optionalEnvironment(d.SecretEnv, p.join("dingTalk", "secretEnv"))
		}
	}
}

func (c *checker) oneWay(p path) {
	webhook, dingTalk := c.has(p.join("webhook")...), c.has(p.join("dingTalk")...)
	switch {
	case webhook && dingTalk:
		c.fault(p.join("dingTalk"), "%s has webhook and dingTalk; keep one, and make the other a notification of its own", p.label())
	case !webhook && !dingTalk:
		c.fault(p, "%s tells nobody; give it one of webhook and dingTalk", p.label())
	}
}

func (c *checker) onceEach(ends []string, p path) {
	for i, end := range ends {
		if slices.Index(ends, end) < i {
			c.fault(p.join(i), "on has %s twice; keep one", end)
		}
	}
}

// address checks a URL. What may be a secret is not repeated in the message.
func (c *checker) address(text string, p path, instead string) {
	if !c.has(p...) {
		return
	}
	parsed, err := url.Parse(text)
	switch {
	case secretText.MatchString(text):
		c.fault(p, "url holds a secret, which a document must not; remove it and put it into the worker's environment: %s", instead)
	case userText.MatchString(text):
		c.fault(p, "url holds a user, which a document must not; remove everything before the @: %s", instead)
	case err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Hostname() == "":
		c.fault(p, "url is %s; want an address such as https://example.com/hooks/kiln", quote(text))
	}
}

func (c *checker) optionalEnvironment(name string, p path) {
	if name != "" {
		c.environment(name, p)
	}
}

// environment checks the name of a variable of the worker. A text that is no such name
// may be the secret, and is not repeated in the message.
func (c *checker) environment(name string, p path) {
	switch {
	case !c.has(p...) || notifyEnv.MatchString(name) && !secretText.MatchString(name):
	case plainEnv.MatchString(name) && !secretText.MatchString(name):
		better := notifyPrefix + cmp.Or(strings.TrimPrefix(strings.TrimPrefix(name, "KILN_"), "NOTIFY_"), "SECRET")
		c.fault(p, "%s is %s; a document can name only variables whose names start with %s: set %s for the worker and name that",
			p.label(), quote(name), notifyPrefix, better)
	default:
		c.fault(p, "%s is not the name of a variable; put the secret into the worker's environment, as a variable such as %sSECRET, and name that here",
			p.label(), notifyPrefix)
	}
}
